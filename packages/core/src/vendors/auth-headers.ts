import { ProviderError } from '../spec/errors.ts';
import type { Secret } from '../spec/secret.ts';
import type { AuthScheme } from './row.ts';
import { isZhipuPair, signZhipuToken } from './special/zhipu-jwt.ts';

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** What HTTP lets into a header value: printable Latin-1 and tabs. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Names the transport owns. */
const OWNED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
]);

/**
 * Checks one header of ours. @throws ProviderError `config` naming the header, never its value.
 */
export function checkHeader(name: string, value: string, owner: string): void {
  if (!NAME.test(name)) {
    throw new ProviderError({
      kind: 'config',
      message: `${owner}: ${JSON.stringify(name.slice(0, 60))} is not a valid header name`,
    });
  }
  if (OWNED.has(name)) {
    throw new ProviderError({
      kind: 'config',
      message: `${owner}: the header "${name}" is set by the connection itself and cannot be given`,
    });
  }
  if (!VALUE.test(value)) {
    const what = /[\r\n]/.test(value) ? 'a line break' : 'a character that HTTP does not allow';
    throw new ProviderError({
      kind: 'config',
      message: `${owner}: the value of the header "${name}" contains ${what}; copy it again without it`,
    });
  }
}

/** Anthropic's login tokens go as Bearer and need their beta flag (Anthropic TypeScript SDK 1.11, read 2026-11). */
const CLAUDE_LOGIN_PREFIX = 'sk-ant-oat';
const CLAUDE_LOGIN_BETA = 'claude-code-20250219,oauth-2025-04-20,interleaved-thinking-2025-05-14';

/** Keys arrive with the white space and quotes of the file they were copied from. */
export function cleanKey(value: string): string {
  return value
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .replace(/^bearer\s+/i, '')
    .trim();
}

/** The headers that carry a key; none for a scheme that signs elsewhere (`aws`) or when there is no key. */
export function authHeaders(
  scheme: AuthScheme,
  secret: Secret | undefined,
  wallMs: number,
): Readonly<Record<string, string>> {
  if (secret === undefined) return {};
  const key = cleanKey(secret.reveal());
  if (key === '') return {};
  switch (scheme) {
    case 'x-api-key':
      return key.startsWith(CLAUDE_LOGIN_PREFIX)
        ? { authorization: `Bearer ${key}`, 'anthropic-beta': CLAUDE_LOGIN_BETA }
        : { 'x-api-key': key };
    case 'api-key':
      // An Entra token is a JWT and goes as Bearer; keys of a resource are plain.
      return /^eyJ[\w-]+\.[\w-]+\./.test(key) ? { authorization: `Bearer ${key}` } : { 'api-key': key };
    case 'x-goog-api-key':
      return key.startsWith('ya29.') ? { authorization: `Bearer ${key}` } : { 'x-goog-api-key': key };
    case 'zhipu-jwt':
      return { authorization: `Bearer ${isZhipuPair(key) ? signZhipuToken(key, wallMs) : key}` };
    case 'aws':
      // A Bedrock API key is a Bearer token; signing with an access key is done per request, above this floor.
      return { authorization: `Bearer ${key}` };
    case 'bearer':
    case 'oauth':
    case 'none':
      return { authorization: `Bearer ${key}` };
  }
}
