import type { DatabaseSync } from 'node:sqlite';

/** Requests that ended within one minute. Tokens and money are what is known of them. */
export interface MinuteSums {
  /** Unix milliseconds of its beginning. */
  readonly at: number;
  readonly requests: number;
  /** Answered with an error; callers who left are in neither. */
  readonly failed: number;
  /** Answered after an attempt had failed, or mended. */
  readonly rescued: number;
  readonly cached: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly nanoUsd: number;
  /** Requests whose cost is not known. */
  readonly unknownCost: number;
  /** Milliseconds to the first content, of each that has one. */
  readonly firstContentMs: readonly number[];
}

export const MINUTE_MS = 60_000;
/** A call runs this long at most, usually; what began earlier and ended in the span is left out. */
const LONGEST_MS = 1_800_000;

type Row = Readonly<Record<keyof typeof COLUMNS, number | null>>;
const COLUMNS = {
  minute: '(started_at + took_ms) / 60000',
  failed: "outcome = 'failed'",
  rescued: "outcome = 'ok' AND (rescue IS NOT NULL OR attempts > steps)",
  cached: 'cached',
  input: 'input_tokens',
  output: 'output_tokens',
  cost: 'cost_nano_usd',
  unpriced: 'cost_nano_usd IS NULL AND attempts > 0',
  first: 'first_content_ms',
} as const;

/**
 * The minutes from `since` to `until` (Unix milliseconds), those in which something ended. Of the newest `limit` requests
 * only; where these do not reach back to `since`, the first minute that is told is one that is whole.
 */
export function minutesOf(db: DatabaseSync, since: number, until: number, limit: number): readonly MinuteSums[] {
  const columns = Object.entries(COLUMNS).map(([name, sql]) => `${sql} AS ${name}`);
  const rows = db
    .prepare(`SELECT ${columns.join(', ')} FROM requests WHERE started_at >= ? ORDER BY seq DESC LIMIT ?`)
    .all(since - LONGEST_MS, limit) as unknown as readonly Row[];
  const minutes = new Map<number, MinuteDraft>();
  for (const row of rows) {
    const at = Math.floor(Number(row.minute)) * MINUTE_MS;
    if (at < since || at >= until) continue;
    let minute = minutes.get(at);
    if (minute === undefined) {
      minute = emptyMinute(at);
      minutes.set(at, minute);
    }
    add(minute, row);
  }
  const list = [...minutes.values()].toSorted((one, other) => one.at - other.at);
  return rows.length < limit ? list : list.slice(1);
}

type MinuteDraft = { -readonly [Field in keyof MinuteSums]: MinuteSums[Field] } & { firstContentMs: number[] };

function emptyMinute(at: number): MinuteDraft {
  const nothing = { requests: 0, failed: 0, rescued: 0, cached: 0, inputTokens: 0, outputTokens: 0 };
  return { at, ...nothing, nanoUsd: 0, unknownCost: 0, firstContentMs: [] };
}

function add(minute: MinuteDraft, row: Row): void {
  minute.requests += 1;
  minute.failed += Number(row.failed);
  minute.rescued += Number(row.rescued);
  minute.cached += Number(row.cached);
  minute.inputTokens += row.input ?? 0;
  minute.outputTokens += row.output ?? 0;
  minute.nanoUsd += row.cost ?? 0;
  minute.unknownCost += Number(row.unpriced);
  if (row.first !== null) minute.firstContentMs.push(row.first);
}
