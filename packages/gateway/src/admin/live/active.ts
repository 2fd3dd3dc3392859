import type { Standin } from '@standin/core/library/standin-types';
import type { UnderWay } from '../../exchange.ts';
import { targetId } from '../targets.ts';

/** Calls under way that are shown: those that have waited longest. */
const SHOWN = 100;

/** A call under way. */
export interface Active {
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly requestedModel: string;
  readonly protocol: string;
  readonly mode: string;
  /** Who answers or is asked now; `null`: nobody yet. */
  readonly target: string | null;
  readonly attempts: number;
  /** Its answer has begun. */
  readonly answering: boolean;
  /** Id of the caller's key. */
  readonly key: string | null;
}

export function activeOf(
  underWay: ReadonlySet<UnderWay>,
  { records }: Standin,
): { readonly active: readonly Active[]; readonly total: number } {
  const active: Active[] = [];
  let total = 0;
  for (const one of underWay) {
    const seen = one.glimpse?.();
    if (seen === undefined) continue;
    total++;
    if (active.length >= SHOWN) continue;
    const { plan, answering, attempts, ...rest } = seen;
    // Whom the walk asked last is in its record; a call that met no trouble has none and asks its first target.
    const last = answering ?? plan?.targets[records.get(seen.id)?.decisions.findLast(isAttempt)?.output.target ?? 0];
    active.push({
      ...rest,
      target: last === undefined ? null : targetId(last.entry, last.model),
      attempts: Math.max(attempts + 1, 1),
      answering: answering !== undefined,
    });
  }
  return { active, total };
}

function isAttempt<D extends { readonly output: { readonly type: string } }>(
  decision: D,
): decision is D & { readonly output: { readonly type: 'attempt'; readonly target: number } } {
  return decision.output.type === 'attempt';
}
