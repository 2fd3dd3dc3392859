import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/spec/errors.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { sampleAnswer } from '../testkit/wire-contract.ts';
import { testContext } from '../testkit/samples.ts';
import { server, type Loose } from './support.ts';

const user = { role: 'user', content: 'x' };
const read = (body: object) => server.decodeRequest({ model: 'm', messages: [user], ...body });

describe('requests of callers', () => {
  it('stream unless they say otherwise', () => {
    expect(read({}).mode).toBe('stream');
    expect(read({ stream: false }).mode).toBe('whole');
  });

  it('find the call of a result by id, by name, or by order', () => {
    const call = (name: string, id?: string) => ({
      ...(id === undefined ? {} : { id }),
      function: { name, arguments: {} },
    });
    const { request } = read({
      messages: [
        user,
        { role: 'assistant', content: '', tool_calls: [call('a'), call('b'), call('a'), call('c', 'mine')] },
        { role: 'tool', content: '4', tool_call_id: 'mine' },
        { role: 'tool', content: '2', tool_name: 'b' },
        { role: 'tool', content: '1' },
        { role: 'tool', content: '3', name: 'a' },
      ],
    });
    const made = (request.messages[1]!.content as Loose[]).map((part) => part.id);
    expect(new Set(made).size).toBe(4);
    expect(request.messages).toHaveLength(3);
    const results = (request.messages[2]!.content as Loose[]).map((part) => [part.toolCallId, part.content]);
    expect(results).toEqual([
      [made[3], '4'],
      [made[1], '2'],
      [made[0], '1'],
      [made[2], '3'],
    ]);
  });

  it('may mean no limit', () => {
    expect(read({ options: { num_predict: -1, stop: 'END' } }).request).toMatchObject({ stop: ['END'] });
    expect(read({ options: { num_predict: -1 } }).request.maxTokens).toBeUndefined();
  });

  it.each([
    [{ model: '' }, 'model'],
    [{ messages: [] }, 'messages'],
    [{ messages: [{ role: 'robot' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: '', images: [5] }] }, 'messages[0].images[0]'],
    [{ messages: [{ role: 'assistant', tool_calls: [{}] }] }, 'messages[0].tool_calls[0].function'],
    [{ format: 5 }, 'format'],
    [{ think: 'deeply' }, 'think'],
    [{ stream: 'yes' }, 'stream'],
    [{ options: { temperature: 'warm' } }, 'options.temperature'],
    [{ tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
  ])('%j are refused with the path %s', (body, param) => {
    expect(() => read(body)).toThrowError(expect.objectContaining({ status: 400, param }));
  });

  it.each([null, [], 'x'])('%j is no request', (body) => {
    expect(() => server.decodeRequest(body)).toThrow(RequestError);
  });
});

describe('answers to callers', () => {
  it('are lines that are each a document, the last one done', () => {
    const encoder = server.createEncoder(testContext, read({}));
    const text =
      encoder.ping() +
      eventsOf(sampleAnswer)
        .map((event) => encoder.encode(event) + encoder.ping())
        .join('');
    const lines: Loose[] = text
      .trimEnd()
      .split('\n')
      .map((one) => JSON.parse(one));
    expect(lines.map((one) => one.message.content).join('')).toBe('Grüße, 世界 🎈');
    const calls = lines.flatMap((one) => one.message.tool_calls ?? []);
    expect(calls.map((call) => [call.function.index, call.function.name])).toEqual([
      [0, 'look'],
      [1, 'wait'],
    ]);
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'stop', prompt_eval_count: 12, eval_count: 7 });
    expect(lines.filter((one) => one.done)).toHaveLength(1);
  });

  it.each([
    ['length', 'length'],
    ['content-filter', 'content_filter'],
    ['refusal', 'content_filter'],
    ['tool-calls', 'stop'],
  ] as const)('end with %s as %s', (finishReason, told) => {
    expect(server.encodeWhole({ ...sampleAnswer, finishReason }, testContext)['done_reason']).toBe(told);
  });

  it('tell an error as one string', () => {
    const error = { status: 400, code: 'context_length_exceeded', kind: 'context-window', message: 'm' } as const;
    expect(server.encodeError(error)).toEqual({ error: 'prompt too long; exceeded max context length: m' });
  });
});
