import { ProviderError, type ErrorKind } from '../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../spec/json.ts';
import { guessKind } from './openai-errors.ts';
import type { CallerError, VendorError } from './wire.ts';

const MAX_MESSAGE = 2000;

/** google.rpc.Code with the HTTP status it travels by (AIP-193 and googleapis/google/rpc/code.proto, read 2026-11). */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNKNOWN: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

interface ErrorFields {
  readonly message: string;
  /** google.rpc.Code by name. */
  readonly code?: string;
  /** `ErrorInfo.reason`, the more exact of the two (`API_KEY_INVALID`). */
  readonly reason?: string;
  readonly param?: string;
  readonly status?: number;
}

/** `{error: {…}}`, the same inside an array, `{error: "text"}`, and OpenAI-shaped errors of proxies in front. */
function readErrorFields(value: unknown): ErrorFields {
  const body: unknown = Array.isArray(value) ? (value as unknown[])[0] : value;
  if (!isJsonObject(body)) return { message: typeof body === 'string' ? cut(body) : '' };
  const inner = body['error'] ?? body;
  if (typeof inner === 'string') return { message: cut(inner), code: text(body['code']) };
  if (!isJsonObject(inner)) return { message: '' };
  const details = Array.isArray(inner['details']) ? inner['details'].filter(isJsonObject) : [];
  const code = text(inner['status']) ?? (typeof inner['code'] === 'string' ? inner['code'] : undefined);
  const numeric = [inner['code'], inner['status']].map(Number).find((n) => Number.isInteger(n) && n >= 400 && n < 600);
  return {
    message: cut(text(inner['message']) ?? text(body['message']) ?? ''),
    code,
    reason: details.map((detail) => text(detail['reason'])).find((reason) => reason !== undefined),
    param: details.map(fieldOf).find((field) => field !== undefined),
    status: numeric ?? STATUS_OF_CODE[(code ?? '').toUpperCase()],
  };
}

/** `BadRequest.fieldViolations[0].field`. */
function fieldOf(detail: JsonObject): string | undefined {
  const violations = detail['fieldViolations'];
  const first = Array.isArray(violations) ? violations[0] : undefined;
  return isJsonObject(first) ? text(first['field']) : undefined;
}

/** Reads an error answer; whatever it is, there is a message. */
export function readError(status: number, body: string): VendorError {
  const trimmed = body.replace(/^\uFEFF/, '').trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    return { status, message: plainMessage(trimmed) || `HTTP ${status}` };
  }
  const { message, code, reason, param, status: stated } = readErrorFields(parsed);
  const error: { -readonly [K in keyof VendorError]: VendorError[K] } = {
    // An error inside a 200 has the status it names.
    status: status >= 200 && status < 300 ? (stated ?? 500) : status,
    message: message || `HTTP ${status}`,
    body: parsed,
  };
  if (reason !== undefined || code !== undefined) error.code = reason ?? code;
  if (code !== undefined) error.type = code;
  if (param !== undefined) error.param = param;
  return error;
}

/** The error inside a 200 answer, thrown. `kind` is a first guess; classification refines it. */
export function inBandError(value: unknown): ProviderError {
  const { message, code, reason, status } = readErrorFields(value);
  return new ProviderError({
    kind: kindOf(status, reason ?? code ?? ''),
    // The vendor's words stay in their own field, where they are cleaned of secrets.
    message: 'The vendor reported an error inside its answer.',
    vendorMessage: message,
    code: reason ?? code,
    status,
  });
}

const KIND_OF_STATUS: Readonly<Record<number, ErrorKind>> = {
  400: 'invalid-request',
  401: 'auth',
  403: 'permission',
  404: 'model-not-found',
  413: 'request-too-large',
  429: 'rate-limit',
  503: 'overloaded',
  529: 'overloaded',
};

function kindOf(status: number | undefined, code: string): ErrorKind {
  if (/^API_KEY_(INVALID|EXPIRED)$/.test(code)) return 'auth';
  return (status === undefined ? undefined : KIND_OF_STATUS[status]) ?? guessKind(undefined, code.toLowerCase());
}

const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  413: 'INVALID_ARGUMENT',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
  529: 'UNAVAILABLE',
};

/** The error body of this wire. Our own finer code stands in `ErrorInfo.reason`, where Google puts its own. */
export function encodeError(error: CallerError): JsonObject {
  const { status, message, code, param, requestId } = error;
  // Clients that compact a conversation look for Google's words.
  const tooLong = error.kind === 'context-window' && !/exceeds the maximum number of tokens/i.test(message);
  const metadata: JsonObject = {};
  if (requestId !== undefined) metadata['requestId'] = requestId;
  const details: JsonValue[] = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: code.toUpperCase(), domain: 'standin', metadata },
  ];
  if (param !== undefined) {
    const fieldViolations = [{ field: param, description: message }];
    details.push({ '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations });
  }
  return {
    error: {
      code: status,
      message: tooLong ? `The input token count exceeds the maximum number of tokens allowed: ${message}` : message,
      status: CODE_OF_STATUS[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'INTERNAL'),
      details,
    },
  };
}

function plainMessage(body: string): string {
  if (!body.startsWith('<')) return cut(body);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1]?.trim();
  return cut(`HTML page${title ? `: ${title}` : ''}`);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
