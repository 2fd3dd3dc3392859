import { setBounded } from './bounded.ts';
import type { Limits } from './target.ts';

/** How long one model at one entry takes to its first content or thinking, from what was observed. */
export interface Pace {
  readonly entry: string;
  readonly model: string;
  /** First contents among the last observations. */
  readonly samples: number;
  /** Nineteen of twenty observations are no longer than this, milliseconds; given-up ones count as long as they were waited for. */
  readonly p95Ms: number;
}

/** Observations kept: old ones make room, so that a model that changed is known again within as many calls. */
const KEPT = 64;
/** Fewer first contents than this say nothing yet: the fixed limits hold. */
const ENOUGH = 20;
/** Sorting costs a microsecond or two: the quantile is taken again after so many observations. */
const STALE_AFTER = 8;

interface Observed {
  readonly entry: string;
  readonly model: string;
  /** Milliseconds, oldest overwritten; negative: given up by then. */
  readonly times: number[];
  next: number;
  fresh: number;
  pace: Pace | undefined;
}

export interface Paces {
  /** `answered` false: nothing had come by then, when it was given up. */
  saw(entry: string, model: string, tookMs: number, answered: boolean): void;
  /** Undefined until enough first contents were seen. */
  of(entry: string, model: string): Pace | undefined;
  list(): readonly Pace[];
}

export function createPaces({ enough = ENOUGH }: { readonly enough?: number } = {}): Paces {
  const all = new Map<string, Observed>();
  const paceOf = (row: Observed): Pace | undefined => {
    if (row.fresh < STALE_AFTER && (row.pace !== undefined || row.times.length < enough)) return row.pace;
    row.fresh = 0;
    row.pace = measured(row);
    return row.pace;
  };
  const known = (row: Observed): Pace | undefined => {
    const pace = paceOf(row);
    return pace === undefined || pace.samples < enough ? undefined : pace;
  };
  return {
    saw(entry, model, tookMs, answered) {
      const id = `${entry}\n${model}`;
      let row = all.get(id);
      if (row === undefined) {
        row = { entry, model, times: [], next: 0, fresh: 0, pace: undefined };
        setBounded(all, id, row);
      }
      row.times[row.next] = answered ? tookMs : -tookMs;
      row.next = (row.next + 1) % KEPT;
      row.fresh++;
    },
    of(entry, model) {
      const row = all.get(`${entry}\n${model}`);
      return row === undefined ? undefined : known(row);
    },
    list: () => [...all.values()].map(measured),
  };
}

function measured({ entry, model, times }: Observed): Pace {
  const sorted = times.map(Math.abs).sort((a, b) => a - b);
  const p95Ms = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
  return { entry, model, samples: times.filter((ms) => ms >= 0).length, p95Ms: Math.round(p95Ms) };
}

/** A limit that follows the model's own times: least and most, milliseconds. */
export type Range = readonly [leastMs: number, mostMs: number];

const within = (ms: number, [leastMs, mostMs]: Range): number => Math.min(mostMs, Math.max(leastMs, Math.round(ms)));

/** The limits for silence before the first content: the plan's own, or moved within their bounds to what was observed. */
export function pacedLimits(
  limits: Pick<Limits, 'hedgeMs' | 'firstContentMs' | 'hedgeRangeMs' | 'firstContentRangeMs'>,
  pace: Pace | undefined,
): { readonly hedgeMs: number; readonly firstContentMs: number } {
  const { hedgeMs, firstContentMs, hedgeRangeMs, firstContentRangeMs } = limits;
  if (pace === undefined) return limits;
  return {
    hedgeMs: hedgeRangeMs === undefined ? hedgeMs : within(2 * pace.p95Ms + 1_000, hedgeRangeMs),
    firstContentMs:
      firstContentRangeMs === undefined ? firstContentMs : within(3 * pace.p95Ms + 4_000, firstContentRangeMs),
  };
}
