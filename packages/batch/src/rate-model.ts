/** Until the first refusal the rate doubles in this time. */
const DOUBLING_MS = 500;
/** Far below the limit last seen the rate grows fast, from near it on slowly at first; shares per second. */
const GROWTH_FAR = 0.25;
const GROWTH_NEAR = 0.012;
/** Where a refusal costs a pause that is not given back. */
const GROWTH_NEAR_COSTLY = 0.000_5;
const COSTLY_PAUSE_MS = 500;
const GROWTH_BEYOND = 0.05;
const NEAR = 0.98;
/** The slow growth doubles with every such time that nothing is refused in: the limit may have been raised. */
const QUIET_MS = 10_000;
const CUT = 0.98;
/** Over what gets through, where refusals are cheap. */
const OVER = 1.02;
const DEEPEST_CUT = 0.5;
/** Between two refusals this far apart what got through is the limit itself. */
const BASELINE_MS = 3_000;
const FEWEST_SAMPLES = 20;
/** A pause shorter than this says little about the time in which a vendor counts. */
const SHORT_PAUSE_MS = 2_000;
/** Credit of a pause, in seconds of the rate: limits that count by the minute give back what a pause left unused. */
const LONGEST_CREDIT_S = 60;

/** Of the last so many outcomes, a smaller share of refusals than that is chance, where each costs next to nothing. */
const RECENT_OUTCOMES = 100;
const CHANCE_SHARE = 0.025;

const HISTORY_STEP_MS = 20;
const HISTORY_STEPS = 500;

interface Mark {
  readonly at: number;
  readonly accepted: number;
}

/**
 * A vendor's rate limit as far as it is known. The rate begins low and doubles until the first 429; from there it is
 * what got through between refusals, and creeps up to find the limit again. Pure; times are clock milliseconds.
 */
export class RateModel {
  readonly #isFixed: boolean;
  #perSecond: number;
  /** The rate at which the last refusal came; `Infinity`: there was none. */
  #ceiling = Infinity;
  /** Calls that may be sent at once; filled by the rate, up to `#mostCredit`. */
  #credit = 1;
  #mostCredit = 1;
  #creditAt: number;
  #accepted = 0;
  readonly #startedAt: number;
  /** Accepted calls at times of the last second. */
  #recent: Mark[] = [];
  #refusals: Mark[] = [];
  /** Whether the last calls were refused, since the last cut. */
  #outcomes: boolean[] = [];
  #refusedRecently = 0;
  /** The rate as it was: a refusal is about the rate at which its call was sent. */
  #history: { readonly at: number; readonly perSecond: number }[] = [];
  #cutAt = -Infinity;
  /** Until then credit of a pause was sent. */
  #burstUntil = -Infinity;
  #isCostly = false;
  #grownAt: number;

  /** `firstPerSecond`: where to begin; `fixed`: the limit is known and stays. */
  constructor(now: number, firstPerSecond: number, fixed = false) {
    this.#isFixed = fixed;
    this.#perSecond = firstPerSecond;
    this.#creditAt = now;
    this.#startedAt = now;
    this.#grownAt = now;
  }

  /** Calls per second; `undefined` until a limit was met. */
  get perSecond(): number | undefined {
    return this.#isFixed || this.#ceiling < Infinity ? this.#perSecond : undefined;
  }

