import type { IncomingMessage } from 'node:http';
import type { Keyring } from '@standin/store/keyring';
import { KEY_PREFIX, type KeyRecord } from '@standin/store/keys';
import type { CallerFailure } from './caller-errors.ts';
import { isLoopback } from './host-guard.ts';

/**
 * Who may use an endpoint. `caller`: whoever has a key, or anybody while no keys are asked for. `open`: anybody.
 * `local`: this machine only. `watch`: this machine, or whoever has a key.
 */
export type Access = 'caller' | 'open' | 'local' | 'watch';

export type Authorised = { readonly caller?: KeyRecord } | { readonly failure: CallerFailure };

const NOBODY: Authorised = {};
const KEY_HEADERS = ['x-api-key', 'api-key', 'x-goog-api-key'];

/** Whether this request may go on, and whose it is. */
export function authorise(req: IncomingMessage, access: Access, keys: Keyring | undefined): Authorised {
  if (access === 'open') return NOBODY;
  if (access === 'local') return isLocalCaller(req) ? NOBODY : { failure: notLocal() };
  if (keys === undefined) return NOBODY;
  const { required } = keys;
  for (const presented of presentedKeys(req)) {
    const caller = keys.find(presented);
    if (caller !== undefined) return { caller };
  }
  if (!required || (access === 'watch' && isLocalCaller(req))) return NOBODY;
  return { failure: noKey(presentedKeys(req).length > 0) };
}

/** Every place where the official clients put a key; some send two. */
function presentedKeys(req: IncomingMessage): readonly string[] {
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

const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** From this machine, and not passed on by a proxy on it. */
function isLocalCaller({ socket, headers }: IncomingMessage): boolean {
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return isLoopback(address) && FORWARDING.every((name) => headers[name] === undefined);
}

function noKey(presented: boolean): CallerFailure {
  const message = presented
    ? 'The API key is not one of this gateway, or it was revoked.'
    : 'This gateway asks for a key of its own: send it as "Authorization: Bearer …" or "x-api-key".';
  return {
    error: { status: 401, code: 'invalid_api_key', kind: 'auth', message },
    headers: ['x-should-retry', 'false', 'www-authenticate', 'Bearer'],
    attempts: [],
  };
}

function notLocal(): CallerFailure {
  const message = 'This address is answered on the machine of the gateway only.';
  return {
    error: { status: 403, code: 'local_only', kind: 'permission', message },
    headers: ['x-should-retry', 'false'],
    attempts: [],
  };
}
