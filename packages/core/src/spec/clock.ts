/** Time and chance are injected, so a simulated day runs in milliseconds and a seed replays it. */
export interface Clock {
  /** Milliseconds; only differences matter, except for `wallMs`. */
  now(): number;
  /** Unix milliseconds, for dates in headers and records. */
  wallMs(): number;
  /** Runs `run` after `ms`; returns a handle for `clear`. Delays over 2^31−1 ms are clamped. */
  after(ms: number, run: () => void): unknown;
  clear(handle: unknown): void;
}

const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  // A whole number that is a small integer to the engine, too: a timer that ever was given another sort of number throws
  // away all compiled code that deals with timers, and each broken number of milliseconds gets a list of its own.
  after: (ms, run) => setTimeout(run, Math.min(Math.max(0, Math.ceil(ms)), MAX_DELAY_MS) | 0),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

export type Random = () => number;