  accepted(now: number): void {
    this.#accepted += 1;
    this.#note(false);
    while ((this.#recent[0]?.at ?? now) < now - 1_000) this.#recent.shift();
    if (this.#recent.length < 1_000) this.#recent.push({ at: now, accepted: this.#accepted });
  }

  #note(isRefused: boolean): void {
    this.#outcomes.push(isRefused);
    if (isRefused) this.#refusedRecently += 1;
    if (this.#outcomes.length > RECENT_OUTCOMES && this.#outcomes.shift() === true) this.#refusedRecently -= 1;
  }

  /** Milliseconds until the next call may be sent. */
  waitMs(now: number): number {
    this.#grow(now);
    this.#fill(now);
    return this.#credit >= 1 ? 0 : Math.max(0.01, ((1 - this.#credit) / this.#perSecond) * 1_000);
  }

  sent(now: number): void {
    this.#fill(now);
    if (this.#credit > 2) this.#burstUntil = now;
    this.#credit -= 1;
    if (now - (this.#history.at(-1)?.at ?? -Infinity) < HISTORY_STEP_MS) return;
    this.#history.push({ at: now, perSecond: this.#perSecond });
    if (this.#history.length > HISTORY_STEPS) this.#history.shift();
  }

  #rateAt(time: number): number {
    return (this.#history.findLast(({ at }) => at <= time) ?? this.#history[0])?.perSecond ?? this.#perSecond;
  }

  /** A refusal of a call that began at `startedAt`; nothing is sent before `blockedUntil`. */
  limited(startedAt: number, now: number, blockedUntil: number): void {
    // Calls that were under way when the last refusal came say nothing new.
    if (this.#isFixed || startedAt < this.#cutAt) return;
    this.#note(true);
    if (blockedUntil - now <= COSTLY_PAUSE_MS && this.#refusedRecently / this.#outcomes.length < CHANCE_SHARE) return;
    this.#outcomes = [];
    this.#refusedRecently = 0;
    const refusedAt = Math.min(this.#perSecond, this.#rateAt(startedAt));
    const isFirst = this.#ceiling === Infinity;
    const pauseMs = Math.max(0, blockedUntil - now);
    this.#isCostly = pauseMs > COSTLY_PAUSE_MS && this.#mostCredit < 2;
    const estimate = isFirst ? this.#firstEstimate(now, pauseMs) : this.#betweenRefusals(now, refusedAt);
    if (isFirst) {
      // A vendor that counts over a longer time refused the sum, not this rate.
      this.#ceiling = pauseMs >= SHORT_PAUSE_MS ? Math.max(estimate * 2, 0.1) : refusedAt;
    } else if (startedAt <= this.#burstUntil) {
      // This vendor does not give back what a pause left unused; of its rate that says little.
      this.#mostCredit = Math.max(1, this.#mostCredit / 2);
      this.#ceiling = Math.min(this.#ceiling, estimate * 1.2);
      // What was saved up lets more through than the rate for a while.
    } else this.#ceiling = Math.min(refusedAt, estimate * 1.06);
    // A refusal that costs next to nothing may come often: the limit itself is aimed at, and a little more.
    const aim = this.#isCostly || isFirst ? estimate : estimate * OVER;
    const most = this.#isCostly || isFirst ? refusedAt * CUT : refusedAt;
    this.#perSecond = Math.max(0.05, Math.min(most, Math.max(refusedAt * (isFirst ? 0 : DEEPEST_CUT), aim)));
    if (isFirst) this.#mostCredit = Math.max(1, Math.min(pauseMs / 1_000, LONGEST_CREDIT_S) * this.#perSecond);
    this.#refusals.push({ at: now, accepted: this.#accepted });
    if (this.#refusals.length > 64) this.#refusals.shift();
    this.#credit = 0;
    this.#creditAt = now;
    this.#cutAt = now;
    this.#grownAt = Math.max(now, blockedUntil);
  }

  /** What got through in the last second, or since the beginning where the vendor counts over a longer time. */
  #firstEstimate(now: number, pauseMs: number): number {
    if (pauseMs >= SHORT_PAUSE_MS) return this.#accepted / ((now + pauseMs - this.#startedAt) / 1_000);
    const inLastSecond = this.#recent.filter(({ at }) => at >= now - 1_000).length;
    // Half of it was not refused a doubling ago.
    return Math.max(inLastSecond / Math.min(1, Math.max(0.1, (now - this.#startedAt) / 1_000)), this.#perSecond / 2);
  }

  /** A vendor that refuses now and refused then took just what it takes in the time between. */
  #betweenRefusals(now: number, otherwise: number): number {
    const mark = this.#refusals.findLast(
      ({ at, accepted }) => now - at >= BASELINE_MS && this.#accepted - accepted >= FEWEST_SAMPLES,
    );
    return mark === undefined ? otherwise * 0.94 : (this.#accepted - mark.accepted) / ((now - mark.at) / 1_000);
  }

  #fill(now: number): void {
    const seconds = Math.max(0, now - this.#creditAt) / 1_000;
    this.#creditAt = Math.max(now, this.#creditAt);
    this.#credit = Math.min(this.#mostCredit, this.#credit + seconds * this.#perSecond);
  }

  #grow(now: number): void {
    if (this.#isFixed || now <= this.#grownAt) return;
    const elapsedMs = Math.min(1_000, now - this.#grownAt);
    this.#grownAt = now;
    const seconds = elapsedMs / 1_000;
    const near = this.#ceiling * NEAR;
    if (this.#ceiling === Infinity) this.#perSecond = Math.min(1e6, this.#perSecond * 2 ** (elapsedMs / DOUBLING_MS));
    else if (this.#perSecond < near) this.#perSecond = Math.min(near, this.#perSecond * (1 + GROWTH_FAR * seconds));
    else {
      const growth = (this.#isCostly ? GROWTH_NEAR_COSTLY : GROWTH_NEAR) * 2 ** ((now - this.#cutAt) / QUIET_MS);
      this.#perSecond *= 1 + Math.min(GROWTH_BEYOND, growth) * seconds;
    }
  }
}
