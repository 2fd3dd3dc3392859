import { type ErrorKind, ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CallerError, VendorError } from '../wire.ts';

/** Types of the error object with the status they stand for (Anthropic API reference, "Errors", read 2026-11). */
const TYPES: Readonly<Record<string, { readonly status: number; readonly kind: ErrorKind }>> = {
  invalid_request_error: { status: 400, kind: 'invalid-request' },
  authentication_error: { status: 401, kind: 'auth' },
  billing_error: { status: 402, kind: 'quota' },
  permission_error: { status: 403, kind: 'permission' },
  not_found_error: { status: 404, kind: 'model-not-found' },
  conflict_error: { status: 409, kind: 'server' },
  request_too_large: { status: 413, kind: 'request-too-large' },
  rate_limit_error: { status: 429, kind: 'rate-limit' },
  api_error: { status: 500, kind: 'server' },
  timeout_error: { status: 504, kind: 'server' },
  overloaded_error: { status: 529, kind: 'overloaded' },
};

/** Wordings under a general type, each with the answer it was seen in. */
const WORDINGS: readonly (readonly [types: readonly string[], pattern: RegExp, kind: ErrorKind])[] = [
  // "Your credit balance is too low to access the Anthropic API."
  [['invalid_request_error'], /credit balance is too low/i, 'quota'],
  // "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
  [
    ['invalid_request_error', 'rate_limit_error'],
    /reached your specified (?:API|workspace API)? ?usage limits/i,
    'quota',
  ],
  // "prompt is too long: 213462 tokens > 200000 maximum"
  [['invalid_request_error', 'request_too_large', 'api_error'], /prompt is too long/i, 'context-window'],
  // "input length and `max_tokens` exceed context limit: 197000 + 8192 > 200000"
  [['invalid_request_error'], /exceed context limit/i, 'context-window'],
  // "Output blocked by content filtering policy"
  [['invalid_request_error', 'api_error'], /blocked by content filtering policy/i, 'content-policy'],
];

interface FoundError {
  readonly type?: string;
  readonly code?: string;
  readonly message?: string;
  readonly param?: string;
}

/** The error in a body, whether nested (`{error: {…}}`), flat, a plain string, in an array, or JSON inside a message. */
export function findError(body: unknown, depth = 0): FoundError | undefined {
  const value: unknown = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(value)) return undefined;
  const inner = value['error'] ?? value['detail'] ?? (Array.isArray(value['errors']) ? value['errors'][0] : undefined);
  if (typeof inner === 'string') return { message: inner, type: errorType(value['type']), code: text(value['code']) };
  const error = isJsonObject(inner) ? inner : value;
  const message = text(error['message']) ?? text(error['detail']) ?? text(value['message']);
  if (message !== undefined && depth < 3) {
    const nested = message.trimStart().startsWith('{') ? findError(tryParse(message), depth + 1) : undefined;
    if (nested?.message !== undefined) return nested;
  }
  const details = error['details'];
  const code = (isJsonObject(details) ? text(details['error_code']) : undefined) ?? text(error['code']);
  const type = errorType(error['type']);
  if (message === undefined && type === undefined && code === undefined) return undefined;
  return { type, code, message, param: text(error['param']) };
}

export function readError(status: number, body: string): VendorError {
  const parsed = tryParse(body);
  const found = findError(parsed);
  if (found === undefined) {
    const kind = status === 413 ? ('request-too-large' as const) : undefined;
    return { status, message: plainMessage(status, body), body: parsed, kind };
  }
  const meaning = found.type === undefined ? undefined : TYPES[found.type];
  return {
    // An error inside a 200 has the status of its type.
    status: status >= 200 && status < 300 ? (meaning?.status ?? 500) : status,
    code: found.code ?? found.type,
    type: found.type,
    message: found.message ?? found.type ?? `HTTP ${status}`,
    param: found.param,
    body: parsed,
    kind: kindOf(found),
  };
}

/** An `event: error`, or an error object where an answer was expected. */
export function inBandError(body: unknown): ProviderError {
  const found = findError(body) ?? {};
  const kind = kindOf(found) ?? 'server';
  const status = (found.type === undefined ? undefined : TYPES[found.type]?.status) ?? 500;
  const words = found.message ?? 'no message';
  const requestId = isJsonObject(body) ? text(body['request_id']) : undefined;
  return new ProviderError({
    kind,
    status,
    code: found.code ?? found.type,
    message: `The vendor reported an error inside its answer: ${words.slice(0, 2000)}`,
    vendorMessage: words.slice(0, 2000),
    requestId,
  });
}

export function protocolError(message: string): ProviderError {
  return new ProviderError({ kind: 'protocol', message });
}

function kindOf(found: FoundError): ErrorKind | undefined {
  if (found.code !== undefined && found.code.endsWith('spend_limit_reached')) return 'quota';
  const { type, message } = found;
  if (type === undefined) return undefined;
  const worded = WORDINGS.find(
    ([types, pattern]) => types.includes(type) && message !== undefined && pattern.test(message),
  );
  return worded?.[2] ?? TYPES[type]?.kind;
}

function plainMessage(status: number, body: string): string {
  const trimmed = body.trim();
  if (trimmed === '') return `HTTP ${status} with an empty body`;
  if (!trimmed.startsWith('<')) return trimmed.slice(0, 2000);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim();
  return `HTTP ${status} with an HTML page${title ? `: ${title.slice(0, 200)}` : ''}`;
}

/** `{"type":"error"}` is the envelope's own name, not a kind of error. */
function errorType(value: unknown): string | undefined {
  return value === 'error' ? undefined : text(value);
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

function tryParse(body: string): unknown {
  try {
    return JSON.parse(body.trim()) as unknown;
  } catch {
    return undefined;
  }
}

const TYPE_BY_STATUS: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The error body of this wire. `type` follows the status, so that SDK error classes and the body agree. */
export function encodeError(error: CallerError): JsonObject {
  const type = TYPE_BY_STATUS[error.status] ?? (error.status < 500 ? 'invalid_request_error' : 'api_error');
  // Claude Code compacts the conversation when it reads these words.
  const tooLong = error.kind === 'context-window' && !/prompt is too long/i.test(error.message);
  const message = tooLong ? `prompt is too long: ${error.message}` : error.message;
  const body: JsonObject = { type: 'error', error: { type, message } };
  if (error.requestId !== undefined) body['request_id'] = error.requestId;
  return body;
}
