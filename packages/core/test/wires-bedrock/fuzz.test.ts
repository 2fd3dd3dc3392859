import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodePieces, randomCuts, seededRandom } from '../testkit/cuts.ts';
import { blockStop, createDecoder, frame, start, stop, text, toolInput, toolStart, usage } from './support.ts';

const ANSWER: readonly (readonly [name: string, payload: string])[] = [
  start,
  text(0, 'Grüße, 世界 🎈'),
  blockStop(0),
  toolStart(1, 'a', 'look'),
  toolInput(1, '{"place":'),
  toolInput(1, '"Zürich"}'),
  blockStop(1),
  stop('tool_use'),
  usage(),
].map((event) => {
  const [name = '', inner] = Object.entries(event)[0] ?? [];
  return [name, JSON.stringify(inner)] as const;
});

/** Damage inside the frames, whose checksums are right: what a broken server sends, not a broken line. */
function damaged(random: () => number): Uint8Array[] {
  const pick = (below: number): number => Math.floor(random() * below);
  const events = ANSWER.map(([name, payload]) => {
    const roll = random();
    if (roll < 0.7) return frame(name, payload);
    const at = pick(payload.length);
    if (roll < 0.78) return frame(name, payload.slice(0, at));
    if (roll < 0.86)
      return frame(name, payload.slice(0, at) + String.fromCharCode(32 + pick(95)) + payload.slice(at + 1));
    if (roll < 0.93) return frame(ANSWER[pick(ANSWER.length)]?.[0] ?? '', payload);
    return frame(name, ['null', '[]', '{}', '"x"', '{"contentBlockIndex":"1","delta":[]}'][pick(5)] ?? '');
  });
  if (random() < 0.3) events.splice(pick(events.length), 1);
  if (random() < 0.2) events.push(...events.splice(pick(events.length), 1));
  return events;
}

describe('a damaged stream', () => {
  it('ends in a legal stream or in an error of ours, never in anything else', () => {
    const random = seededRandom(20261120);
    let legal = 0;
    for (let round = 0; round < 3000; round += 1) {
      const bytes = Buffer.concat(damaged(random));
      let events: StreamEvent[];
      try {
        events = decodePieces(createDecoder(), randomCuts(bytes, random));
      } catch (error) {
        expect(ProviderError.is(error), String(error)).toBe(true);
        continue;
      }
      legal += 1;
      expect(validateStream(events)).toEqual([]);
    }
    expect(legal).toBeGreaterThan(300);
  });

  it('is refused when any byte of its frames changed on the way', () => {
    const random = seededRandom(7);
    const whole = Buffer.concat(ANSWER.map(([name, payload]) => frame(name, payload)));
    for (let round = 0; round < 500; round += 1) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      expect(() => decodePieces(createDecoder(), randomCuts(bytes, random)), `byte ${at}`).toThrowError(
        expect.objectContaining({ name: 'ProviderError' }),
      );
    }
  });
});
