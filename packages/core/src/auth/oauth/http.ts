import type { JsonObject } from '../../spec/json.ts';

/** One small call to an identity server. */
export interface IdentityCall {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface IdentityAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/**
 * How identity servers are reached; the floors above bring the transport. Rejects with a `ProviderError` of kind
 * `network`, `tls` or `timeout` when no answer came, `cancelled` when the signal fired.
 */
export type IdentityHttp = (call: IdentityCall) => Promise<IdentityAnswer>;

const JSON_TYPE = 'application/json';

export function jsonCall(
  url: string,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): IdentityCall & { readonly body: string } {
  return {
    method: 'POST',
    url,
    headers: { accept: JSON_TYPE, 'content-type': JSON_TYPE, ...headers },
    body: JSON.stringify(body),
  };
}

export function formCall(
  url: string,
  fields: Readonly<Record<string, string | undefined>>,
  headers: Readonly<Record<string, string>> = {},
): IdentityCall & { readonly body: string } {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  return {
    method: 'POST',
    url,
    headers: { accept: JSON_TYPE, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form.toString(),
  };
}

export function getCall(url: string, headers: Readonly<Record<string, string>> = {}): IdentityCall {
  return { method: 'GET', url, headers: { accept: JSON_TYPE, ...headers } };
}

/** The answer's JSON object; an empty one for anything else (an HTML page of a proxy, an empty body). */
export function bodyOf(answer: IdentityAnswer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer.text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {};
  } catch {
    return {};
  }
}

export function textField(body: Readonly<Record<string, unknown>>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = body[name];
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
  }
  return undefined;
}

/** A number, also one written as text (OpenAI's device `interval` is `"5"`). */
export function numberField(body: Readonly<Record<string, unknown>>, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = body[name];
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'number' && Number.isFinite(number)) return number;
  }
  return undefined;
}

export interface OAuthRefusal {
  /** The server's own code, `invalid_grant`. */
  readonly code?: string;
  readonly message?: string;
}

/** OAuth's `{error, error_description}`, and the nested `{error: {code, message}}` of OpenAI and Google. */
export function refusalOf(answer: IdentityAnswer): OAuthRefusal {
  const body = bodyOf(answer);
  const nested = body['error'];
  if (typeof nested === 'object' && nested !== null) {
    const inner = nested as Record<string, unknown>;
    return { code: textField(inner, 'code', 'type', 'status'), message: textField(inner, 'message') };
  }
  return {
    code: textField(body, 'error', 'code', 'status'),
    message: textField(body, 'error_description', 'message', 'detail', 'status_msg'),
  };
}
