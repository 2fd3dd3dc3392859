import type { IncomingMessage } from 'node:http';
import { KEY_PREFIX } from '@standin/store/keys';

const KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'];

/** Every place where the official clients put a key; some send two. */
export function presentedKeys(req: IncomingMessage): readonly string[] {
  const { headers } = req;
  const found: string[] = [];
  const { authorization } = headers;
  if (authorization !== undefined && /^bearer +/i.test(authorization))
    found.push(authorization.slice(authorization.indexOf(' ')).trim());
  for (const name of KEY_HEADERS) {
    const value = headers[name];
    if (typeof value !== 'string') continue;
    const key = value.trim();
    // Beside a vendor's key, ours is the one that counts.
    if (key.startsWith(KEY_PREFIX)) found.unshift(key);
    else found.push(key);
  }
  return found;
}
