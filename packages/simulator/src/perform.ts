import type { ServerResponse } from 'node:http';
import type { Clock } from '@standin/core/spec/index';
import type { PlanStep, ResponsePlan } from './plan-types.ts';
import type { MutableRecord } from './records.ts';

/** Real milliseconds between the last byte and an RST: an RST throws away what the peer has not read yet. */
const RESET_GRACE_MS = 10;

/** One response on its way. */
export interface Performance {
  readonly plan: ResponsePlan;
  readonly response: ServerResponse;
  /** Written down as it happens. */
  readonly record: MutableRecord;
  readonly clock: Clock;
  /** Called when the record has changed. */
  readonly progress: () => void;
}

/**
 * Carries a plan out on one response. Resolves when the response is over: true when all was done, false when the
 * connection was closed from the other side before that.
 */
export async function perform(performance: Performance): Promise<boolean> {
  const { plan, response, record, clock, progress } = performance;
  const leave = watchLeaving(response);
  if (!(await pause(plan.headersMs, clock, leave))) return false;
  if (plan.head !== undefined) {
    response.socket?.setNoDelay(true);
    response.writeHead(plan.head.status, plan.head.headers);
    record.status = plan.head.status;
    response.flushHeaders();
    record.firstByteAt = clock.now();
    progress();
    for (const step of plan.steps) {
      const going =
        step.type === 'wait' ? waitWithPings(step, performance, leave) : writeStep(step, performance, leave);
      if (!(await going)) return false;
    }
  }
  return end(plan, response, leave);
}

async function writeStep(
  step: PlanStep & { type: 'write' },
  { plan, response, record, progress }: Performance,
  leave: Leaving,
): Promise<boolean> {
  if (leave.left) return false;
  const flowing = response.write(step.bytes);
  record.bytesSent += step.bytes.length;
  record.eventsSent += step.frames.length;
  for (const frame of step.frames) {
    record.textSent += frame.text;
    record.reasoningSent += frame.reasoning;
    record.toolSent += frame.tool;
  }
  progress();
  if (!flowing) await leave.or((done) => response.once('drain', done));
  else if (plan.separateWrites) await new Promise((resolve) => setImmediate(resolve));
  return !leave.left;
}

async function waitWithPings(
  step: PlanStep & { type: 'wait' },
  { response, record, clock, progress }: Performance,
  leave: Leaving,
): Promise<boolean> {
  const { ping, pingMs } = step;
  if (ping === undefined || pingMs === undefined) return pause(step.ms, clock, leave);
  for (let left = step.ms; left > 0; left -= pingMs) {
    if (!(await pause(Math.min(left, pingMs), clock, leave))) return false;
    if (left <= pingMs) break;
    response.write(ping);
    record.bytesSent += Buffer.byteLength(ping);
    progress();
  }
  return true;
}

async function end(plan: ResponsePlan, response: ServerResponse, leave: Leaving): Promise<boolean> {
  const { socket } = response;
  switch (plan.ending) {
    case 'end':
      await leave.or((done) => void response.end(done));
      return response.writableFinished;
    case 'hang':
      await leave.or(() => {});
      return false;
    case 'fin':
      await flushed(response);
      if (leave.left) return false;
      socket?.destroySoon();
      return true;
    case 'rst':
      await flushed(response);
      if (plan.head !== undefined) await new Promise((resolve) => setTimeout(resolve, RESET_GRACE_MS));
      if (leave.left) return false;
      socket?.resetAndDestroy();
      return true;
    default:
      return plan.ending satisfies never;
  }
}

/** Writes of one turn leave together at its end, and the socket's own buffer must be empty too. */
async function flushed({ socket }: ServerResponse): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (socket === null || socket.destroyed || socket.writableLength === 0) return;
  }
}

interface Leaving {
  readonly left: boolean;
  /** Waits for `start`'s callback or for the caller to go, whichever comes first. */
  or(start: (done: () => void) => void): Promise<void>;
}

function watchLeaving(response: ServerResponse): Leaving {
  let left = false;
  const waiting = new Set<() => void>();
  response.once('close', () => {
    left = true;
    for (const done of waiting) done();
  });
  return {
    get left() {
      return left;
    },
    or: (start) =>
      new Promise<void>((resolve) => {
        if (left) return resolve();
        const done = () => {
          waiting.delete(done);
          resolve();
        };
        waiting.add(done);
        start(done);
      }),
  };
}

/** False when the caller left meanwhile. */
async function pause(ms: number, clock: Clock, leave: Leaving): Promise<boolean> {
  if (ms <= 0) return !leave.left;
  let handle: unknown;
  await leave.or((done) => {
    if (Number.isFinite(ms)) handle = clock.after(ms, done);
  });
  if (handle !== undefined) clock.clear(handle);
  return !leave.left;
}
