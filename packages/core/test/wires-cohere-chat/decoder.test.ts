import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import {
  args,
  begin,
  call,
  client,
  createDecoder,
  decode,
  end,
  sse,
  target,
  text,
  wire,
  type Loose,
} from './support.ts';

const whole = (body: unknown): Loose => collectEvents(client.decodeWhole(JSON.stringify(body), target()));
const opaque = (answer: Loose): unknown[] =>
  answer.content.filter((part: Loose) => part.type === 'opaque').map((part: Loose) => part.value);

describe('a stream', () => {
  it('gathers citations and log probabilities wherever they come, and leaves them at the end', () => {
    const citation = { start: 0, end: 2, text: 'So', sources: [{ type: 'document', id: 'd' }], type: 'TEXT_CONTENT' };
    const logprob = { text: 'So', token_ids: [7], logprobs: [-0.1] };
    const answer = collectEvents(
      decode([
        begin,
        { ...text('So'), logprobs: logprob },
        { type: 'citation-start', index: 0, delta: { message: { citations: citation } } },
        { type: 'citation-end', index: 0 },
        text(' it is'),
        end('COMPLETE', { usage: { billed_units: { search_units: 2 }, tokens: { input_tokens: 3 } } }),
      ]),
    );
    expect(answer.text).toBe('So it is');
    expect(opaque(answer)).toEqual([
      { citations: [citation] },
      { logprobs: [logprob] },
      { usage: { billed_units: { search_units: 2 } } },
    ]);
    expect(answer.content[0]).toEqual({ type: 'text', text: 'So it is' });
  });

  it.each([
    ['null', '{}'],
    ['nul', 'nul'],
    ['{"n":null}', '{"n":null}'],
    ['', '{}'],
    [' null ', '{}'],
  ])('takes arguments %j, letter by letter, as %j', (sent, expected) => {
    const named = call(0, { id: 'a', name: 'now' });
    const bytes = sse([
      begin,
      named,
      ...[...sent].map((one) => args(0, one)),
      { type: 'tool-call-end', index: 0 },
      end('TOOL_CALL'),
    ]);
    const answer = collectEvents(decodeAtAnyCut(createDecoder, bytes, { cuts: 30 }));
    expect(answer.content).toEqual([{ type: 'tool-call', id: 'a', name: 'now', arguments: expected }]);
    expect(
      whole({
        message: { tool_calls: [{ id: 'a', function: { name: 'now', arguments: sent } }] },
        finish_reason: 'TOOL_CALL',
      }).content,
    ).toEqual(answer.content);
  });

  it('tells thinking, plan and text apart, each a block of its own', () => {
    const item = (index: number, type: string, words: string) => [
      { type: 'content-start', index, delta: { message: { content: { type, [type]: words } } } },
      { type: 'content-end', index },
    ];
    const answer = collectEvents(
      decode([
        begin,
        ...item(0, 'thinking', 'a'),
        ...item(1, 'thinking', 'b'),
        ...item(2, 'text', 'c'),
        ...item(3, 'text', 'd'),
        { type: 'tool-plan-delta', delta: { message: { tool_plan: 'e' } } },
        call(0, { id: 'x', name: 'f' }),
        end('TOOL_CALL'),
      ]),
    );
    expect(answer.content).toEqual([
      { type: 'reasoning', text: 'a' },
      { type: 'reasoning', text: 'b' },
      { type: 'text', text: 'c' },
      { type: 'text', text: 'd' },
      { type: 'reasoning', text: 'e', id: 'tool_plan' },
      { type: 'tool-call', id: 'x', name: 'f', arguments: '{}' },
    ]);
  });

  it('keeps content of a kind it does not know', () => {
    const answer = collectEvents(
      decode([
        begin,
        { type: 'content-start', index: 0, delta: { message: { content: { type: 'chart', data: 'a' } } } },
        { type: 'content-delta', index: 0, delta: { message: { content: { data: 'b', rows: [1] } } } },
        { type: 'content-end', index: 0 },
        end(),
      ]),
    );
    const content = { type: 'chart', data: 'ab', rows: [1] };
    expect(opaque(answer)).toEqual([{ content }]);
    expect(opaque(whole({ message: { content: [content] }, finish_reason: 'COMPLETE' }))).toEqual([{ content }]);
  });

  it('makes up ids that are missing or used twice', () => {
    const answer = collectEvents(
      decode([begin, call(0, { id: 'a', name: 'f' }), call(1, { id: 'a', name: 'g' }), end('TOOL_CALL')]),
    );
    const ids = answer.content.map((part) => (part.type === 'tool-call' ? part.id : ''));
    expect(ids[0]).toBe('a');
    expect(new Set(ids).size).toBe(2);
  });

  it('tells arguments that the limit cut', () => {
    const answer = collectEvents(decode([begin, call(0, { id: 'a', name: 'f' }), args(0, '{"b":'), end('MAX_TOKENS')]));
    expect([answer.finishReason, answer.warnings.map(({ code }) => code)]).toEqual(['length', ['tool-arguments-cut']]);
    expect(answer.content).toMatchObject([{ arguments: '{"b":' }]);
  });

  it('skips what it cannot read in text, and fails in a call', () => {
    const decoder = createDecoder();
    const bytes = Buffer.concat([
      sse([begin, text('a')]).subarray(0, -14),
      Buffer.from('data: {"type":"content-\n\n'),
      sse([text('b'), end()]),
    ]);
    expect(collectEvents(decodePieces(decoder, [bytes])).text).toBe('ab');
    expect(decoder.skipped).toBe(1);
    const broken = Buffer.concat([
      sse([begin, call(0, { id: 'a', name: 'f' })]).subarray(0, -14),
      Buffer.from('data: {"x\n\n'),
      sse([end()]),
    ]);
    expect(failureAtAnyCut(createDecoder, broken)).toMatchObject({ kind: 'protocol' });
  });
});

