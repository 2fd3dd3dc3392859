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

describe('blocks', () => {
  it('takes redacted thinking from the start of its block', () => {
    const answer = whole(
      messageStart(),
      ...block(0, { type: 'redacted_thinking', data: 'ENC' }),
      ...text(1, 'x'),
      ...ending('end_turn'),
    );
    expect(answer.content[0]).toEqual({ type: 'reasoning', text: '', redacted: 'ENC' });
  });

  it('keeps the signature of thinking that was left out', () => {
    const omitted = block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'signature_delta', signature: 'S' },
    );
    expect(whole(messageStart(), ...omitted, ...text(1, 'x'), ...ending('end_turn')).content[0]).toEqual({
      type: 'reasoning',
      text: '',
      signature: 'S',
    });
  });

  it('takes the exact input from the start of a block when no delta follows', () => {
    const raw =
      '{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"b":1.0,"a":12345678901234567890,"b":2}}}';
    const events = decode(sse([messageStart(), raw, { type: 'content_block_stop', index: 0 }, ...ending('tool_use')]));
    expect(validateStream(events)).toEqual([]);
    expect(collectEvents(events).content).toEqual([
      { type: 'tool-call', id: 't', name: 'f', arguments: '{"b":1.0,"a":12345678901234567890,"b":2}' },
    ]);
  });

  it('lets deltas replace an input given at the start', () => {
    const start = { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } };
    const answer = whole(
      messageStart(),
      ...block(0, start, { type: 'input_json_delta', partial_json: '{"a":2}' }),
      ...ending('tool_use'),
    );
    expect(answer.content).toEqual([{ type: 'tool-call', id: 't', name: 'f', arguments: '{"a":2}' }]);
  });

  it('makes up distinct ids where a server gives none or the same twice', () => {
    const payloads = [
      messageStart(),
      ...tool(0, 'same', 'f'),
      ...tool(1, 'same', 'f'),
      ...tool(2, '', 'g'),
      ...ending('tool_use'),
    ];
    const events = decode(sse(payloads));
    expect(validateStream(events)).toEqual([]);
    expect(decode(sse(payloads))).toEqual(events);
  });

  it('carries server tools and other blocks as complete opaque items', () => {
    const use = { type: 'server_tool_use', id: 's', name: 'web_search', input: {} };
    const result = {
      type: 'web_search_tool_result',
      tool_use_id: 's',
      content: [{ type: 'web_search_result', url: 'u' }],
    };
    const answer = whole(
      messageStart(),
      ...block(
        0,
        use,
        { type: 'input_json_delta', partial_json: '' },
        { type: 'input_json_delta', partial_json: '{"query":"q"}' },
      ),
      ...block(1, result),
      ...block(
        2,
        { type: 'compaction', content: null },
        { type: 'compaction_delta', content: 'sum' },
        { type: 'compaction_delta', content: 'mary' },
      ),
      ...text(3, 'found'),
      ...ending('end_turn'),
    );
    expect(answer.content).toEqual([
      { type: 'opaque', wire: 'anthropic-messages', value: { ...use, input: { query: 'q' } } },
      { type: 'opaque', wire: 'anthropic-messages', value: result },
      { type: 'opaque', wire: 'anthropic-messages', value: { type: 'compaction', content: 'summary' } },
      { type: 'text', text: 'found' },
    ]);
  });

  it('keeps citations behind their text, in a stream as in a whole answer', () => {
    const citation = { type: 'char_location', cited_text: 'c', start_char_index: 0 };
    const streamed = whole(
      messageStart(),
      ...block(
        0,
        { type: 'text', text: '', citations: [] },
        { type: 'citations_delta', citation },
        { type: 'text_delta', text: 'said' },
      ),
      ...ending('end_turn'),
    );
    const body = {
      id: 'msg_1',
      type: 'message',
      model: 'm',
      content: [{ type: 'text', text: 'said', citations: [citation] }],
      stop_reason: 'end_turn',
    };
    const direct = collectEvents(client.decodeWhole(JSON.stringify(body), target()));
    expect(streamed.content).toEqual(direct.content);
    expect(streamed.content).toHaveLength(2);
  });

  it('tolerates servers that leave out starts and stops of text, or use one index for all', () => {
    const answer = whole(
      messageStart(),
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'a' } },
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } },
      { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"x":1}' } },
      ...ending('tool_use'),
    );
    expect(answer.content.map((part) => part.type)).toEqual(['text', 'tool-call']);
  });

  it('ignores unknown events and deltas', () => {
    const odd = { type: 'content_block_delta', index: 0, delta: { type: 'sparkle_delta', sparkle: 1 } };
    const answer = whole(
      messageStart(),
      { type: 'novelty', x: 1 },
      ...text(0, 'a').slice(0, 2),
      odd,
      ...text(0, 'a').slice(2),
      ...ending('end_turn'),
    );
    expect(answer.text).toBe('a');
  });

  it('reads an answer that starts with its blocks already there', () => {
    const content = [{ type: 'tool_use', id: 't', name: 'f', input: { player: 1.0 } }];
    const answer = whole(messageStart({ content, stop_reason: 'tool_use' }), { type: 'message_stop' });
    expect(answer.content).toEqual([{ type: 'tool-call', id: 't', name: 'f', arguments: '{"player":1}' }]);
    expect(answer.finishReason).toBe('tool-calls');
  });
});

