import { z } from 'zod';
import type { RequestRecord } from '@standin/core/route/record';
import type { RequestEntry } from '@standin/store/entry';
import { usdText } from '@standin/store/money';
import type { AttemptStep, RequestRow } from '@standin/store/query';
import { sumOf } from '@standin/store/writer';
import { text, timeMs } from './schemas.ts';
import { targetId } from './targets.ts';

const number = z.number().nullable();
const name = text.nullable();

const STEP = z.strictObject({
  target: text,
  outcome: text,
  reason: text.describe('the rule that led to this attempt'),
});

/** A finished request in short. */
export const ROW = z.strictObject({
  id: text,
  startedAt: timeMs,
  requestedModel: text,
  outcome: text.describe('ok, cancelled, pending, or the kind of the error'),
  tookMs: number,
  attempts: z.int(),
  steps: z.int().describe('model calls; more than one where an agent answered with tools of its own'),
  provider: name,
  model: name,
  status: number,
  errorCode: name,
  protocol: name,
  mode: name,
  key: name,
  agent: name,
  rescue: name,
  cached: z.boolean().describe('an earlier answer, given again'),
  route: z.array(STEP).describe('the attempts in order; empty where their detail was given up'),
  firstContentMs: number,
  inputTokens: number,
  cacheReadTokens: number,
  cacheWriteTokens: number,
  outputTokens: number,
  reasoningTokens: number,
  costUsd: name,
});
export type Row = z.output<typeof ROW>;

type Step = Pick<AttemptStep, 'attempt' | 'provider' | 'model' | 'outcome' | 'reason'>;

function routeOf(steps: readonly Step[]): Row['route'] {
  return steps
    .toSorted((one, other) => one.attempt - other.attempt)
    .map(({ provider, model, outcome, reason }) => ({ target: targetId(provider, model), outcome, reason }));
}

export function rowOfLedger(row: RequestRow, steps: readonly Step[] = []): Row {
  return {
    id: row.id,
    startedAt: row.started_at,
    requestedModel: row.requested_model,
    outcome: outcomeOf(row.outcome, row.error_kind),
    tookMs: row.took_ms,
    attempts: row.attempts,
    steps: row.steps ?? 1,
    provider: row.provider,
    model: row.model,
    status: row.status,
    errorCode: row.error_code,
    protocol: row.protocol,
    mode: row.mode,
    key: row.caller_key,
    agent: row.agent,
    rescue: row.rescue,
    cached: row.cached === 1,
    route: routeOf(steps),
    firstContentMs: row.first_content_ms,
    inputTokens: row.input_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    costUsd: row.cost_nano_usd === null ? null : usdText(row.cost_nano_usd),
  };
}

/** The same of a call that ended this moment. */
export function rowOfEntry(entry: RequestEntry): Row {
  const usage = sumOf(entry.attempts);
  const { firstContentMs, costNanoUsd } = entry;
  return {
    id: entry.id,
    startedAt: Math.round(entry.startedAt),
    requestedModel: entry.requestedModel,
    outcome: outcomeOf(entry.outcome, entry.errorKind ?? null),
    tookMs: Math.round(entry.tookMs),
    attempts: entry.attempts.length,
    steps: entry.steps ?? 1,
    provider: entry.provider ?? null,
    model: entry.model ?? null,
    status: entry.status,
    errorCode: entry.errorCode ?? null,
    protocol: entry.protocol,
    mode: entry.mode,
    key: entry.callerKey ?? null,
    agent: entry.agent ?? null,
    rescue: entry.attempts.findLast((one) => one.rescue !== undefined && one.outcome === 'ok')?.rescue ?? null,
    cached: entry.isCached === true,
    route: routeOf(entry.attempts),
    firstContentMs: firstContentMs === undefined ? null : Math.round(firstContentMs),
    inputTokens: usage?.inputTokens ?? null,
    cacheReadTokens: usage?.cacheReadTokens ?? null,
    cacheWriteTokens: usage?.cacheWriteTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
    costUsd: costNanoUsd === undefined ? null : usdText(costNanoUsd),
  };
}

/** The same of an attempt record in memory, which knows less of the caller. */
export function rowOfRecord(record: RequestRecord): Row {
  const { attempts } = record;
  const last = attempts.findLast((one) => one.outcome === 'ok') ?? attempts.at(-1);
  const usage = sumOf(attempts);
  return {
    id: record.id,
    startedAt: record.startedAt,
    requestedModel: record.requestedModel,
    outcome: record.outcome,
    tookMs: record.tookMs ?? null,
    attempts: attempts.length,
    steps: 1,
    provider: last?.provider ?? null,
    model: last?.model ?? null,
    status: null,
    errorCode: null,
    protocol: null,
    mode: record.mode,
    key: null,
    agent: null,
    rescue: attempts.findLast((one) => one.rescue !== undefined && one.outcome === 'ok')?.rescue ?? null,
    cached: false,
    route: routeOf(attempts),
    firstContentMs: last?.firstContentMs ?? null,
    inputTokens: usage?.inputTokens ?? null,
    cacheReadTokens: usage?.cacheReadTokens ?? null,
    cacheWriteTokens: usage?.cacheWriteTokens ?? null,
    outputTokens: usage?.outputTokens ?? null,
    reasoningTokens: usage?.reasoningTokens ?? null,
    costUsd: null,
  };
}

function outcomeOf(outcome: string, errorKind: string | null): string {
  return outcome === 'left' ? 'cancelled' : outcome === 'ok' ? 'ok' : (errorKind ?? 'failed');
}
