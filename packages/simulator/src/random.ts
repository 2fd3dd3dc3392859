import { createHash } from 'node:crypto';
import type { Random } from '@standin/core/spec/index';

/** mulberry32: small, fast and the same everywhere, so a seed gives the same text on every machine. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function seedOf(...parts: readonly (number | string)[]): number {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readUInt32LE(0);
}

const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function randomId(random: Random, length: number): string {
  let id = '';
  for (let i = 0; i < length; i++) id += ID_CHARACTERS[Math.floor(random() * ID_CHARACTERS.length)] ?? 'A';
  return id;
}
