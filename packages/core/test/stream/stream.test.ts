import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { Part } from '../../src/spec/message.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { createBlockBuilder } from '../../src/stream/block-builder.ts';
import { collect, collectEvents } from '../../src/stream/collect.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { anyArguments, anyText } from '../testkit/samples.ts';

const word = fc.stringMatching(/^[a-z]{1,8}$/);
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ type: fc.constant('text' as const), text: anyText }),
  fc.record({ type: fc.constant('refusal' as const), text: anyText }),
  fc.record(
    { type: fc.constant('reasoning' as const), text: anyText, signature: word },
    { requiredKeys: ['type', 'text'] },
  ),
  fc.record({ type: fc.constant('reasoning' as const), text: fc.constant(''), redacted: word, id: word }),
  fc.record({ type: fc.constant('tool-call' as const), id: fc.uuid(), name: word, arguments: anyArguments }),
  fc.record({
    type: fc.constant('opaque' as const),
    wire: fc.constant('gemini' as const),
    value: fc.constant({ a: 1 }),
  }),
);
const response: fc.Arbitrary<ChatResponse> = fc
  .record({ parts: fc.array(part, { maxLength: 6 }), reason: fc.constantFrom('stop', 'length', 'pause') })
  .map(({ parts, reason }) => ({
    id: 'r',
    model: 'm',
    createdAt: 5,
    content: parts,
    text: parts.map((one) => (one.type === 'text' ? one.text : '')).join(''),
    finishReason: reason as 'stop',
    rawFinishReason: 'raw',
    usage: { inputTokens: 1, outputTokens: 2 },
    warnings: [{ code: 'c', message: 'm' }],
  }));

describe('an answer and its events', () => {
  it('are each other’s inverse, and the events are legal', () => {
    fc.assert(
      fc.property(response, (answer) => {
        const events = eventsOf(answer);
        expect(validateStream(events)).toEqual([]);
        expect(collectEvents(events)).toEqual(answer);
      }),
    );
  });

  it('fold over an asynchronous stream alike', async () => {
    const events = eventsOf({
      content: [{ type: 'text', text: 'hi' }],
      text: 'hi',
      finishReason: 'stop',
      warnings: [],
    });
    async function* stream(): AsyncGenerator<StreamEvent> {
      yield* events;
    }
    expect(await collect(stream())).toEqual(collectEvents(events));
  });

  it('do not fold without a finish', () => {
    const events = eventsOf({ content: [], text: '', finishReason: 'stop', warnings: [] }).slice(0, -1);
    expect(() => collectEvents(events)).toThrowError(expect.objectContaining({ kind: 'truncated' }));
  });

  it('take the latest usage field by field, never the sum', () => {
    const answer = collectEvents([
      { type: 'response-start' },
      { type: 'usage', usage: { inputTokens: 5, outputTokens: 1 } },
      { type: 'usage', usage: { outputTokens: 4 } },
      { type: 'finish', reason: 'stop', usage: { outputTokens: 9 } },
    ]);
    expect(answer.usage).toEqual({ inputTokens: 5, outputTokens: 9 });
  });
});

describe('the block builder', () => {
  it('closes a text when reasoning begins, keeps tool calls open side by side, and closes all at finish', () => {
    const builder = createBlockBuilder();
    builder.text('a');
    builder.reasoning('b');
    const one = builder.toolStart('1', 'f');
    const two = builder.toolStart('2', 'g');
    builder.toolDelta(two, '{}');
    builder.toolDelta(one, '[]');
    builder.finish('tool-calls');
    builder.finish('stop');
    const events = builder.take();
    expect(validateStream(events)).toEqual([]);
    expect(events.filter((event) => event.type === 'finish')).toHaveLength(1);
    expect(collectEvents(events).content.map(({ type }) => type)).toEqual([
      'text',
      'reasoning',
      'tool-call',
      'tool-call',
    ]);
  });

  it('gives no event for empty pieces', () => {
    const builder = createBlockBuilder();
    builder.text('');
    builder.reasoning('');
    builder.refusal('');
    builder.closeReasoning();
    expect(builder.take()).toEqual([]);
  });

  it('makes an empty block to carry redacted reasoning', () => {
    const builder = createBlockBuilder();
    builder.closeReasoning({ redacted: 'xyz' });
    builder.finish('stop');
    const events = builder.take();
    expect(validateStream(events)).toEqual([]);
    expect(collectEvents(events).content).toEqual([{ type: 'reasoning', text: '', redacted: 'xyz' }]);
  });
});

describe('the validator', () => {
  const start: StreamEvent = { type: 'response-start' };
  const finish: StreamEvent = { type: 'finish', reason: 'stop' };
  const open: StreamEvent = { type: 'tool-call-start', index: 0, id: 'a', name: 'f' };
  const end = (json: string): StreamEvent => ({ type: 'tool-call-end', index: 0, id: 'a', name: 'f', arguments: json });

  it.each<[string, StreamEvent[]]>([
    ['no event', []],
    ['before response-start', [finish]],
    ['second response-start', [start, start, finish]],
    ['ended without finish', [start]],
    ['after finish', [start, finish, finish]],
    ['never started', [start, { type: 'text-delta', index: 0, text: 'x' }, finish]],
    ['expected 0', [start, { type: 'text-start', index: 1 }, { type: 'text-end', index: 1 }, finish]],
    ['is open', [start, { type: 'text-start', index: 0 }, finish]],
    ['has ended', [start, open, end('{}'), { type: 'tool-call-delta', index: 0, json: '{}' }, finish]],
    ['which is text', [start, { type: 'text-start', index: 0 }, { type: 'reasoning-end', index: 0 }, finish]],
    ['concatenation', [start, open, { type: 'tool-call-delta', index: 0, json: '{' }, end('{}'), finish]],
    ['appears twice', [start, open, end('{}'), open, finish]],
    ['names another call', [start, open, { ...end('{}'), id: 'b' } as StreamEvent, finish]],
  ])('reports: %s', (words, events) => {
    expect(validateStream(events).join('\n')).toContain(words);
  });
});
