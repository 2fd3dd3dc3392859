const BUCKETS = 60;
const BUCKET_MS = 1_000;

/** What happened in the last minute, in buckets of a second. Times in clock milliseconds. */
export interface RateWindow {
  add(amount: number, now: number): void;
  /** Corrects what was added at `then`, when that is still within the minute. */
  correct(difference: number, then: number, now: number): void;
  sum(now: number): number;
  /** Milliseconds until `amount` more fits under `limit`. */
  waitFor(amount: number, limit: number, now: number): number;
}

export function createRateWindow(): RateWindow {
  const buckets = new Float64Array(BUCKETS);
  let last = 0;
  let total = 0;
  const roll = (now: number): number => {
    const at = Math.floor(now / BUCKET_MS);
    if (at - last >= BUCKETS) {
      buckets.fill(0);
      total = 0;
    } else {
      for (let i = last + 1; i <= at; i++) {
        total -= buckets[i % BUCKETS] ?? 0;
        buckets[i % BUCKETS] = 0;
      }
    }
    last = Math.max(last, at);
    return last;
  };
  const put = (at: number, amount: number): void => {
    const before = buckets[at % BUCKETS] ?? 0;
    const after = Math.max(0, before + amount);
    buckets[at % BUCKETS] = after;
    total += after - before;
  };
  return {
    add: (amount, now) => put(roll(now), amount),
    correct(difference, then, now) {
      const at = Math.floor(then / BUCKET_MS);
      if (roll(now) - at < BUCKETS) put(at, difference);
    },
    sum(now) {
      roll(now);
      return total;
    },
    waitFor(amount, limit, now) {
      const at = roll(now);
      let left = total + amount - limit;
      for (let age = BUCKETS - 1; age >= 0 && left > 0; age--) {
        left -= buckets[(at - age + BUCKETS) % BUCKETS] ?? 0;
        if (left <= 0) return (at - age + BUCKETS) * BUCKET_MS - now;
      }
      return left > 0 ? BUCKETS * BUCKET_MS : 0;
    },
  };
}
