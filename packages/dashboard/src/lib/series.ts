import type { Row } from '../api/types.ts';

/** One column of the charts; `null` where nothing was measured. */
export interface Bucket {
  /** Unix milliseconds of its beginning. */
  readonly at: number;
  requests: number;
  failed: number;
  recovered: number;
  readonly first: number[];
  readonly total: number[];
}

export interface SeriesOptions {
  /** Default 5,000. */
  readonly bucketMs?: number;
  /** Buckets kept. Default 180: fifteen minutes. */
  readonly buckets?: number;
}

/** Buckets that are shown at least. */
const LEAST = 24;

/** Samples of one bucket that its percentiles rest on; beyond it, a random one gives way. */
const SAMPLES = 1_000;

/** Finished requests by time, for the charts. Bounded: so many buckets, so many samples in each. */
export class Series {
  readonly bucketMs: number;
  readonly #kept: number;
  #buckets: Bucket[] = [];

  constructor({ bucketMs = 5_000, buckets = 180 }: SeriesOptions = {}) {
    this.bucketMs = bucketMs;
    this.#kept = buckets;
  }

  /** A request counts in the moment it ended. `times`: stands for so many alike. */
  add(row: Row, times = 1): void {
    const bucket = this.#bucketAt(row.startedAt + (row.tookMs ?? 0));
    if (bucket === undefined) return;
    const seen = bucket.requests;
    bucket.requests += times;
    if (row.outcome !== 'ok' && row.outcome !== 'cancelled') bucket.failed += times;
    else if (row.attempts > 1) bucket.recovered += times;
    if (typeof row.firstContentMs === 'number') sample(bucket.first, row.firstContentMs, seen);
    if (row.outcome === 'ok' && row.tookMs !== null) sample(bucket.total, row.tookMs, seen);
  }

  /** Columns up to `now`, without gaps: [seconds, requests per second, failed per second, first p50, p99, total p50, p99]. */
  columns(now: number): Columns {
    const end = this.#start(now);
    // A gateway that has just started does not show a quarter of an hour of nothing.
    const shown = Math.min(this.#kept, Math.max(LEAST, (end - (this.#buckets[0]?.at ?? end)) / this.bucketMs + 2));
    const begin = end - (shown - 1) * this.bucketMs;
    const byTime = new Map(this.#buckets.map((bucket) => [bucket.at, bucket]));
    const columns: Columns = { at: [], rate: [], failed: [], firstP50: [], firstP99: [], totalP50: [], totalP99: [] };
    const seconds = this.bucketMs / 1_000;
    // The bucket under way would look like a drop.
    for (let at = begin; at < end; at += this.bucketMs) {
      const bucket = byTime.get(at);
      columns.at.push(at / 1_000);
      columns.rate.push((bucket?.requests ?? 0) / seconds);
      columns.failed.push((bucket?.failed ?? 0) / seconds);
      columns.firstP50.push(quantile(bucket?.first, 0.5));
      columns.firstP99.push(quantile(bucket?.first, 0.99));
      columns.totalP50.push(quantile(bucket?.total, 0.5));
      columns.totalP99.push(quantile(bucket?.total, 0.99));
    }
    return columns;
  }

  #start(at: number): number {
    return Math.floor(at / this.bucketMs) * this.bucketMs;
  }

  #bucketAt(at: number): Bucket | undefined {
    const start = this.#start(at);
    const last = this.#buckets.at(-1);
    if (last?.at === start) return last;
    const found = this.#buckets.find((bucket) => bucket.at === start);
    if (found !== undefined) return found;
    const bucket: Bucket = { at: start, requests: 0, failed: 0, recovered: 0, first: [], total: [] };
    this.#buckets.push(bucket);
    if (last !== undefined && last.at > start) this.#buckets.sort((a, b) => a.at - b.at);
    if (this.#buckets.length > this.#kept) this.#buckets.shift();
    return this.#buckets.includes(bucket) ? bucket : undefined;
  }
}

export interface Columns {
  readonly at: number[];
  readonly rate: number[];
  readonly failed: number[];
  readonly firstP50: (number | null)[];
  readonly firstP99: (number | null)[];
  readonly totalP50: (number | null)[];
  readonly totalP99: (number | null)[];
}

function sample(samples: number[], value: number, seen: number): void {
  if (samples.length < SAMPLES) samples.push(value);
  else {
    const place = Math.floor(Math.random() * (seen + 1));
    if (place < SAMPLES) samples[place] = value;
  }
}

/** Nearest rank; `null` without values. */
export function quantile(values: readonly number[] | undefined, part: number): number | null {
  if (values === undefined || values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1))] ?? null;
}
