import type { Row, SeriesPoint } from '../api/types.ts';

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
  /** Buckets kept. Default 720: an hour. */
  readonly buckets?: number;
}

/** Buckets that are shown at least. */
const LEAST = 24;

/** Samples of one bucket that its percentiles rest on; beyond it, a random one gives way. */
const SAMPLES = 300;

/** Finished requests by time, for the charts. Bounded: so many buckets, so many samples in each. */
export class Series {
  readonly bucketMs: number;
  readonly #kept: number;
  #buckets: Bucket[] = [];
  /** What the gateway knew of the time before `#liveFrom`, by the minute. */
  #past: readonly SeriesPoint[] = [];
  #liveFrom = Number.NEGATIVE_INFINITY;

  constructor({ bucketMs = 5_000, buckets = 720 }: SeriesOptions = {}) {
    this.bucketMs = bucketMs;
    this.#kept = buckets;
  }

  /** Minutes that were before `liveFrom` (Unix milliseconds); from there on what is added counts. */
  beginWith(points: readonly SeriesPoint[], liveFrom: number): void {
    this.#past = points.filter(({ at }) => at < liveFrom);
    this.#liveFrom = liveFrom;
  }

  /** A request counts in the moment it ended. `times`: stands for so many alike. */
  add(row: Row, times = 1): void {
    const endedAt = row.startedAt + (row.tookMs ?? 0);
    // It stands in a minute of the past already.
    if (endedAt < this.#liveFrom) return;
    const bucket = this.#bucketAt(endedAt);
    if (bucket === undefined) return;
    const seen = bucket.requests;
    bucket.requests += times;
    if (row.outcome !== 'ok' && row.outcome !== 'cancelled') bucket.failed += times;
    else if (row.attempts > (row.steps ?? 1)) bucket.recovered += times;
    if (typeof row.firstContentMs === 'number') sample(bucket.first, row.firstContentMs, seen);
    if (row.outcome === 'ok' && row.tookMs !== null) sample(bucket.total, row.tookMs, seen);
  }

  /** Columns up to `now`: those of the past by the minute, then without gaps by the bucket. */
  columns(now: number): Columns {
    const end = this.#start(now);
    const oldest = end - (this.#kept - 1) * this.bucketMs;
    const columns: Columns = {
      at: [], rate: [], failed: [], recovered: [], firstP50: [], firstP99: [], totalP50: [], totalP99: [],
    }; // prettier-ignore
    for (const point of this.#past) if (point.at >= oldest) addPoint(columns, point);
    // A gateway that has just started does not show an hour of nothing.
    const known = Math.max(LEAST, (end - (this.#buckets[0]?.at ?? end)) / this.bucketMs + 2);
    const begin = end - (Math.min(this.#kept, known) - 1) * this.bucketMs;
    const byTime = new Map(this.#buckets.map((bucket) => [bucket.at, bucket]));
    const seconds = this.bucketMs / 1_000;
    const from = this.#past.length === 0 ? begin : Math.max(oldest, this.#start(this.#liveFrom));
    // The bucket under way would look like a drop.
    for (let at = from; at < end; at += this.bucketMs) {
      const bucket = byTime.get(at);
      columns.at.push(at / 1_000);
      columns.rate.push((bucket?.requests ?? 0) / seconds);
      columns.failed.push((bucket?.failed ?? 0) / seconds);
      columns.recovered.push((bucket?.recovered ?? 0) / seconds);
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
  readonly recovered: number[];
  readonly firstP50: (number | null)[];
  readonly firstP99: (number | null)[];
  readonly totalP50: (number | null)[];
  readonly totalP99: (number | null)[];
}

function addPoint(columns: Columns, { at, requests, failed, rescued, firstContentMs }: SeriesPoint): void {
  columns.at.push(at / 1_000);
  columns.rate.push(requests / 60);
  columns.failed.push(failed / 60);
  columns.recovered.push(rescued / 60);
  columns.firstP50.push(firstContentMs?.p50 ?? null);
  columns.firstP99.push(firstContentMs?.p99 ?? null);
  columns.totalP50.push(null);
  columns.totalP99.push(null);
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
