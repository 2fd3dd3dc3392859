import { describe, expect, it } from 'vitest';
import { ANSWERS } from '../../../../scripts/loss-answers.ts';
import { sayable } from '../../../../scripts/loss-table.ts';
import type { FinishReason } from '../../src/spec/event.ts';
import type { Part } from '../../src/spec/message.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { PAIRS, relayed, type Party } from './pairs.ts';

const MODES = ['stream', 'whole'] as const;
const USAGE = { inputTokens: 120, cacheReadTokens: 40, cacheWriteTokens: 10, outputTokens: 50, reasoningTokens: 20 };

function answer(content: readonly Part[], rest: Partial<ChatResponse> = {}): ChatResponse {
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('');
  const finishReason = content.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop';
  return { id: 'id_1', model: 'm', content, text, finishReason, usage: USAGE, warnings: [], ...rest };
}

const call = (id: string, name: string, args: unknown): Part => ({
  type: 'tool-call',
  id,
  name,
  arguments: JSON.stringify(args),
});

const says = (name: string, party: Party): boolean =>
  sayable(ANSWERS.find((one) => one.name === name) ?? expect.fail(`no answer feature "${name}"`), party);

const TEXTS = [
  'Hello.',
  'Grüße, 世界 🙂\n\n```json\n{"a":"\\"b\\""}\n```',
  ' leading and trailing \n',
  'data: [DONE]\n\nevent: x',
];

describe.each(PAIRS)('an answer over %s', (_pair, caller, vendor) => {
  describe.each(MODES)('%s', (mode) => {
    const get = (response: ChatResponse): ChatResponse => relayed(caller, vendor, response, mode);

    it('keeps text to the byte', () => {
      for (const text of TEXTS) {
        const got = get(answer([{ type: 'text', text }]));
        expect(got.text).toBe(text);
        expect(got.finishReason).toBe('stop');
      }
    });

    it('keeps parallel tool calls: order, names, arguments, and an id each', () => {
      const calls = [
        call('call_a1', 'get_weather', { city: 'Zürich', days: 2, deep: { list: [1, null, 'x'] } }),
        call('call_b2', 'get_time', {}),
        call('call_c3', 'get_weather', { city: 'Rio "x" \\ 🙂' }),
      ];
      const got = get(answer([{ type: 'text', text: 'Looking.' }, ...calls]));
      const found = got.content.filter((part) => part.type === 'tool-call');
      expect(found.map(({ name }) => name)).toEqual(['get_weather', 'get_time', 'get_weather']);
      expect(found.map((part) => JSON.parse(part.arguments) as unknown)).toEqual(
        calls.map((part) => (part.type === 'tool-call' ? (JSON.parse(part.arguments) as unknown) : undefined)),
      );
      expect(new Set(found.map(({ id }) => id)).size).toBe(3);
      if (says('ids of tool calls', vendor))
        expect(found.map(({ id }) => id)).toEqual(['call_a1', 'call_b2', 'call_c3']);
      expect(got.text).toBe('Looking.');
      expect(got.finishReason).toBe('tool-calls');
    });

    it('keeps thinking apart from text', () => {
      const got = get(
        answer([
          { type: 'reasoning', text: 'Two and two… is 4?' },
          { type: 'text', text: '4' },
        ]),
      );
      expect(got.text).toBe('4');
      const thought = got.content.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
      expect(thought).toBe('Two and two… is 4?');
    });

    it('counts tokens as the vendor did, and says nothing it was not told', () => {
      const { usage } = get(answer([{ type: 'text', text: 'x' }]));
      const both = (name: string): boolean => says(name, vendor) && says(name, caller);
      expect(usage?.inputTokens).toBe(120);
      expect(usage?.outputTokens).toBe(50);
      if (both('usage: read from cache')) expect(usage?.cacheReadTokens).toBe(40);
      if (both('usage: written to cache')) expect(usage?.cacheWriteTokens).toBe(10);
      if (both('usage: thinking')) expect(usage?.reasoningTokens).toBe(20);
      expect([40, 0, undefined]).toContain(usage?.cacheReadTokens);
      expect([10, 0, undefined]).toContain(usage?.cacheWriteTokens);
      expect([20, 0, undefined]).toContain(usage?.reasoningTokens);
    });

    it('keeps why it stopped, in the nearest word', () => {
      const nearest: Partial<Record<FinishReason, readonly FinishReason[]>> = {
        stop: ['stop'],
        length: ['length'],
        'content-filter': ['content-filter', 'refusal'],
        refusal: ['refusal', 'content-filter'],
      };
      for (const [reason, words] of Object.entries(nearest) as [FinishReason, FinishReason[]][]) {
        const got = get(answer([{ type: 'text', text: 'So far' }], { finishReason: reason }));
        expect(words, reason).toContain(got.finishReason);
        expect(got.text).toBe('So far');
      }
    });

    it('keeps a refusal readable', () => {
      const got = get(answer([{ type: 'refusal', text: 'I will not.' }]));
      const told = got.content
        .map((part) => (part.type === 'refusal' || part.type === 'text' ? part.text : ''))
        .join('');
      expect(told).toBe('I will not.');
    });

    it('keeps structured output as the text it is', () => {
      const text = '{"answer":"ja","numbers":[1,2.5,1e21],"nested":{"ok":true,"none":null}}';
      expect(get(answer([{ type: 'text', text }])).text).toBe(text);
    });

    it('is an answer also when it says nothing but a call', () => {
      const got = get(answer([call('call_z', 'noop', {})]));
      expect(got.content.filter(({ type }) => type === 'tool-call')).toHaveLength(1);
      expect(got.text).toBe('');
    });
  });
});
