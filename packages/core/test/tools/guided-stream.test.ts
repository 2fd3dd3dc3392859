import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { createGuidedTransform } from '../../src/tools/prompt-guided/index.ts';
import { answer, pieces, shape, TOOLS, transformed } from './guided-support.ts';

const FRAGMENTS = [
  '<', '>', '</', '/>', '<b>', '</b>', '<tool', '<tools', '_call', 'tool_call', '</tool', 'a < b', '{', '}', '[', ']',
  '"', "'", '`', '``', '```', '```ts\n', 'name', '"name":', 'search', 'search/', 'shell', ' ', '\n', '\n\n', 'é', '👍',
  'word', '<eo', '|>', '<|', 'think', '<thin', 'TOOL_CALL', '[TOOL', ':', ',', '\\', '<inv', 'oke ', '0', '=',
]; // prettier-ignore

const ordinary = fc
  .array(fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ maxLength: 6 })), { maxLength: 30 })
  .map((parts) => parts.join(''));

/** Texts that happen to hold an opening are not ordinary. */
const OPENING =
  /<(?:tool_calls?|tool-call|toolcall|tools|invoke|function_calls|functioncall|minimax:tool_?call|think|thinking)[\s>]|```(?:tool|invoke)|\[TOOL_CALL\]|<\|?eom|<\|(?:eot|im_end|endoftext)/i;

const withCuts = (text: fc.Arbitrary<string>) =>
  text.chain((one) =>
    fc.record({ text: fc.constant(one), cuts: fc.array(fc.nat(Math.max(1, one.length)), { maxLength: 8 }) }),
  );

function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set([...places, text.length])].toSorted((a, b) => a - b);
  return sorted.map((end, index) => text.slice(sorted[index - 1] ?? 0, end)).filter((part) => part !== '');
}

describe('a stream through the transform', () => {
  it('passes ordinary text on unchanged', () => {
    fc.assert(
      fc.property(withCuts(ordinary.filter((text) => !OPENING.test(text))), ({ text, cuts }) => {
        const response = answer(cutAt(text, cuts));
        expect(response.text).toBe(text);
        expect(response.content.every((part) => part.type === 'text')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('gives the same answer at any cut, whatever the text', () => {
    const wild = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            ...FRAGMENTS,
            '<tool_call>', '</tool_call>', '<tool_calls>', '<invoke name="search">', '</invoke>', '<tools>', '</tools>',
            '{"name":"now"}', '{"name":"search","arguments":{"query":"x"}}', '{"name":"search","arguments":{"query":"<tool_call>"',
            '```tool_call\n', '```', '[TOOL_CALL]', '[/TOOL_CALL]', '<think>', '</think>', '<eom>', '\nsearch/query>',
            '<parameter name="query">', '</parameter>', '<FunctionCall>', '</FunctionCall>', '<code>', '</code>',
          ), // prettier-ignore
          fc.string({ maxLength: 4 }),
        ),
        { maxLength: 14 },
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(withCuts(wild), fc.constantFrom('stop' as const, 'length' as const), ({ text, cuts }, reason) => {
        const whole = answer(text, reason);
        const same = (parts: readonly string[]): void => {
          const { content, warnings, finishReason } = answer(parts, reason);
          expect({ content, warnings, finishReason }).toEqual({
            content: whole.content,
            warnings: whole.warnings,
            finishReason: whole.finishReason,
          });
        };
        same(cutAt(text, cuts));
        same([...text]);
      }),
      { numRuns: 600 },
    );
  });

  it('never shows a part of a tag while a call comes in', () => {
    const text = 'Look:\n<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>\n\nThen.';
    const transform = createGuidedTransform(TOOLS);
    for (const batch of pieces([...text])) {
      for (const event of transform.push(batch)) {
        if (event.type === 'text-delta') expect('Look:Then.').toContain(event.text);
      }
    }
  });

  it('holds ordinary text back no longer than it must', () => {
    const transform = createGuidedTransform(TOOLS);
    const shown = (text: string): string =>
      transform
        .push([{ type: 'text-delta', index: 0, text }])
        .map((event) => (event.type === 'text-delta' ? event.text : ''))
        .join('');
    transform.push([{ type: 'response-start' }, { type: 'text-start', index: 0 }]);
    expect(shown('Hello')).toBe('Hello');
    expect(shown(' world <')).toBe(' world');
    expect(shown('t')).toBe('');
    expect(shown('able>')).toBe(' <table>');
    expect(shown('\n{')).toBe('\n{');
    expect(shown('x`')).toBe('x');
    expect(shown('y`')).toBe('`y');
  });

  it('numbers blocks anew and keeps thinking, calls of the vendor, usage and facts of the answer', () => {
    const events: StreamEvent[] = [
      { type: 'response-start', id: 'r', model: 'm', createdAt: 5 },
      { type: 'reasoning-start', index: 0 },
      { type: 'reasoning-delta', index: 0, text: 'hm' },
      { type: 'reasoning-end', index: 0, signature: 's' },
      { type: 'text-start', index: 1 },
      { type: 'text-delta', index: 1, text: 'a <tool_call>{"name":"now"}</tool_call>' },
      { type: 'text-end', index: 1 },
      { type: 'tool-call-start', index: 2, id: 'native', name: 'search' },
      { type: 'tool-call-delta', index: 2, json: '{"query":"x"}' },
      { type: 'tool-call-end', index: 2, id: 'native', name: 'search', arguments: '{"query":"x"}' },
      { type: 'usage', usage: { inputTokens: 3 } },
      { type: 'finish', reason: 'stop', rawReason: 'stop', usage: { outputTokens: 4 } },
    ];
    const response = collectEvents(transformed([events]));
    expect(shape(response)).toEqual([{ think: 'hm' }, 'a', ['now', '{}'], ['search', '{"query":"x"}']]);
    expect(response).toMatchObject({
      id: 'r',
      model: 'm',
      createdAt: 5,
      finishReason: 'tool-calls',
      rawFinishReason: 'stop',
    });
    expect(response.usage).toEqual({ inputTokens: 3, outputTokens: 4 });
    expect(collectEvents(transformed(events.map((event) => [event]))).content).toEqual(response.content);
  });

  it('reads a call that the server cut into two text blocks', () => {
    const block = (index: number, text: string): StreamEvent[] => [
      { type: 'text-start', index },
      { type: 'text-delta', index, text },
      { type: 'text-end', index },
    ];
    const events: StreamEvent[] = [
      { type: 'response-start' },
      ...block(0, 'One.'),
      ...block(1, '<tool_call>{"name":'),
      ...block(2, '"now"}</tool_call>'),
      { type: 'finish', reason: 'stop' },
    ];
    expect(shape(collectEvents(transformed([events])))).toEqual(['One.', ['now', '{}']]);
  });

  it('gives every call an id of its own, also against the conversation so far', () => {
    const call = '<tool_call>{"id":"c1","name":"now"}</tool_call>';
    const ids = (text: string, usedIds: readonly string[] = []): string[] => {
      const transform = createGuidedTransform(TOOLS, { usedIds });
      const events = pieces([text]).flatMap((batch) => transform.push(batch));
      return events.flatMap((event) => (event.type === 'tool-call-start' ? [event.id] : []));
    };
    expect(ids(call)).toEqual(['c1']);
    const [first, second] = ids(call + call);
    expect(first).toBe('c1');
    expect(second).toMatch(/^call_[0-9a-f]{24}$/);
    expect(ids(call, ['c1'])[0]).not.toBe('c1');
    const plain = '<tool_call>{"name":"now"}</tool_call>';
    expect(new Set(ids(plain + plain + plain)).size).toBe(3);
  });

  it('leaves a refusal alone', () => {
    const events: StreamEvent[] = [
      { type: 'response-start' },
      { type: 'text-start', index: 0, refusal: true },
      { type: 'text-delta', index: 0, text: '<tool_call>{"name":"now"}</tool_call>' },
      { type: 'text-end', index: 0 },
      { type: 'finish', reason: 'refusal' },
    ];
    expect(transformed([events])).toEqual(events);
  });

  it('stays quick on hostile text', () => {
    const hostile = [
      '<tool_call>',
      '<invoke name="search"><parameter name="q">',
      '{"a":[',
      '```tool_call\n',
      'search/{',
    ];
    for (const piece of hostile) {
      const text = piece.repeat(1000);
      const began = performance.now();
      const response = answer(text.match(/[\s\S]{1,50}/g) ?? []);
      expect(performance.now() - began, piece).toBeLessThan(5000);
      expect(response.text.trim()).toBe(text.trim());
    }
  });

  it('takes a call of a megabyte in small pieces', () => {
    const content = 'line of text <b>\n'.repeat(40_000);
    const json = JSON.stringify({ name: 'write_file', arguments: { path: 'a', content } });
    const began = performance.now();
    const response = answer(`<tool_call>${json}</tool_call>`.match(/[\s\S]{1,20}/g) ?? []);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(shape(response)).toEqual([['write_file', JSON.stringify({ path: 'a', content })]]);
  });
});
