import type { Asker, Signal, Tried } from '@standin/batch';
import { isJsonObject, type JsonObject } from '@standin/core/spec/index';
import type { KeyRecord } from '@standin/store/keys';
import type { Endpoint } from '../endpoints.ts';
import type { GatewayContext } from '../exchange.ts';
import { callHere, type LineAnswer } from './line-call.ts';

const ROOM_MS = 200;

export interface EndpointAskerOptions {
  readonly context: GatewayContext;
  readonly endpoint: Endpoint;
  readonly path: string;
  /** The key as it is now; `undefined`: it was revoked. Absent: nobody is asked for a key. */
  readonly caller?: () => KeyRecord | undefined;
}

/** Asks the lines of a batch at one of the gateway's own endpoints. */
export function endpointAsker({ context, endpoint, path, caller }: EndpointAskerOptions): Asker {
  const { clock } = context;
  return {
    once: async (item, _number, tell, signal) => {
      const key = caller?.();
      if (caller !== undefined && key === undefined) return triedOf(REVOKED, '', 0);
      await room(context, signal);
      const startedAt = clock.now();
      const id = `req_${context.newId()}`;
      const answer = await callHere(context, endpoint, { path, body: item.source, caller: key, id }, signal);
      // The gateway is stopping: the line is asked again by whoever goes on with the batch.
      if (answer.status === 503 && codeOf(answer) === 'shutting_down')
        throw new DOMException('Stopping.', 'AbortError');
      const tookMs = clock.now() - startedAt;
      tellOf(answer, tookMs, tell);
      return triedOf(answer, id, tookMs);
    },
  };
}

/** Lines of batches wait while callers fill the gateway. */
async function room(context: GatewayContext, signal: AbortSignal): Promise<void> {
  const { overload, underWay, clock } = context;
  // Only looked at: a line that waits is not a call that was turned away.
  while (!signal.aborted && underWay.size - context.incoming >= overload.limit)
    await new Promise<void>((resolve) => void clock.after(ROOM_MS, resolve));
}

const REVOKED: LineAnswer = {
  status: 401,
  headers: new Map(),
  body: JSON.stringify({
    error: {
      message: 'The key that made this batch was revoked.',
      type: 'authentication_error',
      param: null,
      code: 'invalid_api_key',
    },
  }),
};

function tellOf({ status, headers }: LineAnswer, agoMs: number, tell: (signal: Signal) => void): void {
  if (status < 400) return tell({ kind: 'accepted' });
  const retryAfterMs = waitOf(headers);
  if (status === 429 && isWorthAnother(status, headers))
    tell({ kind: 'limited', agoMs, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
  else if (status === 503 || status === 529 || status === 504) tell({ kind: 'overloaded', agoMs });
}

function waitOf(headers: LineAnswer['headers']): number | undefined {
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(ms)) return ms;
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

/** What a client's SDK would ask again, and what failed at every vendor for now. A used-up budget is neither. */
function isWorthAnother(status: number, headers: LineAnswer['headers']): boolean {
  return status === 429 ? headers.get('x-should-retry') === 'true' : status >= 500 && status !== 501;
}

function triedOf(answer: LineAnswer, requestId: string, durationMs: number): Tried {
  const { status, headers } = answer;
  const response: JsonObject = { status_code: status, request_id: requestId, body: bodyOf(answer) };
  const passing = isWorthAnother(status, headers) ? (status === 429 ? 'rate-limit' : 'trouble') : undefined;
  return {
    response,
    ...(status < 400 ? {} : { error: { kind: 'failed', message: '', status } }),
    model: headers.get('x-standin-model') ?? null,
    provider: headers.get('x-standin-provider') ?? null,
    usage: null,
    attempts: Number(headers.get('x-standin-attempts') ?? 0),
    costNanoUsd: 0,
    durationMs,
    ...(passing === undefined ? {} : { passing }),
  };
}

function bodyOf({ body }: LineAnswer): JsonObject {
  try {
    const value: unknown = JSON.parse(body);
    if (isJsonObject(value)) return value;
  } catch {
    // Told as it came.
  }
  return { text: body };
}

function codeOf(answer: LineAnswer): unknown {
  const { error } = bodyOf(answer);
  return isJsonObject(error) ? error.code : undefined;
}
