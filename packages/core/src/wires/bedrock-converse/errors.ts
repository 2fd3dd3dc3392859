import { ProviderError, type ErrorKind } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CallerError, VendorError } from '../wire.ts';

interface Exception {
  readonly status: number;
  readonly kind: ErrorKind;
}

/** Exceptions of the runtime with their statuses (Bedrock API reference, "Converse: errors", read 2026-11). */
const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  validationexception: { status: 400, kind: 'invalid-request' },
  servicequotaexceededexception: { status: 400, kind: 'quota' },
  unrecognizedclientexception: { status: 403, kind: 'auth' },
  invalidsignatureexception: { status: 403, kind: 'auth' },
  incompletesignatureexception: { status: 403, kind: 'auth' },
  missingauthenticationtokenexception: { status: 403, kind: 'auth' },
  expiredtokenexception: { status: 403, kind: 'auth' },
  accessdeniedexception: { status: 403, kind: 'permission' },
  resourcenotfoundexception: { status: 404, kind: 'model-not-found' },
  modeltimeoutexception: { status: 408, kind: 'server' },
  modelerrorexception: { status: 424, kind: 'server' },
  modelstreamerrorexception: { status: 424, kind: 'server' },
  throttlingexception: { status: 429, kind: 'rate-limit' },
  modelnotreadyexception: { status: 429, kind: 'overloaded' },
  internalserverexception: { status: 500, kind: 'server' },
  serviceunavailableexception: { status: 503, kind: 'overloaded' },
};

export function protocolError(message: string): ProviderError {
  return new ProviderError({ kind: 'protocol', message });
}

/** An exception or error frame, or an error object inside a 200. `name` decides; without a known one it is a 500. */
export function inBandError(name: string | undefined, body: unknown, fallback?: string): ProviderError {
  const found = findError(body);
  const code = shortName(name) ?? found.code;
  const known = code === undefined ? undefined : EXCEPTIONS[code.toLowerCase()];
  const words = found.message ?? fallback;
  // A model's own failure is passed on with the status that the model gave.
  const status = found.originalStatus ?? known?.status ?? 500;
  return new ProviderError({
    kind: known?.kind ?? 'server',
    message: `The service stopped the answer${code === undefined ? '' : ` with ${code}`}${words === undefined ? '.' : `: ${words}`}`,
    status,
    ...(code === undefined ? {} : { code }),
    ...(words === undefined ? {} : { vendorMessage: words.slice(0, 2000) }),
  });
}

interface FoundError {
  readonly message?: string;
  readonly code?: string;
  readonly originalStatus?: number;
}

/** `{message}`, `{Message}`, `{__type, message}`, and the shapes that proxies in front of the service use. */
function findError(body: unknown): FoundError {
  if (!isJsonObject(body)) return {};
  const inner = isJsonObject(body['error']) ? body['error'] : body;
  const plain = typeof body['error'] === 'string' ? body['error'] : undefined;
  const original = text(inner['originalMessage']);
  const own = text(inner['message']) ?? text(inner['Message']) ?? text(inner['errorMessage']) ?? plain;
  const message = original === undefined || original === own ? own : [own, original].filter(Boolean).join(' | ');
  const code = shortName(text(inner['__type']) ?? text(inner['code']) ?? text(inner['type']));
  const status = inner['originalStatusCode'];
  const isStatus = typeof status === 'number' && status >= 400 && status < 600;
  return {
    ...(message === undefined ? {} : { message }),
    ...(code === undefined ? {} : { code }),
    ...(isStatus ? { originalStatus: status } : {}),
  };
}

/** `com.amazon.coral.service#ThrottlingException:http://…` → `ThrottlingException`. */
function shortName(name: string | undefined): string | undefined {
  const short = name?.split(':')[0]?.split('#').at(-1)?.trim();
  return short === undefined || short === '' ? undefined : short;
}

export function readError(status: number, body: string): VendorError {
  const parsed = parseJson(body);
  const found = findError(parsed);
  const kind = found.code === undefined ? undefined : EXCEPTIONS[found.code.toLowerCase()]?.kind;
  return {
    status,
    message: found.message ?? plainMessage(status, body),
    ...(found.code === undefined ? {} : { code: found.code }),
    ...(parsed === undefined ? {} : { body: parsed }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function plainMessage(status: number, body: string): string {
  const trimmed = body.trim();
  if (trimmed === '') return `HTTP ${status} with an empty body`;
  if (!trimmed.startsWith('<')) return trimmed.slice(0, 2000);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(trimmed)?.[1]?.trim();
  return `HTTP ${status} with an HTML page${title ? `: ${title.slice(0, 200)}` : ''}`;
}

/** Name of the exception that stands for a status, with the lower-case beginning that frames use. */
export function exceptionOf(error: CallerError): string {
  switch (error.status) {
    case 401:
    case 403:
      return 'accessDeniedException';
    case 404:
      return 'resourceNotFoundException';
    case 408:
      return 'modelTimeoutException';
    case 424:
      return 'modelStreamErrorException';
    case 429:
      return 'throttlingException';
    case 503:
    case 529:
      return 'serviceUnavailableException';
    default:
      return error.status < 500 ? 'validationException' : 'internalServerException';
  }
}

/** The error body of this wire; the exception's name belongs into the header `x-amzn-errortype`. */
export function encodeError(error: CallerError): JsonObject {
  return { message: error.message };
}

export function parseJson(source: string): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
