import type { DatabaseSync } from 'node:sqlite';
import type { AttemptRecord } from '@standin/core/spec/errors';

export interface RequestFilter {
  readonly model?: string;
  readonly provider?: string;
  /** Id of a virtual key. */
  readonly key?: string;
  readonly agent?: string;
  readonly outcome?: string;
  /** Unix milliseconds, included. */
  readonly since?: number;
  /** Unix milliseconds, excluded. */
  readonly until?: number;
  readonly id?: string;
  /** 1: answered after an attempt had failed, or mended. */
  readonly rescued?: 1;
  /** 1: an earlier answer, given again. */
  readonly cached?: 1;
  readonly errorKind?: string;
  readonly status?: number;
  readonly protocol?: string;
  /** Part of the id, a model, the provider or the agent. */
  readonly q?: string;
  /** Milliseconds, included. */
  readonly minTookMs?: number;
}

/** A request as it is shown; `null` is "not known". Money in nano-USD, times in milliseconds. */
export interface RequestRow {
  readonly seq: number;
  readonly id: string;
  readonly started_at: number;
  readonly took_ms: number;
  readonly first_content_ms: number | null;
  readonly outcome: string;
  readonly status: number;
  readonly error_kind: string | null;
  readonly error_code: string | null;
  readonly protocol: string;
  readonly mode: string;
  readonly requested_model: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly caller_key: string | null;
  readonly agent: string | null;
  readonly attempts: number;
  readonly attempts_dropped: number;
  readonly rescue: string | null;
  readonly input_tokens: number | null;
  readonly cache_read_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly cost_nano_usd: number | null;
  /** 1: an earlier answer, given again. */
  readonly cached?: number;
  /** Model calls of the request: more than one where an agent answered. */
  readonly steps?: number;
}

const CONDITIONS: Readonly<Record<keyof RequestFilter, string>> = {
  model: '(model = ? OR requested_model = ?)',
  provider: 'provider = ?',
  key: 'caller_key = ?',
  agent: 'agent = ?',
  outcome: 'outcome = ?',
  since: 'started_at >= ?',
  until: 'started_at < ?',
  id: 'id = ?',
  rescued: "? = 1 AND (rescue IS NOT NULL OR (outcome = 'ok' AND attempts > steps))",
  cached: 'cached = ?',
  errorKind: 'error_kind = ?',
  status: 'status = ?',
  protocol: 'protocol = ?',
  q: "instr(lower(concat_ws(' ', id, requested_model, model, provider, agent)), lower(?)) > 0",
  minTookMs: 'took_ms >= ?',
};

interface Where {
  readonly text: string;
  readonly values: (string | number)[];
}

function whereOf(filter: RequestFilter): Where {
  const parts: string[] = [];
  const values: (string | number)[] = [];
  for (const name of Object.keys(CONDITIONS) as (keyof RequestFilter)[]) {
    const value = filter[name];
    if (value === undefined) continue;
    parts.push(CONDITIONS[name]);
    values.push(value);
    if (name === 'model') values.push(value);
  }
  return { text: parts.join(' AND '), values };
}

/** Newest first. `before`: the `seq` of the last row of the page before. `limit`: at most 10,000, default 100. */
export function listRequests(
  db: DatabaseSync,
  filter: RequestFilter,
  page: { readonly limit?: number; readonly before?: number } = {},
): readonly RequestRow[] {
  const where = whereOf(filter);
  const conditions = [where.text, page.before === undefined ? '' : 'seq < ?'].filter((part) => part !== '');
  const values = page.before === undefined ? where.values : [...where.values, page.before];
  const limit = Math.max(1, Math.min(10_000, page.limit ?? 100));
  const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = db.prepare(`SELECT * FROM requests ${clause} ORDER BY seq DESC LIMIT ?`).all(...values, limit);
  return rows as unknown as readonly RequestRow[];
}

