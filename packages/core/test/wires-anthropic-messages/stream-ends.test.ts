import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { ProviderError } from '../../src/spec/errors.ts';
import { byteByByte, decodeAtAnyCut, decodePieces, seededRandom } from '../testkit/cuts.ts';
import { validateStream } from '../../src/stream/validate.ts';
import {
  block,
  client,
  createDecoder,
  decode,
  ending,
  messageStart,
  sse,
  target,
  text,
  thrown,
  tool,
} from './support.ts';

const whole = (...payloads: readonly (object | string)[]) => collectEvents(decode(sse(payloads)));

const MIXED = [
  messageStart({}, { input_tokens: 10, cache_creation_input_tokens: 3, cache_read_input_tokens: 7, output_tokens: 1 }),
  { type: 'ping' },
  ...block(
    0,
    { type: 'thinking', thinking: '', signature: '' },
    { type: 'thinking_delta', thinking: 'grübel 🤔' },
    { type: 'signature_delta', signature: 'SIG==' },
  ),
  ...text(1, 'naïve ', '日本語 👩‍👩‍👧'),
  ...tool(2, 'toolu_1', 'f', '', '{"n": 123456', '78901234567890, "s":"\\u00e9"}'),
  ...tool(3, 'toolu_2', 'g', ''),
  ...ending('tool_use'),
];

describe('a stream cut anywhere', () => {
  const bytes = Buffer.from(sse(MIXED));

  it('is legal and complete, byte by byte and at 200 random places', () => {
    const answer = collectEvents(decodeAtAnyCut(createDecoder, bytes));
    expect(answer.content).toEqual([
      { type: 'reasoning', text: 'grübel 🤔', signature: 'SIG==' },
      { type: 'text', text: 'naïve 日本語 👩‍👩‍👧' },
      { type: 'tool-call', id: 'toolu_1', name: 'f', arguments: '{"n": 12345678901234567890, "s":"\\u00e9"}' },
      { type: 'tool-call', id: 'toolu_2', name: 'g', arguments: '{}' },
    ]);
    expect(answer.finishReason).toBe('tool-calls');
    expect(answer.usage).toEqual({ inputTokens: 20, cacheWriteTokens: 3, cacheReadTokens: 7, outputTokens: 20 });
  });

  it('never passes for complete when it ends early', () => {
    const ends = Buffer.from(sse(MIXED.slice(0, -2))).length;
    for (let length = 0; length < ends; length += 7) {
      const error = thrown(() => decode([bytes.subarray(0, length)]));
      expect(['truncated', 'empty']).toContain(error.kind);
    }
  });
});

describe('a damaged stream', () => {
  it('gives a legal stream or one ProviderError, never anything else', () => {
    const bytes = Buffer.from(sse(MIXED));
    const random = seededRandom(11);
    const at = () => Math.floor(random() * bytes.length);
    for (let round = 0; round < 3000; round += 1) {
      const [from, to] = [at(), at()].toSorted((a, b) => a - b) as [number, number];
      const damaged = Buffer.concat([
        bytes.subarray(0, from),
        Buffer.from([round % 256]),
        bytes.subarray(Math.min(to, from + (round % 80))),
      ]);
      try {
        expect(validateStream(decode([damaged]))).toEqual([]);
      } catch (error) {
        expect(ProviderError.is(error), String(error)).toBe(true);
      }
    }
  });
});

