import { z } from 'zod';
import type { BudgetState } from '@standin/store/limit-types';
import { usdText } from '@standin/store/money';
import { gapsSince, USAGE_GROUPS } from '@standin/store/query';
import { adminRoute, unavailable, type AdminRoute } from '../route.ts';
import { count, instant, text, timeMs, usd } from '../schemas.ts';
import { writeWaiting } from './request-routes.ts';

const USAGE = z.strictObject({
  name: text.nullable(),
  requests: count,
  failed: count,
  attempts: count,
  input_tokens: z.number(),
  output_tokens: z.number(),
  cache_read_tokens: z.number(),
  cost_nano_usd: z.number(),
  cost_usd: usd,
  unknown_cost: count,
  unknown_usage: count,
});

const BUDGET = z.strictObject({
  scope: text.describe('all, entry:<type>.<alias>, agent:<alias> or key:<id>'),
  title: text,
  unit: z.enum(['day', 'month']),
  period: text,
  measure: z.enum(['usd', 'tokens']),
  limitUsd: usd.nullable(),
  usedUsd: usd.nullable().describe('with what calls under way have reserved'),
  leftUsd: usd.nullable(),
  limitTokens: z.number().nullable(),
  usedTokens: z.number().nullable(),
  leftTokens: z.number().nullable(),
  action: text,
  resetsAt: timeMs,
});

export const SPEND_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/usage',
    access: 'inspect',
    summary: 'Tokens and cost from the ledger, by model, provider, key, agent or day.',
    query: z.strictObject({
      by: z.enum(USAGE_GROUPS).optional(),
      since: instant.optional(),
      until: instant.optional(),
    }),
    answers: { 200: z.strictObject({ by: z.enum(USAGE_GROUPS), data: z.array(USAGE) }) },
    errors: { 404: 'There is no ledger.' },
    async run({ context, query }) {
      const { ledger } = context.operations;
      if (ledger === undefined) throw unavailable('a ledger');
      const { by = 'model', since, until } = query;
      writeWaiting(ledger);
      const rows = await ledger.reader.ask('usageBy', by, since, until);
      return { body: { by, data: rows.map((row) => ({ ...row, cost_usd: usdText(row.cost_nano_usd) })) } };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/budgets',
    summary: 'Every limit per day and month with what is used and left of it, and what the record is known to lack.',
    answers: {
      200: z.strictObject({
        data: z.array(BUDGET),
        unknownPrice: z.enum(['allow', 'refuse']),
        gaps: z.strictObject({ droppedRequests: count, droppedAttempts: count, unclean: count }),
      }),
    },
    run({ context, admin }) {
      const { ledger } = context.operations;
      const { budgets = [], unknownPrice = 'allow' } =
        context.accounting?.limits?.state?.(admin.keys?.list() ?? []) ?? {};
      return {
        body: {
          data: budgets.map(shownBudget),
          unknownPrice,
          gaps: ledger === undefined ? NO_GAPS : { ...gapsSince(ledger.db) },
        },
      };
    },
  }),
];

function shownBudget({ measure, most, used, ...one }: BudgetState): z.output<typeof BUDGET> {
  const left = Math.max(0, most - used);
  const ofMoney = measure === 'usd';
  return {
    ...one,
    measure,
    limitUsd: ofMoney ? usdText(most) : null,
    usedUsd: ofMoney ? usdText(used) : null,
    leftUsd: ofMoney ? usdText(left) : null,
    limitTokens: ofMoney ? null : most,
    usedTokens: ofMoney ? null : used,
    leftTokens: ofMoney ? null : left,
  };
}

const NO_GAPS = { droppedRequests: 0, droppedAttempts: 0, unclean: 0 };
