import { systemClock, type Clock } from '@standin/core/spec/index';

/** A clock on which `factor` milliseconds pass in each real one. Dates stay those of the real clock. */
export function scaledClock(factor: number, base: Clock = systemClock): Clock {
  return {
    now: () => base.now() * factor,
    wallMs: () => base.wallMs(),
    after: (ms, run) => base.after(ms / factor, run),
    clear: (handle) => base.clear(handle),
  };
}
