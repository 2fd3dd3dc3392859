import type { ErrorDetails } from '../spec/errors.ts';
import type { Random } from '../spec/clock.ts';
import { contextLimitIn } from './context-limit.ts';
import {
  attempt,
  budgetLeft,
  freeKey,
  giveUp,
  hasOtherTarget,
  isOpen,
  pick,
  remainingMs,
  soonestKey,
  untouchedKeys,
} from './pick.ts';
import { DEFAULT_POLICY, type Policy, type PolicyRow } from './policy.ts';
import { mayRenew, renewMark } from './renew.ts';
import { isRepairable } from './repair.ts';
import { mayBeCarriedElsewhere } from './strict.ts';
import type { Target } from './target.ts';
import type { AttemptDecision, DecideContext, Decision, Failure, WalkState } from './walk-state.ts';

/** A reset after this long a wait counts as a silent target (peers: S06): it is not asked again while another exists. */
const SILENT_RESET_MS = 5_000;

/**
 * The walk: from a plan, where the walk stands, and how the last attempt failed, to what happens next.
 * Pure: no I/O, no time but `now`, no chance but `random`.
 */
export function decide(context: DecideContext, walk: WalkState, failure: Failure | undefined, now: number): Decision {
  if (failure === undefined) return pick(context, walk, 0, now, 'first');
  const { error } = failure;
  const state = landed(walk, failure);
  const target = context.plan.targets[state.target];
  if (target === undefined) return giveUp(state, 'no-target');
  if (error.kind === 'cancelled' || error.kind === 'deadline') return giveUp(state, error.kind);
  if (remainingMs(context.plan, state, now) <= 0) return giveUp(state, 'deadline');

  const repaired = renew(context, state, error) ?? repair(context, state, error);
  if (repaired !== undefined) return repaired;

  const lies = context.needs.stored !== undefined && isHeldElsewhere(error);
  const own = rowFor(context.policy ?? DEFAULT_POLICY, error, failure.tookMs);
  const row: PolicyRow = lies ? { ...own, nextKey: true, nextTarget: 'yes' } : own;
  const spent = row.nextKey ? { ...state, spentKeys: [...state.spentKeys, `${state.target}:${state.key}`] } : state;
  if (row.nextKey) {
    const key = freeKey(context, spent, state.target, now);
    if (key >= 0 && budgetLeft(context.plan, state) > 0)
      return attempt(spent, state.target, key, 0, `${error.kind}: next key`);
    const waited = waitOnSameKey(context, spent, error, now);
    if (waited !== undefined) return waited;
  }
  if (row.retrySame) {
    const again = retrySame(context, spent, error, now);
    if (again !== undefined) return again;
  }
  return nextTarget(context, spent, row, error, target, now);
}

/** The failed attempt is no longer under way, and is the one the decision is about. */
export function landed(walk: WalkState, failure: { readonly target: number; readonly key: number }): WalkState {
  const { target, key } = failure;
  return { ...walk, target, key, flying: walk.flying.filter((index) => index !== target) };
}

/**
 * The target under way says nothing: ask the next one too, without giving the first up. Returns nothing when no other
 * is free, the attempt budget is used up, or hedges already are their share of the traffic.
 */
export function decideHedge(context: DecideContext, state: WalkState, now: number): AttemptDecision | undefined {
  if (!context.health.mayHedge() || budgetLeft(context.plan, state) <= 0) return undefined;
  for (let index = state.target + 1; index < context.plan.targets.length; index++) {
    const key = isOpen(context, state, index) ? freeKey(context, state, index, now) : -1;
    if (key >= 0) return attempt(state, index, key, 0, 'silent: hedge');
  }
  return undefined;
}

/**
 * What the request goes on from does not lie with this account: another key or vendor that keeps such things may have
 * it, and says so itself when it has not ("Previous response with id 'resp_…' not found.", OpenAI, read 2026-11).
 */
