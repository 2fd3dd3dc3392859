import { createHmac } from 'node:crypto';

const LIFETIME_MS = 210_000;

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** True for Zhipu's older keys, `id.secret`, which are signed instead of sent. */
export function isZhipuPair(key: string): boolean {
  return /^[^.\s]+\.[^.\s]+$/.test(key);
}

/**
 * The short-lived token for a key `id.secret`: HS256, milliseconds, `sign_type: SIGN` in the header
 * (open.bigmodel.cn authentication guide, read 2026-11). Good for 3.5 minutes.
 */
export function signZhipuToken(key: string, wallMs: number): string {
  const dot = key.indexOf('.');
  const id = key.slice(0, dot);
  const header = encode({ alg: 'HS256', typ: 'JWT', sign_type: 'SIGN' });
  const payload = encode({ api_key: id, exp: wallMs + LIFETIME_MS, timestamp: wallMs });
  const signature = createHmac('sha256', key.slice(dot + 1))
    .update(`${header}.${payload}`)
    .digest('base64url');
  return `${header}.${payload}.${signature}`;
}
