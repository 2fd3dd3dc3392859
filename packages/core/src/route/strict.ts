import { ProviderError, type ErrorDetails } from '../spec/errors.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { Target } from './target.ts';

/** Name of the rule in errors and records. */
export const STRICT_RULE = 'strict-loss';

/** A caller of the gateway asks for strictness with this header; `true` or `1`. */
export const STRICT_HEADER = 'x-standin-strict';

/**
 * A strict request is not sent where anything of it would be lost. Throws `ProviderError` of kind `unsupported` that
 * names every loss; the walk goes on to targets that may carry it all.
 */
export function refuseLoss(request: ChatRequest, lost: readonly string[], { entry, model }: Target): void {
  if (request.strict !== true || lost.length === 0) return;
  const message = `${entry} (${model}) would lose: ${lost.join('; ')}. Nothing was sent, because the request is strict.`;
  throw new ProviderError({ kind: 'unsupported', rule: STRICT_RULE, provider: entry, model, message });
}

/** A caller of the gateway asks with this header for one more try at a structured answer that does not fit. */
export const REPAIR_HEADER = 'x-standin-repair';

/** Another target may carry what this one would lose. */
export function mayBeCarriedElsewhere(error: ErrorDetails): boolean {
  return error.kind === 'unsupported' && error.rule === STRICT_RULE;
}
