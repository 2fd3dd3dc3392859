import { join } from 'node:path';
import { z } from 'zod';
import {
  changeKeyRights,
  createKey,
  KeyNameTaken,
  revokeKey,
  type KeyRecord,
  type KeyRights,
} from '@standin/store/keys';
import type { BudgetState } from '@standin/store/limit-types';
import { nanoOfUsd, usdText } from '@standin/store/money';
import type { GatewayContext } from '../../exchange.ts';
import type { AdminContext } from '../context.ts';
import { AdminError, adminRoute, unavailable, type AdminRoute } from '../route.ts';
import { nothing, text, timeMs, usd } from '../schemas.ts';

const whole = z.int().min(1).max(1_000_000_000_000);
const money = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,9})?$/, 'it must be an amount in USD, such as "2.50"')
  .transform((given) => nanoOfUsd(Number(given)))
  .describe('USD');

const LIMITS = z.strictObject({
  models: z.array(z.string().min(1).max(200)).min(1).max(200).nullish(),
  rpm: whole.nullish(),
  tpm: whole.nullish(),
  parallel: whole.nullish(),
  budgetDayUsd: money.nullish(),
  budgetMonthUsd: money.nullish(),
  soft: z.boolean().optional(),
});

const KEY = z.strictObject({
  id: text,
  name: text,
  createdAt: timeMs,
  revokedAt: timeMs.nullable(),
  models: z.array(text).nullable(),
  rpm: z.number().nullable(),
  tpm: z.number().nullable(),
  parallel: z.number().nullable(),
  budgetDayUsd: usd.nullable(),
  budgetMonthUsd: usd.nullable(),
  soft: z.boolean(),
  admin: z.boolean(),
  usedDayUsd: usd.nullable(),
  usedMonthUsd: usd.nullable(),
});

export const KEY_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/keys',
    summary: 'The virtual keys with their limits; never the keys themselves.',
    answers: { 200: z.strictObject({ data: z.array(KEY), required: z.boolean() }) },
    errors: { 404: 'This gateway has no keys.' },
    run({ admin, context }) {
      const keys = keyringOf(admin);
      keys.refresh();
      const list = keys.list();
      const budgets = context.accounting?.limits?.state?.(list).budgets ?? [];
      return { body: { data: list.map((key) => shown(key, budgets)), required: keys.required } };
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/keys',
    summary: 'Makes a key; it is told this once. With the first one, every caller is asked for a key.',
    body: LIMITS.extend({ name: z.string().trim().min(1).max(100), admin: z.boolean().optional() }),
    answers: { 201: z.strictObject({ key: text, record: KEY, firstKey: z.boolean() }) },
    errors: { 404: 'This gateway has no keys.', 409: 'A valid key has that name.' },
    run({ admin, body, context }) {
      const keys = keyringOf(admin);
      const firstKey = !keys.required;
      const given = { ...rightsOf(body), ...(body.admin === true ? { admin: true } : {}) };
      const now = context.clock.wallMs();
      try {
        const { key, record } = createKey(keysPath(admin), { ...given, name: body.name, now });
        keys.refresh();
        context.log('info', 'A key was made', { key: record.id, name: record.name });
        return { status: 201, body: { key, record: shown(record, []), firstKey } };
      } catch (error) {
        if (error instanceof KeyNameTaken) throw new AdminError(409, 'name_taken', error.message);
        throw error;
      }
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/keys/{id}/limits',
    summary: 'Replaces what a key may do; what is left out is not limited.',
    body: LIMITS,
    answers: { 200: z.strictObject({ record: KEY }) },
    run({ admin, body, parameter, context }) {
      const keys = keyringOf(admin);
      return changed(changeKeyRights(keysPath(admin), parameter, rightsOf(body)), parameter, context, keys);
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/keys/{id}/revoke',
    summary: 'Revokes a key; callers that present it are refused from now on.',
    body: nothing,
    answers: { 200: z.strictObject({ record: KEY }) },
    run({ admin, parameter, context }) {
      const keys = keyringOf(admin);
      const isId = keys.list().some(({ id }) => id === parameter);
      const record = isId ? revokeKey(keysPath(admin), parameter, context.clock.wallMs()) : undefined;
      return changed(record, parameter, context, keys);
    },
  }),
];

function keysPath({ options }: AdminContext): string {
  return join(options.home, 'keys.json');
}

function keyringOf({ keys }: AdminContext): NonNullable<AdminContext['keys']> {
  if (keys === undefined) throw unavailable('keys');
  return keys;
}

function changed(
  record: KeyRecord | undefined,
  id: string,
  { log, accounting }: GatewayContext,
  keys: NonNullable<AdminContext['keys']>,
) {
  if (record === undefined) throw new AdminError(404, 'not_found', `There is no valid key "${id.slice(0, 40)}".`);
  keys.refresh();
  log('info', 'A key was changed', { key: record.id, name: record.name, revoked: record.revokedAt !== undefined });
  const budgets = accounting?.limits?.state?.([record]).budgets ?? [];
  return { body: { record: shown(record, budgets) } };
}

function rightsOf(body: z.output<typeof LIMITS>): KeyRights {
  const { models, rpm, tpm, parallel, budgetDayUsd, budgetMonthUsd, soft } = body;
  const all = {
    models: models ?? undefined,
    requestsPerMinute: rpm ?? undefined,
    tokensPerMinute: tpm ?? undefined,
    parallel: parallel ?? undefined,
    dayNanoUsd: budgetDayUsd ?? undefined,
    monthNanoUsd: budgetMonthUsd ?? undefined,
    soft: soft === true ? true : undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function shown(key: KeyRecord, budgets: readonly BudgetState[]): z.output<typeof KEY> {
  const asUsd = (nano: number | undefined): string | null => (nano === undefined ? null : usdText(nano));
  const used = (unit: BudgetState['unit']): string | null =>
    asUsd(budgets.find((one) => one.scope === `key:${key.id}` && one.unit === unit && one.measure === 'usd')?.used);
  return {
    id: key.id,
    name: key.name,
    createdAt: key.createdAt,
    revokedAt: key.revokedAt ?? null,
    models: key.models === undefined ? null : [...key.models],
    rpm: key.requestsPerMinute ?? null,
    tpm: key.tokensPerMinute ?? null,
    parallel: key.parallel ?? null,
    budgetDayUsd: asUsd(key.dayNanoUsd),
    budgetMonthUsd: asUsd(key.monthNanoUsd),
    soft: key.soft === true,
    admin: key.admin === true,
    usedDayUsd: used('day'),
    usedMonthUsd: used('month'),
  };
}
