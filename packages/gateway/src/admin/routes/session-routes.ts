import { z } from 'zod';
import { csrfTokenOf, SESSION_MS, type BrowserSession } from '@standin/store/browser-sessions';
import { redeemPairingCode } from '@standin/store/pairing';
import { sessionCookie, type Operator } from '../access.ts';
import { AdminError, adminRoute, type AdminRoute } from '../route.ts';
import { nothing, OK, text, timeMs } from '../schemas.ts';

const SESSION = z.strictObject({
  id: text,
  name: text,
  createdAt: timeMs,
  lastSeenAt: timeMs,
  expiresAt: timeMs,
  current: z.boolean(),
});

function shown(session: BrowserSession, operator: Operator) {
  const current = operator.kind === 'session' && operator.session.id === session.id;
  return { ...session, current };
}

const WRONG = 'The code is wrong, was used already or is too old; "standin pair" prints a new one.';

export const SESSION_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'POST',
    pattern: '/api/pair',
    access: 'open',
    summary: 'Pairs a browser with the one-time code that the gateway printed; the session comes as a cookie.',
    body: z.strictObject({ code: z.string().max(64), name: z.string().max(200).optional() }),
    answers: { 200: z.strictObject({ csrf: text, session: SESSION }) },
    errors: { 401: 'The code is wrong, used or too old.', 429: 'Too many tries; wait for retry-after.' },
    run({ admin, req, body, context }) {
      const waitMs = admin.pairing.limit.take(req.socket.remoteAddress ?? '');
      if (waitMs > 0) {
        const headers = ['retry-after', String(Math.max(1, Math.ceil(waitMs / 1_000)))];
        throw new AdminError(429, 'too_many_attempts', 'Too many codes were tried; wait a moment.', { headers });
      }
      if (!redeemPairingCode(admin.pairing.path, body.code, context.clock.wallMs())) {
        context.log('warn', 'A browser could not be paired', { address: req.socket.remoteAddress });
        throw new AdminError(401, 'pairing_failed', WRONG);
      }
      const name = body.name ?? nameOf(req.headers['user-agent']);
      const { token, session } = admin.sessions.create(name);
      context.log('info', 'A browser was paired', { session: session.id, name: session.name });
      const operator = { kind: 'session', session, token } as const;
      return {
        body: { csrf: csrfTokenOf(token), session: shown(session, operator) },
        headers: ['set-cookie', sessionCookie(req, token, SESSION_MS)],
      };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/session',
    summary: 'Who is asking, and the CSRF token of its session.',
    answers: {
      200: z.strictObject({
        csrf: text.nullable(),
        session: SESSION.nullable(),
        admin: z.enum(['session', 'key']),
        version: text,
      }),
    },
    run({ admin, operator }) {
      const { version } = admin.options;
      if (operator.kind !== 'session') return { body: { csrf: null, session: null, admin: 'key', version } };
      const { session, token } = operator;
      return { body: { csrf: csrfTokenOf(token), session: shown(session, operator), admin: 'session', version } };
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/logout',
    summary: 'Ends the session of this browser.',
    body: nothing,
    answers: { 200: OK },
    run({ admin, operator, req }) {
      if (operator.kind === 'session') admin.sessions.revoke(operator.session.id);
      return { body: { ok: true }, headers: ['set-cookie', sessionCookie(req, '', 0)] };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/sessions',
    summary: 'The browsers that are paired.',
    answers: { 200: z.strictObject({ data: z.array(SESSION) }) },
    run: ({ admin, operator }) => ({ body: { data: admin.sessions.list().map((one) => shown(one, operator)) } }),
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/sessions/{id}/revoke',
    summary: 'Ends a session.',
    body: nothing,
    answers: { 200: OK },
    run({ admin, parameter }) {
      if (!admin.sessions.revoke(parameter))
        throw new AdminError(404, 'not_found', `There is no session "${parameter.slice(0, 40)}".`);
      return { body: { ok: true } };
    },
  }),
];

/** What a user recognises in a list: `Firefox on Linux`. */
export function nameOf(agent: string | undefined): string {
  const found = (pattern: RegExp): string | undefined => pattern.exec(agent ?? '')?.[1];
  const browser = found(/\b(Edg|OPR|Firefox|Chrome|Safari|curl)\b/) ?? 'a browser';
  const system = found(/\b(Android|iPhone|iPad|Windows|Mac OS X|Linux)\b/);
  const name = browser === 'Edg' ? 'Edge' : browser === 'OPR' ? 'Opera' : browser;
  return system === undefined ? name : `${name} on ${system === 'Mac OS X' ? 'macOS' : system}`;
}
