import { systemClock, type Clock } from '@standin/core/spec/index';

/** Real milliseconds that may pass between two looks at the clock; what is more was the machine's, not the vendor's. */
const MOST_STEP_MS = 4;

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/**
 * A clock on which up to `factor` milliseconds pass in each real one. It stands still while the machine is too busy to
 * run the rehearsal, so that a starved process is not taken for a silent vendor. Dates stay those of the real clock.
 */
export function scaledClock(factor: number, base: Clock = systemClock): Clock {
  const timers = new Set<Timer>();
  let now = 0;
  let seenAt = base.now();
  /** Clock time of the next tick; Infinity: none is planned. */
  let nextTickAt = Infinity;

  const look = (): number => {
    const real = base.now();
    now += Math.min(real - seenAt, MOST_STEP_MS) * factor;
    seenAt = real;
    return now;
  };
  const tick = (): void => {
    nextTickAt = Infinity;
    look();
    // In the order in which they are due; a timer may set or clear others.
    for (let due = soonest(timers); due !== undefined && due.at <= now; due = soonest(timers)) {
      timers.delete(due);
      due.run();
    }
    keepTicking();
  };
  const keepTicking = (): void => {
    const next = soonest(timers);
    if (next === undefined) return;
    const waitMs = Math.min(MOST_STEP_MS, Math.max(0, (next.at - now) / factor));
    // A tick too many does no harm; one that comes too late would.
    if (now + waitMs * factor >= nextTickAt) return;
    nextTickAt = now + waitMs * factor;
    base.after(waitMs, tick);
  };

  return {
    now: look,
    wallMs: () => base.wallMs(),
    after(ms, run) {
      const timer: Timer = { at: look() + Math.max(0, ms), run };
      timers.add(timer);
      keepTicking();
      return timer;
    },
    clear: (handle) => void timers.delete(handle as Timer),
  };
}

function soonest(timers: ReadonlySet<Timer>): Timer | undefined {
  let best: Timer | undefined;
  for (const timer of timers) if (best === undefined || timer.at < best.at) best = timer;
  return best;
}
