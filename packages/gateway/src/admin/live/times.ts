/** Each bucket is a tenth wider than the one before: a value told from it is within 5 %. */
const WIDTH = 1.1;
const LEAST_MS = 0.1;
const BUCKETS = 170;
const LOG_WIDTH = Math.log(WIDTH);

/** How many calls took how long, without keeping each. */
export type Times = Uint32Array<ArrayBuffer>;

export function createTimes(): Times {
  return new Uint32Array(BUCKETS);
}

export function bucketOf(ms: number): number {
  if (ms <= LEAST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.floor(Math.log(ms / LEAST_MS) / LOG_WIDTH));
}

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** `null`: nothing was measured. */
export function quantilesOf(times: Times): Quantiles | null {
  let count = 0;
  for (const n of times) count += n;
  return count === 0 ? null : { p50: quantile(times, count * 0.5), p99: quantile(times, count * 0.99) };
}

function quantile(times: Times, rank: number): number {
  let seen = 0;
  for (const [bucket, n] of times.entries()) {
    seen += n;
    if (n > 0 && seen >= rank) return rounded(LEAST_MS * WIDTH ** (bucket + 0.5));
  }
  return 0;
}

function rounded(ms: number): number {
  return ms >= 10 ? Math.round(ms) : Math.round(ms * 10) / 10;
}