/** What the caller said and got, where it was kept. */
export interface KeptContent {
  readonly request: string;
  readonly requestTruncated: boolean;
  readonly answer: string;
  readonly answerTruncated: boolean;
}

export function contentOf(db: DatabaseSync, seq: number): KeptContent | undefined {
  const row = db.prepare('SELECT body, body_cut, answer, answer_cut FROM contents WHERE request = ?').get(seq);
  if (row === undefined) return undefined;
  return {
    request: String(row['body']),
    requestTruncated: row['body_cut'] === 1,
    answer: String(row['answer']),
    answerTruncated: row['answer_cut'] === 1,
  };
}

/** The attempts of one request, in order, columns as in the table. */
export function attemptsOf(db: DatabaseSync, seq: number): readonly Readonly<Record<string, unknown>>[] {
  return db.prepare('SELECT * FROM attempts WHERE request = ? ORDER BY attempt').all(seq);
}

/** An attempt as far as pictures of the traffic need it. */
export interface AttemptInBrief {
  readonly attempt: number;
  readonly provider: string;
  readonly model: string;
  readonly outcome: AttemptRecord['outcome'];
}

/** The attempts of requests since `since` (Unix milliseconds), by the request's `seq`; those of the last `limit` requests. */
export function attemptsSince(
  db: DatabaseSync,
  since: number,
  limit: number,
): ReadonlyMap<number, readonly AttemptInBrief[]> {
  const rows = db
    .prepare(
      `SELECT request, attempt, provider, model, outcome FROM attempts
        WHERE request IN (SELECT seq FROM requests WHERE started_at >= ? ORDER BY seq DESC LIMIT ?)`,
    )
    .all(since, limit) as unknown as readonly (AttemptInBrief & { readonly request: number })[];
  const found = new Map<number, AttemptInBrief[]>();
  for (const { request, ...attempt } of rows) {
    const list = found.get(request);
    if (list === undefined) found.set(request, [attempt]);
    else list.push(attempt);
  }
  return found;
}

/** One attempt of a listed request: who was asked, what came of it, and why it was made. */
export interface AttemptStep extends AttemptInBrief {
  readonly reason: string;
}

const SEQS_AT_ONCE = 500;

/** The attempts of listed requests in order, by the request's `seq`. */
export function attemptsOfRows(
  db: DatabaseSync,
  rows: readonly Pick<RequestRow, 'seq'>[],
): ReadonlyMap<number, readonly AttemptStep[]> {
  const found = new Map<number, AttemptStep[]>();
  for (let at = 0; at < rows.length; at += SEQS_AT_ONCE) {
    const seqs = rows.slice(at, at + SEQS_AT_ONCE).map(({ seq }) => seq);
    const text = `SELECT request, attempt, provider, model, outcome, reason FROM attempts
      WHERE request IN (${seqs.map(() => '?').join(', ')}) ORDER BY request, attempt`;
    const steps = db.prepare(text).all(...seqs) as unknown as readonly (AttemptStep & { readonly request: number })[];
    for (const { request, ...step } of steps) {
      const list = found.get(request);
      if (list === undefined) found.set(request, [step]);
      else list.push(step);
    }
  }
  return found;
}

/** Requests since `since` (Unix milliseconds), the known part of their cost in nano-USD, and how many have an unknown one. */
export function totalsSince(
  db: DatabaseSync,
  since: number,
): { readonly requests: number; readonly nanoUsd: number; readonly unknown: number } {
  const row = db
    .prepare(
      `SELECT count(*) AS requests, coalesce(sum(cost_nano_usd), 0) AS cost,
              count(*) FILTER (WHERE cost_nano_usd IS NULL AND attempts > 0) AS unknown
         FROM requests WHERE started_at >= ?`,
    )
    .get(since);
  return { requests: Number(row?.['requests']), nanoUsd: Number(row?.['cost']), unknown: Number(row?.['unknown']) };
}

