import { expect } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import { validateStream } from '../../src/stream/validate.ts';
import type { StreamDecoder } from '../../src/wires/wire.ts';

/** A small seeded generator, so that a failing cut can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The bytes in pieces, cut at the given places. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(places)].filter((at) => at > 0 && at < bytes.length).toSorted((a, b) => a - b);
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const at of [...sorted, bytes.length]) {
    pieces.push(bytes.subarray(from, at));
    from = at;
  }
  return pieces;
}

export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return cutAt(
    bytes,
    Array.from({ length: bytes.length }, (_, at) => at),
  );
}

/** Cut into 1–12 pieces at random places. */
export function randomCuts(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const count = 1 + Math.floor(random() * 11);
  return cutAt(
    bytes,
    Array.from({ length: count }, () => Math.floor(random() * bytes.length)),
  );
}

/** All events of one pass through a fresh decoder. The pieces are copied and wiped: a decoder must not keep views. */
export function decodePieces(decoder: StreamDecoder, pieces: readonly Uint8Array[]): StreamEvent[] {
  const events: StreamEvent[] = [];
  for (const piece of pieces) {
    const scratch = Uint8Array.from(piece);
    events.push(...decoder.push(scratch));
    scratch.fill(0x23);
  }
  events.push(...decoder.end());
  return events;
}

/** What a decoder makes of the bytes: its events, or the kind and status of what it throws. */
export function outcomeOf(run: () => StreamEvent[]): { events: StreamEvent[] } | { error: unknown } {
  try {
    return { events: run() };
  } catch (error) {
    const { kind, status, code, message } = error as Record<string, unknown>;
    return { error: { kind, status, code, message } };
  }
}

/**
 * Decodes whole, byte by byte, and at `cuts` random places (default 200), expects the same events each time and a
 * legal stream, and returns the events.
 */
export function decodeAtAnyCut(
  createDecoder: () => StreamDecoder,
  bytes: Uint8Array,
  options: { readonly cuts?: number; readonly seed?: number } = {},
): StreamEvent[] {
  const events = decodePieces(createDecoder(), [bytes]);
  expect(validateStream(events)).toEqual([]);
  const expected = JSON.stringify(events);
  const same = (pieces: readonly Uint8Array[]): void => {
    const got = decodePieces(createDecoder(), pieces);
    if (JSON.stringify(got) !== expected) expect(got, `cut ${pieces.map((p) => p.length).join('+')}`).toEqual(events);
  };
  same(byteByByte(bytes));
  const random = seededRandom(options.seed ?? 1);
  for (let round = 0; round < (options.cuts ?? 200); round += 1) same(randomCuts(bytes, random));
  return events;
}

/** The same for bytes that must fail: the same kind, status and code however they are cut. */
export function failureAtAnyCut(createDecoder: () => StreamDecoder, bytes: Uint8Array): Record<string, unknown> {
  const first = outcomeOf(() => decodePieces(createDecoder(), [bytes]));
  expect(first).toHaveProperty('error');
  const random = seededRandom(7);
  const cuts = [byteByByte(bytes), ...Array.from({ length: 50 }, () => randomCuts(bytes, random))];
  for (const pieces of cuts) expect(outcomeOf(() => decodePieces(createDecoder(), pieces))).toEqual(first);
  return (first as { error: Record<string, unknown> }).error;
}
