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
  return new AttemptWatch(clock, limits, onTimeout);
}

/** A class, not closures: one is made for every attempt. */
class AttemptWatch implements Watch {
  counts: boolean;
  readonly #clock: Clock;
  readonly #limits: WatchLimits;
  readonly #onTimeout: (cause: TimeoutCause) => void;
  readonly #startedAt: number;
  readonly #windowMs: number;
  /** Characters that a window must bring. */
  readonly #needed: number;
  #lastAt: number;
  #begun = false;
  #paused = false;
  #idleMs: number;
  #handle: unknown;
  #rearmed = false;
  #windowAt: number;
  #windowChars = 0;

  constructor(clock: Clock, limits: WatchLimits, onTimeout: (cause: TimeoutCause) => void) {
    this.#clock = clock;
    this.#limits = limits;
    this.#onTimeout = onTimeout;
    const now = clock.now();
    this.#startedAt = now;
    this.#lastAt = now;
    this.#windowAt = now;
    this.#idleMs = limits.idleMs;
    const { minCharsPerSecond = 0, throughputWindowMs = 10_000 } = limits;
    this.#windowMs = throughputWindowMs;
    this.#needed = (minCharsPerSecond * throughputWindowMs) / 1_000;
    this.counts = this.#needed > 0;
    this.#arm(now);
  }

  progress(chars = 0): void {
    this.#lastAt = this.#clock.now();
    if (!this.#begun) this.#openWindow(this.#lastAt);
    this.#begun = true;
    this.#windowChars += chars;
    // The idle limit or the first window may end before the timer that was armed for the first content.
    const mayEndBefore = this.counts || this.#limits.idleMs < this.#limits.firstContentMs;
    if (mayEndBefore && !this.#rearmed && this.#handle !== undefined) this.#rearm();
  }

  settle(ms: number): void {
    if (this.#idleMs === ms) return;
    this.#begun = true;
    this.counts = false;
    this.#idleMs = ms;
    this.#lastAt = this.#clock.now();
    this.#rearm();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#lastAt = this.#clock.now();
    this.#openWindow(this.#lastAt);
    this.#rearm();
  }

  stop(): void {
    if (this.#handle !== undefined) this.#clock.clear(this.#handle);
    this.#handle = undefined;
  }

  #dueAt(): number {
    const { totalMs, firstContentMs } = this.#limits;
    const total = this.#startedAt + totalMs;
    if (this.#paused) return total;
    if (!this.#begun) return Math.min(total, this.#lastAt + firstContentMs);
    return Math.min(total, this.#lastAt + this.#idleMs, this.counts ? this.#windowAt + this.#windowMs : total);
  }

  #openWindow(at: number): void {
    this.#windowAt = at;
    this.#windowChars = 0;
  }

  #arm(now: number): void {
    this.#handle = this.#clock.after(Math.max(1, this.#dueAt() - now), this.#check);
  }

  #rearm(): void {
    this.#rearmed = true;
    if (this.#handle !== undefined) this.#clock.clear(this.#handle);
    this.#arm(this.#clock.now());
  }

  readonly #check = (): void => {
    const now = this.#clock.now();
    if (now < this.#dueAt()) return this.#arm(now);
    this.#handle = undefined;
    if (now >= this.#startedAt + this.#limits.totalMs) return this.#onTimeout('total');
    if (!this.#begun) return this.#onTimeout('first-content');
    if (now >= this.#lastAt + this.#idleMs) return this.#onTimeout('content');
    if (this.#windowChars < this.#needed) return this.#onTimeout('too-slow');
    this.#openWindow(now);
    this.#arm(now);
  };
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
