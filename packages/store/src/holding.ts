import type { AttemptRecord } from '@standin/core/spec/errors';
import type { MoneyLimits, Refusal } from './limit-types.ts';
import { usdText } from './money.ts';
import type { Purse } from './purse.ts';

/** What one target may cost, nano-USD. */
export interface Cost {
  readonly worst: number;
  readonly expected: number;
}

/** A limit of one scope in one period. */
export interface Limit {
  readonly scope: string;
  /** For people: `key "ci"`, `openai.main`, `all keys`. */
  readonly title: string;
  readonly unit: 'day' | 'month';
  readonly period: string;
  readonly nanoUsd: number;
  readonly isSoft: boolean;
}

interface Held {
  readonly purse: Purse;
  readonly amount: number;
  /** Only attempts at this entry count. */
  readonly entry?: string;
}

/** A limit is told of from here on. */
const WARN_SHARE = 0.8;

/** What one call holds in the purses of all its limits. */
export interface Holding {
  /** Unix milliseconds. */
  readonly now: number;
  readonly warnings: readonly string[];
  /** Reserves in all of them or in none. Only attempts at `entry` will count, when it is given. */
  hold(limits: readonly Limit[], cost: Cost, entry?: string): Refusal | undefined;
  settle(attempts: readonly AttemptRecord[], spentOf: (attempt: AttemptRecord) => number): void;
  /** The call is not made. */
  release(): void;
}

export function createHolding(purseOf: (limit: Limit) => Purse, now: number): Holding {
  const holds: Held[] = [];
  const warnings: string[] = [];
  const end = (list: readonly Held[], spentOf: (held: Held) => number): void => {
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
  };
  return {
    now,
    warnings,
    hold(limits, cost, entry) {
      const before = holds.length;
      for (const limit of limits) {
        const purse = purseOf(limit);
        const spent = purse.used - purse.reserved;
        const most = limit.isSoft ? Number.POSITIVE_INFINITY : limit.nanoUsd;
        const amount = purse.reserve(cost.worst, cost.expected, most);
        if (amount === undefined) {
          const refusal = overBudget(limit, purse, cost, now);
          end(holds.splice(before), () => 0);
          return refusal;
        }
        holds.push({ purse, amount, entry });
        if (spent >= limit.nanoUsd * WARN_SHARE) warnings.push(warningOf(limit, spent));
      }
      return undefined;
    },
    settle(attempts, spentOf) {
      const spent = attempts.map(spentOf);
      const sumOf = ({ entry }: Held): number =>
        spent.reduce((sum, one, at) => (entry === undefined || attempts[at]?.provider === entry ? sum + one : sum), 0);
      end(holds, sumOf);
    },
    release: () => end(holds.splice(0), () => 0),
  };
}

/** Days and months are UTC. */
export function limitsOf(scope: string, title: string, limits: MoneyLimits, now: number, isSoft: boolean): Limit[] {
  const date = new Date(now).toISOString();
  const list: Limit[] = [];
  const { dayNanoUsd, monthNanoUsd } = limits;
  const common = { scope, title, isSoft };
  if (dayNanoUsd !== undefined) list.push({ ...common, unit: 'day', period: date.slice(0, 10), nanoUsd: dayNanoUsd });
  if (monthNanoUsd !== undefined)
    list.push({ ...common, unit: 'month', period: date.slice(0, 7), nanoUsd: monthNanoUsd });
  return list;
}

function endOf(unit: 'day' | 'month', now: number): number {
  const at = new Date(now);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  return unit === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
}

const BUSY_WAIT_MS = 1_000;

function overBudget(limit: Limit, purse: Purse, cost: Cost, now: number): Refusal {
  const { title, unit, nanoUsd } = limit;
  const amount = `${shortUsd(nanoUsd)} USD per ${unit} for ${title}`;
  // What others reserved may come back in a moment.
  const isBusy = purse.reserved > 0 && purse.used - purse.reserved + cost.expected <= nanoUsd;
  const message = isBusy
    ? `The budget of ${amount} is reserved by calls under way.`
    : `The budget of ${amount} is used up; it begins anew at ${new Date(endOf(unit, now)).toISOString()}.`;
  const retryAfterMs = isBusy ? BUSY_WAIT_MS : endOf(unit, now) - now;
  return { status: 429, code: 'budget_exceeded', message, retryAfterMs, shouldRetry: isBusy };
}

function warningOf({ title, unit, nanoUsd }: Limit, used: number): string {
  const share = nanoUsd === 0 ? 100 : Math.floor((used / nanoUsd) * 100);
  return `${share}% of ${shortUsd(nanoUsd)} USD per ${unit} for ${title}`;
}

function shortUsd(nanoUsd: number): string {
  return usdText(nanoUsd).replace(/0+$/, '').replace(/\.$/, '');
}
