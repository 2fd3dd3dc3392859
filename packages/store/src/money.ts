import type { ModelPrice } from '@standin/core/catalog/prices';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { Usage } from '@standin/core/spec/usage';

/** Price of a model at an entry; `undefined`: not known. */
export type PriceOf = (entry: string, model: string) => ModelPrice | undefined;

export const NANO_PER_USD = 1_000_000_000;

/**
 * Cost of one answer in whole nano-USD, rounded once, half up. `undefined` when a count or a price that it needs is not
 * known: unknown is never 0. Cached input without a price of its own costs what other input costs.
 */
export function costOf(usage: Usage | undefined, price: ModelPrice | undefined): number | undefined {
  if (price === undefined) return undefined;
  const { inputNanoUsd, outputNanoUsd } = price;
  const cacheRead = usage?.cacheReadTokens ?? 0;
  const cacheWrite = usage?.cacheWriteTokens ?? 0;
  const input = usage?.inputTokens;
  const parts = [
    picoOf(input === undefined ? undefined : Math.max(0, input - cacheRead - cacheWrite), inputNanoUsd),
    picoOf(cacheRead, price.cacheReadNanoUsd ?? inputNanoUsd),
    picoOf(cacheWrite, price.cacheWriteNanoUsd ?? inputNanoUsd),
    picoOf(usage?.outputTokens, outputNanoUsd),
  ];
  let pico = 0;
  for (const part of parts) {
    if (part === undefined) return undefined;
    pico += part;
  }
  return Math.round(pico / 1_000);
}

/** Whole pico-USD: a price such as 0.0375 USD per million is no whole number of nano-USD per token. */
function picoOf(tokens: number | undefined, nanoPerToken: number | undefined): number | undefined {
  if (tokens === 0 || nanoPerToken === 0) return 0;
  if (tokens === undefined || nanoPerToken === undefined) return undefined;
  return tokens * Math.round(nanoPerToken * 1_000);
}

/** An attempt that its vendor may have billed: it answered, began to, was broken off by us, or said what it used. */
function isBilled(attempt: AttemptRecord): boolean {
  const { outcome, usage, firstContentMs } = attempt;
  return outcome === 'ok' || outcome === 'cancelled' || usage !== undefined || firstContentMs !== undefined;
}

/** Nano-USD of one attempt: 0 for one that failed before any content; `undefined`: not known. */
export function costOfAttempt(attempt: AttemptRecord, priceOf: PriceOf): number | undefined {
  if (!isBilled(attempt)) return 0;
  return costOf(attempt.usage, priceOf(attempt.provider, attempt.model));
}

/** Nano-USD of a request: all its attempts, those that were lost too. One unknown makes the sum unknown. */
export function costOfAttempts(attempts: readonly AttemptRecord[], priceOf: PriceOf): number | undefined {
  let sum = 0;
  for (const attempt of attempts) {
    const cost = costOfAttempt(attempt, priceOf);
    if (cost === undefined) return undefined;
    sum += cost;
  }
  return sum;
}

/** Nano-USD as decimal USD without an exponent: `0.000012500`. */
export function usdText(nanoUsd: number): string {
  const whole = Math.round(Math.abs(nanoUsd));
  const digits = String(whole % NANO_PER_USD).padStart(9, '0');
  return `${nanoUsd < 0 ? '-' : ''}${Math.floor(whole / NANO_PER_USD)}.${digits}`;
}

/** USD as people write it → whole nano-USD. */
export function nanoOfUsd(usd: number): number {
  return Math.round(usd * NANO_PER_USD);
}
