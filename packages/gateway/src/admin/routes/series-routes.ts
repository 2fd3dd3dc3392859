import { z } from 'zod';
import type { RequestRecord } from '@standin/core/route/record';
import { MINUTE_MS, type MinuteSums } from '@standin/store/minutes';
import { usdText } from '@standin/store/money';
import { sumOf } from '@standin/store/writer';
import { bucketOf, createTimes, quantilesOf } from '../live/times.ts';
import { adminRoute, type AdminRoute } from '../route.ts';
import { count, number, timeMs, usd } from '../schemas.ts';
import { writeWaiting } from './request-routes.ts';

const TIMES = z.strictObject({ p50: z.number(), p99: z.number() }).nullable();

const POINT = z.strictObject({
  at: timeMs.describe('beginning of the minute, Unix milliseconds'),
  requests: count,
  failed: count,
  rescued: count.describe('answered after an attempt had failed, or mended'),
  cached: count,
  inputTokens: z.number(),
  outputTokens: z.number(),
  costUsd: usd.describe('USD, the known part'),
  unknownCost: count,
  firstContentMs: TIMES,
});

const USUAL_MINUTES = 60;
const MOST_MINUTES = 1_440;
/** Rows that are read at most: more would keep callers waiting. */
const MOST_ROWS = 100_000;

export const SERIES_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/series',
    access: 'inspect',
    summary:
      'The last minutes, one point each, for charts: requests that ended in it, errors, rescues, tokens and cost.',
    query: z.strictObject({ minutes: number.optional().describe(`default ${USUAL_MINUTES}, at most ${MOST_MINUTES}`) }),
    answers: {
      200: z.strictObject({
        stepMs: z.literal(MINUTE_MS),
        from: timeMs.describe(
          'before it nothing is known: the record begins later, or holds too much to be read at once',
        ),
        data: z.array(POINT),
      }),
    },
    async run({ query, context }) {
      const minutes = Math.max(1, Math.min(MOST_MINUTES, query.minutes ?? USUAL_MINUTES));
      const end = Math.floor(context.clock.wallMs() / MINUTE_MS) * MINUTE_MS;
      const since = end - (minutes - 1) * MINUTE_MS;
      const { ledger } = context.operations;
      if (ledger !== undefined) writeWaiting(ledger);
      const known =
        ledger === undefined
          ? minutesOfRecords(context.getStandin().records.list(), since)
          : await ledger.reader.ask('minutesOf', since, end + MINUTE_MS, MOST_ROWS);
      const byTime = new Map(known.map((one) => [one.at, one]));
      // Minutes in which nothing ended are points too; those before the first that is known are not.
      const from = Math.max(since, known[0]?.at ?? end);
      const data = [];
      for (let at = from; at <= end; at += MINUTE_MS) data.push(pointOf(at, byTime.get(at)));
      return { body: { stepMs: MINUTE_MS, from, data } };
    },
  }),
];

function pointOf(at: number, sums: MinuteSums | undefined): z.output<typeof POINT> {
  const times = createTimes();
  for (const ms of sums?.firstContentMs ?? []) {
    const bucket = bucketOf(ms);
    times[bucket] = (times[bucket] ?? 0) + 1;
  }
  const quantiles = quantilesOf(times);
  const { requests = 0, failed = 0, rescued = 0, cached = 0, unknownCost = 0 } = sums ?? {};
  const { inputTokens = 0, outputTokens = 0, nanoUsd = 0 } = sums ?? {};
  const costUsd = usdText(nanoUsd);
  const firstContentMs = quantiles === null ? null : { ...quantiles };
  return { at, requests, failed, rescued, cached, inputTokens, outputTokens, costUsd, unknownCost, firstContentMs };
}

/** Without a ledger: what memory knows, which is no cost. */
function minutesOfRecords(records: readonly RequestRecord[], since: number): MinuteSums[] {
  const minutes = new Map<number, MinuteSums>();
  for (const { outcome, startedAt, tookMs, attempts } of records) {
    const at = Math.floor((startedAt + (tookMs ?? 0)) / MINUTE_MS) * MINUTE_MS;
    if (outcome === 'pending' || at < since) continue;
    const before = minutes.get(at);
    const usage = sumOf(attempts);
    const first = attempts.findLast((one) => one.outcome === 'ok')?.firstContentMs;
    minutes.set(at, {
      at,
      requests: (before?.requests ?? 0) + 1,
      failed: (before?.failed ?? 0) + (outcome === 'ok' || outcome === 'cancelled' ? 0 : 1),
      rescued: (before?.rescued ?? 0) + (outcome === 'ok' && attempts.length > 1 ? 1 : 0),
      cached: 0,
      inputTokens: (before?.inputTokens ?? 0) + (usage?.inputTokens ?? 0),
      outputTokens: (before?.outputTokens ?? 0) + (usage?.outputTokens ?? 0),
      nanoUsd: 0,
      unknownCost: (before?.unknownCost ?? 0) + 1,
      firstContentMs: [...(before?.firstContentMs ?? []), ...(first === undefined ? [] : [first])],
    });
  }
  return [...minutes.values()].toSorted((one, other) => one.at - other.at);
}
