import type { Secret } from '../../spec/secret.ts';

type Claims = Readonly<Record<string, unknown>>;

/** The claims of a JWT, unverified: it came from the identity server itself and is only read for facts. */
export function claimsOf(token: Secret | undefined): Claims {
  const part = token?.reveal().split('.')[1];
  if (part === undefined) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Claims) : {};
  } catch {
    return {};
  }
}

/** `exp` in Unix milliseconds. */
export function expiryOf(token: Secret | undefined): number | undefined {
  const exp = claimsOf(token)['exp'];
  return typeof exp === 'number' && Number.isFinite(exp) && exp > 0 ? exp * 1000 : undefined;
}

export function emailOf(token: Secret | undefined): string | undefined {
  const email = claimsOf(token)['email'];
  return typeof email === 'string' && email !== '' ? email : undefined;
}
