import type { Clock } from '@standin/core/spec/clock';
import { RateModel } from './rate-model.ts';

export interface PaceOptions {
  readonly clock: Clock;
  /** Most calls under way at once. */
  readonly concurrency: number;
  /** A known limit, in calls per second; absent: it is learned from the vendors' 429s. */
  readonly perSecond?: number;
}

/** Doubled every half second until something is refused. */
const FIRST_PER_SECOND = 20;
/** Shortest and longest wait after a 429 that names none, milliseconds; doubled while nothing is accepted. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** A vendor's word is believed up to here. */
const LONGEST_ASKED_WAIT_MS = 15 * 60_000;

/**
 * When the next call may begin. The number under way is bounded and shrinks while vendors are overloaded; the rate is
 * learned from 429s, so that a batch runs at a vendor's limit and not against it.
 */
export class Pace {
  readonly #clock: Clock;
  #most: number;
  readonly #rate: RateModel;
  /** Calls that may be under way now; falls on overload, grows again with answers. */
  #window: number;
  #underWay = 0;
  #blockedUntil = -Infinity;
  #waitMs = FIRST_WAIT_MS;
  #shrunkAt = -Infinity;
  #queue: (() => void)[] = [];
  #timer: unknown;

  constructor({ clock, concurrency, perSecond }: PaceOptions) {
    this.#clock = clock;
    this.#most = concurrency;
    this.#window = concurrency;
    this.#rate = new RateModel(clock.now(), perSecond ?? FIRST_PER_SECOND, perSecond !== undefined);
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Calls per second that are sent at most now; `undefined`: no limit was met yet. */
  get perSecond(): number | undefined {
    return this.#rate.perSecond;
  }

  /** Another bound of the calls under way at once; 0: none begins for now. */
  set concurrency(most: number) {
    const isFull = this.#window >= this.#most;
    this.#most = most;
    this.#window = isFull ? most : Math.min(most, Math.max(1, this.#window));
    this.#next();
  }

  /** Resolves when a call may begin; every one must be followed by `ended`. Rejects when the signal aborts. */
  begin(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortError());
      const enter = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#queue = this.#queue.filter((one) => one !== enter);
        reject(abortError());
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.push(enter);
      this.#next();
    });
  }

  /** A call that began is over, however it ended. */
  ended(): void {
    this.#underWay -= 1;
    this.#next();
  }

  /** A vendor answered. */
  accepted(): void {
    this.#waitMs = FIRST_WAIT_MS;
    this.#window = Math.min(this.#most, this.#window + 1 / Math.max(1, this.#window));
    this.#rate.accepted(this.#clock.now());
  }

  /** A vendor said 429 to an attempt that began at `startedAt` (clock). */
  limited(startedAt: number, retryAfterMs?: number): void {
    const now = this.#clock.now();
    if (retryAfterMs === undefined && startedAt >= this.#blockedUntil)
      this.#waitMs = Math.min(LONGEST_WAIT_MS, this.#waitMs * 2);
    const waitMs = Math.min(LONGEST_ASKED_WAIT_MS, retryAfterMs ?? this.#waitMs / 2);
    this.#blockedUntil = Math.max(this.#blockedUntil, now + waitMs);
    this.#rate.limited(startedAt, now, this.#blockedUntil);
    this.#next();
  }

  /** A vendor is overloaded or out of order: fewer at once. */
  overloaded(startedAt: number): void {
    // Calls that were under way together tell of one trouble.
    if (startedAt < this.#shrunkAt) return;
    this.#shrunkAt = this.#clock.now();
    this.#window = Math.max(1, this.#window * 0.7);
  }

  #next(): void {
    if (this.#timer !== undefined) {
      this.#clock.clear(this.#timer);
      this.#timer = undefined;
    }
    while (this.#queue.length > 0 && this.#underWay < Math.min(this.#most, Math.max(1, Math.floor(this.#window)))) {
      const now = this.#clock.now();
      const waitMs = Math.max(this.#blockedUntil - now, this.#rate.waitMs(now));
      if (waitMs > 0) {
        this.#timer = this.#clock.after(waitMs, () => {
          this.#timer = undefined;
          this.#next();
        });
        return;
      }
      this.#rate.sent(now);
      this.#underWay += 1;
      this.#queue.shift()?.();
    }
  }
}

function abortError(): Error {
  return new DOMException('The batch was stopped.', 'AbortError');
}
