import type { Seed } from './seeds.ts';

/** Mulberry32: small, fast, and the same on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;
type Mutation = (seed: Seed, random: Random, others: readonly Seed[]) => Buffer;

const whole = (seed: Seed): Buffer => Buffer.concat(seed.events);
const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function span(length: number, random: Random): [number, number] {
  const from = below(random, length + 1);
  // Mostly a few bytes, now and then half a stream.
  const size = random() < 0.7 ? below(random, 9) : below(random, length);
  return [from, Math.min(length, from + size)];
}

/** Bytes that mean something to one of the framings. */
const MEANINGFUL = Buffer.from('\n\r{}[]",:\\ dt0\0\xff');

export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  truncation: (seed, random) => {
    const bytes = whole(seed);
    return bytes.subarray(0, below(random, bytes.length));
  },
  flips: (seed, random) => {
    const bytes = whole(seed);
    for (let left = 1 + below(random, 8); left > 0; left -= 1) {
      const at = below(random, bytes.length);
      const meant = MEANINGFUL[below(random, MEANINGFUL.length)] ?? 0;
      bytes[at] = random() < 0.5 ? (bytes[at] ?? 0) ^ (1 << below(random, 8)) : meant;
    }
    return bytes;
  },
  deletion: (seed, random) => {
    const bytes = whole(seed);
    const [from, to] = span(bytes.length, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  duplication: (seed, random) => {
    const bytes = whole(seed);
    const [from, to] = span(bytes.length, random);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  splice: (seed, random, others) => {
    const first = whole(seed);
    const second = whole(others[below(random, others.length)] ?? seed);
    return Buffer.concat([
      first.subarray(0, below(random, first.length + 1)),
      second.subarray(below(random, second.length + 1)),
    ]);
  },
  'events lost': (seed, random) => Buffer.concat(seed.events.filter(() => random() > 0.15)),
  'events shuffled': (seed, random) => {
    const events = [...seed.events];
    for (let left = 1 + below(random, 6); left > 0; left -= 1) {
      const from = below(random, events.length);
      const to = random() < 0.7 ? Math.min(events.length - 1, from + 1) : below(random, events.length);
      [events[from], events[to]] = [events[to] ?? Buffer.alloc(0), events[from] ?? Buffer.alloc(0)];
    }
    return Buffer.concat(events);
  },
  'events repeated': (seed, random) => Buffer.concat(seed.events.flatMap((e) => (random() < 0.1 ? [e, e] : [e]))),
};

/** In up to twelve pieces, cut anywhere: within a letter, a line end, a frame head. */
export function randomPieces(bytes: Buffer, random: Random): Buffer[] {
  const places = Array.from({ length: below(random, 12) }, () => below(random, bytes.length + 1));
  const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((to, at) => bytes.subarray(sorted[at] ?? 0, to));
}
