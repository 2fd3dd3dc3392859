import { describe, expect, it } from 'vitest';
import { encodeAwsFrame } from '../../src/framing/aws-event-stream.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import {
  blockStop,
  client,
  createDecoder,
  decode,
  exceptionFrame,
  frame,
  frames,
  HEX,
  start,
  stop,
  target,
  text,
  toolInput,
  toolStart,
  usage,
} from './support.ts';

const hex = (...names: (keyof typeof HEX)[]): Uint8Array => Buffer.from(names.map((name) => HEX[name]).join(''), 'hex');

describe('a streamed answer', () => {
  it('decodes the sample frames at any cut', () => {
    const answer = collectEvents(decodeAtAnyCut(createDecoder, hex('start', 'delta', 'stop', 'metadata')));
    expect(answer).toMatchObject({ text: 'é', finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 1 } });
  });

  it('is not done at the stop: the usage comes behind it', () => {
    const decoder = createDecoder();
    const events = decoder.push(hex('start', 'delta', 'stop'));
    expect(events.some((event) => event.type === 'finish')).toBe(false);
    expect([decoder.done, decoder.complete]).toEqual([false, true]);
    expect(decoder.push(hex('metadata')).at(-1)).toMatchObject({ type: 'finish', usage: { inputTokens: 1 } });
    expect(decoder.done).toBe(true);
  });

  it('ends well without usage when the body ends behind the stop', () => {
    expect(decode(hex('start', 'delta', 'stop')).at(-1)).toEqual({
      type: 'finish',
      reason: 'stop',
      rawReason: 'end_turn',
    });
  });

  it('counts cached tokens into the input', () => {
    const bytes = frames([
      start,
      text(0, 'a'),
      stop('end_turn'),
      usage(3, 5, { cacheReadInputTokens: 7, cacheWriteInputTokens: 11 }),
    ]);
    expect(collectEvents(decode(bytes)).usage).toEqual({
      inputTokens: 21,
      cacheReadTokens: 7,
      cacheWriteTokens: 11,
      outputTokens: 5,
    });
  });

  it('keeps arguments byte for byte and calls that run side by side apart', () => {
    const bytes = frames([
      start,
      toolStart(0, 'a', 'one'),
      toolStart(1, 'b', 'two'),
      toolInput(0, '{ "n" : 12345678901234567890'),
      toolInput(1, '{"x":'),
      toolInput(0, ' }'),
      toolInput(1, '1.0}'),
      blockStop(1),
      blockStop(0),
      stop('tool_use'),
      usage(),
    ]);
    expect(collectEvents(decodeAtAnyCut(createDecoder, bytes)).content).toEqual([
      { type: 'tool-call', id: 'a', name: 'one', arguments: '{ "n" : 12345678901234567890 }' },
      { type: 'tool-call', id: 'b', name: 'two', arguments: '{"x":1.0}' },
    ]);
  });

  it('gives two calls that share an id one each', () => {
    const bytes = frames([
      start,
      toolStart(0, 'a', 'f'),
      blockStop(0),
      toolStart(1, 'a', 'f'),
      blockStop(1),
      stop('tool_use'),
    ]);
    const ids = collectEvents(decode(bytes)).content.map((part) => part.type === 'tool-call' && part.id);
    expect(new Set(ids).size).toBe(2);
  });

  it('joins signature and redacted thinking with their block', () => {
    const thought = (delta: object) => ({
      contentBlockDelta: { contentBlockIndex: 0, delta: { reasoningContent: delta } },
    });
    const redacted = {
      contentBlockDelta: { contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: 'QUJD' } } },
    };
    const bytes = frames([
      start,
      thought({ text: 'hm' }),
      thought({ signature: 'SIG' }),
      blockStop(0),
      redacted,
      blockStop(1),
      text(2, 'a'),
      stop('end_turn'),
      usage(),
    ]);
    expect(collectEvents(decodeAtAnyCut(createDecoder, bytes)).content).toEqual([
      { type: 'reasoning', text: 'hm', signature: 'SIG' },
      { type: 'reasoning', text: '', redacted: 'QUJD' },
      { type: 'text', text: 'a' },
    ]);
  });

  it('keeps tools of the service and citations as items of this wire, as the whole answer does', () => {
    const toolUse = { toolUseId: 's', name: 'nova_grounding', type: 'server_tool_use' };
    const citation = { title: 'A', location: { web: { url: 'https://example.com' } } };
    const streamed = frames([
      start,
      { contentBlockStart: { contentBlockIndex: 0, start: { toolUse } } },
      toolInput(0, '{"q":'),
      toolInput(0, '1}'),
      blockStop(0),
      { contentBlockStart: { contentBlockIndex: 1, start: { toolResult: { toolUseId: 's', status: 'success' } } } },
      { contentBlockDelta: { contentBlockIndex: 1, delta: { toolResult: [{ text: 'found' }] } } },
      blockStop(1),
      text(2, 'It is so.'),
      { contentBlockDelta: { contentBlockIndex: 2, delta: { citation } } },
      blockStop(2),
      stop('end_turn'),
      usage(),
    ]);
    const content = [
      { toolUse: { ...toolUse, input: { q: 1 } } },
      { toolResult: { toolUseId: 's', status: 'success', content: [{ text: 'found' }] } },
      { citationsContent: { content: [{ text: 'It is so.' }], citations: [citation] } },
    ];
    const body = JSON.stringify({
      output: { message: { role: 'assistant', content } },
      stopReason: 'end_turn',
      usage: { inputTokens: 3, outputTokens: 5 },
    });
    const answer = collectEvents(decodeAtAnyCut(createDecoder, streamed));
    expect(answer.content.map((part) => part.type)).toEqual(['opaque', 'opaque', 'text', 'opaque']);
    expect(collectEvents(client.decodeWhole(body, target()))).toEqual(answer);
  });

  it('says which sequence stopped it', () => {
    const fields = { additionalModelResponseFields: { delta: { stop_sequence: 'END' } } };
    const bytes = frames([start, text(0, 'a'), stop('stop_sequence', fields), usage()]);
    expect(decode(bytes).at(-1)).toMatchObject({ reason: 'stop', stopSequence: 'END' });
  });

  it.each([
    ['end_turn', 'stop'],
    ['max_tokens', 'length'],
    ['model_context_window_exceeded', 'length'],
    ['guardrail_intervened', 'content-filter'],
    ['content_filtered', 'content-filter'],
    ['malformed_tool_use', 'error'],
    ['malformed_model_output', 'error'],
    ['something_new', 'other'],
  ])('reads the stop reason %s as %s', (raw, reason) => {
    const bytes = frames([start, text(0, 'a'), stop(raw), usage()]);
    expect(decode(bytes).at(-1)).toMatchObject({ type: 'finish', reason, rawReason: raw });
  });

  it('skips an event it cannot read in text, and fails inside a tool call', () => {
    const decoder = createDecoder();
    const bytes = [
      frames([start, text(0, 'a')]),
      frame('contentBlockDelta', '{"contentBl'),
      frames([text(0, 'b'), stop('end_turn'), usage()]),
    ];
    expect(collectEvents(decodePieces(decoder, bytes)).text).toBe('ab');
    expect(decoder.skipped).toBe(1);
    const inCall = Buffer.concat([frames([start, toolStart(0, 'a', 'f')]), frame('contentBlockDelta', '{"contentBl')]);
    expect(failureAtAnyCut(createDecoder, inCall)).toMatchObject({ kind: 'protocol' });
  });

  it('ignores events and padding it does not know', () => {
    const padded = frame('contentBlockDelta', '{"p":"abcdefgh","contentBlockIndex":0,"delta":{"text":"a"}}');
    const bytes = Buffer.concat([padded, frames([{ somethingNew: { a: 1 } }, stop('end_turn'), usage()])]);
    expect(collectEvents(decode(bytes)).text).toBe('a');
  });
});

