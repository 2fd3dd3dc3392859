import type { Clock } from '../spec/clock.ts';
import type { ErrorPhase } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';

export interface WatchLimits {
  /** Milliseconds from the start to the first content or thinking. */
  readonly firstContentMs: number;
  /** Milliseconds of silence between content after the first. */
  readonly idleMs: number;
  /** Milliseconds for the whole attempt. */
  readonly totalMs: number;
  /** Fewer characters a second than this, over a window, are a stall. 0 or absent: any trickle will do. */
  readonly minCharsPerSecond?: number;
  readonly throughputWindowMs?: number;
}

/** The timers of one attempt: one coarse timer, re-armed by comparing timestamps, so content costs no timer. */
export interface Watch {
  /** It counts characters: `progress` wants to know how many came. */
  readonly counts: boolean;
  /** Content or thinking arrived. Pings and comments are life, not progress: they do not call this. */
  progress(chars?: number): void;
  /** The answer is complete but for its end: no more than this many milliseconds of silence from here on. */
  settle(ms: number): void;
  /** While the caller does not read, the vendor's silence is our own doing. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/** `too-slow`: content came, but less than the least throughput. */
export type TimeoutCause = ErrorPhase | 'too-slow';

export function createWatch(clock: Clock, limits: WatchLimits, onTimeout: (cause: TimeoutCause) => void): Watch {
  const startedAt = clock.now();
  const { minCharsPerSecond = 0, throughputWindowMs = 10_000 } = limits;
  const needed = (minCharsPerSecond * throughputWindowMs) / 1_000;
  let lastAt = startedAt;
  let begun = false;
  let paused = false;
  let { idleMs } = limits;
  let handle: unknown;
  let rearmed = false;
  let counts = needed > 0;
  let windowAt = startedAt;
  let windowChars = 0;

  const dueAt = (): number => {
    const total = startedAt + limits.totalMs;
    if (paused) return total;
    if (!begun) return Math.min(total, lastAt + limits.firstContentMs);
    return Math.min(total, lastAt + idleMs, counts ? windowAt + throughputWindowMs : total);
  };
  const arm = (): void => {
    handle = clock.after(Math.max(1, dueAt() - clock.now()), check);
  };
  const check = (): void => {
    const now = clock.now();
    if (now < dueAt()) return arm();
    handle = undefined;
    if (now >= startedAt + limits.totalMs) return onTimeout('total');
    if (!begun) return onTimeout('first-content');
    if (now >= lastAt + idleMs) return onTimeout('content');
    if (windowChars < needed) return onTimeout('too-slow');
    openWindow(now);
    arm();
  };
  const openWindow = (at: number): void => {
    windowAt = at;
    windowChars = 0;
  };
  arm();
  return {
    get counts() {
      return counts;
    },
    progress(chars = 0) {
      lastAt = clock.now();
      if (!begun) openWindow(lastAt);
      begun = true;
      windowChars += chars;
      // The idle limit or the first window may end before the timer that was armed for the first content.
      if (handle !== undefined && !rearmed && (counts || limits.idleMs < limits.firstContentMs)) rearm();
    },
    settle(ms) {
      if (idleMs === ms) return;
      begun = true;
      counts = false;
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
      openWindow(lastAt);
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

/** Characters that events add to the answer: text, thinking, or a tool call's arguments. */
export function charsIn(events: readonly StreamEvent[]): number {
  let chars = 0;
  for (const event of events) {
    if (event.type === 'text-delta' || event.type === 'reasoning-delta') chars += event.text.length;
    else if (event.type === 'tool-call-delta') chars += event.json.length;
  }
  return chars;
}
