import { z } from 'zod';
import type { JsonObject } from '@standin/core/spec/json';
import { csvOf } from '@standin/store/csv';
import type { Ledger } from '@standin/store/ledger';
import { usdText } from '@standin/store/money';
import type { RequestRow } from '@standin/store/query';
import { sendText } from '../../exchange.ts';
import { curlOf } from '../curl.ts';
import { AdminError, adminRoute, type AdminCall, type AdminRoute } from '../route.ts';
import { ROW, rowOfLedger, rowOfRecord } from '../rows.ts';
import { instant, number, text } from '../schemas.ts';
import { ADMIN_HEADERS } from '../serve-route.ts';
import { WATERFALL, waterfallOfLedger, waterfallOfRecord } from '../waterfall.ts';

const COLUMNS = [
  'id', 'started_at', 'took_ms', 'first_content_ms', 'outcome', 'status', 'error_kind', 'error_code', 'protocol', 'mode',
  'requested_model', 'provider', 'model', 'caller_key', 'agent', 'attempts', 'rescue', 'input_tokens', 'cache_read_tokens',
  'cache_write_tokens', 'output_tokens', 'reasoning_tokens', 'cost_usd', 'cached',
] as const; // prettier-ignore

const name = text.max(500).optional();

const FILTER = z.strictObject({
  model: name,
  provider: name,
  key: name,
  agent: name,
  outcome: name.describe('ok, failed or left'),
  rescued: z.literal('true').optional().describe('recovered after a failed attempt, or mended'),
  cached: z.literal('true').optional().describe('an earlier answer, given again'),
  errorKind: name,
  status: number.optional(),
  protocol: name,
  id: name,
  q: name.describe('part of id, model, provider or agent'),
  since: instant.optional(),
  until: instant.optional(),
  minTookMs: number.optional(),
  limit: number.optional().describe('default 100, at most 10,000'),
  before: number.optional().describe('the "next" of the page before'),
  format: z.enum(['json', 'csv']).optional(),
});

/** Requests that the list holds when there is no ledger. */
const IN_MEMORY = 1_000;

export const REQUEST_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/requests',
    access: 'inspect',
    summary: 'Finished requests, newest first; without a ledger those of the last thousand in memory.',
    query: FILTER,
    answers: { 200: z.strictObject({ data: z.array(ROW), next: z.number().nullable() }) },
    also: 'text/csv',
    async run(call) {
      const { query, context, exchange } = call;
      const { ledger } = context.operations;
      const { limit, before, format, rescued, cached, ...filter } = query;
      if (ledger === undefined) return { body: fromMemory(call) };
      writeWaiting(ledger);
      const rows = await ledger.reader.ask(
        'listRequests',
        { ...filter, rescued: rescued === 'true' ? 1 : undefined, cached: cached === 'true' ? 1 : undefined },
        { limit, before },
      );
      if (format === 'csv' || exchange.req.headers.accept === 'text/csv') {
        sendText(exchange, 200, csvOf(COLUMNS, rows.map(withUsd)), ADMIN_HEADERS, 'text/csv; charset=utf-8');
        return undefined;
      }
      const listed = rows.map(({ seq }) => ({ seq }));
      const steps = await ledger.reader.ask('attemptsOfRows', listed);
      return {
        body: { data: rows.map((row) => rowOfLedger(row, steps.get(row.seq))), next: rows.at(-1)?.seq ?? null },
      };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/requests/{id}/waterfall',
    access: 'inspect',
    summary: 'One request as a picture: every attempt with its waits, first token, cut, splice and cost, and why.',
    answers: { 200: WATERFALL },
    run: waterfall,
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/requests/{id}',
    access: 'inspect',
    summary: 'The attempt record of one of the last thousand requests of this process.',
    answers: {
      200: z.looseObject({ version: z.literal(1), id: text, outcome: text, attempts: z.array(z.looseObject({})) }),
    },
    run({ context, parameter }) {
      const record = context.getStandin().records.get(parameter);
      if (record === undefined) throw noRecord(parameter);
      return { body: record as unknown as JsonObject };
    },
  }),
];

function noRecord(id: string): AdminError {
  const message = `There is no record of the request "${id.slice(0, 128)}" here: it is older than the last thousand, or another process served it.`;
  return new AdminError(404, 'request_not_found', message);
}

async function waterfall({ context, parameter: id, req }: AdminCall): Promise<{ body: JsonObject }> {
  const priceOf = context.accounting?.priceOf ?? (() => undefined);
  const { ledger } = context.operations;
  // First: under load it is gone from memory by the time that the ledger has answered.
  const inMemory = context.getStandin().records.get(id);
  if (ledger !== undefined) writeWaiting(ledger);
  const [row] = (await ledger?.reader.ask('listRequests', { id }, { limit: 1 })) ?? [];
  const record = inMemory ?? (await context.admin?.options.records?.get(id));
  const picture =
    record === undefined
      ? row === undefined || ledger === undefined
        ? undefined
        : waterfallOfLedger(row, await ledger.reader.ask('attemptsOf', row.seq))
      : waterfallOfRecord(record, inMemory === undefined ? 'disk' : 'memory', priceOf);
  if (picture === undefined) throw noRecord(id);
  const content = row === undefined ? undefined : await ledger?.reader.ask('contentOf', row.seq);
  const curl = curlOf(req, {
    protocol: row?.protocol,
    model: picture.requestedModel,
    mode: picture.mode,
    body: content === undefined || content.requestTruncated ? undefined : content.request,
  });
  return { body: { ...picture, content: content ?? null, curl } as unknown as JsonObject };
}

function fromMemory({ query, context }: AdminCall<z.output<typeof FILTER>>): JsonObject {
  const { limit = 100 } = query;
  const data = context
    .getStandin()
    .records.list(IN_MEMORY)
    .filter((record) => record.outcome !== 'pending')
    .map(rowOfRecord)
    .filter((row) => fits(row, query))
    .slice(0, Math.max(1, limit));
  return { data, next: null };
}

/** The filters of the ledger, as far as memory knows of it. */
function fits(row: z.output<typeof ROW>, query: z.output<typeof FILTER>): boolean {
  const { model, provider, id, outcome, rescued, errorKind, q, since = 0, until = Infinity, minTookMs = 0 } = query;
  const kind = row.outcome === 'ok' ? 'ok' : row.outcome === 'cancelled' ? 'left' : 'failed';
  const words = [row.id, row.requestedModel, row.model, row.provider].join(' ').toLowerCase();
  return (
    (model === undefined || row.model === model || row.requestedModel === model) &&
    (provider === undefined || row.provider === provider) &&
    (id === undefined || row.id === id) &&
    (outcome === undefined || kind === outcome) &&
    (errorKind === undefined || row.outcome === errorKind) &&
    (rescued === undefined || row.rescue !== null || (kind === 'ok' && row.attempts > 1)) &&
    (q === undefined || words.includes(q.toLowerCase())) &&
    row.startedAt >= since &&
    row.startedAt < until &&
    (row.tookMs ?? 0) >= minTookMs
  );
}

/** Rows of the last moment belong to the answer; when the disk refuses, it shows what is there. */
export function writeWaiting(ledger: Ledger): void {
  try {
    ledger.flush();
  } catch {
    // The ledger's own next try logs the reason.
  }
}

function withUsd(row: RequestRow): Readonly<Record<string, unknown>> {
  return { ...row, cost_usd: row.cost_nano_usd === null ? null : usdText(row.cost_nano_usd) };
}