describe('an answer that breaks', () => {
  it.each([
    ['throttlingException', 429, 'rate-limit'],
    ['validationException', 400, 'invalid-request'],
    ['internalServerException', 500, 'server'],
    ['modelStreamErrorException', 424, 'server'],
    ['serviceUnavailableException', 503, 'overloaded'],
    ['modelTimeoutException', 408, 'server'],
    ['unheardOfException', 500, 'server'],
  ])('by %s throws with its status', (name, status, kind) => {
    const bytes = Buffer.concat([frames([start, text(0, 'a')]), exceptionFrame(name, { message: 'no more' })]);
    const failure = failureAtAnyCut(createDecoder, bytes);
    expect(failure).toMatchObject({ kind, status, code: name });
    expect(failure['message']).toContain('no more');
  });

  it('throws what the service and the model said, and delivers what came before', () => {
    const decoder = createDecoder();
    const bytes = Buffer.concat([hex('start', 'delta', 'exception')]);
    expect(() => decoder.push(bytes)).toThrowError(
      expect.objectContaining({ status: 429, code: 'throttlingException', vendorMessage: 'Too many requests' }),
    );
    expect(collectTexts(decoder.push(new Uint8Array(0)))).toBe('é');
    const passedOn = { message: 'Model failed', originalStatusCode: 529, originalMessage: 'busy' };
    expect(() => decode(exceptionFrame('modelStreamErrorException', passedOn))).toThrowError(
      expect.objectContaining({ status: 529, vendorMessage: 'Model failed | busy' }),
    );
  });

  it('throws for an error frame', () => {
    expect(failureAtAnyCut(createDecoder, hex('start', 'error'))).toMatchObject({
      kind: 'server',
      status: 500,
      code: 'InternalFailure',
    });
  });

  it('is empty without a frame and truncated without a stop', () => {
    expect(failureAtAnyCut(createDecoder, new Uint8Array(0))).toMatchObject({ kind: 'empty' });
    expect(failureAtAnyCut(createDecoder, hex('start', 'delta'))).toMatchObject({ kind: 'truncated' });
    const halfCall = frames([start, toolStart(0, 'a', 'f'), toolInput(0, '{"a":'), stop('tool_use'), usage()]);
    expect(failureAtAnyCut(createDecoder, halfCall)).toMatchObject({ kind: 'truncated' });
  });

  it('is a protocol error when it is another protocol', () => {
    expect(failureAtAnyCut(createDecoder, Buffer.from('data: {"a":1}\n\n'))).toMatchObject({ kind: 'protocol' });
    expect(failureAtAnyCut(createDecoder, Buffer.from('<html><body>hi</body></html>'))).toMatchObject({
      kind: 'protocol',
    });
    expect(failureAtAnyCut(createDecoder, frames([start, toolInput(0, '{}')]))).toMatchObject({ kind: 'protocol' });
  });

  it('reads a whole answer or an error that a proxy sent for a stream', () => {
    const body = Buffer.from(
      ' {"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn"}',
    );
    expect(collectEvents(decodeAtAnyCut(createDecoder, body, { cuts: 20 })).text).toBe('hi');
    const error = Buffer.from('{"__type":"com.amazon#ThrottlingException","message":"slow down"}');
    expect(failureAtAnyCut(createDecoder, error)).toMatchObject({ status: 429, code: 'ThrottlingException' });
  });
});

