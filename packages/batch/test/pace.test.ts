import { describe, expect, it } from 'vitest';
import { Pace } from '@standin/batch/pace';
import { VirtualClock } from './virtual-clock.ts';

/** A vendor's limit: `undefined` when it takes the call, else the Retry-After in milliseconds. */
type Limit = (now: number) => number | undefined;

function tokenBucket(perSecond: number, capacity: number, roundedUp: boolean): Limit {
  let tokens = capacity;
  let at = 0;
  return (now) => {
    tokens = Math.min(capacity, tokens + ((now - at) / 1_000) * perSecond);
    at = now;
    if (tokens >= 1) {
      tokens -= 1;
      return undefined;
    }
    const waitMs = ((1 - tokens) / perSecond) * 1_000;
    return roundedUp ? Math.ceil(waitMs / 1_000) * 1_000 : waitMs;
  };
}

function fixedWindow(calls: number, windowMs: number): Limit {
  let window = -1;
  let used = 0;
  return (now) => {
    const current = Math.floor(now / windowMs);
    if (current !== window) [window, used] = [current, 0];
    if (used < calls) {
      used += 1;
      return undefined;
    }
    return (current + 1) * windowMs - now;
  };
}

function slidingWindow(calls: number, windowMs: number): Limit {
  const taken: number[] = [];
  return (now) => {
    while ((taken[0] ?? now) <= now - windowMs) taken.shift();
    if (taken.length < calls) {
      taken.push(now);
      return undefined;
    }
    return Math.ceil((taken[0] ?? now) + windowMs - now);
  };
}

interface Outcome {
  readonly perSecond: number;
  readonly refusedShare: number;
}

/** Endless lines against one vendor; what it took in the second half, and the share it refused in all. */
async function drive(
  limit: Limit,
  seconds: number,
  options: { latencyMs: number; concurrency: number; hint?: boolean },
) {
  const clock = new VirtualClock();
  const pace = new Pace({ clock, concurrency: options.concurrency });
  const stop = new AbortController();
  let accepted = 0;
  let refused = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      try {
        await pace.begin(stop.signal);
      } catch {
        return;
      }
      const startedAt = clock.now();
      await new Promise<void>((resolve) => void clock.after(options.latencyMs / 2, resolve));
      const retryAfterMs = limit(clock.now());
      if (retryAfterMs === undefined) accepted += 1;
      else refused += 1;
      await new Promise<void>((resolve) => void clock.after(options.latencyMs / 2, resolve));
      if (retryAfterMs === undefined) pace.accepted();
      else pace.limited(startedAt, options.hint === false ? undefined : retryAfterMs);
      pace.ended();
    }
  };
  const workers = Array.from({ length: options.concurrency }, worker);
  await clock.until(seconds * 500);
  const learned = accepted;
  await clock.until(seconds * 1_000);
  stop.abort();
  await clock.until(seconds * 1_000 + 10_000);
  await Promise.all(workers);
  return {
    perSecond: (accepted - learned) / (seconds / 2),
    refusedShare: refused / (accepted + refused),
  } satisfies Outcome;
}

const CASES: readonly (readonly [string, () => Limit, number, number])[] = [
  ['a token bucket of 20/s with room for 20', () => tokenBucket(20, 20, false), 20, 60],
  ['a token bucket of 20/s whose Retry-After is whole seconds', () => tokenBucket(20, 20, true), 20, 120],
  ['a token bucket of 50/s with room for 1', () => tokenBucket(50, 1, false), 50, 120],
  ['a window of 600 a minute', () => fixedWindow(600, 60_000), 10, 240],
  ['a window of 25 a second', () => fixedWindow(25, 1_000), 25, 60],
  ['the last minute may hold 300', () => slidingWindow(300, 60_000), 5, 240],
  ['the last second may hold 40', () => slidingWindow(40, 1_000), 40, 60],
];

describe('the pace against a fixed rate limit', () => {
  it.each(CASES)('%s', async (_name, limit, perSecond, seconds) => {
    for (const latencyMs of [40, 700]) {
      const outcome = await drive(limit(), seconds, { latencyMs, concurrency: 64 });
      expect.soft(outcome.perSecond / perSecond, `share of the limit at ${latencyMs} ms`).toBeGreaterThan(0.9);
      expect.soft(outcome.refusedShare, `refused at ${latencyMs} ms`).toBeLessThan(0.2);
    }
  });
});

describe('the pace', () => {
  it('keeps a rate that it was given', async () => {
    const clock = new VirtualClock();
    const pace = new Pace({ clock, concurrency: 100, perSecond: 25 });
    const begun: number[] = [];
    for (let call = 0; call < 100; call++) void pace.begin().then(() => begun.push(clock.now()));
    await clock.until(10_000);
    expect(begun).toHaveLength(100);
    const gaps = begun.slice(1).map((at, index) => at - (begun[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(39);
    expect(begun.at(-1)).toBeLessThan(4_200);
  });

  it('sends fewer at once while a vendor is overloaded, and more again when it answers', async () => {
    const clock = new VirtualClock();
    const pace = new Pace({ clock, concurrency: 40, perSecond: 1e6 });
    const begin = async (calls: number): Promise<number> => {
      let entered = 0;
      const stop = new AbortController();
      const all = Array.from({ length: calls }, () =>
        pace.begin(stop.signal).then(
          () => (entered += 1),
          () => 0,
        ),
      );
      await clock.until(clock.now() + 50);
      stop.abort();
      await Promise.all(all);
      return entered;
    };
    expect(await begin(100)).toBe(40);
    for (let time = 0; time < 4; time++) {
      pace.overloaded(clock.now());
      await clock.until(clock.now() + 1);
    }
    for (let call = 0; call < 40; call++) pace.ended();
    const fewer = await begin(100);
    expect(fewer).toBeLessThan(15);
    for (let call = 0; call < fewer; call++) pace.ended();
    for (let answer = 0; answer < 5_000; answer++) pace.accepted();
    expect(await begin(100)).toBe(40);
  });

  it('takes a refusal now and then for chance, and many for a limit', async () => {
    const clock = new VirtualClock();
    const pace = new Pace({ clock, concurrency: 400 });
    const refuseOneOf = async (calls: number, each: number): Promise<void> => {
      for (let call = 1; call <= calls; call++) {
        const begun = pace.begin();
        await clock.until(clock.now() + 100);
        await begun;
        if (call % each === 0) pace.limited(clock.now(), 20);
        else pace.accepted();
        pace.ended();
      }
    };
    await refuseOneOf(500, 70);
    expect(pace.perSecond).toBeUndefined();
    await refuseOneOf(60, 10);
    expect(pace.perSecond).toBeGreaterThan(0);
  });

  it('lets nobody wait for a batch that was stopped', async () => {
    const pace = new Pace({ clock: new VirtualClock(), concurrency: 1 });
    await pace.begin();
    const stop = new AbortController();
    const waiting = pace.begin(stop.signal);
    stop.abort();
    await expect(waiting).rejects.toThrow('stopped');
  });
});
