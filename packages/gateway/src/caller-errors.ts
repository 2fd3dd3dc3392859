import {
  ProviderError,
  RequestError,
  type AttemptRecord,
  type ErrorKind,
  type JsonObject,
} from '@standin/core/spec/index';
import type { CallerError } from '@standin/core/wires/wire';

/** What a caller is told of one kind of failure. */
interface KindRow {
  readonly status: number;
  readonly code: string;
}

/**
 * A vendor's refusal of our key is our failure: 502, never 401 or 403, which would make the caller's SDK blame the
 * caller's own key.
 */
const ROWS: Readonly<Record<ErrorKind, KindRow>> = {
  network: { status: 502, code: 'upstream_unreachable' },
  tls: { status: 502, code: 'upstream_tls' },
  timeout: { status: 504, code: 'upstream_timeout' },
  'rate-limit': { status: 429, code: 'rate_limit_exceeded' },
  quota: { status: 429, code: 'insufficient_quota' },
  auth: { status: 502, code: 'upstream_auth' },
  permission: { status: 502, code: 'upstream_auth' },
  'model-not-found': { status: 404, code: 'model_not_found' },
  'context-window': { status: 400, code: 'context_length_exceeded' },
  'request-too-large': { status: 413, code: 'request_too_large' },
  'content-policy': { status: 400, code: 'content_policy_violation' },
  unsupported: { status: 400, code: 'unsupported_parameter' },
  'invalid-request': { status: 400, code: 'invalid_request' },
  overloaded: { status: 503, code: 'upstream_overloaded' },
  server: { status: 502, code: 'upstream_error' },
  protocol: { status: 502, code: 'upstream_protocol' },
  empty: { status: 502, code: 'upstream_empty' },
  truncated: { status: 502, code: 'upstream_truncated' },
  config: { status: 500, code: 'gateway_config' },
  cancelled: { status: 503, code: 'cancelled' },
  deadline: { status: 504, code: 'deadline_exceeded' },
};

/** Kinds that speak of one target's set-up; when another attempt failed otherwise, that says more of the request. */
const OF_ONE_TARGET: ReadonlySet<string> = new Set(['auth', 'permission', 'model-not-found', 'config']);

/** Statuses of a vendor that a caller may see as they are: they speak of the caller's own request. */
const PASSED_STATUSES: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/** An error as it goes out: its body, and headers beside the usual ones (name, value, name, value …). */
export interface CallerFailure {
  readonly error: CallerError;
  readonly headers: readonly string[];
  /** For `error.attempts` in the body; empty when no vendor was asked. */
  readonly attempts: readonly JsonObject[];
}

/** From a failed run to what its caller is told. */
export function failureOf(error: ProviderError, attempts: readonly AttemptRecord[]): CallerFailure {
  const kind = tellingKind(error, attempts);
  const row = ROWS[kind];
  const status =
    kind === 'invalid-request' && PASSED_STATUSES.has(error.status ?? 0) ? (error.status ?? 400) : row.status;
  const code = kind === 'invalid-request' && error.code !== undefined ? error.code : row.code;
  const wait = kind === error.kind || status >= 429 ? error.retryAfterMs : undefined;
  return {
    error: { status, code, kind, message: error.message, param: error.parameter, requestId: error.requestId },
    headers: retryHeaders(wait, status),
    attempts: attempts.map(attemptRow),
  };
}

function tellingKind(error: ProviderError, attempts: readonly AttemptRecord[]): ErrorKind {
  if (!OF_ONE_TARGET.has(error.kind)) return error.kind;
  const other = attempts.findLast((attempt) => attempt.outcome !== 'ok' && !OF_ONE_TARGET.has(attempt.outcome));
  return other === undefined || other.outcome === 'ok' ? error.kind : other.outcome;
}

/** A longer wait is told, but not asked for: Anthropic's SDK would sleep for all of it, an hour if need be. */
const LONGEST_ADVISED_WAIT_MS = 60_000;

/**
 * Every route was walked already, so the SDK's own two retries would only multiply it (both official SDKs obey
 * `x-should-retry`, read 2026-11): they are called off unless a wait is known to help.
 */
function retryHeaders(waitMs: number | undefined, status: number): readonly string[] {
  if (waitMs === undefined || status < 429) return ['x-should-retry', 'false'];
  const advised = waitMs <= LONGEST_ADVISED_WAIT_MS;
  const headers = ['x-should-retry', `${advised}`, 'retry-after', `${Math.max(1, Math.ceil(waitMs / 1000))}`];
  return advised ? [...headers, 'retry-after-ms', `${Math.max(1, Math.ceil(waitMs))}`] : headers;
}

function attemptRow(attempt: AttemptRecord): JsonObject {
  const row: JsonObject = {
    attempt: attempt.attempt,
    provider: attempt.provider,
    model: attempt.model,
    kind: attempt.outcome,
    waited_ms: attempt.waitedMs,
    duration_ms: attempt.endedMs - attempt.startedMs,
    reason: attempt.reason,
  };
  if (attempt.key !== undefined) row.key = attempt.key;
  if (attempt.status !== undefined) row.status = attempt.status;
  if (attempt.code !== undefined) row.code = attempt.code;
  if (attempt.message !== undefined) row.message = attempt.message;
  if (attempt.requestId !== undefined) row.request_id = attempt.requestId;
  if (attempt.retryAfterMs !== undefined) row.retry_after_ms = attempt.retryAfterMs;
  return row;
}

/** Anything thrown on the way in: the caller's own mistake as it says, our own bug as a plain 500. */
export function failureOfThrown(thrown: unknown): CallerFailure {
  if (ProviderError.is(thrown)) return failureOf(thrown, []);
  if (thrown instanceof RequestError) {
    const { status, code, param, message } = thrown;
    return { error: { status, code, kind: kindOfStatus(status), message, param }, headers: [], attempts: [] };
  }
  return ownFailure(500, 'gateway_error', 'The gateway failed while handling this request; its log says more.');
}

function kindOfStatus(status: number): CallerError['kind'] {
  if (status === 404) return 'model-not-found';
  if (status === 413) return 'request-too-large';
  return 'invalid-request';
}

export function ownFailure(
  status: number,
  code: string,
  message: string,
  headers: readonly string[] = [],
): CallerFailure {
  return {
    error: { status, code, kind: status >= 500 ? 'server' : 'invalid-request', message },
    headers,
    attempts: [],
  };
}
