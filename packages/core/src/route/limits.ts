import type { CallMode } from '../wires/wire.ts';
import { remainingMs } from './pick.ts';
import type { Plan, Target } from './target.ts';
import type { WalkState } from './walk-state.ts';
import type { WatchLimits } from './watch.ts';

/** The timers of one attempt: the plan's limits, the target's own, and what is left of the request's deadline. */
export function attemptLimits(
  plan: Plan,
  state: WalkState,
  target: Target,
  mode: CallMode,
  now: number,
): WatchLimits & { readonly connectMs: number } {
  const { limits } = plan;
  const alone = plan.targets.length === 1;
  const streamed = alone ? limits.firstContentLastMs : Math.max(limits.firstContentMs, target.firstContentMs ?? 0);
  const whole = alone ? limits.wholeAnswerLastMs : limits.wholeAnswerMs;
  const left = Math.max(1, remainingMs(plan, state, now));
  const entryMs = 'endpoint' in target.via ? target.via.endpoint.timeoutMs : undefined;
  return {
    connectMs: Math.min(limits.connectMs, left),
    firstContentMs: mode === 'whole' ? whole : streamed,
    idleMs: limits.idleMs,
    totalMs: Math.min(left, entryMs ?? left),
  };
}
