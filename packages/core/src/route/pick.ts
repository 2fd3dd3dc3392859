import type { WireId } from '../spec/wire-id.ts';
import type { HealthView } from './health.ts';
import type { DecideContext, Decision, GiveUpDecision, AttemptDecision, WalkState } from './walk-state.ts';
import type { Plan, Target } from './target.ts';

/** A wait for the soonest key when every key of every target is cooling, at most. */
const COOLING_WAIT_CAP_MS = 30_000;

/**
 * The first target from `from` on that may be asked now. When none is left: one that was passed over because its keys
 * were refused or are cooling, if waiting for it fits.
 */
export function pick(context: DecideContext, state: WalkState, from: number, now: number, reason: string): Decision {
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
export function soonest(context: DecideContext, state: WalkState, now: number, reason: string): Decision {
  let best: { target: number; key: number; at: number } | undefined;
  let bad: { target: number; key: number } | undefined;
  let shut: { target: number; key: number } | undefined;
  for (let index = 0; index < context.plan.targets.length; index++) {
    if (!isOpen(context, state, index)) continue;
    bad ??= keyThat(context, state, index, now, (health, entry, key, model) => health.isBad(entry, key, model));
    shut ??= keyThat(context, state, index, now, (health, entry, key, model) => !health.isBad(entry, key, model));
    const found = soonestKey(context, index, now, state);
    if (found !== undefined && (best === undefined || found.at < best.at)) best = { target: index, ...found };
  }
  // With nothing healthier left, a shut breaker is no reason to fail unasked.
  if (shut !== undefined) return attempt(state, shut.target, shut.key, 0, `${reason}, only failing targets left`);
  // A key that was refused before may have been mended since: better an honest second refusal than none.
  if (bad !== undefined) return attempt(state, bad.target, bad.key, 0, `${reason}, only refused keys left`);
  if (best === undefined) return giveUp(state, 'every target failed');
  const waitMs = Math.max(0, best.at - now);
  if (waitMs > COOLING_WAIT_CAP_MS || waitMs >= remainingMs(context.plan, state, now)) {
    return { ...giveUp(state, 'every key is cooling down'), retryAfterMs: waitMs };
  }
  return attempt(state, best.target, best.key, waitMs, `${reason}, every key cooling: waited for the soonest`);
}

export function passedOver(reason: string, from: number, index: number): string {
  return index === from || reason === 'first'
    ? index > from
      ? `${reason}, cooling targets passed over`
      : reason
    : reason;
}

/** Only a vendor that speaks the protocol, and stores answers, can go on from one of its own. */
export function keepsState(target: Target, wire: WireId): boolean {
  if (!('endpoint' in target.via)) return false;
  const { endpoint } = target.via;
  return endpoint.wire.id === wire && !endpoint.quirksFor(target.model).statelessOnly;
}

/** Not closed, able to serve the request, and larger than what overflowed. */
export function isOpen(context: DecideContext, state: WalkState, index: number): boolean {
  if (state.closed.includes(index) || state.flying.includes(index)) return false;
  const target = context.plan.targets[index];
  if (target === undefined) return false;
  if (context.needs.vision && target.vision === false) return false;
  if (context.needs.stored !== undefined && !keepsState(target, context.needs.stored.wire)) return false;
  if (state.windowOver === undefined) return true;
  return state.windowOver !== null && target.contextWindow !== undefined && target.contextWindow > state.windowOver;
}

export function freeKey(context: DecideContext, state: WalkState, index: number, now: number): number {
  const target = context.plan.targets[index];
  if (target === undefined) return -1;
  for (const [k, key] of target.keys.entries()) {
    if (state.spentKeys.length > 0 && state.spentKeys.includes(`${index}:${k}`)) continue;
    if (context.health.isBad(target.entry, key.fingerprint, target.model)) continue;
    if (context.health.coolingUntil(target.entry, key.fingerprint, target.model) > now) continue;
    if (context.health.isShut(target.entry, key.fingerprint, target.model, now)) continue;
    return k;
  }
  return -1;
}

/** The first key of a target that is neither spent nor cooling and satisfies `test`. */
function keyThat(
  context: DecideContext,
  state: WalkState,
  index: number,
  now: number,
  test: (health: HealthView, entry: string, fingerprint: string, model: string) => boolean,
): { target: number; key: number } | undefined {
  const target = context.plan.targets[index];
  if (target === undefined) return undefined;
  const { entry, model } = target;
  const key = target.keys.findIndex(
    (candidate, k) =>
      !state.spentKeys.includes(`${index}:${k}`) &&
      context.health.coolingUntil(entry, candidate.fingerprint, model) <= now &&
      test(context.health, entry, candidate.fingerprint, model),
  );
  return key < 0 ? undefined : { target: index, key };
}

export function soonestKey(context: DecideContext, index: number, now: number, state?: WalkState) {
  const target = context.plan.targets[index];
  let best: { key: number; at: number } | undefined;
  for (const [k, key] of (target?.keys ?? []).entries()) {
    if (target === undefined || state?.spentKeys.includes(`${index}:${k}`) === true) continue;
    const at = Math.max(now, context.health.coolingUntil(target.entry, key.fingerprint, target.model));
    if (best === undefined || at < best.at) best = { key: k, at };
  }
  return best;
}

export function hasOtherTarget(context: DecideContext, state: WalkState, now: number): boolean {
  return context.plan.targets.some(
    (_, index) => index > state.target && isOpen(context, state, index) && freeKey(context, state, index, now) >= 0,
  );
}

/** Keys of later targets that were not asked yet and could be: each keeps one attempt of the budget. */
export function untouchedKeys(context: DecideContext, state: WalkState, now: number): number {
  let count = 0;
  for (let index = state.target + 1; index < context.plan.targets.length; index++) {
    const target = context.plan.targets[index];
    if (target === undefined || (state.tries[index] ?? 0) > 0 || !isOpen(context, state, index)) continue;
    for (const key of target.keys) {
      const { entry, model } = target;
      if (context.health.isBad(entry, key.fingerprint, model)) continue;
      if (context.health.isShut(entry, key.fingerprint, model, now)) continue;
      if (context.health.coolingUntil(entry, key.fingerprint, model) <= now) count++;
    }
  }
  return count;
}

export function budgetLeft(plan: Plan, state: WalkState): number {
  return plan.limits.maxAttempts - state.attempts;
}

export function remainingMs(plan: Plan, state: WalkState, now: number): number {
  return plan.limits.deadlineMs - (now - state.startedAt);
}

export function attempt(
  state: WalkState,
  target: number,
  key: number,
  waitMs: number,
  reason: string,
): AttemptDecision {
  const tries = state.tries.map((n, i) => (i === target ? n + 1 : n));
  const flying = [...state.flying, target];
  return {
    type: 'attempt',
    target,
    key,
    waitMs,
    reason,
    state: { ...state, attempts: state.attempts + 1, target, key, tries, flying },
  };
}

export function giveUp(state: WalkState, reason: string): GiveUpDecision {
  return { type: 'give-up', reason, state };
}
