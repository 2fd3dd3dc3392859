import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/spec/errors.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodePieces, randomCuts, seededRandom } from '../testkit/cuts.ts';
import { sseBytes } from '../testkit/sse.ts';
import { delta, end, maker, tool } from './support.ts';

const good = sseBytes([
  delta({ role: 'assistant', content: '' }),
  delta({ reasoning_content: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm', index: 0 }] }),
  delta({ content: 'Grüße 🎈' }),
  tool({ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '' } }),
  tool({ index: 0, function: { arguments: '{"place":"Zürich"}' } }),
  end('tool_calls', { usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } }),
]);

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
  '"choices":',
  '\u0000',
  '}',
  '"',
];

function mutate(random: () => number): Buffer {
  let bytes = Buffer.from(good);
  const rounds = 1 + Math.floor(random() * 3);
  for (let round = 0; round < rounds; round += 1) {
    const at = Math.floor(random() * bytes.length);
    const upTo = at + Math.floor(random() * 12);
    const snippet = SNIPPETS[Math.floor(random() * SNIPPETS.length)] ?? '';
    const insert = random() < 0.3 ? Buffer.from([Math.floor(random() * 256)]) : Buffer.from(snippet);
    bytes = Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(random() < 0.5 ? at : upTo)]);
  }
  return bytes;
}

describe('a damaged stream', () => {
  it('gives a legal stream or a typed error, never anything else', () => {
    const random = seededRandom(20_261_101);
    let answers = 0;
    let failures = 0;
    for (let round = 0; round < 4000; round += 1) {
      const bytes = mutate(random);
      try {
        const events = decodePieces(maker()(), randomCuts(bytes, random));
        expect(validateStream(events)).toEqual([]);
        collectEvents(events);
        answers += 1;
      } catch (error) {
        if (!ProviderError.is(error)) throw error;
        failures += 1;
      }
    }
    expect(Math.min(answers, failures)).toBeGreaterThan(100);
  });
});
