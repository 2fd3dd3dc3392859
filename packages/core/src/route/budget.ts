import { isRenewable } from './renew.ts';
import type { Target } from './target.ts';

/**
 * The attempt budget of a request. A number the user stated holds. Otherwise 6, raised so that every key of every
 * target is reached once and renewed once where it can be, and, when retries were stated, so that each target gets them.
 */
export function attemptBudget(
  targets: readonly Target[],
  stated: { readonly maxAttempts?: number; readonly retriesPerTarget?: number } = {},
): number {
  if (stated.maxAttempts !== undefined) return Math.max(1, stated.maxAttempts);
  const retries = stated.retriesPerTarget;
  let needed = 0;
  for (const target of targets) {
    const own = target.retries ?? retries;
    const renewals = isRenewable(target) ? target.keys.length : 0;
    needed += Math.max(target.keys.length, own === undefined ? 1 : own + 1) + renewals;
  }
  return Math.max(6, needed);
}
