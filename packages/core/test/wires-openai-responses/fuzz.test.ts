import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/spec/errors.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { openaiResponsesServer } from '../../src/wires/openai-responses/index.ts';
import { decodePieces, randomCuts, seededRandom } from '../testkit/cuts.ts';
import { testContext } from '../testkit/samples.ts';
import { sseBytes } from '../testkit/sse.ts';
import { added, args, call, completed, created, itemDone, maker, message, text } from './support.ts';

const reasoning = {
  type: 'reasoning',
  id: 'rs',
  summary: [{ type: 'summary_text', text: 'hm' }],
  encrypted_content: 'E',
};
const events = [
  created({ store: true }),
  itemDone(0, reasoning),
  added(1, message(1, '', { phase: 'commentary' })),
  text(1, 'Grüße '),
  text(1, '🎈'),
  itemDone(1, message(1, 'Grüße 🎈')),
  added(2, call(2, 'look')),
  args(2, '{"place":'),
  args(2, '"Zürich"}'),
  itemDone(2, call(2, 'look', '{"place":"Zürich"}')),
  itemDone(3, { type: 'web_search_call', id: 'ws', status: 'completed' }),
  completed({ output: [], usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 } }),
];
const SNIPPETS = [
  'null',
  '[]',
  '{}',
  '""',
  '-1',
  '1e999',
  'true',
  '\n\n',
  '\r',
  'data: ',
  '"item":',
  '"type":',
  '\u0000',
  '}',
  '"',
];

/** Drops, repeats, swaps and cuts events, or damages bytes. */
function mutate(random: () => number): Uint8Array {
  const pick = (length: number): number => Math.floor(random() * length);
  const order = [...events];
  for (let round = pick(3); round > 0; round -= 1) {
    const taken = order.splice(pick(order.length), 1);
    if (random() < 0.7) order.splice(pick(order.length + 1), 0, ...taken);
    if (random() < 0.3) order.splice(pick(order.length + 1), 0, ...taken);
  }
  let bytes = Buffer.from(sseBytes(order, { done: false }));
  for (let round = pick(3); round > 0; round -= 1) {
    const at = pick(bytes.length);
    const insert = random() < 0.3 ? Buffer.from([pick(256)]) : Buffer.from(SNIPPETS[pick(SNIPPETS.length)] ?? '');
    bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(random() < 0.5 ? at : at + pick(12))]);
  }
  return bytes;
}

describe('a damaged stream', () => {
  it('gives a legal stream, which can be served on, or a typed error', () => {
    const random = seededRandom(20_261_120);
    const decoded = openaiResponsesServer.decodeRequest({ input: 'hi' });
    let answers = 0;
    let failures = 0;
    for (let round = 0; round < 4000; round += 1) {
      const bytes = mutate(random);
      try {
        const got = decodePieces(maker()(), randomCuts(bytes, random));
        expect(validateStream(got)).toEqual([]);
        const encoder = openaiResponsesServer.createEncoder(testContext, decoded);
        const served = Buffer.from(got.map((event) => encoder.encode(event)).join(''));
        const again = collectEvents(decodePieces(maker()(), [served]));
        expect(again.text).toBe(collectEvents(got).text);
        answers += 1;
      } catch (error) {
        if (!ProviderError.is(error)) throw error;
        failures += 1;
      }
    }
    expect(Math.min(answers, failures)).toBeGreaterThan(100);
  });

  it('never takes an answer whose closing event is missing for a whole one', () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round += 1) {
      const kept = events.slice(0, 1 + Math.floor(random() * (events.length - 1)));
      const bytes = sseBytes(kept, { done: random() < 0.5 });
      expect(() => decodePieces(maker()(), randomCuts(bytes, random))).toThrowError(
        expect.objectContaining({ kind: 'truncated' }),
      );
    }
  });
});
