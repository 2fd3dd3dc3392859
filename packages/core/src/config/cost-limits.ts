import { issueAt, type PrepareContext } from './prepare.ts';
import type { BudgetFields } from './schema/accounts.ts';
import type { ConfigDocument } from './schema/root.ts';

const ACTIONS = { warn: 'warn', block: 'reject', route_down: 'reject' } as const;

/**
 * The limits of ZeroClaw's `[cost]` as `[budgets]`; what `[budgets]` says itself wins. Only limits that are stated hold:
 * ZeroClaw's defaults (10 USD a day, 100 a month, warnings only) do not.
 */
export function withCostLimits(document: ConfigDocument, context: PrepareContext): ConfigDocument {
  const { cost, budgets = {} } = document;
  if (cost === undefined) return document;
  const { enabled, daily_limit_usd: daily, monthly_limit_usd: monthly, warn_at_percent: warnAt, enforcement } = cost;
  if (enabled === false || (daily === undefined && monthly === undefined)) return document;
  const mode = enforcement?.mode ?? 'warn';
  if (mode === 'route_down' && budgets.action === undefined) {
    const message = 'no cheaper model is asked at a limit: the call is refused';
    const next = 'limit the dear entry alone: [budgets.per_provider."<type>.<alias>"] with action = "fallback"';
    issueAt(context, ['cost', 'enforcement', 'mode'], 'warning', message, next);
  }
  const stated: BudgetFields = {
    ...(daily === undefined ? {} : { daily_usd: daily }),
    ...(monthly === undefined ? {} : { monthly_usd: monthly }),
    ...(warnAt === undefined ? {} : { warn_at_percent: warnAt }),
    action: ACTIONS[mode],
  };
  return { ...document, budgets: { ...stated, ...budgets } };
}