describe('an end', () => {
  it.each([
    ['COMPLETE', 'stop'],
    ['STOP_SEQUENCE', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['ERROR_TOXIC', 'content-filter'],
    ['SOMETHING_NEW', 'other'],
  ])('%s is %s', (raw, reason) => {
    const answer = collectEvents(decode([begin, text('a'), end(raw)]));
    expect([answer.finishReason, answer.rawFinishReason]).toEqual([reason, raw]);
    expect(whole({ message: { content: [{ type: 'text', text: 'a' }] }, finish_reason: raw }).finishReason).toBe(
      reason,
    );
  });

  it.each([
    ['ERROR', 'server'],
    ['TIMEOUT', 'timeout'],
  ])('%s is a failure', (raw, kind) => {
    const failure = failureAtAnyCut(createDecoder, sse([begin, text('a'), end(raw, { error: 'model crashed' })]));
    expect(failure).toMatchObject({ kind, code: raw });
    expect(() => client.decodeWhole(JSON.stringify({ message: {}, finish_reason: raw }), target())).toThrowError(
      expect.objectContaining({ kind }),
    );
  });

  it('is a call when there are calls, whatever the word', () => {
    expect(collectEvents(decode([begin, call(0, { id: 'a', name: 'f' }), end()])).finishReason).toBe('tool-calls');
  });

  it('that does not come is no success', () => {
    for (const bytes of [sse([begin, text('a')]), sse([begin, call(0, { id: 'a', name: 'f' })])]) {
      expect(failureAtAnyCut(createDecoder, bytes)).toMatchObject({ kind: 'truncated' });
    }
    expect(failureAtAnyCut(createDecoder, Buffer.from(': hi\n\n'))).toMatchObject({ kind: 'empty' });
    expect(() => whole({ id: 'c', message: { content: [] } })).toThrowError(
      expect.objectContaining({ kind: 'truncated' }),
    );
  });

  it('of an answer without content says nothing that would look like content', () => {
    const usage = { billed_units: { input_tokens: 1 }, tokens: { input_tokens: 9 } };
    expect(collectEvents(decode([begin, end('COMPLETE', { usage })])).content).toEqual([]);
  });
});

describe('an error', () => {
  it.each([
    ['event: error\ndata: {"message":"internal server error"}\n\n', 'internal server error'],
    ['data: {"id":"r","message":"too many tokens: size limit exceeded"}\n\n', 'too many tokens: size limit exceeded'],
    ['{"message":"invalid api token"}', 'invalid api token'],
  ])('inside a 200 is told: %j', (body, message) => {
    let failure: Loose;
    try {
      decodePieces(createDecoder(), [Buffer.from(body)]);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ name: 'ProviderError', vendorMessage: message });
  });

  it('of HTTP is read with its message', () => {
    expect(client.readError(422, '{"id":"r-1","message":"all elements in history must have a message"}')).toMatchObject(
      {
        status: 422,
        message: 'all elements in history must have a message',
      },
    );
    expect(client.readError(502, '<html><title>Bad gateway</title>').message).toContain('Bad gateway');
  });

  it.each(['<html></html>', '[]', '7', '{"id":"x"}'])('is an answer that is none: %s', (body) => {
    expect(() => client.decodeWhole(body, target())).toThrowError(expect.objectContaining({ kind: 'protocol' }));
  });
});

it('reads a stream that came where a document was asked for', () => {
  const events = client.decodeWhole(sse([begin, text('a'), end()]).toString(), target());
  expect(collectEvents(events)).toMatchObject({ id: 'c-1', text: 'a', finishReason: 'stop' });
  expect(events.every((event) => event.type !== 'opaque' || event.wire === wire)).toBe(true);
});
