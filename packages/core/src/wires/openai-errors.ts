import { ProviderError, type ErrorKind } from '../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../spec/json.ts';
import type { CallerError, VendorError } from './wire.ts';

const MAX_MESSAGE = 2000;

/** Reads an error answer in any of the shapes OpenAI-like servers use; whatever it is, there is a message. */
export function readError(status: number, body: string): VendorError {
  const text = body.replace(/^\uFEFF/, '').trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { status, message: plainMessage(text) || `HTTP ${status}` };
  }
  const fields = readErrorFields(parsed);
  const { code, type, param } = fields;
  const error: { -readonly [K in keyof VendorError]: VendorError[K] } = {
    status,
    message: fields.message || `HTTP ${status}`,
    body: parsed,
  };
  if (code !== undefined) error.code = code;
  if (type !== undefined) error.type = type;
  if (param !== undefined) error.param = param;
  return error;
}

export interface ErrorFields {
  readonly message: string;
  readonly code?: string;
  readonly type?: string;
  readonly param?: string;
  /** A status the body itself names, 400–599. */
  readonly status?: number;
}

/**
 * `{error: {…}}`, `{error: "text"}`, `{object: "error", …}`, `{detail}`, `{errors: […]}`, `{base_resp}`, `{message}`,
 * any of them inside an array.
 */
export function readErrorFields(value: unknown): ErrorFields {
  const body: unknown = Array.isArray(value) ? (value as unknown[])[0] : value;
  if (typeof body === 'string') return { message: cut(body) };
  if (!isJsonObject(body)) return { message: cut(JSON.stringify(body) ?? '') };
  const baseResp = body['base_resp'];
  if (isJsonObject(baseResp)) {
    return { message: cut(text(baseResp['status_msg']) ?? ''), code: text(baseResp['status_code']) };
  }
  const first: unknown = Array.isArray(body['errors']) ? body['errors'][0] : undefined;
  const inner: unknown = body['error'] ?? body['detail'] ?? first;
  const source = isJsonObject(inner) ? inner : body;
  const message =
    (typeof inner === 'string' ? inner : undefined) ??
    text(source['message']) ??
    text(source['msg']) ??
    text(body['message']) ??
    detailMessage(inner) ??
    JSON.stringify(body);
  const numeric = [source['code'], source['status_code'], source['status'], source['raw_status_code'], body['code']];
  const status = numeric.map(Number).find((n) => Number.isInteger(n) && n >= 400 && n <= 599);
  return {
    message: cut(message),
    code: text(source['code']) ?? text(body['code']),
    type: text(source['type']) ?? (text(source['status']) || undefined),
    param: text(source['param']),
    status,
  };
}

/** The in-band error of a 200 answer, thrown. `kind` is a first guess from code and status; classification refines it. */
export function inBandError(value: unknown): ProviderError {
  const { message, code, type, status } = readErrorFields(value);
  return new ProviderError({
    kind: guessKind(status, `${code ?? ''} ${type ?? ''}`.toLowerCase()),
    // The vendor's words stay in their own field, where they are cleaned of secrets.
    message: 'The vendor reported an error inside its answer.',
    vendorMessage: message,
    code: code ?? type,
    status,
  });
}

const CODE_KINDS: readonly (readonly [RegExp, ErrorKind])[] = [
  [/insufficient_quota|spend_limit|usage_limit|credit|billing|balance|arrearage/, 'quota'],
  [/context_length|exceed_context_size|context_window/, 'context-window'],
  [/rate_limit|too_many_requests|throttl|slow_down/, 'rate-limit'],
  [/overloaded|unavailable/, 'overloaded'],
  [/content_policy|content_filter|data_inspection/, 'content-policy'],
  [/invalid_api_key|authentication/, 'auth'],
  [/model_not_found/, 'model-not-found'],
];

const STATUS_KINDS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid-request',
  401: 'auth',
  402: 'quota',
  403: 'permission',
  404: 'model-not-found',
  413: 'request-too-large',
  422: 'invalid-request',
  429: 'rate-limit',
  503: 'overloaded',
  529: 'overloaded',
};

/** What a failure is by its status and the vendor's code or type, in lower case. */
export function guessKind(status: number | undefined, words: string): ErrorKind {
  for (const [pattern, kind] of CODE_KINDS) if (pattern.test(words)) return kind;
  return (status === undefined ? undefined : STATUS_KINDS[status]) ?? 'server';
}

/** FastAPI's `detail: [{loc, msg}]`, and plain lists of messages. */
function detailMessage(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined;
  const lines = value.map((entry: unknown) => {
    if (!isJsonObject(entry)) return text(entry) ?? '';
    const place = Array.isArray(entry['loc']) ? `${entry['loc'].map((step) => text(step) ?? '').join('.')}: ` : '';
    return place + (text(entry['msg']) ?? text(entry['message']) ?? '');
  });
  return lines.filter((line) => line !== '').join('; ') || undefined;
}

function plainMessage(body: string): string {
  if (!body.startsWith('<')) return cut(body);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1] ?? /<h1[^>]*>([^<]*)<\/h1>/i.exec(body)?.[1];
  return cut(`HTML page${title === undefined ? '' : `: ${title.trim()}`}`);
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}

/** The error body of these protocols. */
export function encodeError(error: CallerError): JsonObject {
  const { message, status, code, param } = error;
  return { error: { message, type: errorType(status, code), param: param ?? null, code } };
}

function errorType(status: number, code: string): string {
  if (code === 'insufficient_quota' || code === 'quota') return 'insufficient_quota';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 400 && status < 500 ? 'invalid_request_error' : 'server_error';
}
