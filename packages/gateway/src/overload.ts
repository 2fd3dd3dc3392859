import type { Clock } from '@standin/core/spec/clock';
import type { CallerFailure } from './caller-errors.ts';

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

/** A moment's wait helps, so the SDKs' own retry is asked for. */
export const OVERLOADED: CallerFailure = {
  error: {
    status: 503,
    code: 'overloaded',
    kind: 'overloaded',
    message: 'This gateway has as many calls under way as it can serve in time; send the request again in a moment.',
  },
  headers: ['x-should-retry', 'true', 'retry-after', '1'],
  attempts: [],
};

export const DEFAULT_MAX_CONCURRENT = 10_000;

/** So many always may, however slow the process is: a limit near nothing would never learn that things are well again. */
const FEWEST = 256;
const LOOK_EVERY_MS = 100;
/** A timer that is later than this, so often running, means that answers wait for the processor. */
const LATE_MS = 250;
const LATE_LOOKS = 3;
/** A loop that still waits for work now and then is not what answers wait for: the machine is busy with others. */
const BUSY_SHARE = 0.95;
const SHRINK = 0.8;
const GROW = 1.1;

/**
 * Admission by the number of calls under way. The number falls while the event loop is late with work of its own, and
 * rises again when it is not, up to `maxConcurrent`: what cannot be served in time is turned away at once instead of waiting in a queue that
 * grows. The watch runs only while calls are under way.
 */
export function createOverload(
  clock: Clock,
  maxConcurrent = DEFAULT_MAX_CONCURRENT,
  busyShare: () => number = createBusyShare(),
): Overload {
  let limit = maxConcurrent;
  let refused = 0;
  let timer: unknown;
  let due = 0;
  let lateRunning = 0;
  /** Calls at the last look, so that a watch with nothing to watch ends. */
  let seen = 0;
  const look = (): void => {
    timer = undefined;
    const isBusy = busyShare() > BUSY_SHARE;
    const isLate = isBusy && clock.now() - due > LATE_MS;
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

/** The share of the time since it was last asked that the event loop worked instead of waiting. */
function createBusyShare(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}
