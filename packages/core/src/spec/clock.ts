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
  after: (ms, run) => setTimeout(run, Math.min(Math.max(0, ms), MAX_DELAY_MS)),
  clear: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

export type Random = () => number;
