import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { TraceContext } from '@standin/store/entry';

/** https://www.w3.org/TR/trace-context/: version 00, and later ones as far as they begin like it. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const ZEROS = /^0+$/;
const SAMPLED = 1;
const MOST_STATE = 512;

/** The trace that a call belongs to: its caller's, or a new one. Its span gets an id before anybody is asked. */
export function traceOf(headers: IncomingHttpHeaders): TraceContext {
  const given = headers['traceparent'];
  const [, version, traceId = '', parentId = '', flags = ''] =
    typeof given === 'string' ? (TRACEPARENT.exec(given.trim()) ?? []) : [];
  const spanId = randomBytes(8).toString('hex');
  if (version === undefined || version === 'ff' || ZEROS.test(traceId) || ZEROS.test(parentId))
    return { traceId: randomBytes(16).toString('hex'), spanId, isSampled: true };
  const state = headers['tracestate'];
  return {
    traceId,
    spanId,
    parentId,
    isSampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED,
    ...(typeof state === 'string' && state.length <= MOST_STATE ? { state } : {}),
  };
}

/** What a vendor is told of it. */
export function traceHeaders({ traceId, spanId, isSampled, state }: TraceContext): Readonly<Record<string, string>> {
  const traceparent = `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`;
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}
