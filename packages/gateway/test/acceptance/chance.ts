/** Seeded chance, so that a printed seed plays the same again. */
export interface Chance {
  (): number;
  /** A whole number from `least` to `most`. */
  int(least: number, most: number): number;
  pick<T>(from: readonly T[]): T;
}

export function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return Object.assign(next, { int, pick: <T>(from: readonly T[]): T => from[int(0, from.length - 1)] as T });
}

const WORDS = [
  'sea',
  'grey',
  'wide',
  'früh',
  'naïve',
  '東京',
  '🌅',
  'boats',
  'the',
  'and',
  '"quoted"',
  'back\\slash',
  'line\nbreak',
  'tab\tbed',
  'data: no event',
  '{"json": 1}',
  '</tag>',
  'a',
  'I',
  '…',
  '👩‍🚀',
  'Ω',
  'zero',
  'ünïcødé',
  '\u2028',
  "l'eau",
];

/** A text as models write them, with everything in it that protocols trip over. */
export function textOf(chance: Chance): string {
  const words = Array.from({ length: chance.int(3, 60) }, () => chance.pick(WORDS));
  return words.join(' ');
}

/** The text in the pieces a model might send, never inside a surrogate pair. */
export function piecesOf(text: string, chance: Chance): string[] {
  const chars = Array.from(text);
  const pieces: string[] = [];
  for (let at = 0; at < chars.length;) {
    const length = chance.int(1, 7);
    pieces.push(chars.slice(at, at + length).join(''));
    at += length;
  }
  return pieces;
}

/** Bytes in random chunks, anywhere, also inside a character. */
export function chunksOf(bytes: Uint8Array, chance: Chance): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const most = chance.pick([1, 5, 40, 400, 4000]);
  // One byte at a time only where that is soon over.
  const least = bytes.length > 3_000 ? 20 : 1;
  for (let at = 0; at < bytes.length;) {
    const length = Math.max(least, chance.int(1, most));
    chunks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return chunks;
}
