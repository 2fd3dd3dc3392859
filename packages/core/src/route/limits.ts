import type { CallMode } from '../wires/wire.ts';
import { pacedLimits, type Pace } from './pace.ts';
import { remainingMs } from './pick.ts';
import type { Plan, Target } from './target.ts';
import type { WalkState } from './walk-state.ts';
import type { WatchLimits } from './watch.ts';

export interface AttemptLimits extends WatchLimits {
  readonly connectMs: number;
  /** Silence until the next target is asked too. */
  readonly hedgeMs: number;
}

/**
 * The timers of one attempt: the plan's limits, moved to the model's own pace where that is known, the target's own,
 * and what is left of the request's deadline.
 */
export function attemptLimits(
  plan: Plan,
  state: WalkState,
  target: Target,
  mode: CallMode,
  now: number,
  pace?: Pace,
): AttemptLimits {
  const { limits } = plan;
  const alone = isLast(plan, state);
  const { hedgeMs, firstContentMs } = pacedLimits(limits, pace);
  const own = target.firstContentMs;
  const streamed = alone ? limits.firstContentLastMs : Math.max(firstContentMs, own ?? 0);
  const whole = alone ? limits.wholeAnswerLastMs : limits.wholeAnswerMs;
  const left = Math.max(1, remainingMs(plan, state, now));
  const entryMs = 'endpoint' in target.via ? target.via.endpoint.timeoutMs : undefined;
  return {
    connectMs: Math.min(limits.connectMs, left),
    hedgeMs: own === undefined ? hedgeMs : Math.max(hedgeMs, own * (limits.hedgeMs / limits.firstContentMs)),
    firstContentMs: mode === 'whole' ? whole : streamed,
    idleMs: limits.idleMs,
    totalMs: Math.min(left, entryMs ?? left),
    minCharsPerSecond: limits.minCharsPerSecond,
    throughputWindowMs: limits.throughputWindowMs,
  };
}

/** Nobody is left to go on to: patience costs nothing that could be had elsewhere. */
function isLast(plan: Plan, state: WalkState): boolean {
  for (let index = state.target + 1; index < plan.targets.length; index++) {
    if (!state.closed.includes(index)) return false;
  }
  return true;
}
