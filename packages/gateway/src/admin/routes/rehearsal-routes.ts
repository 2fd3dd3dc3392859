import { z } from 'zod';
import { beginEvents } from '../event-stream.ts';
import { shownCell, shownRehearsal } from '../rehearsal.ts';
import { AdminError, adminRoute, type AdminRoute } from '../route.ts';
import { count, ms, nothing, number, OK, text, timeMs } from '../schemas.ts';
import { ATTEMPT, waterfallAttempt } from '../waterfall.ts';

const CELL = z.strictObject({
  fault: text,
  target: z.int().min(1),
  outcome: z.enum(['answer', 'retry', 'wait', 'next', 'rescued', 'error', 'broken']),
  note: text.nullable(),
  tookMs: ms,
  attempts: count,
  outputTokens: z.number().nullable(),
});

const REHEARSAL = z.strictObject({
  id: text,
  state: z.enum(['running', 'done', 'cancelled', 'failed']),
  error: text.nullable(),
  model: text,
  startedAt: timeMs,
  endedAt: timeMs.nullable(),
  done: count,
  of: count,
  factor: z.number(),
  targets: z.array(z.strictObject({ entry: text, model: text, wire: text })),
  faults: z.array(z.strictObject({ id: text, title: text })),
  leftOut: z.array(text),
  cells: z.array(CELL),
});

function none(): AdminError {
  return new AdminError(404, 'not_found', 'There is no rehearsal; POST /api/rehearsal starts one.');
}

export const REHEARSAL_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'POST',
    pattern: '/api/rehearsal',
    summary: 'Plays every failure against a walk, with stand-ins on loopback in place of the vendors.',
    body: z.strictObject({ model: text.max(500).optional() }),
    answers: { 202: REHEARSAL },
    errors: { 404: 'No route has that name.', 409: 'One runs already.' },
    run({ admin, context, body }) {
      const { rehearsals } = admin;
      const state = rehearsals.start(context.getStandin(), body.model);
      context.onDrain.add(() => void rehearsals.cancel());
      return { status: 202, body: shownRehearsal(state) };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/rehearsal',
    summary: 'The rehearsal under way, or the last one.',
    answers: { 200: REHEARSAL },
    errors: { 404: 'There was none.' },
    run({ admin }) {
      const { current } = admin.rehearsals;
      if (current === undefined) throw none();
      return { body: shownRehearsal(current) };
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/rehearsal/events',
    summary: 'The rehearsal as server-sent events: what it is, each cell, and its end.',
    answers: {},
    also: 'text/event-stream',
    errors: { 404: 'There was none.' },
    run({ admin, exchange }) {
      if (admin.rehearsals.current === undefined) throw none();
      beginEvents(exchange, () => exchange.res.end());
      admin.rehearsals.follow(exchange.res);
      return undefined;
    },
  }),
  adminRoute({
    method: 'GET',
    pattern: '/api/rehearsal/cell',
    summary: 'One cell with its attempts.',
    query: z.strictObject({ fault: text, target: number }),
    answers: { 200: CELL.omit({ attempts: true }).extend({ attempts: z.array(ATTEMPT) }) },
    errors: { 404: 'That cell was not played yet.' },
    run({ admin, query }) {
      const cell = admin.rehearsals.current?.cells.find(
        (one) => one.fault === query.fault && one.target === query.target,
      );
      if (cell === undefined) throw new AdminError(404, 'not_found', 'That cell was not played yet.');
      // Stand-ins cost nothing that is known.
      const attempts = cell.attempts.map((one) => waterfallAttempt(one, () => undefined));
      return { body: { ...shownCell(cell), attempts } };
    },
  }),
  adminRoute({
    method: 'POST',
    pattern: '/api/rehearsal/cancel',
    summary: 'Ends the rehearsal under way.',
    body: nothing,
    answers: { 200: OK },
    errors: { 404: 'None runs.' },
    run({ admin }) {
      if (!admin.rehearsals.cancel()) throw new AdminError(404, 'not_found', 'No rehearsal runs.');
      return { body: { ok: true } };
    },
  }),
];