describe('a whole answer', () => {
  it('keeps arguments word for word, wherever the call stands', () => {
    const body = `{"usage":{"inputTokens":1},"output":{"message":{"content":[{"text":"a, \\"toolUse\\""},
      {"toolUse":{"name":"f","input":{"n":12345678901234567890,"d":1.0},"toolUseId":"x"}}]}},"stopReason":"tool_use"}`;
    const { content } = collectEvents(client.decodeWhole(body, target()));
    expect(content[1]).toMatchObject({ arguments: '{"n":12345678901234567890,"d":1.0}' });
  });

  it('without content is no answer', () => {
    const kinds = ['', '<html>', '[]', '{"output":{}}'].map((body) => {
      try {
        return client.decodeWhole(body, target());
      } catch (error) {
        return (error as { kind: string }).kind;
      }
    });
    expect(kinds).toEqual(['empty', 'protocol', 'protocol', 'protocol']);
  });
});

describe('a frame of headers in another order', () => {
  it('is read all the same', () => {
    const reordered = encodeAwsFrame(
      { ':message-type': 'event', ':event-type': 'messageStop' },
      '{"stopReason":"end_turn"}',
    );
    expect(decode(frames([start, text(0, 'a')]), reordered).at(-1)).toMatchObject({ reason: 'stop' });
  });
});

function collectTexts(events: readonly { type: string }[]): string {
  return events.map((event) => ('text' in event ? String(event.text) : '')).join('');
}