describe('a second message_start', () => {
  const body = [...text(0, 'Hello'), ...ending('end_turn')];
  it('with the same id is tolerated', () => {
    expect(whole(messageStart(), messageStart(), ...body).text).toBe('Hello');
  });
  it('with another id is another answer, a protocol error', () => {
    const error = thrown(() => whole(messageStart(), ...text(0, 'a'), messageStart({ id: 'msg_2' }), ...body));
    expect(error.kind).toBe('protocol');
  });
});

describe('usage', () => {
  it('is cumulative; null keeps the earlier number', () => {
    const answer = whole(
      messageStart(
        {},
        { input_tokens: 5, cache_read_input_tokens: 2, cache_creation_input_tokens: null, output_tokens: 1 },
      ),
      ...text(0, 'a'),
      { type: 'message_delta', delta: { stop_reason: null }, usage: { output_tokens: 4, input_tokens: null } },
      ...ending('end_turn', { output_tokens: 9, input_tokens: 6, output_tokens_details: { thinking_tokens: 3 } }),
    );
    expect(answer.usage).toEqual({ inputTokens: 8, cacheReadTokens: 2, outputTokens: 9, reasoningTokens: 3 });
  });
  it('that nobody reported is unknown', () => {
    expect(whole(messageStart({ usage: undefined }), ...text(0, 'a'), { type: 'message_stop' }).usage).toBeUndefined();
  });
  it('of zeros at the end does not wipe what the start said', () => {
    const answer = whole(messageStart(), ...text(0, 'a'), ...ending('end_turn', { input_tokens: 0, output_tokens: 2 }));
    expect(answer.usage).toEqual({ inputTokens: 10, outputTokens: 2 });
  });
});

describe('stop reasons', () => {
  const reasons = {
    end_turn: 'stop',
    stop_sequence: 'stop',
    max_tokens: 'length',
    pause_turn: 'pause',
    refusal: 'refusal',
    model_context_window_exceeded: 'length',
    something_new: 'other',
  };
  for (const [raw, reason] of Object.entries(reasons)) {
    it(`${raw} means ${reason}`, () => {
      const answer = whole(messageStart(), ...text(0, 'a'), ...ending(raw));
      expect([answer.finishReason, answer.rawFinishReason]).toEqual([reason, raw]);
    });
  }
  it('end_turn with tool calls waits for results all the same', () => {
    expect(whole(messageStart(), ...tool(0, 't', 'f'), ...ending('end_turn')).finishReason).toBe('tool-calls');
  });
  it('names the stop sequence that was met', () => {
    const delta = { type: 'message_delta', delta: { stop_reason: 'stop_sequence', stop_sequence: 'END' }, usage: {} };
    expect(whole(messageStart(), ...text(0, 'a'), delta, { type: 'message_stop' }).stopSequence).toBe('END');
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

describe('a whole answer', () => {
  it('keeps arguments as they stand in the body, but not the layout of a pretty-printed one', () => {
    const compact =
      '{"id":"msg_1","type":"message","content":[{"type":"text","text":"a ]}\\" b"},{"type":"tool_use","id":"t","name":"f","input":{"b": 1.0, "a": 12345678901234567890}}],"stop_reason":"tool_use"}';
    const pretty =
      '{\n  "content": [\n    {"type": "tool_use", "id": "t", "name": "f",\n "input": {\n   "s": "x  y",\n   "n": 1.50\n } } ],\n "stop_reason": "tool_use" }';
    expect(collectEvents(client.decodeWhole(compact, target())).content[1]).toMatchObject({
      arguments: '{"b": 1.0, "a": 12345678901234567890}',
    });
    expect(collectEvents(client.decodeWhole(pretty, target())).content[0]).toMatchObject({
      arguments: '{"s":"x  y","n":1.50}',
    });
  });
});
