import { Secret } from '../../spec/secret.ts';
import type { Login } from '../oauth/login.ts';

/** How tokens are kept at rest. `open` throws an `Error` that says what is wrong and what to do, without the value. */
export interface TokenCipher {
  seal(plain: string): string;
  /** A text that was never sealed is returned as it is. */
  open(stored: string): string;
}

export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;

/** RFC 3339, or a Unix number in seconds or milliseconds, as Unix milliseconds. */
export function timeOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value < 1e11 ? value * 1000 : value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return timeOf(number);
  const parsed = Date.parse(value);
  return Number.isNaN(parsed) ? undefined : parsed;
}

/**
 * One profile of `auth-profiles.json` (ZeroClaw's shape, read 2026-11: `provider` or `model_provider`, tokens `enc2:`).
 * Throws what the cipher throws.
 */
export function loginOf(id: string, profile: JsonRecord, cipher: TokenCipher): Login {
  const colon = id.indexOf(':');
  const secret = (value: unknown): Secret | undefined => {
    const stored = text(value);
    return stored === undefined ? undefined : new Secret(cipher.open(stored));
  };
  const isToken = text(profile['kind'])?.toLowerCase() === 'token';
  return {
    provider: text(profile['provider']) ?? text(profile['model_provider']) ?? id.slice(0, Math.max(colon, 0)),
    name: text(profile['profile_name']) ?? id.slice(colon + 1),
    kind: isToken ? 'token' : 'oauth',
    access: secret(profile['access_token']) ?? secret(profile['token']),
    refresh: secret(profile['refresh_token']),
    idToken: secret(profile['id_token']),
    expiresAt: timeOf(profile['expires_at']),
    accountId: text(profile['account_id']),
    tokenType: text(profile['token_type']),
    scope: text(profile['scope']),
    metadata: metadataOf(profile['metadata']),
    createdAt: timeOf(profile['created_at']),
    updatedAt: timeOf(profile['updated_at']),
  };
}

function metadataOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** The login as JSON over what stood there: fields nobody here knows stay. */
export function profileOf(login: Login, before: JsonRecord, cipher: TokenCipher): JsonRecord {
  const sealed = (secret: Secret | undefined): string | undefined =>
    secret === undefined ? undefined : cipher.seal(secret.reveal());
  const time = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  const isToken = login.kind === 'token';
  const kept = isRecord(before['metadata']) ? before['metadata'] : {};
  const other = Object.fromEntries(Object.entries(kept).filter(([, value]) => typeof value !== 'string'));
  const fields: JsonRecord = {
    provider: login.provider,
    profile_name: login.name,
    kind: login.kind,
    account_id: login.accountId,
    access_token: isToken ? undefined : sealed(login.access),
    token: isToken ? sealed(login.access) : undefined,
    refresh_token: sealed(login.refresh),
    id_token: sealed(login.idToken),
    expires_at: time(login.expiresAt),
    token_type: login.tokenType,
    scope: login.scope,
    metadata: { ...other, ...login.metadata },
    created_at: time(login.createdAt),
    updated_at: time(login.updatedAt),
  };
  const merged = { ...before, ...fields };
  delete merged['model_provider'];
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}
