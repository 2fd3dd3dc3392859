import type { Clock } from '@standin/core/spec/index';

export interface ManualClock extends Clock {
  /** Moves time on and runs what is due, in order. */
  advance(ms: number): void;
  /** Waits, in real time, until someone waits on this clock. */
  untilWaiting(): Promise<void>;
}

export function manualClock(): ManualClock {
  let time = 0;
  let next = 0;
  const timers = new Map<number, { at: number; run: () => void }>();
  return {
    now: () => time,
    wallMs: () => 1_800_000_000_000 + time,
    after: (ms, run) => {
      timers.set(++next, { at: time + ms, run });
      return next;
    },
    clear: (handle) => void timers.delete(handle as number),
    advance: (ms) => {
      const end = time + ms;
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= end).toSorted(([, a], [, b]) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        time = due[1].at;
        due[1].run();
      }
      time = end;
    },
    untilWaiting: async () => {
      while (timers.size === 0) await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
