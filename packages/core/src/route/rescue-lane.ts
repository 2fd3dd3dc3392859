import { prefillOf } from './decide-rescue.ts';
import type { Delivered } from './delivered.ts';
import { createMender, type Mender } from './mend.ts';
import type { Target } from './target.ts';
import type { AttemptDecision } from './walk-state.ts';

/** What reads the events of a mending attempt; nothing for an ordinary one. */
export function menderFor(decision: AttemptDecision, target: Target, delivered: Delivered): Mender | undefined {
  if (decision.rescue === undefined) return undefined;
  const echoes = prefillOf(target) === 'prefix-flag';
  return createMender(decision.rescue, delivered.text(), delivered.openText !== undefined, echoes);
}