export const USAGE_GROUPS = ['model', 'provider', 'key', 'agent', 'day'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Sums of one group. Tokens are what is known; `unknown_*` counts where it is not. */
export interface UsageRow {
  /** `null`: the requests had none (no key, no agent, nobody answered). */
  readonly name: string | null;
  readonly requests: number;
  readonly failed: number;
  readonly attempts: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_tokens: number;
  /** Sum of the known costs. */
  readonly cost_nano_usd: number;
  readonly unknown_cost: number;
  readonly unknown_usage: number;
}

/** Later than any time. */
const MOST_MS = 8_640_000_000_000_000;

const SUMS = `
  total(input_tokens) AS input_tokens, total(output_tokens) AS output_tokens,
  total(cache_read_tokens) AS cache_read_tokens, coalesce(sum(cost_nano_usd), 0) AS cost_nano_usd,
  count(*) FILTER (WHERE cost_nano_usd IS NULL) AS unknown_cost,
  count(*) FILTER (WHERE output_tokens IS NULL AND outcome = 'ok') AS unknown_usage`;

const BY_REQUEST: Readonly<Record<'key' | 'agent' | 'day', string>> = {
  key: 'caller_key',
  agent: 'agent',
  day: "strftime('%Y-%m-%d', started_at / 1000, 'unixepoch')",
};

/**
 * Tokens and cost from `since` to `until` (Unix milliseconds, the latter excluded). By model and provider each attempt counts where it was made, the
 * lost ones too; a request whose attempts were dropped counts at the one that ended it.
 */
export function usageBy(db: DatabaseSync, group: UsageGroup, since = 0, until = MOST_MS): readonly UsageRow[] {
  const text =
    group === 'model' || group === 'provider'
      ? `SELECT ${group} AS name, count(DISTINCT seq) AS requests, count(DISTINCT seq) FILTER (WHERE outcome <> 'ok') AS failed,
           sum(attempts) AS attempts, ${SUMS}
         FROM (
           SELECT a.${group}, r.seq, a.outcome, 1 AS attempts, a.input_tokens, a.output_tokens, a.cache_read_tokens, a.cost_nano_usd
             FROM attempts a JOIN requests r ON r.seq = a.request WHERE r.started_at >= ?1 AND r.started_at < ?2
           UNION ALL
           SELECT ${group}, seq, outcome, attempts, input_tokens, output_tokens, cache_read_tokens, cost_nano_usd
             FROM requests WHERE started_at >= ?1 AND started_at < ?2 AND (attempts_dropped = 1 OR attempts = 0)
         ) GROUP BY name ORDER BY cost_nano_usd DESC, requests DESC`
      : `SELECT ${BY_REQUEST[group]} AS name, count(*) AS requests, count(*) FILTER (WHERE outcome <> 'ok') AS failed,
           total(attempts) AS attempts, ${SUMS}
         FROM requests WHERE started_at >= ?1 AND started_at < ?2 GROUP BY name ORDER BY ${group === 'day' ? 'name' : 'cost_nano_usd DESC, requests DESC'}`;
  return db.prepare(text).all(since, until) as unknown as readonly UsageRow[];
}

/** What the record is known to lack. */
export interface Gaps {
  readonly droppedRequests: number;
  readonly droppedAttempts: number;
  /** Processes that were killed over the ledger: each may have lost its last batch. */
  readonly unclean: number;
}

export function gapsSince(db: DatabaseSync, since = 0): Gaps {
  const row = db
    .prepare(
      `SELECT total(dropped_requests) AS requests, total(dropped_attempts) AS attempts, total(unclean) AS unclean
         FROM sessions WHERE coalesce(flushed_at, opened_at) >= ?`,
    )
    .get(since);
  return {
    droppedRequests: Number(row?.['requests'] ?? 0),
    droppedAttempts: Number(row?.['attempts'] ?? 0),
    unclean: Number(row?.['unclean'] ?? 0),
  };
}
