import type { Clock } from '@standin/core/spec/clock';

/** Whether one more call may begin. */
export interface Overload {
  /** `underWay`: calls that have begun and not ended. Counts the call when it may not begin. */
  admits(underWay: number): boolean;
  /** Calls that may be under way now. */
  readonly limit: number;
  /** Calls that were turned away. */
  readonly refused: number;
  close(): void;
}

export const DEFAULT_MAX_CONCURRENT = 10_000;

/** So many always may, however slow the process is: a limit near nothing would never learn that things are well again. */
const FEWEST = 64;
const LOOK_EVERY_MS = 100;
/** A timer that is later than this, so often running, means that answers wait for the processor. */
const LATE_MS = 250;
const LATE_LOOKS = 3;
const SHRINK = 0.8;
const GROW = 1.1;

/**
 * Admission by the number of calls under way. The number falls while the event loop is late, and rises again when it is
 * not, up to `maxConcurrent`: what cannot be served in time is turned away at once instead of waiting in a queue that
 * grows. The watch runs only while calls are under way.
 */
export function createOverload(clock: Clock, maxConcurrent = DEFAULT_MAX_CONCURRENT): Overload {
  let limit = maxConcurrent;
  let refused = 0;
  let timer: unknown;
  let due = 0;
  let lateRunning = 0;
  /** Calls at the last look, so that a watch with nothing to watch ends. */
  let seen = 0;
  const look = (): void => {
    timer = undefined;
    const isLate = clock.now() - due > LATE_MS;
    lateRunning = isLate ? lateRunning + 1 : 0;
    const fewest = Math.min(FEWEST, maxConcurrent);
    if (lateRunning >= LATE_LOOKS) limit = Math.max(fewest, Math.floor(Math.min(limit, seen) * SHRINK));
    else if (!isLate) limit = Math.min(maxConcurrent, Math.ceil(limit * GROW));
    const isIdle = seen === 0 && limit === maxConcurrent;
    seen = 0;
    if (!isIdle) watch();
  };
  const watch = (): void => {
    due = clock.now() + LOOK_EVERY_MS;
    timer = clock.after(LOOK_EVERY_MS, look);
    if (timer instanceof Object && 'unref' in timer) (timer as NodeJS.Timeout).unref();
  };
  return {
    get limit() {
      return limit;
    },
    get refused() {
      return refused;
    },
    admits(underWay) {
      if (timer === undefined) watch();
      if (underWay >= seen) seen = underWay + 1;
      if (underWay < limit) return true;
      refused++;
      return false;
    },
    close() {
      if (timer !== undefined) clock.clear(timer);
      timer = undefined;
    },
  };
}
