import type { Clock } from '../spec/clock.ts';
import type { ErrorPhase } from '../spec/errors.ts';

/** Milliseconds; `undefined`, 0 or `Infinity` means no limit. */
export interface PhaseLimits {
  /** From the start to a usable connection. */
  readonly connectMs?: number;
  /** From the start to the first content; also covers waiting for the response head. */
  readonly firstContentMs?: number;
  /** Silence after the first content. */
  readonly idleMs?: number;
  /** From the start, whatever happens. */
  readonly totalMs?: number;
}

export interface PhaseTimers {
  connected(): void;
  head(): void;
  /** The first content is there: from now on silence counts. */
  content(): void;
  /** More content. Only stores the time, so it may be called for every chunk. */
  progress(): void;
  /** The reader downstream holds us up: silence does not count until `resume`. */
  pause(): void;
  resume(): void;
  stop(): void;
}

/**
 * The time limits of one attempt with a single timer. Most deadlines move away from the timer (a chunk came), so the
 * timer checks on firing and sleeps again; only a deadline that moves nearer re-arms it.
 * `onTimeout` is called at most once, with the phase that took too long; the timers have stopped by then.
 */
export function createPhaseTimers(
  clock: Clock,
  limits: PhaseLimits,
  onTimeout: (phase: ErrorPhase) => void,
): PhaseTimers {
  return new AttemptTimers(clock, limits, onTimeout);
}

function limitOf(ms: number | undefined): number {
  return ms === undefined || !(ms > 0) ? Infinity : ms;
}

class AttemptTimers implements PhaseTimers {
  readonly #clock: Clock;
  readonly #onTimeout: (phase: ErrorPhase) => void;
  readonly #connectAtMs: number;
  readonly #firstContentAtMs: number;
  readonly #idleMs: number;
  readonly #totalAtMs: number;
  #phase: ErrorPhase = 'connect';
  #progressAtMs = 0;
  #paused = false;
  #stopped = false;
  #timer: unknown;
  #armedForMs = Infinity;

  constructor(clock: Clock, limits: PhaseLimits, onTimeout: (phase: ErrorPhase) => void) {
    this.#clock = clock;
    this.#onTimeout = onTimeout;
    const startMs = clock.now();
    this.#connectAtMs = startMs + limitOf(limits.connectMs);
    this.#firstContentAtMs = startMs + limitOf(limits.firstContentMs);
    this.#idleMs = limitOf(limits.idleMs);
    this.#totalAtMs = startMs + limitOf(limits.totalMs);
    this.#arm();
  }

  connected(): void {
    if (this.#phase === 'connect') this.#phase = 'headers';
  }

  head(): void {
    if (this.#phase === 'connect' || this.#phase === 'headers') this.#phase = 'first-content';
  }

  content(): void {
    this.#progressAtMs = this.#clock.now();
    if (this.#phase === 'content') return;
    this.#phase = 'content';
    this.#arm();
  }

  progress(): void {
    this.#progressAtMs = this.#clock.now();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#progressAtMs = this.#clock.now();
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
  }

  #phaseDeadlineMs(): number {
    switch (this.#phase) {
      case 'connect':
        return Math.min(this.#connectAtMs, this.#firstContentAtMs);
      case 'content':
        return this.#paused ? Infinity : this.#progressAtMs + this.#idleMs;
      default:
        // A reader that does not take the first bytes is no silent vendor.
        return this.#paused ? Infinity : this.#firstContentAtMs;
    }
  }

  #arm(): void {
    if (this.#stopped) return;
    const dueMs = Math.min(this.#phaseDeadlineMs(), this.#totalAtMs);
    if (this.#timer !== undefined) {
      if (this.#armedForMs <= dueMs) return;
      this.#clock.clear(this.#timer);
      this.#timer = undefined;
    }
    this.#armedForMs = dueMs;
    if (dueMs === Infinity) return;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.now()), () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    this.#armedForMs = Infinity;
    if (this.#stopped) return;
    const nowMs = this.#clock.now();
    // The phase's own limit names the culprit better than the total.
    const phase = nowMs >= this.#phaseDeadlineMs() ? this.#phase : nowMs >= this.#totalAtMs ? 'total' : undefined;
    if (phase === undefined) return this.#arm();
    this.stop();
    this.#onTimeout(phase);
  }
}
