import { ProviderError, type ErrorKind } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CallerError, VendorError } from '../wire.ts';

const MAX_MESSAGE = 2000;

/** `{"error": "text"}`; the cloud and proxies in front also send an object. Whatever it is, there is a message. */
export function readError(status: number, body: string): VendorError {
  const text = body.replace(/^\uFEFF/, '').trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { status, message: plainMessage(text) || `HTTP ${status}` };
  }
  const error: { -readonly [K in keyof VendorError]: VendorError[K] } = {
    // An error inside a 200 names no status of its own.
    status: status >= 200 && status < 300 ? 500 : status,
    message: cut(messageOf(parsed)) || `HTTP ${status}`,
    body: parsed,
  };
  const code = codeOf(parsed);
  if (code !== undefined) error.code = code;
  return error;
}

/** An error line after the 200. `kind` is a first guess; classification refines it. */
export function inBandError(value: unknown): ProviderError {
  const message = cut(messageOf(value));
  return new ProviderError({
    kind: kindOf(message),
    // The vendor's words stay in their own field, where they are cleaned of secrets.
    message: 'The vendor reported an error inside its answer.',
    vendorMessage: message,
    code: codeOf(value),
  });
}

/** Wordings of the server (github.com/ollama/ollama server/routes.go, read 2026-11). */
const WORDINGS: readonly (readonly [RegExp, ErrorKind])[] = [
  [/exceeded max context length|input length exceeds/i, 'context-window'],
  [/does not support (tools|thinking|chat|vision|images)/i, 'unsupported'],
  [/model ['"]?[^'"]*['"]? not found|try pulling it first/i, 'model-not-found'],
  [/unauthorized/i, 'auth'],
  [/usage limit|upgrade for higher limits/i, 'quota'],
  [/too many requests|rate limit/i, 'rate-limit'],
  [/server busy|maximum pending requests/i, 'overloaded'],
];

function kindOf(message: string): ErrorKind {
  return WORDINGS.find(([pattern]) => pattern.test(message))?.[1] ?? 'server';
}

function messageOf(value: unknown): string {
  if (!isJsonObject(value)) return typeof value === 'string' ? value : '';
  const { error, message } = value;
  if (typeof error === 'string') return error;
  if (isJsonObject(error) && typeof error['message'] === 'string') return error['message'];
  return typeof message === 'string' ? message : '';
}

function codeOf(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const source = isJsonObject(value['error']) ? value['error'] : value;
  const code = source['code'] ?? source['type'];
  return typeof code === 'string' && code !== '' ? code : undefined;
}

/** The error body of this wire: one string. */
export function encodeError(error: CallerError): JsonObject {
  const tooLong = error.kind === 'context-window' && !/exceeded max context length/i.test(error.message);
  return { error: tooLong ? `prompt too long; exceeded max context length: ${error.message}` : error.message };
}

function plainMessage(body: string): string {
  if (!body.startsWith('<')) return cut(body);
  const title = /<title[^>]*>([^<]*)<\/title>/i.exec(body)?.[1]?.trim();
  return cut(`HTML page${title ? `: ${title}` : ''}`);
}

function cut(message: string): string {
  return message.length <= MAX_MESSAGE ? message : `${message.slice(0, MAX_MESSAGE)}…`;
}
