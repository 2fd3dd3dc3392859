import type { Clock } from '../spec/clock.ts';
import type { ErrorPhase } from '../spec/errors.ts';

export interface WatchLimits {
  /** Milliseconds from the start to the first content or thinking. */
  readonly firstContentMs: number;
  /** Milliseconds of silence between content after the first. */
  readonly idleMs: number;
  /** Milliseconds for the whole attempt. */
  readonly totalMs: number;
}

/** The timers of one attempt: one coarse timer, re-armed by comparing timestamps, so content costs no timer. */
export interface Watch {
  /** Content or thinking arrived. Pings and comments are life, not progress: they do not call this. */
  progress(): void;
  /** The answer is complete but for its end: no more than this many milliseconds of silence from here on. */
  settle(ms: number): void;
  /** While the caller does not read, the vendor's silence is our own doing. */
  pause(): void;
  resume(): void;
  stop(): void;
}

export function createWatch(clock: Clock, limits: WatchLimits, onTimeout: (phase: ErrorPhase) => void): Watch {
  const startedAt = clock.now();
  let lastAt = startedAt;
  let begun = false;
  let paused = false;
  let { idleMs } = limits;
  let handle: unknown;
  let rearmed = false;

  const dueAt = (): number => {
    const total = startedAt + limits.totalMs;
    if (paused) return total;
    return Math.min(total, begun ? lastAt + idleMs : lastAt + limits.firstContentMs);
  };
  const arm = (): void => {
    handle = clock.after(Math.max(1, dueAt() - clock.now()), check);
  };
  const check = (): void => {
    const now = clock.now();
    if (now < dueAt()) return arm();
    handle = undefined;
    if (now >= startedAt + limits.totalMs) return onTimeout('total');
    onTimeout(begun ? 'content' : 'first-content');
  };
  arm();
  return {
    progress() {
      begun = true;
      lastAt = clock.now();
      // The idle limit may end before the timer that was armed for the first content.
      if (handle !== undefined && limits.idleMs < limits.firstContentMs && !rearmed) rearm();
    },
    settle(ms) {
      if (idleMs === ms) return;
      begun = true;
      idleMs = ms;
      lastAt = clock.now();
      rearm();
    },
    pause() {
      paused = true;
    },
    resume() {
      if (!paused) return;
      paused = false;
      lastAt = clock.now();
      rearm();
    },
    stop() {
      if (handle !== undefined) clock.clear(handle);
      handle = undefined;
    },
  };
  function rearm(): void {
    rearmed = true;
    if (handle !== undefined) clock.clear(handle);
    arm();
  }
}
