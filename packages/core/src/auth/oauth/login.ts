import { createHash } from 'node:crypto';

import type { Secret } from '../../spec/secret.ts';

/** One signed-in account with its tokens. */
export interface Login {
  /** Slot of the catalog. */
  readonly provider: string;
  /** The user's name for it. */
  readonly name: string;
  /** `token`: a fixed token that no server renews. */
  readonly kind: 'oauth' | 'token';
  /** What calls carry. */
  readonly access?: Secret;
  /** What buys a new access token; at Copilot GitHub's own token. */
  readonly refresh?: Secret;
  readonly idToken?: Secret;
  /** End of the access token, Unix milliseconds. */
  readonly expiresAt?: number;
  readonly accountId?: string;
  readonly tokenType?: string;
  readonly scope?: string;
  /** Facts that belong to the account and are no secret: address of the API, client id, mail address. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Unix milliseconds. */
  readonly createdAt?: number;
  readonly updatedAt?: number;
}

export const DEFAULT_PROFILE = 'default';

export function profileId(provider: string, name: string): string {
  return `${provider}:${name}`;
}

/** Stands for the account in records where the fingerprint of a key would: tokens change, the account stays. */
export function profileFingerprint(provider: string, name: string): string {
  return createHash('sha256').update(profileId(provider, name)).digest('hex').slice(0, 8);
}

/** A token that ends sooner than this is renewed before it is used, unless its vendor says otherwise. Milliseconds. */
export const RENEW_EARLY_MS = 90_000;

/** True while the access token can be used for at least `earlyMs` more. A token without an end counts as good. */
export function isFresh(login: Login, wallMs: number, earlyMs: number): boolean {
  if (login.access === undefined) return false;
  return login.expiresAt === undefined || login.expiresAt - wallMs > earlyMs;
}

/** Tokens of an answer put over a login; what the answer leaves out stays. */
export function withTokens(login: Login, next: Partial<Login>): Login {
  const given = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined));
  return { ...login, ...given, metadata: { ...login.metadata, ...next.metadata } };
}
