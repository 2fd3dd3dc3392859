import Anthropic from '@anthropic-ai/sdk';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import type { DecodedRequest } from '../../src/wires/wire.ts';
import { client, context, decode, server, target, thrown, type Loose } from './support.ts';

const decoded: DecodedRequest = { request: { messages: [] }, mode: 'stream', includeUsage: true };

function written(events: readonly StreamEvent[]): string {
  const encoder = server.createEncoder(context, decoded);
  return events.map((event) => encoder.encode(event)).join('');
}

function framesOf(text: string): Loose[] {
  return text
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => {
      const [name, data] = frame.split('\n') as [string, string];
      const payload = JSON.parse(data.replace('data: ', ''));
      expect(name).toBe(`event: ${payload.type}`);
      return payload;
    });
}

const START: StreamEvent = { type: 'response-start', id: 'msg_9', model: 'm' };
const say = (index: number, text: string): StreamEvent[] => [
  { type: 'text-start', index },
  { type: 'text-delta', index, text },
  { type: 'text-end', index },
];
const toolStart = (index: number, id: string, name: string): StreamEvent => ({
  type: 'tool-call-start',
  index,
  id,
  name,
});
const toolDelta = (index: number, json: string): StreamEvent => ({ type: 'tool-call-delta', index, json });
const toolEnd = (index: number, id: string, name: string, args: string): StreamEvent => ({
  type: 'tool-call-end',
  index,
  id,
  name,
  arguments: args,
});
const finish = (reason: Loose = 'stop', rest: object = {}): StreamEvent => ({ type: 'finish', reason, ...rest });

