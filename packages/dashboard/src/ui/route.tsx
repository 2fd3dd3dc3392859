import type { Row } from '../api/types.ts';
import { attemptLook } from '../lib/outcome.ts';
import { UNKNOWN } from '../lib/format.ts';
import { StateShape } from './icons.tsx';

export interface Hop {
  readonly target: string;
  readonly outcome: string;
  readonly times: number;
  /** The rules that led to it, each once. */
  readonly reasons: readonly string[];
}

/** Attempts in a row at the same target with the same end are one hop. */
export function hopsOf(row: Row): Hop[] {
  const hops: Hop[] = [];
  for (const { target, outcome, reason } of row.route ?? []) {
    const last = hops.at(-1);
    if (last?.target !== target || last.outcome !== outcome)
      hops.push({ target, outcome, times: 1, reasons: [reason] });
    else {
      const reasons = last.reasons.includes(reason) ? last.reasons : [...last.reasons, reason];
      hops[hops.length - 1] = { ...last, times: last.times + 1, reasons };
    }
  }
  return hops;
}

/** The whole way of a request, not only where it ended: who was asked, and what came of it. */
export function Route({ row }: { row: Row }) {
  const hops = hopsOf(row);
  if (hops.length === 0) {
    const end = row.provider === null ? UNKNOWN : `${row.provider}/${row.model ?? ''}`;
    return (
      <span class="route" title={end}>
        {row.attempts > 1 && <span class="soft nowrap">{row.attempts} attempts →</span>}
        <span class="clip">{end}</span>
      </span>
    );
  }
  const title = hops
    .map(
      ({ target, outcome, times, reasons }) =>
        `${target}: ${outcome}${times > 1 ? ` × ${times}` : ''} (${reasons.join('; ')})`,
    )
    .join(' →\n');
  return (
    <span class="route" title={title}>
      {hops.map(({ target, outcome, times }, index) => {
        const look = attemptLook(outcome);
        return (
          <span key={index} class={`hop ${look.tone}`}>
            {index > 0 && <span class="soft">→</span>}
            <StateShape shape={look.shape} />
            <span class="clip">{hops.length === 1 ? target : nameAmong(hops, index)}</span>
            {outcome !== 'ok' && <span class="why">{times > 1 ? `${outcome} ×${times}` : outcome}</span>}
          </span>
        );
      })}
    </span>
  );
}

/** Among several the entry says enough, and the model where the entry stays the same. */
function nameAmong(hops: readonly Hop[], index: number): string {
  const [entry, model] = partsOf(hops[index]);
  const isSame = [hops[index - 1], hops[index + 1]].some((hop) => hop !== undefined && partsOf(hop)[0] === entry);
  return isSame && model !== '' ? model : entry;
}

/** `custom.main/m1` → `custom.main` and `m1`; a model's name may hold slashes. */
function partsOf(hop: Hop | undefined): [entry: string, model: string] {
  const target = hop?.target ?? '';
  const slash = target.indexOf('/');
  return slash < 0 ? [target, ''] : [target.slice(0, slash), target.slice(slash + 1)];
}
