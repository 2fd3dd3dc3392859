import type { Clock } from '../spec/clock.ts';
import type { ErrorDetails } from '../spec/errors.ts';
import type { Health } from './health.ts';
import { DEFAULT_POLICY } from './policy.ts';
import { isRenewable } from './renew.ts';
import type { Key, Limits, Target } from './target.ts';

/** A 429 that names no wait cools its key this long. */
const DEFAULT_COOL_MS = 5_000;
/** No answer may freeze a key for longer than an hour, unless it named a used-up quota. */
const COOL_CAP_MS = 3_600_000;
const LOGIN_COOL_MS = 5_000;
const QUOTA_COOL_MS = 3_600_000;
const QUOTA_CAP_MS = 24 * 3_600_000;

/** Tells the shared health what one failure means for the key that was used. */
export function reportFailure(
  health: Health,
  { target, key, probe }: { readonly target: Target; readonly key: Key; readonly probe: boolean },
  error: ErrorDetails,
  now: number,
): void {
  const why = error.vendorMessage ?? error.message;
  const row = DEFAULT_POLICY[error.kind];
  if (row.trips) health.failed(target.entry, key.fingerprint, target.model, now, `${error.kind}: ${why}`, probe);
  else if (probe) health.released(target.entry, key.fingerprint, target.model);
  switch (row.coolKey) {
    case 'hint': {
      const ms = Math.min(error.retryAfterMs ?? DEFAULT_COOL_MS, COOL_CAP_MS);
      health.cool(target.entry, key.fingerprint, target.model, now + ms, `rate-limit: ${why}`);
      return;
    }
    case 'long': {
      const ms = Math.min(Math.max(error.retryAfterMs ?? QUOTA_COOL_MS, DEFAULT_COOL_MS), QUOTA_CAP_MS);
      // An allowance may be one model's own, and asking the entry's next model costs one call at most.
      health.cool(target.entry, key.fingerprint, target.model, now + ms, `quota: ${why}`);
      return;
    }
    case 'bad':
      if (isRenewable(target)) {
        // Signing in again mends a login while the program runs: it is looked at again soon.
        health.cool(target.entry, key.fingerprint, target.model, now + LOGIN_COOL_MS, `${error.kind}: ${why}`);
        return;
      }
      health.markBad(
        target.entry,
        key.fingerprint,
        error.kind === 'auth' ? '*' : target.model,
        `${error.kind}: ${why}`,
      );
      return;
    case 'no':
  }
}

/** Whoever said nothing until its hedge had answered is no healthier for having been hung up on. True: it was reported. */
export function reportSilence(
  { clock, health }: { readonly clock: Clock; readonly health: Health },
  lane: { readonly target: Target; readonly key: Key; readonly probe: boolean; readonly startedAt: number },
  { hedgeMs }: Limits,
): boolean {
  const now = clock.now();
  if (now - lane.startedAt < hedgeMs) return false;
  reportFailure(health, lane, { kind: 'timeout', message: `Nothing was heard within ${hedgeMs} ms.` }, now);
  return true;
}