function isHeldElsewhere({ kind, code, vendorMessage, message }: ErrorDetails): boolean {
  if (code === 'previous_response_not_found') return true;
  if (kind !== 'invalid-request' && kind !== 'model-not-found') return false;
  return /\b(?:response|conversation|prompt)\b[^.]{0,120}\bnot found\b/i.test(vendorMessage ?? message);
}

/** The row, with what the failure itself says taken into account. */
function rowFor(policy: Policy, error: ErrorDetails, tookMs: number): PolicyRow {
  const row = policy[error.kind];
  // This target cannot take the request's pictures the way they came; another may.
  if (error.kind === 'unsupported' && error.rule === 'media-source') return { ...row, nextTarget: 'yes' };
  if (mayBeCarriedElsewhere(error)) return { ...row, nextTarget: 'yes' };
  if (error.shouldRetry === false && row.retrySame) return { ...row, retrySame: false };
  if (error.shouldRetry === true && row.nextTarget === 'no') return { ...row, retrySame: true, nextTarget: 'yes' };
  if (error.kind === 'network' && (error.rule === 'dns' || tookMs >= SILENT_RESET_MS))
    return { ...row, retrySame: false };
  return row;
}

/** A refused credential that can be renewed is renewed once per request. */
function renew(context: DecideContext, state: WalkState, error: ErrorDetails): Decision | undefined {
  const target = context.plan.targets[state.target];
  if (target === undefined || !mayRenew(target, error, state, state)) return undefined;
  if (budgetLeft(context.plan, state) <= 0) return undefined;
  const next = { ...state, repairs: [...state.repairs, renewMark(state.target, state.key)] };
  return { ...attempt(next, state.target, state.key, 0, `${error.kind}: credential renewed`), renew: true };
}

function repair(context: DecideContext, state: WalkState, error: ErrorDetails): Decision | undefined {
  if (error.kind !== 'unsupported' || error.parameter === undefined || !isRepairable(error.parameter)) return undefined;
  const mark = `${state.target}:${error.parameter}`;
  if (state.repairs.includes(mark) || budgetLeft(context.plan, state) <= 0) return undefined;
  const next = { ...state, repairs: [...state.repairs, mark] };
  return {
    ...attempt(next, state.target, state.key, 0, `unsupported ${error.parameter}: repaired`),
    repair: error.parameter,
  };
}

function retrySame(context: DecideContext, state: WalkState, error: ErrorDetails, now: number): Decision | undefined {
  const { limits } = context.plan;
  const tries = state.tries[state.target] ?? 0;
  const target = context.plan.targets[state.target];
  if (tries > (target?.retries ?? limits.retriesPerTarget)) return undefined;
  if (budgetLeft(context.plan, state) <= untouchedKeys(context, state, now)) return undefined;
  if (target !== undefined && hasOtherTarget(context, state, now) && !worthRepeating(context, state, target, now))
    return undefined;
  const backoff = backoffMs(
    target?.backoffMs ?? limits.backoffMs,
    target?.backoffCapMs ?? limits.backoffCapMs,
    tries,
    context.random,
  );
  const asked = error.retryAfterMs;
  if (asked !== undefined && asked > limits.retryAfterWaitMs && hasOtherTarget(context, state, now)) return undefined;
  const waitMs = Math.max(backoff, asked ?? 0);
  if (waitMs >= remainingMs(context.plan, state, now)) return undefined;
  return attempt(state, state.target, state.key, waitMs, `${error.kind}: retry ${tries} of the same target`);
}

/** In an outage repeats only feed the storm: no retry on what failed other requests too, or beyond a share of the traffic. */
function worthRepeating(context: DecideContext, state: WalkState, target: Target, now: number): boolean {
  const fingerprint = target.keys[state.key]?.fingerprint ?? 'none';
  if (!context.health.mayRetry(target.entry, target.model)) return false;
  if (context.health.isShut(target.entry, fingerprint, target.model, now)) return false;
  return !context.health.isSuspect(target.entry, fingerprint, target.model, state.tries[state.target] ?? 0);
}

/**
 * While a retry of the same target waited for its turn, others found the target failing too: `walk` and `failure` as
 * they were when the retry was decided. The question is then put again, and the answer is another target.
 */
