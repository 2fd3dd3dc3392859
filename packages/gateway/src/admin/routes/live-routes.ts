import type { Operator } from '../access.ts';
import type { AdminContext } from '../context.ts';
import { beginEvents } from '../event-stream.ts';
import { AdminError, adminRoute, type AdminRoute } from '../route.ts';

export const LIVE_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'GET',
    pattern: '/api/live',
    summary: 'What is going on, as server-sent events: a snapshot, then what changed, four times a second at most.',
    answers: {},
    also: 'text/event-stream',
    errors: { 503: 'Too many look already.' },
    run({ exchange, admin, operator }) {
      const { live } = admin;
      if (live.isFull) throw new AdminError(503, 'too_many_listeners', 'Too many dashboards look already.');
      beginEvents(exchange, () => exchange.res.end());
      live.add(exchange.res, () => isStillAllowed(operator, admin));
      return undefined;
    },
  }),
];

/** A session may be ended, and a key revoked, while its stream is open. */
export function isStillAllowed(operator: Operator, { sessions, keys }: AdminContext): boolean {
  if (operator.kind === 'session') return sessions.find(operator.token) !== undefined;
  if (operator.kind !== 'key') return operator.kind === 'local';
  return keys?.list().some(({ id, revokedAt }) => id === operator.key.id && revokedAt === undefined) === true;
}
