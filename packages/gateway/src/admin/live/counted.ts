import type { AttemptRecord } from '@standin/core/spec/errors';
import type { RequestEntry } from '@standin/store/entry';
import type { AttemptInBrief, RequestRow } from '@standin/store/query';
import { targetId } from '../targets.ts';
import type { Counted, CountedEdge } from './window.ts';

export function countedEntry(entry: RequestEntry): Counted {
  const { attempts, outcome } = entry;
  return {
    isFailed: outcome === 'failed',
    isRecovered: outcome === 'ok' && attempts.length > (entry.steps ?? 1),
    isRescued: attempts.some((one) => one.rescue !== undefined && one.outcome === 'ok'),
    firstContentMs: entry.firstContentMs,
    tookMs: entry.tookMs,
    edges: edgesOf(attempts),
  };
}

/** The same from the ledger: what was before anybody looked. */
export function countedRow(row: RequestRow, attempts: readonly AttemptInBrief[]): Counted {
  return {
    isFailed: row.outcome === 'failed',
    isRecovered: row.outcome === 'ok' && row.attempts > (row.steps ?? 1),
    isRescued: row.rescue !== null,
    firstContentMs: row.first_content_ms ?? undefined,
    tookMs: row.took_ms,
    edges: edgesOf(attempts),
  };
}

function edgesOf(
  attempts: readonly Pick<AttemptRecord, 'attempt' | 'provider' | 'model' | 'outcome'>[],
): CountedEdge[] {
  let from = 'caller';
  return attempts
    .toSorted((a, b) => a.attempt - b.attempt)
    .map(({ provider, model, outcome }) => {
      const to = targetId(provider, model);
      const edge = { from, to, isFailed: outcome !== 'ok' && outcome !== 'cancelled' };
      from = to;
      return edge;
    });
}
