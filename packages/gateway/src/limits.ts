import type { Plan, Target } from '@standin/core/route/target';
import type { JsonObject } from '@standin/core/spec/index';
import { globMatches } from '@standin/core/vendors/glob';
import type { KeyRecord } from '@standin/store/keys';
import type { Refusal } from '@standin/store/limit-types';
import type { CallerFailure } from './caller-errors.ts';

/** Routing options that bring models of their own into a walk. */
const NAMING = ['models', 'fallbacks', 'model', 'route'];

/**
 * The part of a walk that a key's patterns permit; `undefined`: none of it. The name asked for, when it fits, permits the
 * walk behind it with its spares; a caller who names further models in the body is judged target by target.
 */
export function permitted(plan: Plan, patterns: readonly string[], routing: JsonObject | undefined): Plan | undefined {
  const fits = (name: string): boolean => patterns.some((pattern) => globMatches(pattern, name));
  const namesOthers = routing !== undefined && NAMING.some((name) => routing[name] !== undefined);
  if (!namesOthers && plan.requestedModel !== '' && fits(plan.requestedModel)) return plan;
  const allowed = ({ entry, slot, model }: Target): boolean =>
    fits(model) || fits(entry) || fits(`${entry}/${model}`) || fits(`${slot}/${model}`);
  const targets = plan.targets.filter(allowed);
  if (targets.length === 0) return undefined;
  return targets.length === plan.targets.length ? plan : { ...plan, targets };
}

export function without(plan: Plan, positions: ReadonlySet<number>): Plan {
  if (positions.size === 0) return plan;
  return { ...plan, targets: plan.targets.filter((_, at) => !positions.has(at)) };
}

/** The caller's own key is not allowed this; no vendor refused anything. */
export function modelRefusal(caller: KeyRecord | undefined, model: string): CallerFailure {
  const message = `The key "${caller?.name ?? ''}" may not use the model "${model.slice(0, 200)}"; it may use: ${caller?.models?.join(', ') ?? ''}.`;
  return {
    error: { status: 403, code: 'model_not_allowed', kind: 'permission', message },
    headers: ['x-should-retry', 'false'],
    attempts: [],
  };
}

export function overLimit({ status, code, message, retryAfterMs, shouldRetry }: Refusal): CallerFailure {
  const headers = ['x-should-retry', String(shouldRetry)];
  if (retryAfterMs > 0) headers.push('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  if (shouldRetry) headers.push('retry-after-ms', String(Math.max(1, Math.ceil(retryAfterMs))));
  const kind = status === 503 ? 'server' : code === 'budget_exceeded' ? 'quota' : 'rate-limit';
  return { error: { status, code, kind, message }, headers, attempts: [] };
}
