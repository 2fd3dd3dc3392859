import type { JsonObject } from '@standin/core/spec/index';
import { csvOf } from '@standin/store/csv';
import type { Ledger } from '@standin/store/ledger';
import { usdText } from '@standin/store/money';
import { listRequests, USAGE_GROUPS, usageBy, type RequestRow, type UsageGroup } from '@standin/store/query';
import { failureOfThrown, ownFailure } from './caller-errors.ts';
import { sendFailure, sendJson, sendText, type Exchange } from './exchange.ts';
import { sendRecords } from './records-route.ts';

/** What the operations endpoints answer from. */
export interface Operations {
  readonly ledger?: Ledger;
  /** The text of `GET /metrics`. */
  readonly metrics?: () => Promise<string>;
}

const NO_STORE = ['cache-control', 'no-store'];

/** `GET /metrics`, for Prometheus. */
export function sendMetrics(exchange: Exchange): void {
  const { metrics } = exchange.context.operations;
  if (metrics === undefined)
    return sendFailure(exchange, ownFailure(404, 'not_found', 'This gateway was started without metrics.'));
  const send = (text: string): void =>
    sendText(exchange, 200, text, NO_STORE, 'text/plain; version=0.0.4; charset=utf-8');
  metrics().then(send, (thrown: unknown) => {
    exchange.context.log('error', 'Metrics could not be told', { error: thrown });
    sendFailure(exchange, failureOfThrown(thrown));
  });
}

const COLUMNS = [
  'id', 'started_at', 'took_ms', 'first_content_ms', 'outcome', 'status', 'error_kind', 'error_code', 'protocol', 'mode',
  'requested_model', 'provider', 'model', 'caller_key', 'agent', 'attempts', 'rescue', 'input_tokens', 'cache_read_tokens',
  'cache_write_tokens', 'output_tokens', 'reasoning_tokens', 'cost_usd',
] as const; // prettier-ignore

const FILTERS = ['model', 'provider', 'key', 'agent', 'outcome', 'id'] as const;

/**
 * `GET /api/requests`: what the ledger holds, newest first; without a ledger, the last requests in memory. Query:
 * `model`, `provider`, `key`, `agent`, `outcome`, `id`, `since` and `until` (ISO date or Unix milliseconds), `limit`,
 * `before` (the `next` of the page before), `format=csv`.
 */
export function sendRequests(exchange: Exchange): void {
  const { ledger } = exchange.context.operations;
  if (ledger === undefined) return sendRecords(exchange);
  const query = queryOf(exchange);
  const numbers = { since: timeOf(query, 'since'), until: timeOf(query, 'until') };
  const page = { limit: numberOf(query, 'limit'), before: numberOf(query, 'before') };
  const wrong = Object.entries({ ...numbers, ...page }).find(([, value]) => Number.isNaN(value));
  if (wrong !== undefined) return sendFailure(exchange, wrongValue(wrong[0]));
  const filter = Object.fromEntries(
    FILTERS.flatMap((name) => (query.has(name) ? [[name, query.get(name) ?? '']] : [])),
  );
  writeWaiting(ledger);
  const rows = listRequests(ledger.db, { ...filter, ...numbers }, page);
  if (query.get('format') === 'csv' || exchange.req.headers.accept === 'text/csv')
    return sendText(exchange, 200, csvOf(COLUMNS, rows.map(withUsd)), NO_STORE, 'text/csv; charset=utf-8');
  const last = rows.at(-1);
  sendJson(exchange, 200, { data: rows.map(shown), next: last?.seq ?? null }, NO_STORE);
}

/** `GET /api/usage?by=model|provider|key|agent|day&since=…`. */
export function sendUsage(exchange: Exchange): void {
  const { ledger } = exchange.context.operations;
  if (ledger === undefined)
    return sendFailure(exchange, ownFailure(404, 'not_found', 'This gateway was started without a ledger.'));
  const query = queryOf(exchange);
  const by = query.get('by') ?? 'model';
  if (!isGroup(by)) return sendFailure(exchange, wrongValue('by'));
  const since = timeOf(query, 'since');
  if (Number.isNaN(since)) return sendFailure(exchange, wrongValue('since'));
  writeWaiting(ledger);
  const data = usageBy(ledger.db, by, since).map((row) => ({ ...row, cost_usd: usdText(row.cost_nano_usd) }));
  sendJson(exchange, 200, { by, data }, NO_STORE);
}

function isGroup(text: string): text is UsageGroup {
  return (USAGE_GROUPS as readonly string[]).includes(text);
}

/** Rows of the last moment belong to the answer; when the disk refuses, it shows what is there. */
function writeWaiting(ledger: Ledger): void {
  try {
    ledger.flush();
  } catch {
    // The ledger's own next try logs the reason.
  }
}

function queryOf({ req }: Exchange): URLSearchParams {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function timeOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
}

function wrongValue(name: string) {
  return ownFailure(400, 'invalid_request', `The query's "${name}" has a value that cannot be used.`);
}

function withUsd(row: RequestRow): Readonly<Record<string, unknown>> {
  return { ...row, cost_usd: row.cost_nano_usd === null ? null : usdText(row.cost_nano_usd) };
}

/** The fields of the list in memory, and more. */
function shown(row: RequestRow): JsonObject {
  return {
    id: row.id,
    startedAt: row.started_at,
    requestedModel: row.requested_model,
    outcome: row.outcome === 'left' ? 'cancelled' : row.outcome === 'ok' ? 'ok' : (row.error_kind ?? 'failed'),
    tookMs: row.took_ms,
    attempts: row.attempts,
    provider: row.provider,
    model: row.model,
    status: row.status,
    errorCode: row.error_code,
    protocol: row.protocol,
    mode: row.mode,
    key: row.caller_key,
    agent: row.agent,
    rescue: row.rescue,
    firstContentMs: row.first_content_ms,
    inputTokens: row.input_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    costUsd: row.cost_nano_usd === null ? null : usdText(row.cost_nano_usd),
  };
}
