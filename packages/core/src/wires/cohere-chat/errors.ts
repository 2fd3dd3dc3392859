import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { inBandError as openaiShaped } from '../openai-errors.ts';
import type { CallerError } from '../wire.ts';

/** `{id?, message}`, the body of every HTTP error of this protocol, is one of the shapes that this reads. */
export { readError } from '../openai-errors.ts';

/** A failure inside a 200: an object with nothing but a message, or an `error`. */
export function inBandError(value: unknown): ProviderError {
  // The event's own `type` is no type of error.
  return openaiShaped(isJsonObject(value) && typeof value['message'] === 'string' ? { ...value, type: null } : value);
}

/** The failure that a finish reason tells; `message` is the vendor's text, where it gives one. */
export function failureOf(raw: string, message: string | undefined): ProviderError {
  const isTimeout = raw.toUpperCase() === 'TIMEOUT';
  return new ProviderError({
    kind: isTimeout ? 'timeout' : 'server',
    ...(isTimeout ? { phase: 'content' as const } : {}),
    message: `The vendor broke the answer off with finish reason ${JSON.stringify(raw)}.`,
    code: raw,
    vendorMessage: message,
  });
}

/** The HTTP error body of this protocol: a message, and the request's id. */
export function encodeError(error: CallerError): JsonObject {
  // Clients that compact a conversation look for Cohere's words.
  const tooLong = error.kind === 'context-window' && !/too many tokens/i.test(error.message);
  const message = tooLong ? `too many tokens: ${error.message}` : error.message;
  return error.requestId === undefined ? { message } : { id: error.requestId, message };
}
