import type { ErrorDetails } from '../spec/errors.ts';
import type { Random } from '../spec/clock.ts';
import type { Health } from './health.ts';
import { DEFAULT_POLICY, type Policy, type PolicyRow } from './policy.ts';
import { isRepairable } from './repair.ts';
import type { Plan, Target } from './target.ts';
import { contextLimitIn } from './context-limit.ts';

/** What a request needs of a target; a target known to lack it is passed over. */
export interface RequestNeeds {
  readonly vision: boolean;
}

/** Where a walk stands. Plain data: kept in the record, replayed by `explain`, driven by simulations. */
export interface WalkState {
  /** Clock milliseconds. */
  readonly startedAt: number;
  readonly attempts: number;
  /** Index of the target of the last attempt; -1 before the first. */
  readonly target: number;
  readonly key: number;
  /** Attempts made on each target. */
  readonly tries: readonly number[];
  /** `target:key` pairs that failed for a reason of the key in this request. */
  readonly spentKeys: readonly string[];
  /** Targets that must not be asked again in this request. */
  readonly closed: readonly number[];
  /** After a context overflow: only windows larger than this, in tokens; `null` when the size is not known. */
  readonly windowOver?: number | null;
  /** `target:parameter` repairs already made. */
  readonly repairs: readonly string[];
  /** Times a stated wait was slept out on each target. */
  readonly waits: readonly number[];
}

export interface AttemptDecision {
  readonly type: 'attempt';
  readonly target: number;
  readonly key: number;
  /** Milliseconds to wait first. */
  readonly waitMs: number;
  /** The row of the table that led here, for the record. */
  readonly reason: string;
  /** Leave this parameter out, or write it the other way, from now on for this target. */
  readonly repair?: string;
  readonly state: WalkState;
}

export interface GiveUpDecision {
  readonly type: 'give-up';
  readonly reason: string;
  /** When asking again can help: milliseconds from now. */
  readonly retryAfterMs?: number;
  readonly state: WalkState;
}

export type Decision = AttemptDecision | GiveUpDecision;

export interface DecideContext {
  readonly plan: Plan;
  readonly needs: RequestNeeds;
  readonly health: Pick<Health, 'coolingUntil' | 'isBad'>;
  readonly random: Random;
  readonly policy?: Policy;
}

/** A wait for the soonest key when every key of every target is cooling, at most. */
const COOLING_WAIT_CAP_MS = 30_000;
/** A reset after this long a wait counts as a silent target (peers: S06): it is not asked again while another exists. */
const SILENT_RESET_MS = 5_000;

export function startWalk(plan: Plan, now: number): WalkState {
  return {
    startedAt: now,
    attempts: 0,
    target: -1,
    key: 0,
    tries: plan.targets.map(() => 0),
    spentKeys: [],
    closed: [],
    repairs: [],
    waits: plan.targets.map(() => 0),
  };
}

export interface Failure {
  readonly error: ErrorDetails;
  /** How long the failed attempt took, milliseconds. */
  readonly tookMs: number;
}

/**
 * The walk: from a plan, where the walk stands, and how the last attempt failed, to what happens next.
 * Pure: no I/O, no time but `now`, no chance but `random`.
 */
