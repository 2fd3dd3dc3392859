import type { Limits, Plan, Target } from '@standin/core/route/target';

/** How long one target can keep a streamed call waiting, by the limits. Milliseconds. */
export interface TargetTiming {
  /** Silence before its first content until the walk gives it up. */
  readonly silentMs: number;
  /** Backoff between its retries, at most, when it fails at once. */
  readonly backoffMs: number;
  readonly retries: number;
  /** When it is asked, at the latest, if every target before it stays silent and no hedge is to be had. */
  readonly askedByMs: number;
}

export interface WorstCase {
  readonly targets: readonly TargetTiming[];
  /** Silence of the first target until the next is asked too; absent: there is no next one. */
  readonly hedgeMs?: number;
  /** Until the caller has an answer or an error, at most. */
  readonly overMs: number;
}

/** What the limits of a plan come to when everything goes as slowly as it can. */
export function worstCase(plan: Plan): WorstCase {
  const { limits, targets } = plan;
  let askedByMs = 0;
  const timings = targets.map((target, index): TargetTiming => {
    const retries = Math.min(target.retries ?? limits.retriesPerTarget, limits.maxAttempts - 1);
    const silentMs = silenceOf(target, plan, index === targets.length - 1);
    const timing = { silentMs, backoffMs: backoffOf(target, limits, retries), retries, askedByMs };
    askedByMs = Math.min(limits.deadlineMs, askedByMs + silentMs);
    return timing;
  });
  const [first] = targets;
  const own = first?.firstContentMs;
  const hedgeMs =
    own === undefined ? limits.hedgeMs : Math.max(limits.hedgeMs, own * (limits.hedgeMs / limits.firstContentMs));
  return { targets: timings, ...(targets.length > 1 ? { hedgeMs } : {}), overMs: limits.deadlineMs };
}

function silenceOf(target: Target, { limits }: Plan, isLast: boolean): number {
  const limit = isLast ? limits.firstContentLastMs : Math.max(limits.firstContentMs, target.firstContentMs ?? 0);
  const entryMs = 'endpoint' in target.via ? target.via.endpoint.timeoutMs : undefined;
  return Math.min(limit, limits.deadlineMs, entryMs ?? Infinity);
}

/** Full jitter: this is where the dice may fall at most. */
function backoffOf(target: Target, limits: Limits, retries: number): number {
  const base = target.backoffMs ?? limits.backoffMs;
  const cap = target.backoffCapMs ?? limits.backoffCapMs;
  let sum = 0;
  for (let retry = 0; retry < retries; retry++) sum += Math.min(cap, base * 2 ** retry);
  return sum;
}