describe('a streamed answer', () => {
  it('has the events of the protocol in their order', () => {
    const frames = framesOf(
      written([
        START,
        { type: 'usage', usage: { inputTokens: 30, cacheReadTokens: 8, cacheWriteTokens: 2 } },
        { type: 'reasoning-start', index: 0 },
        { type: 'reasoning-delta', index: 0, text: 'hm' },
        { type: 'reasoning-end', index: 0, signature: 'SIG' },
        ...say(1, 'hi'),
        toolStart(2, 't', 'f'),
        toolDelta(2, '{"a":1.0}'),
        toolEnd(2, 't', 'f', '{"a":1.0}'),
        finish('tool-calls', { usage: { outputTokens: 5, reasoningTokens: 2 } }),
      ]),
    );
    expect(frames.map((frame) => [frame.type, frame.index, frame.content_block?.type ?? frame.delta?.type])).toEqual([
      ['message_start', undefined, undefined],
      ['content_block_start', 0, 'thinking'],
      ['content_block_delta', 0, 'thinking_delta'],
      ['content_block_delta', 0, 'signature_delta'],
      ['content_block_stop', 0, undefined],
      ['content_block_start', 1, 'text'],
      ['content_block_delta', 1, 'text_delta'],
      ['content_block_stop', 1, undefined],
      ['content_block_start', 2, 'tool_use'],
      ['content_block_delta', 2, 'input_json_delta'],
      ['content_block_stop', 2, undefined],
      ['message_delta', undefined, undefined],
      ['message_stop', undefined, undefined],
    ]);
    expect(frames[0].message).toMatchObject({
      id: 'msg_9',
      type: 'message',
      role: 'assistant',
      model: 'm',
      content: [],
      stop_reason: null,
    });
    expect(frames[0].message.usage).toMatchObject({
      input_tokens: 20,
      cache_read_input_tokens: 8,
      cache_creation_input_tokens: 2,
    });
    expect(frames[8].content_block).toEqual({ type: 'tool_use', id: 't', name: 'f', input: {} });
    expect(frames[9].delta.partial_json).toBe('{"a":1.0}');
    expect(frames[11]).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 20, output_tokens: 5, output_tokens_details: { thinking_tokens: 2 } },
    });
  });

  it('always says input_tokens at the start and output_tokens at the end', () => {
    const frames = framesOf(written([{ type: 'response-start' }, ...say(0, 'x'), finish()]));
    expect(frames[0].message).toMatchObject({
      id: 'msg_ctx',
      model: 'asked-model',
      usage: { input_tokens: 0, output_tokens: 0 },
    });
    expect(frames.at(-2).usage).toEqual({ output_tokens: 0 });
  });

  it('opens one block at a time when calls run side by side', () => {
    const text = written([
      START,
      toolStart(0, 'a', 'f'),
      toolStart(1, 'b', 'g'),
      toolDelta(1, '{"y":'),
      toolDelta(0, '{"x":'),
      toolDelta(1, '2}'),
      toolDelta(0, '1}'),
      toolEnd(1, 'b', 'g', '{"y":2}'),
      toolEnd(0, 'a', 'f', '{"x":1}'),
      toolStart(2, 'c', 'h'),
      toolEnd(2, 'c', 'h', '{}'),
      finish('tool-calls'),
    ]);
    let open = -1;
    for (const frame of framesOf(text)) {
      if (frame.type === 'content_block_start') expect([open, (open = frame.index)][0]).toBe(-1);
      if (frame.type === 'content_block_delta') expect(frame.index).toBe(open);
      if (frame.type === 'content_block_stop') open = [-1, expect(frame.index).toBe(open)][0] as number;
    }
    expect(collectEvents(decode(text)).content).toEqual([
      { type: 'tool-call', id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'tool-call', id: 'b', name: 'g', arguments: '{"y":2}' },
      { type: 'tool-call', id: 'c', name: 'h', arguments: '{}' },
    ]);
  });

  it('writes no empty blocks, redacted thinking whole, and refusals as text', () => {
    const frames = framesOf(
      written([
        START,
        { type: 'text-start', index: 0 },
        { type: 'text-end', index: 0 },
        { type: 'reasoning-start', index: 1 },
        { type: 'reasoning-end', index: 1, redacted: 'ENC' },
        { type: 'text-start', index: 2, refusal: true },
        { type: 'text-delta', index: 2, text: 'no' },
        { type: 'text-end', index: 2 },
        finish('refusal'),
      ]),
    );
    const starts = frames.filter((frame) => frame.type === 'content_block_start');
    expect(starts.map((frame) => [frame.index, frame.content_block])).toEqual([
      [0, { type: 'redacted_thinking', data: 'ENC' }],
      [1, { type: 'text', text: '' }],
    ]);
    expect(frames.at(-2).delta.stop_reason).toBe('refusal');
  });

  it('maps every finish', () => {
    const stop = (reason: string, rest: object = {}) =>
      framesOf(written([START, ...say(0, 'x'), finish(reason, rest)])).at(-2).delta;
    expect(stop('stop')).toEqual({ stop_reason: 'end_turn', stop_sequence: null });
    expect(stop('stop', { stopSequence: 'END' })).toEqual({ stop_reason: 'stop_sequence', stop_sequence: 'END' });
    expect(stop('length').stop_reason).toBe('max_tokens');
    expect(stop('length', { rawReason: 'model_context_window_exceeded' }).stop_reason).toBe(
      'model_context_window_exceeded',
    );
    expect(stop('content-filter').stop_reason).toBe('refusal');
    expect(stop('pause').stop_reason).toBe('pause_turn');
    expect(stop('other').stop_reason).toBe('end_turn');
  });

  it('ends with one error and nothing behind it', () => {
    const encoder = server.createEncoder(context, decoded);
    const begun =
      encoder.encode(START) +
      say(0, 'x')
        .slice(0, 2)
        .map((event) => encoder.encode(event))
        .join('');
    const error = encoder.error({
      status: 529,
      code: 'overloaded',
      kind: 'overloaded',
      message: 'busy',
      requestId: 'r',
    });
    expect(framesOf(error)).toEqual([
      { type: 'error', error: { type: 'overloaded_error', message: 'busy' }, request_id: 'r' },
    ]);
    expect([
      encoder.encode(finish()),
      encoder.ping(),
      encoder.error({ status: 500, code: 'x', kind: 'server', message: 'x' }),
    ]).toEqual(['', '', '']);
    expect(thrown(() => decode(begun + error)).kind).toBe('overloaded');
  });

  it('that a model ended with an error is not called complete', () => {
    expect(framesOf(written([START, ...say(0, 'x'), finish('error')])).at(-1).type).toBe('error');
  });
});

