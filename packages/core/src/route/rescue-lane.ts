import type { ChatRequest } from '../spec/request.ts';
import { prefillOf } from './decide-rescue.ts';
import type { Delivered } from './delivered.ts';
import { createMender, type Mender } from './mend.ts';
import { withInstruction, withPrefill } from './overlap.ts';
import type { Target } from './target.ts';
import type { AttemptDecision } from './walk-state.ts';

/** What reads the events of a mending attempt; nothing for an ordinary one. */
export function menderFor(decision: AttemptDecision, target: Target, delivered: Delivered): Mender | undefined {
  if (decision.rescue === undefined) return undefined;
  const echoes = prefillOf(target) === 'prefix-flag';
  return createMender(decision.rescue, delivered.text(), delivered.openText !== undefined, echoes);
}

/** The request a mending attempt is sent: with the answer so far where the model shall go on from it. */
export function requestFor(decision: AttemptDecision, request: ChatRequest, delivered: Delivered): ChatRequest {
  if (decision.rescue === 'prefill') return withPrefill(request, delivered.text());
  if (decision.rescue === 'instructed') return withInstruction(request, delivered.text());
  return request;
}
