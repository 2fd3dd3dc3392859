import { z } from 'zod';

import { field, foreignKeys } from './meta.ts';

const usd = z.number().min(0).max(1_000_000_000);
const action = z.enum(['reject', 'fallback', 'warn']);

const tokens = z.int().min(0).max(1_000_000_000_000);

const money = {
  daily_usd: field(usd, { description: 'Most USD per day (UTC).', example: '10.0' }),
  monthly_usd: field(usd, { description: 'Most USD per month (UTC).', example: '100.0' }),
  daily_tokens: field(tokens, { description: 'Most tokens per day (UTC), input and output together.' }),
  monthly_tokens: field(tokens, { description: 'Most tokens per month (UTC), input and output together.' }),
};

const scope = z.strictObject({
  ...money,
  action: field(action, { description: 'At this limit.', defaultText: 'the one of [budgets]' }),
});

/** `[budgets]`. */
export const budgetsSchema = z.strictObject({
  ...money,
  action: field(action, {
    description: 'At a limit: refuse the call, go on to targets with money left (limits of a provider), or only warn.',
    defaultText: 'reject',
  }),
  warn_at_percent: field(z.number().min(0).max(100), {
    description: 'Share of a limit from which answers carry a warning.',
    defaultText: '80',
  }),
  unknown_price: field(z.enum(['allow', 'refuse']), {
    description: 'Whether a model without a known price may be asked where money is limited.',
    defaultText: 'allow',
  }),
  per_provider: field(z.record(z.string().min(1), scope), {
    description: 'Limits of single entries: `[budgets.per_provider."<type>.<alias>"]`.',
  }),
  per_agent: field(z.record(z.string().min(1), scope), {
    description: 'Limits of what is asked of an agent: `[budgets.per_agent.<alias>]`.',
  }),
});

/** `[cost]` of a ZeroClaw file: what it limits holds as `[budgets]`, which wins where both say something. */
export const costSchema = z.strictObject({
  enabled: field(z.boolean(), { description: 'Whether the limits of this section hold.', defaultText: 'true' }),
  daily_limit_usd: field(usd, { description: "ZeroClaw's name of budgets.daily_usd.", example: '10.0' }),
  monthly_limit_usd: field(usd, { description: "ZeroClaw's name of budgets.monthly_usd.", example: '100.0' }),
  warn_at_percent: field(z.number().min(0).max(100), { description: "ZeroClaw's name of budgets.warn_at_percent." }),
  enforcement: field(
    z.strictObject({
      mode: field(z.enum(['warn', 'block', 'route_down']), {
        description:
          'At a limit: `warn` only warns, `block` refuses; `route_down` refuses too, no cheaper model is asked.',
        defaultText: 'warn',
      }),
      ...foreignKeys(['route_down_model', 'reserve_percent'], 'ZeroClaw'),
    }),
    { description: 'What happens at a limit.' },
  ),
  ...foreignKeys(['allow_override', 'track_per_agent', 'prices', 'rates'], 'ZeroClaw'),
});

/** `[ledger]`. */
export const ledgerSchema = z.strictObject({
  enabled: field(z.boolean(), {
    description: 'Keep a row of every request in `$STANDIN_HOME/ledger.db`. Budgets need it.',
    defaultText: 'true',
  }),
  keep_days: field(z.int().min(0).max(36_500), {
    description: 'Days that rows are kept; 0: for ever.',
    defaultText: '90',
  }),
  keep_rows: field(z.int().min(0), { description: 'Requests that are kept; 0: all.', defaultText: '1000000' }),
  vendor_messages: field(z.boolean(), {
    description: "Keep the vendors' own error messages, which may quote a prompt.",
    defaultText: 'false',
  }),
  content: field(z.boolean(), {
    description:
      'Keep what callers said and what they were answered, for the dashboard and `/api/requests/{id}/waterfall`.',
    defaultText: 'false',
  }),
  content_max_kb: field(z.int().min(1).max(10_240), {
    description: 'Most of each, request and answer, that is kept, KiB.',
    defaultText: '64',
  }),
});

export type CostFields = z.output<typeof costSchema>;
export type BudgetFields = z.output<typeof budgetsSchema>;
export type LedgerFields = z.output<typeof ledgerSchema>;
