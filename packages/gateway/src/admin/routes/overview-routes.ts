import { z } from 'zod';
import { describeTarget, PLAN_TARGET } from '../targets.ts';
import { adminRoute, type AdminRoute } from '../route.ts';
import { count, ms, text, timeMs } from '../schemas.ts';
import { unreadyReason } from '../../health-route.ts';

const STATUS = z.strictObject({
  version: text,
  startedAt: timeMs,
  now: timeMs,
  uptimeMs: ms,
  ready: z.boolean(),
  reason: text.nullable(),
  openCalls: count,
  workers: count,
  config: z.strictObject({ file: text, loadedAt: text, refused: text.nullable() }).nullable(),
  ledger: z.boolean(),
  content: z.boolean().describe('messages are kept with the records'),
  keysRequired: z.boolean(),
  simulated: z.boolean().describe('the answers are made up by simulated vendors'),
});

export const OVERVIEW_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/status',
    summary: 'What runs here, since when, and whether it can answer.',
    answers: { 200: STATUS },
    run({ admin, context }) {
      const now = context.clock.wallMs();
      const reason = unreadyReason(context);
      const { version, workers = 1, simulated = false } = admin.options;
      const state = context.configState();
      const config =
        state === undefined
          ? null
          : {
              file: wordsIn(state['file']) ?? '',
              loadedAt: wordsIn(state['loaded_at']) ?? '',
              refused: wordsIn(state['refused']),
            };
      const { ledger } = context.operations;
      return {
        body: {
          version,
          startedAt: context.startedAtMs,
          now,
          uptimeMs: Math.max(0, now - context.startedAtMs),
          ready: reason === undefined,
          reason: reason ?? null,
          openCalls: context.underWay.size,
          workers,
          config,
          ledger: ledger !== undefined,
          content: context.accounting?.contentBytes !== undefined,
          keysRequired: admin.keys?.required === true,
          simulated,
        },
      };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/plan',
    summary: 'The walk that a model name yields: targets in order, keys as fingerprints.',
    query: z.strictObject({ model: text.max(500).optional() }),
    answers: {
      200: z.strictObject({ requestedModel: text, targets: z.array(PLAN_TARGET), warnings: z.array(text) }),
    },
    errors: { 404: 'No route has that name.' },
    run({ context, query }) {
      const plan = context.getStandin().plan(query.model);
      return {
        body: {
          requestedModel: plan.requestedModel,
          targets: plan.targets.map(describeTarget),
          warnings: [...plan.warnings],
        },
      };
    },
  }),
];

function wordsIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
