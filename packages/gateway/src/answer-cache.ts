import { createHash } from 'node:crypto';
import type { Clock } from '@standin/core/spec/clock';

export interface CacheRules {
  /** How long an answer may be given again, milliseconds. */
  readonly ttlMs: number;
  /** Default 1,000. */
  readonly maxEntries?: number;
  /** Of all bodies together. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Answers of one caller's key may go to another. Default false. */
  readonly acrossKeys?: boolean;
}

/** A complete answer, as its caller got it. */
export interface KeptAnswer {
  /** Name, value, …: what tells of the answer, nothing of the request it was made for. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly provider: string;
  readonly model: string;
}

/** Somebody who waits for the same answer; hears of it, or of nothing when there is none to share. */
export type Waiter = (answer: KeptAnswer | undefined) => void;

export interface AnswerCache {
  readonly rules: CacheRules;
  get(key: string): KeptAnswer | undefined;
  /** True: nobody asks for this yet, and the caller now does. False: `waiter` is told when whoever asks is done. */
  lead(key: string, waiter: Waiter): boolean;
  /** A waiter has left. */
  leave(key: string, waiter: Waiter): void;
  /** The leader is done. An answer that may be shared is kept. */
  done(key: string, answer: KeptAnswer | undefined): void;
}

const DEFAULT_ENTRIES = 1_000;
const DEFAULT_BYTES = 64 * 1024 * 1024;

/** Exact answers in memory, oldest out first. One call at a time asks for the same. */
export function createAnswerCache(rules: CacheRules, clock: Clock): AnswerCache {
  const { ttlMs, maxEntries = DEFAULT_ENTRIES, maxBytes = DEFAULT_BYTES } = rules;
  const kept = new Map<string, { readonly answer: KeptAnswer; readonly until: number }>();
  const flights = new Map<string, Set<Waiter>>();
  let bytes = 0;
  const drop = (key: string): void => {
    const found = kept.get(key);
    if (found === undefined) return;
    bytes -= found.answer.body.byteLength;
    kept.delete(key);
  };
  const keep = (key: string, answer: KeptAnswer): void => {
    drop(key);
    if (answer.body.byteLength > maxBytes) return;
    kept.set(key, { answer, until: clock.now() + ttlMs });
    bytes += answer.body.byteLength;
    for (const oldest of kept.keys()) {
      if (kept.size <= maxEntries && bytes <= maxBytes) break;
      drop(oldest);
    }
  };
  return {
    rules,
    get(key) {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      if (found.until > clock.now()) return found.answer;
      drop(key);
      return undefined;
    },
    lead(key, waiter) {
      const flight = flights.get(key);
      if (flight === undefined) flights.set(key, new Set());
      else flight.add(waiter);
      return flight === undefined;
    },
    leave: (key, waiter) => void flights.get(key)?.delete(waiter),
    done(key, answer) {
      const waiters = flights.get(key);
      flights.delete(key);
      if (answer !== undefined) keep(key, answer);
      for (const waiter of waiters ?? []) waiter(answer);
    },
  };
}

/** One digest of everything an answer depends on; parts are told apart by their lengths. */
export function cacheKey(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64');
}