describe('the official SDK as a caller', () => {
  const reply = (body: string, type: string, status = 200) =>
    new Anthropic({
      apiKey: 'test-key',
      maxRetries: 0,
      fetch: async (_url, init) => {
        if (typeof init?.body !== 'string') throw new Error('no body');
        seen.push(server.decodeRequest(JSON.parse(init.body)));
        return new Response(body, { status, headers: { 'content-type': type } });
      },
    });
  const seen: DecodedRequest[] = [];
  const params = { model: 'claude-x', max_tokens: 9, messages: [{ role: 'user' as const, content: 'hi' }] };
  const search: StreamEvent = {
    type: 'opaque',
    wire: 'anthropic-messages',
    value: { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
  };
  const cited: StreamEvent = {
    type: 'opaque',
    wire: 'anthropic-messages',
    value: { type: 'block_fields', block: 'text', fields: { citations: [{ type: 'char_location', cited_text: 'c' }] } },
  };
  const events: StreamEvent[] = [
    START,
    { type: 'usage', usage: { inputTokens: 7 } },
    { type: 'reasoning-start', index: 0 },
    { type: 'reasoning-delta', index: 0, text: 'hm' },
    { type: 'reasoning-end', index: 0, signature: 'SIG' },
    search,
    ...say(1, 'Grüße 🎈'),
    cited,
    toolStart(2, 'a', 'f'),
    toolStart(3, 'b', 'g'),
    toolDelta(3, '{"y":2}'),
    toolDelta(2, '{"x":[1]}'),
    toolEnd(2, 'a', 'f', '{"x":[1]}'),
    toolEnd(3, 'b', 'g', '{"y":2}'),
    finish('tool-calls', { usage: { outputTokens: 4 } }),
  ];
  const content = [
    { type: 'thinking', thinking: 'hm', signature: 'SIG' },
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
    { type: 'text', text: 'Grüße 🎈', citations: [{ type: 'char_location', cited_text: 'c' }] },
    { type: 'tool_use', id: 'a', name: 'f', input: { x: [1] } },
    { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } },
  ];

  it('accumulates the stream to the message', async () => {
    const ping = server.createEncoder(context, decoded).ping();
    const sdk = reply(ping + written(events), server.streamContentType);
    const message = await sdk.messages.stream(params).finalMessage();
    expect(JSON.parse(JSON.stringify(message.content))).toEqual(content);
    expect([message.stop_reason, message.usage.input_tokens, message.usage.output_tokens]).toEqual(['tool_use', 7, 4]);
    expect(seen.at(-1)).toMatchObject({ mode: 'stream', request: { model: 'claude-x', maxTokens: 9 } });
  });

  it('reads the whole message', async () => {
    const body = JSON.stringify(server.encodeWhole(collectEvents(events), context));
    const message = await reply(body, 'application/json').messages.create(params);
    expect(message).toMatchObject({
      id: 'msg_9',
      type: 'message',
      role: 'assistant',
      content,
      stop_reason: 'tool_use',
    });
    expect(seen.at(-1)?.mode).toBe('whole');
  });

  it('throws its error class for errors before and inside the stream', async () => {
    const error = { status: 429, code: 'rate_limit', kind: 'rate-limit', message: 'slow down' } as const;
    const before = reply(JSON.stringify(server.encodeError(error)), 'application/json', 429).messages.create(params);
    await expect(before).rejects.toBeInstanceOf(Anthropic.RateLimitError);
    const encoder = server.createEncoder(context, decoded);
    const broken = encoder.encode(START) + encoder.encode({ type: 'text-start', index: 0 }) + encoder.error(error);
    await expect(reply(broken, server.streamContentType).messages.stream(params).finalMessage()).rejects.toThrow(
      /slow down/,
    );
  });
});

describe('whole answers', () => {
  it('keep the digits of numbers in inputs', () => {
    const response = collectEvents(
      [
        START,
        toolStart(0, 't', 'f'),
        toolDelta(0, '{"n":12345678901234567890,"f":1.0}'),
        toolEnd(0, 't', 'f', ''),
        finish(),
      ].map((event) =>
        event.type === 'tool-call-end' ? { ...event, arguments: '{"n":12345678901234567890,"f":1.0}' } : event,
      ),
    );
    const body = JSON.stringify(server.encodeWhole(response, context));
    expect(body).toContain('"input":{"n":12345678901234567890,"f":1.0}');
    expect(collectEvents(client.decodeWhole(body, target())).content).toEqual(response.content);
  });
});
