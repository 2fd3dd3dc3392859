import type { IncomingMessage } from 'node:http';
import { isCsrfToken, type BrowserSession, type BrowserSessions } from '@standin/store/browser-sessions';
import type { KeyRecord } from '@standin/store/keys';
import type { Keyring } from '@standin/store/keyring';
import { ownFailure, type CallerFailure } from '../caller-errors.ts';
import { hasLocalHost, isLocalCaller } from '../host-guard.ts';
import { presentedKeys } from '../presented-keys.ts';

/**
 * Who may use an admin route. `admin`: a paired browser or a key with the admin right. `inspect`: this machine too,
 * for reading. `open`: anybody, but no page of another site.
 */
export type AdminAccess = 'admin' | 'inspect' | 'open';

/** Who uses it. */
export type Operator =
  | { readonly kind: 'session'; readonly session: BrowserSession; readonly token: string }
  | { readonly kind: 'key'; readonly key: KeyRecord }
  | { readonly kind: 'local' }
  | { readonly kind: 'nobody' };

export const CSRF_HEADER = 'x-standin-csrf';

/** Decides before anything of the request is read. */
export function operatorOf(
  req: IncomingMessage,
  access: AdminAccess,
  sessions: BrowserSessions | undefined,
  keys: Keyring | undefined,
): Operator | { readonly failure: CallerFailure } {
  const isReading = req.method === 'GET' || req.method === 'HEAD';
  if (isCrossSite(req, isReading)) return { failure: crossSite() };
  if (access === 'open') return { kind: 'nobody' };
  const found = sessionOf(req, sessions);
  if (found !== undefined) {
    if (!isReading && !hasCsrfToken(req, found.token)) return { failure: csrfFailed() };
    return { kind: 'session', ...found };
  }
  const key = presentedKeys(req)
    .map((presented) => keys?.find(presented))
    .find((one) => one !== undefined);
  if (key?.admin === true) return { kind: 'key', key };
  if (access === 'inspect' && isReading && isLocalCaller(req) && hasLocalHost(req)) return { kind: 'local' };
  return { failure: key === undefined ? sessionRequired() : adminRequired(key) };
}

/**
 * The session behind a model call from the playground. It counts only with the token that no other site's page has, for
 * reading too: else a page could make calls in the user's name.
 */
export function callerSession(req: IncomingMessage, sessions: BrowserSessions | undefined): BrowserSession | undefined {
  if (req.headers.cookie === undefined || sessions === undefined || isCrossSite(req, false)) return undefined;
  const found = sessionOf(req, sessions);
  return found !== undefined && hasCsrfToken(req, found.token) ? found.session : undefined;
}

function sessionOf(
  req: IncomingMessage,
  sessions: BrowserSessions | undefined,
): { readonly session: BrowserSession; readonly token: string } | undefined {
  const token = tokenIn(req);
  if (token === undefined || sessions === undefined) return undefined;
  const session = sessions.find(token);
  return session === undefined ? undefined : { session, token };
}

function hasCsrfToken({ headers }: IncomingMessage, token: string): boolean {
  const given = headers[CSRF_HEADER];
  return typeof given === 'string' && isCsrfToken(given, token);
}

/** Cookies know no ports: two gateways on one machine must not take each other's. */
export function cookieName({ socket }: IncomingMessage): string {
  return `standin_session_${socket.localPort ?? 0}`;
}

function tokenIn(req: IncomingMessage): string | undefined {
  const { cookie } = req.headers;
  if (cookie === undefined) return undefined;
  const name = `${cookieName(req)}=`;
  const pair = cookie.split(';').find((one) => one.trimStart().startsWith(name));
  return pair?.trim().slice(name.length);
}

/** Empty `token`: the browser forgets the cookie. */
export function sessionCookie(req: IncomingMessage, token: string, maxAgeMs: number): string {
  const isSecure = 'encrypted' in req.socket || req.headers['x-forwarded-proto'] === 'https';
  const age = Math.floor(maxAgeMs / 1_000);
  return `${cookieName(req)}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${isSecure ? '; Secure' : ''}`;
}

/**
 * What a browser says of where a request comes from. `Sec-Fetch-Site` is the browser's own word; without it (plain http
 * to another machine) `Origin` must name the address that was asked. Programs send neither.
 */
function isCrossSite({ headers }: IncomingMessage, isReading: boolean): boolean {
  const site = headers['sec-fetch-site'];
  // `none`: typed into the address bar, which only ever reads.
  if (site !== undefined) return site !== 'same-origin' && !(isReading && site === 'none');
  const { origin } = headers;
  if (origin === undefined) return false;
  const asked = URL.parse(origin)?.host;
  return asked === undefined || (asked !== headers.host && asked !== headers['x-forwarded-host']);
}

function refusal(status: number, code: string, message: string): CallerFailure {
  return ownFailure(status, code, message, ['x-should-retry', 'false']);
}

function sessionRequired(): CallerFailure {
  const message =
    'Pair this browser first (POST /api/pair with the code that "standin serve" or "standin pair" prints), or present a key with the admin right.';
  return refusal(401, 'session_required', message);
}

function adminRequired(key: KeyRecord): CallerFailure {
  return refusal(
    403,
    'admin_required',
    `The key "${key.name}" has no admin right; "standin keys create --admin" makes one.`,
  );
}

function csrfFailed(): CallerFailure {
  return refusal(
    403,
    'csrf_failed',
    `The header ${CSRF_HEADER} is missing or not this session's; GET /api/session tells it.`,
  );
}

function crossSite(): CallerFailure {
  return refusal(403, 'cross_site', 'The browser says that a page of another site made this request.');
}
