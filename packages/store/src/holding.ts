import type { AttemptRecord } from '@standin/core/spec/errors';
import type { MoneyLimits, Refusal } from './limit-types.ts';
import { usdText } from './money.ts';
import type { Purse } from './purse.ts';

/** So much of something at most, and so much as a rule. */
export interface Amount {
  readonly worst: number;
  readonly expected: number;
}

/** What one target may take. `usd`, in nano-USD, is absent when its price is not known. */
export interface Cost {
  readonly usd?: Amount;
  readonly tokens: Amount;
}

/** What an attempt took. */
export interface Spent {
  readonly nanoUsd: number;
  readonly tokens: number;
}

/** A limit of one scope in one period. */
export interface Limit {
  readonly scope: string;
  /** For people: `key "ci"`, `openai.main`, `all keys`. */
  readonly title: string;
  readonly unit: 'day' | 'month';
  readonly period: string;
  readonly measure: 'usd' | 'tokens';
  /** Nano-USD or tokens. */
  readonly most: number;
  readonly isSoft: boolean;
}

interface Held {
  readonly purse: Purse;
  readonly measure: Limit['measure'];
  readonly amount: number;
  /** Only attempts at this entry count. */
  readonly entry?: string;
}

/** What one call holds in the purses of all its limits. */
export interface Holding {
  /** Unix milliseconds. */
  readonly now: number;
  readonly warnings: readonly string[];
  /** Reserves in all of them or in none. Only attempts at `entry` will count, when it is given. */
  hold(limits: readonly Limit[], cost: Cost, entry?: string): Refusal | undefined;
  settle(attempts: readonly AttemptRecord[], spentOf: (attempt: AttemptRecord) => Spent): void;
  /** The call is not made. */
  release(): void;
}

/** `warnShare`: of a limit, from which it is told of. */
export function createHolding(purseOf: (limit: Limit) => Purse, now: number, warnShare: number): Holding {
  return new CallHolding(purseOf, now, warnShare);
}

const NO_WARNINGS: readonly string[] = [];

/** A class, not closures: one is made for every call that something limits. */
class CallHolding implements Holding {
  readonly now: number;
  readonly #purseOf: (limit: Limit) => Purse;
  readonly #warnShare: number;
  readonly #holds: Held[] = [];
  #warnings: string[] | undefined;

  constructor(purseOf: (limit: Limit) => Purse, now: number, warnShare: number) {
    this.now = now;
    this.#purseOf = purseOf;
    this.#warnShare = warnShare;
  }

  get warnings(): readonly string[] {
    return this.#warnings ?? NO_WARNINGS;
  }

  hold(limits: readonly Limit[], cost: Cost, entry?: string): Refusal | undefined {
    const before = this.#holds.length;
    for (const limit of limits) {
      const purse = this.#purseOf(limit);
      const spent = purse.used - purse.reserved;
      const most = limit.isSoft ? Number.POSITIVE_INFINITY : limit.most;
      const { worst, expected } = (limit.measure === 'usd' ? cost.usd : cost.tokens) ?? NOTHING;
      const amount = purse.reserve(worst, expected, most);
      if (amount === undefined) {
        const refusal = overBudget(limit, purse, expected, this.now);
        endHolds(this.#holds.splice(before), nothingSpent);
        return refusal;
      }
      this.#holds.push({ purse, measure: limit.measure, amount, entry });
      if (spent >= limit.most * this.#warnShare) (this.#warnings ??= []).push(warningOf(limit, spent));
    }
    return undefined;
  }

  settle(attempts: readonly AttemptRecord[], spentOf: (attempt: AttemptRecord) => Spent): void {
    const spent = attempts.map(spentOf);
    endHolds(this.#holds, ({ entry, measure }) => {
      let sum = 0;
      for (const [at, one] of spent.entries()) {
        if (entry !== undefined && attempts[at]?.provider !== entry) continue;
        sum += measure === 'usd' ? one.nanoUsd : one.tokens;
      }
      return sum;
    });
  }

  release(): void {
    endHolds(this.#holds.splice(0), nothingSpent);
  }
}

const nothingSpent = (): number => 0;

function endHolds(list: readonly Held[], spentOf: (held: Held) => number): void {
  let failed: unknown;
  // Every one of them, although the journal may refuse one.
  for (const held of list) {
    try {
      held.purse.settle(held.amount, spentOf(held));
    } catch (error) {
      failed = error;
    }
  }
  if (failed !== undefined) throw failed;
}

/** Limits of the day by their rules: a caller's every call asks for the same ones. */
const known = new WeakMap<MoneyLimits, { readonly scope: string; readonly day: number; readonly list: Limit[] }>();
const DAY_MS = 86_400_000;

/** Days and months are UTC. */
export function limitsOf(
  scope: string,
  title: string,
  limits: MoneyLimits,
  now: number,
  isSoft: boolean,
): readonly Limit[] {
  const day = Math.floor(now / DAY_MS);
  const before = known.get(limits);
  if (before?.day === day && before.scope === scope && before.list.every((one) => one.isSoft === isSoft))
    return before.list;
  const date = new Date(now).toISOString();
  const list: Limit[] = [];
  const add = (unit: Limit['unit'], measure: Limit['measure'], most: number | undefined): void => {
    if (most === undefined) return;
    const period = date.slice(0, unit === 'day' ? 10 : 7);
    // Money and tokens of one scope are two accounts of the journal.
    list.push({ scope: measure === 'usd' ? scope : `tokens:${scope}`, title, isSoft, unit, period, measure, most });
  };
  add('day', 'usd', limits.dayNanoUsd);
  add('month', 'usd', limits.monthNanoUsd);
  add('day', 'tokens', limits.dayTokens);
  add('month', 'tokens', limits.monthTokens);
  known.set(limits, { scope, day, list });
  return list;
}

export function endOf(unit: 'day' | 'month', now: number): number {
  const at = new Date(now);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  return unit === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
}

const BUSY_WAIT_MS = 1_000;
const NOTHING: Amount = { worst: 0, expected: 0 };

function overBudget(limit: Limit, purse: Purse, expected: number, now: number): Refusal {
  const { unit, most } = limit;
  const amount = textOf(limit);
  // What others reserved may come back in a moment.
  const isBusy = purse.reserved > 0 && purse.used - purse.reserved + expected <= most;
  const message = isBusy
    ? `The budget of ${amount} is reserved by calls under way.`
    : `The budget of ${amount} is used up; it begins anew at ${new Date(endOf(unit, now)).toISOString()}.`;
  const retryAfterMs = isBusy ? BUSY_WAIT_MS : endOf(unit, now) - now;
  return { status: 429, code: 'budget_exceeded', message, retryAfterMs, shouldRetry: isBusy };
}

function warningOf(limit: Limit, used: number): string {
  const share = limit.most === 0 ? 100 : Math.floor((used / limit.most) * 100);
  return `${share}% of ${textOf(limit)}`;
}

function textOf({ measure, most, unit, title }: Limit): string {
  return `${measure === 'usd' ? `${shortUsd(most)} USD` : `${most} tokens`} per ${unit} for ${title}`;
}

function shortUsd(nanoUsd: number): string {
  return usdText(nanoUsd).replace(/0+$/, '').replace(/\.$/, '');
}
