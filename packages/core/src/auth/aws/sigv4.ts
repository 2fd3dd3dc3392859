import { createHash, createHmac } from 'node:crypto';
import type { Secret } from '../../spec/secret.ts';

export interface AwsCredentials {
  /** Not a secret by AWS's own rules, but never printed in full either. */
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  /** Unix milliseconds; absent: they do not expire. */
  readonly expiresMs?: number;
}

export interface SignedCall {
  readonly method: string;
  /** Absolute; its path must be the one that is sent, percent-encoded once. */
  readonly url: string;
  /** Names in any case. Only `content-type` and `x-amz-*` are signed; the rest may be changed on the way. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface SigningScope {
  readonly region: string;
  /** `bedrock` for Bedrock's runtime. */
  readonly service: string;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * Headers that sign a call with AWS Signature Version 4 (IAM user guide, "Create a signed AWS API request", read
 * 2026-11): `authorization`, `x-amz-date`, `x-amz-content-sha256`, and `x-amz-security-token` for temporary keys.
 */
export function signV4(call: SignedCall, credentials: AwsCredentials, scope: SigningScope): Record<string, string> {
  const url = new URL(call.url);
  const stamp = new Date(scope.nowMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = stamp.slice(0, 8);
  const added: Record<string, string> = {
    'x-amz-date': stamp,
    'x-amz-content-sha256': sha256(call.body),
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken.reveal() }),
  };
  const signed = signedHeaders({ ...lowerCase(call.headers), ...added, host: url.host });
  const names = signed.map(([name]) => name).join(';');
  const canonical = [
    call.method.toUpperCase(),
    canonicalPath(url.pathname),
    canonicalQuery(url),
    ...signed.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    added['x-amz-content-sha256'],
  ].join('\n');
  const where = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const text = [ALGORITHM, stamp, where, sha256(canonical)].join('\n');
  const signature = hmac(signingKey(credentials.secretAccessKey, day, scope), text).toString('hex');
  const authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${where}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...added, authorization };
}

function signedHeaders(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers)
    .filter(([name]) => name === 'host' || name === 'content-type' || name.startsWith('x-amz-'))
    .map(([name, value]): [string, string] => [name, value.trim().replaceAll(/ {2,}/g, ' ')])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Every segment is encoded once more, as all services but S3 want it: `%3A` in the path is signed as `%253A`. */
function canonicalPath(path: string): string {
  return path.split('/').map(encodeStrictly).join('/') || '/';
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${encodeStrictly(name)}=${encodeStrictly(value)}`)
    .toSorted()
    .join('&');
}

/** RFC 3986: only letters, digits and `-._~` stay as they are. */
function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function signingKey(secret: Secret, day: string, scope: SigningScope): Buffer {
  const dated = hmac(`AWS4${secret.reveal()}`, day);
  return hmac(hmac(hmac(dated, scope.region), scope.service), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
