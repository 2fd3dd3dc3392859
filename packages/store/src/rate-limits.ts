import type { Clock } from '@standin/core/spec/clock';
import type { KeyRecord } from './keys.ts';
import type { Refusal } from './limit-types.ts';
import { createRateWindow, type RateWindow } from './rate-window.ts';

export interface RateHold {
  /** The call is over; `undefined` tokens: not known, the estimate stands. */
  settle(tokens: number | undefined): void;
  /** The call is not made after all. */
  release(): void;
}

interface Counters {
  readonly requests: RateWindow;
  readonly tokens: RateWindow;
  open: number;
}

export interface KeyRates {
  limits(key: KeyRecord): boolean;
  reserve(key: KeyRecord, tokens: number): RateHold | Refusal;
}

/** Rates that another process counts for several. */
export interface SharedRates {
  limits(key: KeyRecord): boolean;
  reserve(key: KeyRecord, tokens: number): Promise<RateHold | Refusal>;
}

const AT_ONCE_WAIT_MS = 1_000;

/** Requests and tokens of the last 60 seconds and calls at the same time, by key. In memory, per process. */
export function createKeyRates(clock: Clock): KeyRates {
  const keys = new Map<string, Counters>();
  const countersOf = (id: string): Counters => {
    let counters = keys.get(id);
    if (counters === undefined) {
      counters = { requests: createRateWindow(), tokens: createRateWindow(), open: 0 };
      keys.set(id, counters);
    }
    return counters;
  };
  return {
    limits: (key) =>
      key.requestsPerMinute !== undefined || key.tokensPerMinute !== undefined || key.parallel !== undefined,
    reserve(key, tokens) {
      const counters = countersOf(key.id);
      const now = clock.now();
      const refusal = refusalOf(key, counters, tokens, now);
      if (refusal !== undefined) return refusal;
      counters.requests.add(1, now);
      counters.tokens.add(tokens, now);
      counters.open++;
      const end = (): void => void counters.open--;
      return {
        settle(used) {
          end();
          if (used !== undefined) counters.tokens.correct(used - tokens, now, clock.now());
        },
        release() {
          end();
          counters.tokens.correct(-tokens, now, clock.now());
          counters.requests.correct(-1, now, clock.now());
        },
      };
    },
  };
}

function refusalOf(key: KeyRecord, counters: Counters, tokens: number, now: number): Refusal | undefined {
  const { requestsPerMinute, tokensPerMinute, parallel } = key;
  if (parallel !== undefined && counters.open >= parallel)
    return refusal(`The key "${key.name}" may make ${parallel} calls at the same time.`, AT_ONCE_WAIT_MS);
  if (requestsPerMinute !== undefined && counters.requests.sum(now) + 1 > requestsPerMinute) {
    const waitMs = counters.requests.waitFor(1, requestsPerMinute, now);
    return refusal(`The key "${key.name}" may make ${requestsPerMinute} requests per minute.`, waitMs);
  }
  // A call larger than the whole limit passes when the minute is empty; it could never pass otherwise.
  const used = counters.tokens.sum(now);
  if (tokensPerMinute !== undefined && used > 0 && used + tokens > tokensPerMinute) {
    const waitMs = counters.tokens.waitFor(tokens, tokensPerMinute, now);
    return refusal(`The key "${key.name}" may use ${tokensPerMinute} tokens per minute.`, waitMs);
  }
  return undefined;
}

function refusal(message: string, retryAfterMs: number): Refusal {
  return { status: 429, code: 'rate_limit_exceeded', message, retryAfterMs, shouldRetry: true };
}
