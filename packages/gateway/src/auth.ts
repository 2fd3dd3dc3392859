import type { IncomingMessage } from 'node:http';
import type { Keyring } from '@standin/store/keyring';
import type { KeyRecord } from '@standin/store/keys';
import { callerSession } from './admin/access.ts';
import type { AdminContext } from './admin/context.ts';
import type { CallerFailure } from './caller-errors.ts';
import { isLocalCaller } from './host-guard.ts';
import { presentedKeys } from './presented-keys.ts';

/**
 * Who may use an endpoint. `caller`: whoever has a key, or anybody while no keys are asked for; a paired browser too.
 * `open`: anybody. `watch`: this machine, or whoever has a key.
 */
export type Access = 'caller' | 'open' | 'watch';

export type Authorised = { readonly caller?: KeyRecord } | { readonly failure: CallerFailure };

const NOBODY: Authorised = {};

/** Calls from the dashboard's playground stand under this id in the ledger. */
export const DASHBOARD: KeyRecord = { id: 'dashboard', name: 'dashboard', hash: '', createdAt: 0 };

/** Whether this request may go on, and whose it is. */
export function authorise(
  req: IncomingMessage,
  access: Access,
  keys: Keyring | undefined,
  admin: AdminContext | undefined,
): Authorised {
  if (access === 'open') return NOBODY;
  if (req.headers.cookie !== undefined && callerSession(req, admin?.sessions) !== undefined)
    return { caller: DASHBOARD };
  if (keys === undefined) return NOBODY;
  const { required } = keys;
  for (const presented of presentedKeys(req)) {
    const caller = keys.find(presented);
    if (caller !== undefined) return { caller };
  }
  if (!required || (access === 'watch' && isLocalCaller(req))) return NOBODY;
  const signed = req.headers.authorization?.startsWith('AWS4-') === true;
  return { failure: noKey(presentedKeys(req).length > 0, signed) };
}

function noKey(presented: boolean, signed: boolean): CallerFailure {
  const how = signed
    ? 'an AWS signature proves nothing here, so set AWS_BEARER_TOKEN_BEDROCK to a key of this gateway.'
    : 'send it as "Authorization: Bearer …" or "x-api-key".';
  const message = presented
    ? 'The API key is not one of this gateway, or it was revoked.'
    : `This gateway asks for a key of its own: ${how}`;
  return {
    error: { status: 401, code: 'invalid_api_key', kind: 'auth', message },
    headers: ['x-should-retry', 'false', 'www-authenticate', 'Bearer'],
    attempts: [],
  };
}