describe('the end of a stream', () => {
  it('is known at message_stop, and what follows is not read', () => {
    const decoder = client.createDecoder(target());
    decoder.push(Buffer.from(sse([messageStart(), ...text(0, 'a'), ...ending('end_turn')])));
    expect(decoder.done).toBe(true);
    expect(decoder.push(Buffer.from('data: {broken\n\nevent: error\ndata: {}\n\n'))).toEqual([]);
    expect(decoder.end()).toEqual([]);
  });

  it('may be a stop reason without message_stop', () => {
    expect(whole(messageStart(), ...text(0, 'a'), ending('end_turn')[0] as object).finishReason).toBe('stop');
  });

  it('is empty when nothing ever came', () => {
    expect(thrown(() => decode('')).kind).toBe('empty');
    expect(thrown(() => decode(': hi\n\nevent: ping\ndata: {"type":"ping"}\n\n')).kind).toBe('empty');
    expect(thrown(() => decode(sse([{ type: 'message_stop' }]))).kind).toBe('empty');
  });

  it('is truncated after text without a stop reason', () => {
    expect(thrown(() => decode(sse([messageStart(), ...text(0, 'half')]))).kind).toBe('truncated');
  });

  it('closes a tool call that the output limit cut, with its partial arguments', () => {
    const [start, first, piece] = tool(0, 'toolu_1', 'f', '{"a": [1, 2') as [object, object, object];
    const answer = whole(messageStart(), start, first, ...(piece === undefined ? [] : []), ...ending('max_tokens'));
    expect(answer.finishReason).toBe('length');
    expect(answer.content).toEqual([{ type: 'tool-call', id: 'toolu_1', name: 'f', arguments: '{"a": [1, 2' }]);
  });

  it('does not accept half a tool call for another reason', () => {
    const pieces = tool(0, 'toolu_1', 'f', '{"a": [1, 2').slice(0, 2);
    expect(thrown(() => whole(messageStart(), ...pieces, ...ending('tool_use'))).kind).toBe('truncated');
  });
});

describe('broken answers', () => {
  it('skips and counts an unreadable event between texts', () => {
    const decoder = client.createDecoder(target());
    const raw = sse([
      messageStart(),
      ...text(0, 'a', 'b').slice(0, 2),
      '{"type":"content_block_delta",oops',
      ...text(0, 'a', 'b').slice(2),
      ...ending('end_turn'),
    ]);
    expect(collectEvents(decodePieces(decoder, [Buffer.from(raw)])).text).toBe('ab');
    expect(decoder.skipped).toBe(1);
  });
  it('fails on an unreadable event inside a tool call', () => {
    const events = tool(0, 't', 'f', '{"a":', '1}');
    const raw = sse([messageStart(), ...events.slice(0, 2), '{"type":', ...events.slice(2), ...ending('tool_use')]);
    expect(thrown(() => decode(raw)).kind).toBe('protocol');
  });
  it('fails on arguments of a call whose start was lost', () => {
    const [, delta] = tool(0, 't', 'f', '{}');
    expect(thrown(() => whole(messageStart(), delta as object, ...ending('tool_use'))).kind).toBe('protocol');
  });
  it('calls HTML a protocol error, streamed or whole', () => {
    expect(thrown(() => decode('<html><body>nginx</body></html>')).kind).toBe('protocol');
    expect(thrown(() => client.decodeWhole('<html></html>', target())).kind).toBe('protocol');
    expect(thrown(() => client.decodeWhole('{"ok":true}', target())).kind).toBe('protocol');
    expect(thrown(() => client.decodeWhole('', target())).kind).toBe('empty');
  });
  it('decodes a JSON body where a stream was asked for', () => {
    const body = JSON.stringify({
      id: 'msg_1',
      type: 'message',
      model: 'm',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
    });
    expect(collectEvents(decode(byteByByte(Buffer.from(body)))).text).toBe('hi');
    expect(
      thrown(() => decode('{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')).kind,
    ).toBe('overloaded');
  });
});

describe('errors inside a stream', () => {
  const cases = [
    ['overloaded_error', 529, 'overloaded'],
    ['rate_limit_error', 429, 'rate-limit'],
    ['api_error', 500, 'server'],
    ['timeout_error', 504, 'server'],
    ['invalid_request_error', 400, 'invalid-request'],
    ['authentication_error', 401, 'auth'],
    ['billing_error', 402, 'quota'],
  ] as const;
  for (const [type, status, kind] of cases) {
    it(`${type} has the status ${status} of its type`, () => {
      const payload = { type: 'error', error: { type, message: 'words' }, request_id: 'req_1' };
      const error = thrown(() => whole(messageStart(), ...text(0, 'a'), payload));
      expect(error.toJSON()).toMatchObject({ kind, status, code: type, vendorMessage: 'words', requestId: 'req_1' });
    });
  }
  it('is read from flat and plain forms too', () => {
    expect(thrown(() => decode('event: error\ndata: {"message":"boom"}\n\n')).vendorMessage).toBe('boom');
    expect(thrown(() => decode('event: error\ndata: boom\n\n')).vendorMessage).toBe('boom');
    expect(thrown(() => decode('data: {"error":{"message":"boom"}}\n\n')).vendorMessage).toBe('boom');
  });
});
