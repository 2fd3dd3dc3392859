import { keepsState } from './pick.ts';
import { AllAttemptsFailed, ProviderError, type AttemptRecord, type ErrorDetails } from '../spec/errors.ts';
import type { GiveUpDecision, RequestNeeds } from './walk-state.ts';
import type { Plan, Target } from './target.ts';

/** Every route failed: one error that says of each attempt what was asked, with which key, and what came back. */
export function allFailed(
  plan: Plan,
  attempts: readonly AttemptRecord[],
  decision: GiveUpDecision,
  last: ErrorDetails | undefined,
  needs: RequestNeeds,
): AllAttemptsFailed {
  const retryAfterMs = decision.retryAfterMs ?? (last?.kind === 'rate-limit' ? last.retryAfterMs : undefined);
  const cause = last === undefined ? undefined : new ProviderError(last);
  const end = attempts.at(-1);
  return new AllAttemptsFailed(
    {
      ...(last ?? { kind: untried(plan, decision, needs) }),
      message: describe(plan, attempts, decision, needs),
      parameter: last === undefined ? needs.stored?.field : last.parameter,
      provider: end?.provider ?? plan.targets[0]?.entry,
      model: end?.model ?? plan.targets[0]?.model,
      retryAfterMs,
      cause,
    },
    attempts,
    cause,
  );
}

type ForgottenNeeds = RequestNeeds & { readonly stored: NonNullable<RequestNeeds['stored']> };

/** The request goes on from state that none of the targets keeps. */
function isForgotten(plan: Plan, needs: RequestNeeds): needs is ForgottenNeeds {
  const { stored } = needs;
  return stored !== undefined && !plan.targets.some((target) => keepsState(target, stored.wire));
}

function untried(plan: Plan, decision: GiveUpDecision, needs: RequestNeeds): ErrorDetails['kind'] {
  if (plan.targets.length === 0) return 'config';
  if (decision.retryAfterMs !== undefined) return 'rate-limit';
  if (isForgotten(plan, needs)) return 'invalid-request';
  return needs.vision && plan.targets.every((target) => target.vision === false) ? 'unsupported' : 'config';
}

function describe(
  plan: Plan,
  attempts: readonly AttemptRecord[],
  decision: GiveUpDecision,
  needs: RequestNeeds,
): string {
  const wanted = plan.requestedModel === '' ? 'the request' : plan.requestedModel;
  if (attempts.length === 0) {
    if (plan.targets.length === 0) return `No route for ${wanted}: no usable target is configured.`;
    if (decision.retryAfterMs !== undefined) {
      return `Every key for ${wanted} is cooling down; the soonest is free in ${seconds(decision.retryAfterMs)}.`;
    }
    if (isForgotten(plan, needs)) {
      const { field, wire } = needs.stored;
      return `${field} names state that no target for ${wanted} keeps: only a vendor of ${wire} does. Send the whole conversation instead.`;
    }
    if (needs.vision)
      return `No target for ${wanted} accepts images; add a fallback with vision or leave the images out.`;
    return `No target for ${wanted} can be asked: ${decision.reason}.`;
  }
  const lines = attempts.map((attempt) => `  ${describeAttempt(attempt)}`);
  const head =
    attempts.length === 1
      ? `The call for ${wanted} failed (${decision.reason}):`
      : `All ${attempts.length} attempts for ${wanted} failed (${decision.reason}):`;
  return [head, ...lines].join('\n');
}

/** One line: `2. openai.main gpt-4o key:1a2b3c4d → rate-limit 429 after 310 ms, waited 500 ms: "…"`. */
export function describeAttempt(attempt: AttemptRecord): string {
  const key = attempt.key === undefined || attempt.key === 'none' ? '' : ` key:${attempt.key}`;
  const status = attempt.status === undefined ? '' : ` ${attempt.status}`;
  const waited = attempt.waitedMs > 0 ? `, waited ${attempt.waitedMs} ms before` : '';
  const took = attempt.endedMs - attempt.startedMs;
  const words = attempt.message === undefined ? '' : `: ${attempt.message}`;
  return `${attempt.attempt}. ${attempt.provider} ${attempt.model}${key} → ${attempt.outcome}${status} after ${took} ms${waited}${words}`;
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 100) / 10} s`;
}

/** The answer broke after content was delivered. */
export function brokenOff(
  error: ErrorDetails,
  target: Target | undefined,
  attempts: readonly AttemptRecord[],
  why: string,
): ProviderError {
  const who = target === undefined ? 'The answer' : `The answer of ${target.entry} (${target.model})`;
  const words = error.vendorMessage ?? error.message;
  return new ProviderError({
    ...error,
    phase: 'content',
    provider: target?.entry,
    model: target?.model,
    message: `${who} broke off after content was delivered (${error.kind}, attempt ${attempts.length}) and was not mended (${why}): ${words}`,
  });
}
