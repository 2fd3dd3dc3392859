import { z } from 'zod';
import { explainDecision } from '@standin/core/route/record-explain';
import { replay } from '@standin/core/route/record-replay';
import type { RequestRecord } from '@standin/core/route/record';
import type { AttemptRecord } from '@standin/core/spec/errors';
import { costOfAttempt, costOfAttempts, usdText, type PriceOf } from '@standin/store/money';
import type { RequestRow } from '@standin/store/query';
import { text, timeMs } from './schemas.ts';
import { targetId } from './targets.ts';

const number = z.number().nullable();
const name = text.nullable();

/** One attempt as a bar of the picture. */
export const ATTEMPT = z.strictObject({
  attempt: z.int(),
  target: text,
  provider: text,
  model: text,
  wire: name,
  key: name,
  outcome: text,
  status: number,
  code: name,
  phase: name,
  waitedMs: z.number(),
  startedMs: z.number(),
  firstContentMs: number,
  endedMs: z.number(),
  retryAfterMs: number,
  hedge: z.boolean().describe('asked beside a slow one'),
  cut: z.boolean().describe('it broke after content was delivered'),
  rescue: name,
  spliceAt: number.describe('characters of delivered text at which it went on'),
  reason: text,
  rule: name,
  message: name,
  bytes: number,
  vendorRequestId: name,
  inputTokens: number,
  outputTokens: number,
  costUsd: name,
  lost: z.array(text),
});
export type WaterfallAttempt = z.output<typeof ATTEMPT>;

const DECISION = z.strictObject({
  atMs: z.number(),
  kind: text,
  after: text,
  // oxlint-disable-next-line unicorn/no-thenable -- a word, not a function: nobody can await it
  then: text,
  rule: text,
  health: z.array(text),
  attempt: number,
});

export const CONTENT = z.strictObject({
  request: text,
  requestTruncated: z.boolean(),
  answer: text,
  answerTruncated: z.boolean(),
});

export const WATERFALL = z.strictObject({
  id: text,
  source: z.enum(['memory', 'disk', 'ledger']),
  startedAt: timeMs,
  requestedModel: text,
  mode: text,
  outcome: text,
  message: name,
  tookMs: number,
  costUsd: name,
  deadlineMs: number,
  attempts: z.array(ATTEMPT),
  decisions: z.array(DECISION),
  replay: z.strictObject({ same: z.boolean(), differences: z.array(text) }).nullable(),
  content: CONTENT.nullable(),
  curl: z.strictObject({ url: text, command: text }),
});
type Waterfall = Omit<z.output<typeof WATERFALL>, 'content' | 'curl'>;

export function waterfallOfRecord(record: RequestRecord, source: 'memory' | 'disk', priceOf: PriceOf): Waterfall {
  const decisions = record.decisions.map((decision) => explainDecision(decision, record));
  const hedges = new Set(decisions.filter((one) => one.kind === 'hedge').map((one) => one.attempt));
  const cost = costOfAttempts(record.attempts, priceOf);
  return {
    id: record.id,
    source,
    startedAt: record.startedAt,
    requestedModel: record.requestedModel,
    mode: record.mode,
    outcome: record.outcome,
    message: record.message ?? null,
    tookMs: record.tookMs ?? null,
    costUsd: cost === undefined ? null : usdText(cost),
    deadlineMs: record.limits.deadlineMs,
    attempts: record.attempts
      .map((one) => waterfallAttempt(one, priceOf, hedges.has(one.attempt)))
      .toSorted((a, b) => a.attempt - b.attempt),
    decisions: decisions.map(({ health, attempt, ...one }) => ({
      ...one,
      health: [...health],
      attempt: attempt ?? null,
    })),
    replay: replayed(record),
  };
}

/** A record of another version may hold what this one cannot take again. */
function replayed(record: RequestRecord): Waterfall['replay'] {
  try {
    const { same, differences } = replay(record);
    return { same, differences: [...differences] };
  } catch {
    return null;
  }
}

export function waterfallAttempt(one: AttemptRecord, priceOf: PriceOf, hedge = false): WaterfallAttempt {
  const cost = costOfAttempt(one, priceOf);
  return {
    attempt: one.attempt,
    target: targetId(one.provider, one.model),
    provider: one.provider,
    model: one.model,
    wire: one.wire ?? null,
    key: one.key ?? null,
    outcome: one.outcome,
    status: one.status ?? null,
    code: one.code ?? null,
    phase: one.phase ?? null,
    waitedMs: one.waitedMs,
    startedMs: one.startedMs,
    firstContentMs: one.firstContentMs ?? null,
    endedMs: one.endedMs,
    retryAfterMs: one.retryAfterMs ?? null,
    hedge,
    cut: one.outcome !== 'ok' && one.outcome !== 'cancelled' && one.firstContentMs !== undefined,
    rescue: one.rescue ?? null,
    spliceAt: one.splicedAt ?? null,
    reason: one.reason,
    rule: one.rule ?? null,
    message: one.message ?? null,
    bytes: one.bytes ?? null,
    vendorRequestId: one.requestId ?? null,
    inputTokens: one.usage?.inputTokens ?? null,
    outputTokens: one.usage?.outputTokens ?? null,
    costUsd: cost === undefined ? null : usdText(cost),
    lost: [...(one.lost ?? [])],
  };
}

type Cells = Readonly<Record<string, unknown>>;

/** What the ledger keeps of a request that no record is left of. */
export function waterfallOfLedger(row: RequestRow, attempts: readonly Cells[]): Waterfall {
  return {
    id: row.id,
    source: 'ledger',
    startedAt: row.started_at,
    requestedModel: row.requested_model,
    mode: row.mode,
    outcome: row.outcome === 'left' ? 'cancelled' : row.outcome === 'ok' ? 'ok' : (row.error_kind ?? 'failed'),
    message: null,
    tookMs: row.took_ms,
    costUsd: row.cost_nano_usd === null ? null : usdText(row.cost_nano_usd),
    deadlineMs: null,
    attempts: attempts.map(ledgerAttempt),
    decisions: [],
    replay: null,
  };
}

function ledgerAttempt(cells: Cells): WaterfallAttempt {
  const words = (column: string): string | null => (typeof cells[column] === 'string' ? cells[column] : null);
  const amount = (column: string): number | null => (typeof cells[column] === 'number' ? cells[column] : null);
  const [provider, model] = [words('provider') ?? '', words('model') ?? ''];
  const outcome = words('outcome') ?? '';
  const cost = amount('cost_nano_usd');
  const firstContentMs = amount('first_content_ms');
  return {
    attempt: amount('attempt') ?? 0,
    target: targetId(provider, model),
    provider,
    model,
    wire: words('wire'),
    key: words('key'),
    outcome,
    status: amount('status'),
    code: words('code'),
    phase: words('phase'),
    waitedMs: amount('waited_ms') ?? 0,
    startedMs: amount('started_ms') ?? 0,
    firstContentMs,
    endedMs: amount('ended_ms') ?? 0,
    retryAfterMs: amount('retry_after_ms'),
    hedge: false,
    cut: outcome !== 'ok' && outcome !== 'cancelled' && firstContentMs !== null,
    rescue: words('rescue'),
    spliceAt: null,
    reason: words('reason') ?? '',
    rule: words('rule'),
    message: words('message'),
    bytes: amount('bytes'),
    vendorRequestId: words('vendor_request_id'),
    inputTokens: amount('input_tokens'),
    outputTokens: amount('output_tokens'),
    costUsd: cost === null ? null : usdText(cost),
    lost: (words('lost') ?? '').split(', ').filter((one) => one !== ''),
  };
}
