import { costOf as costOfUsage, type ModelPrice } from '@standin/core/catalog/prices';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { Usage } from '@standin/core/spec/usage';

/** Price of a model at an entry; `undefined`: not known. */
export type PriceOf = (entry: string, model: string) => ModelPrice | undefined;

export const NANO_PER_USD = 1_000_000_000;

/** Cost of one answer in whole nano-USD; `undefined`: not known, which is never 0. A free model is free whatever it used. */
export function costOf(usage: Usage | undefined, price: ModelPrice | undefined): number | undefined {
  return costOfUsage(usage ?? NOT_TOLD, price);
}

const NOT_TOLD: Usage = {};

/** An attempt that its vendor may have billed: it answered, began to, was broken off by us, or said what it used. */
export function isBilled(attempt: AttemptRecord): boolean {
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