export function decide(context: DecideContext, state: WalkState, failure: Failure | undefined, now: number): Decision {
  if (failure === undefined) return pick(context, state, 0, now, 'first');
  const { error } = failure;
  const target = context.plan.targets[state.target];
  if (target === undefined) return giveUp(state, 'no-target');
  if (error.kind === 'cancelled' || error.kind === 'deadline') return giveUp(state, error.kind);
  if (remainingMs(context.plan, state, now) <= 0) return giveUp(state, 'deadline');

  const repaired = repair(context, state, error);
  if (repaired !== undefined) return repaired;

  const row = rowFor(context.policy ?? DEFAULT_POLICY, error, failure.tookMs);
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

/** The row, with what the failure itself says taken into account. */
function rowFor(policy: Policy, error: ErrorDetails, tookMs: number): PolicyRow {
  const row = policy[error.kind];
  if (error.shouldRetry === false && row.retrySame) return { ...row, retrySame: false };
  if (error.shouldRetry === true && row.nextTarget === 'no') return { ...row, retrySame: true, nextTarget: 'yes' };
  if (error.kind === 'network' && (error.rule === 'dns' || tookMs >= SILENT_RESET_MS))
    return { ...row, retrySame: false };
  return row;
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

/**
 * The first target from `from` on that may be asked now. When none is left: one that was passed over because its keys
 * were refused or are cooling, if waiting for it fits.
 */
function pick(context: DecideContext, state: WalkState, from: number, now: number, reason: string): Decision {
  const { plan } = context;
  if (plan.targets.length === 0) return giveUp(state, 'no-target');
  if (budgetLeft(plan, state) <= 0) return giveUp(state, 'attempt budget used up');
  for (let index = from; index < plan.targets.length; index++) {
    if (!isOpen(context, state, index)) continue;
    const key = freeKey(context, state, index, now);
    if (key >= 0) return attempt(state, index, key, 0, passedOver(reason, from, index));
  }
  return soonest(context, state, now, reason);
}

/** Every key of what is left is cooling or marked bad. */
function soonest(context: DecideContext, state: WalkState, now: number, reason: string): Decision {
  let best: { target: number; key: number; at: number } | undefined;
  let bad: { target: number; key: number } | undefined;
  for (let index = 0; index < context.plan.targets.length; index++) {
    if (!isOpen(context, state, index)) continue;
    bad ??= badKey(context, state, index, now);
    const found = soonestKey(context, index, now, state);
    if (found !== undefined && (best === undefined || found.at < best.at)) best = { target: index, ...found };
  }
  // A key that was refused before may have been mended since: better an honest second refusal than none.
  if (bad !== undefined) return attempt(state, bad.target, bad.key, 0, `${reason}, only refused keys left`);
  if (best === undefined) return giveUp(state, 'every target failed');
  const waitMs = Math.max(0, best.at - now);
  if (waitMs > COOLING_WAIT_CAP_MS || waitMs >= remainingMs(context.plan, state, now)) {
    return { ...giveUp(state, 'every key is cooling down'), retryAfterMs: waitMs };
  }
  return attempt(state, best.target, best.key, waitMs, `${reason}, every key cooling: waited for the soonest`);
}

function passedOver(reason: string, from: number, index: number): string {
  return index === from || reason === 'first'
    ? index > from
      ? `${reason}, cooling targets passed over`
      : reason
    : reason;
}

/** Not closed, able to serve the request, and larger than what overflowed. */
function isOpen(context: DecideContext, state: WalkState, index: number): boolean {
  if (state.closed.includes(index)) return false;
  const target = context.plan.targets[index];
  if (target === undefined) return false;
  if (context.needs.vision && target.vision === false) return false;
  if (state.windowOver === undefined) return true;
  return state.windowOver !== null && target.contextWindow !== undefined && target.contextWindow > state.windowOver;
}

function freeKey(context: DecideContext, state: WalkState, index: number, now: number): number {
  const target = context.plan.targets[index];
  if (target === undefined) return -1;
  for (const [k, key] of target.keys.entries()) {
    if (state.spentKeys.length > 0 && state.spentKeys.includes(`${index}:${k}`)) continue;
    if (context.health.isBad(target.entry, key.fingerprint, target.model)) continue;
    if (context.health.coolingUntil(target.entry, key.fingerprint, target.model) > now) continue;
    return k;
  }
  return -1;
}

function badKey(context: DecideContext, state: WalkState, index: number, now: number) {
  const target = context.plan.targets[index];
  const key = target?.keys.findIndex(
    (candidate, k) =>
      !state.spentKeys.includes(`${index}:${k}`) &&
      context.health.isBad(target.entry, candidate.fingerprint, target.model) &&
      context.health.coolingUntil(target.entry, candidate.fingerprint, target.model) <= now,
  );
  return key === undefined || key < 0 ? undefined : { target: index, key };
}

function soonestKey(context: DecideContext, index: number, now: number, state?: WalkState) {
  const target = context.plan.targets[index];
  let best: { key: number; at: number } | undefined;
  for (const [k, key] of (target?.keys ?? []).entries()) {
    if (target === undefined || state?.spentKeys.includes(`${index}:${k}`) === true) continue;
    const at = Math.max(now, context.health.coolingUntil(target.entry, key.fingerprint, target.model));
    if (best === undefined || at < best.at) best = { key: k, at };
  }
  return best;
}

function hasOtherTarget(context: DecideContext, state: WalkState, now: number): boolean {
  return context.plan.targets.some(
    (_, index) => index > state.target && isOpen(context, state, index) && freeKey(context, state, index, now) >= 0,
  );
}

/** Keys of later targets that were not asked yet and could be: each keeps one attempt of the budget. */
function untouchedKeys(context: DecideContext, state: WalkState, now: number): number {
  let count = 0;
  for (let index = state.target + 1; index < context.plan.targets.length; index++) {
    const target = context.plan.targets[index];
    if (target === undefined || (state.tries[index] ?? 0) > 0 || !isOpen(context, state, index)) continue;
    for (const key of target.keys) {
      if (context.health.isBad(target.entry, key.fingerprint, target.model)) continue;
      if (context.health.coolingUntil(target.entry, key.fingerprint, target.model) <= now) count++;
    }
  }
  return count;
}

function budgetLeft(plan: Plan, state: WalkState): number {
  return plan.limits.maxAttempts - state.attempts;
}

export function remainingMs(plan: Plan, state: WalkState, now: number): number {
  return plan.limits.deadlineMs - (now - state.startedAt);
}

/** Full jitter: anywhere between nothing and the doubled, capped base; never below a tenth of it. */
function backoffMs(baseMs: number, capMs: number, tries: number, random: Random): number {
  const ceiling = Math.min(capMs, baseMs * 2 ** Math.max(0, tries - 1));
  return Math.round(random() * ceiling);
}

function attempt(state: WalkState, target: number, key: number, waitMs: number, reason: string): AttemptDecision {
  const tries = state.tries.map((n, i) => (i === target ? n + 1 : n));
  return {
    type: 'attempt',
    target,
    key,
    waitMs,
    reason,
    state: { ...state, attempts: state.attempts + 1, target, key, tries },
  };
}

function giveUp(state: WalkState, reason: string): GiveUpDecision {
  return { type: 'give-up', reason, state };
}
