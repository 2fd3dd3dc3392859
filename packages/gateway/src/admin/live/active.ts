import type { Standin } from '@standin/core/library/standin-types';
import type { Glimpse, UnderWay } from '../../exchange.ts';
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
  underWay: Iterable<UnderWay>,
  { records }: Standin,
): { readonly active: readonly Active[]; readonly total: number } {
  const seen: Glimpse[] = [];
  let total = 0;
  for (const one of underWay) {
    const glimpse = one.glimpse?.();
    if (glimpse === undefined) continue;
    total++;
    if (seen.length < SHOWN) seen.push(glimpse);
  }
  const asked = records.asked(new Set(seen.filter(({ answering }) => answering === undefined).map(({ id }) => id)));
  const active = seen.map(({ plan, answering, attempts, ...rest }) => {
    const last = answering ?? plan?.targets[asked.get(rest.id) ?? 0];
    return {
      ...rest,
      target: last === undefined ? null : targetId(last.entry, last.model),
      attempts: attempts + 1,
      answering: answering !== undefined,
    };
  });
  return { active, total };
}
