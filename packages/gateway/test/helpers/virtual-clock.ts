import type { Clock } from '@standin/core/spec/index';

export interface VirtualClock extends Clock {
  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void;
  /** Moves time on while nothing runs, as a busy process does: what fell due comes late, with the next `advance`. */
  skip(ms: number): void;
  /** Timers that are set. */
  readonly timers: number;
}

/** Time that moves when told. */
export function createVirtualClock(startMs = 1_000): VirtualClock {
  let now = startMs;
  let next = 1;
  const timers = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => now,
    wallMs: () => 1_790_000_000_000 + now,
    after(ms, run) {
      timers.set(next, { at: now + Math.max(0, ms), run });
      return next++;
    },
    clear: (handle) => void timers.delete(handle as number),
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).toSorted((a, b) => a[1].at - b[1].at)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].run();
      }
      now = end;
    },
    skip: (ms) => void (now += ms),
    get timers() {
      return timers.size;
    },
  };
}
