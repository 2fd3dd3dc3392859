import type { DatabaseSync } from 'node:sqlite';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { Usage } from '@standin/core/spec/usage';
import { costOfAttempt, type PriceOf } from './money.ts';
import type { Waiting } from './queue.ts';

export interface WriterOptions {
  readonly priceOf: PriceOf;
  /** Keep the vendors' own error messages, which may quote a prompt. */
  readonly vendorMessages: boolean;
}

type Cell = string | number | null;

const REQUEST_COLUMNS = [
  'id', 'started_at', 'took_ms', 'first_content_ms', 'outcome', 'status', 'error_kind', 'error_code', 'protocol', 'mode',
  'requested_model', 'provider', 'model', 'caller_key', 'agent', 'attempts', 'attempts_dropped', 'rescue', 'input_tokens',
  'cache_read_tokens', 'cache_write_tokens', 'output_tokens', 'reasoning_tokens', 'cost_nano_usd', 'cached', 'steps',
] as const; // prettier-ignore

const ATTEMPT_COLUMNS = [
  'request', 'attempt', 'provider', 'model', 'wire', 'key', 'outcome', 'status', 'code', 'phase', 'reason', 'rule', 'rescue',
  'vendor_request_id', 'message', 'started_ms', 'first_content_ms', 'ended_ms', 'waited_ms', 'retry_after_ms',
  'input_tokens', 'cache_read_tokens', 'cache_write_tokens', 'output_tokens', 'reasoning_tokens', 'cost_nano_usd', 'bytes',
  'vendor_attempts', 'lost',
] as const; // prettier-ignore

/** Writes requests with their attempts; the caller holds the transaction. */
export function createWriter(db: DatabaseSync, options: WriterOptions): (rows: readonly Waiting[]) => void {
  const request = db.prepare(insert('requests', REQUEST_COLUMNS));
  const attempt = db.prepare(insert('attempts', ATTEMPT_COLUMNS));
  const content = db.prepare(
    'INSERT INTO contents (request, body, body_cut, answer, answer_cut) VALUES (?, ?, ?, ?, ?)',
  );
  return (rows) => {
    for (const row of rows) {
      const { lastInsertRowid } = request.run(...requestCells(row));
      const kept = row.entry.content;
      if (kept !== undefined)
        content.run(
          lastInsertRowid,
          kept.request,
          Number(kept.requestTruncated),
          kept.answer,
          Number(kept.answerTruncated),
        );
      if (row.strippedOf !== undefined) continue;
      for (const one of row.entry.attempts) attempt.run(lastInsertRowid, ...attemptCells(one, options));
    }
  };
}

function insert(name: string, columns: readonly string[]): string {
  return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}

function requestCells({ entry, strippedOf }: Waiting): Cell[] {
  const usage = sumOf(entry.attempts);
  return [
    cut(entry.id),
    Math.round(entry.startedAt),
    Math.round(entry.tookMs),
    whole(entry.firstContentMs),
    entry.outcome,
    entry.status,
    entry.errorKind ?? null,
    text(entry.errorCode),
    entry.protocol,
    entry.mode,
    cut(entry.requestedModel),
    text(entry.provider),
    text(entry.model),
    entry.callerKey ?? null,
    text(entry.agent),
    strippedOf ?? entry.attempts.length,
    strippedOf === undefined ? 0 : 1,
    text(entry.attempts.findLast((one) => one.rescue !== undefined && one.outcome === 'ok')?.rescue),
    ...usageCells(usage),
    whole(entry.costNanoUsd),
    entry.isCached === true ? 1 : 0,
    entry.steps ?? 1,
  ];
}

function attemptCells(one: AttemptRecord, { priceOf, vendorMessages }: WriterOptions): Cell[] {
  return [
    one.attempt,
    cut(one.provider),
    cut(one.model),
    one.wire ?? null,
    one.key ?? null,
    one.outcome,
    whole(one.status),
    text(one.code),
    one.phase ?? null,
    cut(one.reason),
    one.rule ?? null,
    text(one.rescue),
    text(one.requestId),
    vendorMessages ? text(one.message, 500) : null,
    Math.round(one.startedMs),
    whole(one.firstContentMs),
    Math.round(one.endedMs),
    Math.round(one.waitedMs),
    whole(one.retryAfterMs),
    ...usageCells(one.usage),
    whole(costOfAttempt(one, priceOf)),
    whole(one.bytes),
    whole(one.attempts),
    one.lost === undefined || one.lost.length === 0 ? null : cut(one.lost.join(', '), 500),
  ];
}

function usageCells(usage: Usage | undefined): Cell[] {
  return [
    whole(usage?.inputTokens),
    whole(usage?.cacheReadTokens),
    whole(usage?.cacheWriteTokens),
    whole(usage?.outputTokens),
    whole(usage?.reasoningTokens),
  ];
}

/** What all attempts used together, as far as it is known; a lost attempt was billed too. */
export function sumOf(attempts: readonly Pick<AttemptRecord, 'usage'>[]): Usage | undefined {
  let sum: Usage | undefined;
  for (const { usage } of attempts) {
    if (usage === undefined) continue;
    if (sum === undefined) {
      sum = usage;
      continue;
    }
    sum = {
      inputTokens: plus(sum.inputTokens, usage.inputTokens),
      cacheReadTokens: plus(sum.cacheReadTokens, usage.cacheReadTokens),
      cacheWriteTokens: plus(sum.cacheWriteTokens, usage.cacheWriteTokens),
      outputTokens: plus(sum.outputTokens, usage.outputTokens),
      reasoningTokens: plus(sum.reasoningTokens, usage.reasoningTokens),
    };
  }
  return sum;
}

function plus(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : a + b;
}

function whole(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Math.round(value);
}

function text(value: string | undefined, most = 200): string | null {
  return value === undefined ? null : cut(value, most);
}

/** Names may come from callers and vendors; a row stays small whatever they send. */
function cut(value: string, most = 200): string {
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
}
