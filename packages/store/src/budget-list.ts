import { endOf, limitsOf, type Limit } from './holding.ts';
import type { KeyRecord } from './keys.ts';
import type { BudgetAction, BudgetRules, BudgetState, MoneyLimits } from './limit-types.ts';

/** Every limit of the period that `now` (Unix milliseconds) is in. `usedOf`: nano-USD or tokens. */
export function listBudgets(
  budgets: BudgetRules,
  keys: readonly KeyRecord[],
  now: number,
  usedOf: (limit: Limit) => number,
): readonly BudgetState[] {
  const { action: usual = 'reject', perProvider = {}, perAgent = {} } = budgets;
  const list = (scope: string, title: string, limits: MoneyLimits, action: BudgetAction = usual): BudgetState[] =>
    limitsOf(scope, title, limits, now, false).map((limit) => {
      const { unit, period, measure, most } = limit;
      const used = Math.max(0, usedOf(limit));
      return { scope, title, unit, period, measure, most, used, action, resetsAt: endOf(unit, now) };
    });
  return [
    ...list('all', 'everything together', budgets),
    ...Object.entries(perProvider).flatMap(([entry, rules]) => list(`entry:${entry}`, entry, rules, rules.action)),
    ...Object.entries(perAgent).flatMap(([agent, rules]) =>
      list(`agent:${agent}`, `the agent "${agent}"`, rules, rules.action),
    ),
    ...keys
      .filter((key) => key.revokedAt === undefined)
      .flatMap((key) => list(`key:${key.id}`, `the key "${key.name}"`, key, key.soft === true ? 'warn' : 'reject')),
  ];
}