export function hasTurned(
  context: DecideContext,
  walk: WalkState,
  failure: Failure,
  waited: AttemptDecision,
  now: number,
): boolean {
  const policy = context.policy ?? DEFAULT_POLICY;
  if (waited.target !== failure.target || !policy[failure.error.kind].retrySame) return false;
  const state = landed(walk, failure);
  const target = context.plan.targets[state.target];
  return target !== undefined && hasOtherTarget(context, state, now) && !worthRepeating(context, state, target, now);
}

/** No key is left for this target: sleep the stated wait out when it is short, fits, and was not slept out too often. */
function waitOnSameKey(
  context: DecideContext,
  state: WalkState,
  error: ErrorDetails,
  now: number,
): Decision | undefined {
  if (error.kind !== 'rate-limit') return undefined;
  const { limits } = context.plan;
  const target = context.plan.targets[state.target];
  const waits = state.waits[state.target] ?? 0;
  if (waits >= (target?.retries ?? limits.retriesPerTarget)) return undefined;
  const others = hasOtherTarget(context, state, now);
  if (budgetLeft(context.plan, state) <= (others ? untouchedKeys(context, state, now) : 0)) return undefined;
  const stated = error.retryAfterMs;
  if (stated === undefined && others) return undefined;
  if (stated !== undefined && stated > limits.retryAfterWaitMs) return undefined;
  // The soonest of this target's keys may be another one than the key that was just refused.
  const soonest = soonestKey(context, state.target, now);
  const floor = backoffMs(limits.backoffMs, limits.backoffCapMs, waits + 1, context.random);
  const asked = stated ?? floor;
  const cooling = soonest === undefined ? asked : Math.max(0, soonest.at - now);
  const wait = stated === undefined ? floor : Math.min(cooling === 0 ? asked : cooling, Math.max(asked, MIN_WAIT_MS));
  const waitMs = Math.max(wait, MIN_WAIT_MS);
  if (waitMs >= remainingMs(context.plan, state, now)) return undefined;
  const key = stated === undefined || soonest === undefined ? state.key : soonest.key;
  const next = { ...state, waits: state.waits.map((n, i) => (i === state.target ? n + 1 : n)) };
  return attempt(next, state.target, key, waitMs, `rate-limit: waited as the vendor asked`);
}

/** `Retry-After: 0` must not become a hot loop. */
const MIN_WAIT_MS = 50;

function nextTarget(
  context: DecideContext,
  state: WalkState,
  row: PolicyRow,
  error: ErrorDetails,
  target: Target,
  now: number,
): Decision {
  if (row.nextTarget === 'no') return giveUp(state, `${error.kind}: not repeated`);
  if (row.nextTarget === 'opt-in' && context.plan.routeAroundContentPolicy !== true) {
    return giveUp(state, `${error.kind}: not routed around`);
  }
  const next: WalkState = { ...state, closed: [...state.closed, state.target] };
  if (row.nextTarget === 'larger-window') {
    const size = target.contextWindow ?? contextLimitIn(error.vendorMessage ?? error.message) ?? null;
    const wider = { ...next, windowOver: size };
    const larger = pick(context, wider, state.target + 1, now, `${error.kind}: larger window`);
    return larger.type === 'attempt' ? larger : giveUp(wider, `${error.kind}: no target with a larger window`);
  }
  const decision = pick(context, next, state.target + 1, now, `${error.kind}: next target`);
  if (decision.type === 'attempt') return decision;
  // A lone silent or refusing target may be asked again: there is no other.
  if (error.kind === 'timeout' && !next.closed.some((i) => i !== state.target)) {
    const alone = retrySame(context, state, error, now);
    if (alone !== undefined) return alone;
  }
  return decision;
}

/** Full jitter: anywhere between nothing and the doubled, capped base. */
function backoffMs(baseMs: number, capMs: number, tries: number, random: Random): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.max(0, tries - 1));
  return Math.round(random() * ceiling);
}
