import type { JsonObject } from '@standin/core/spec/index';
import { ownFailure } from './caller-errors.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';

/** Requests that `GET /api/requests` lists. */
const LISTED = 50;

/** `GET /api/requests/{id}`: the attempt record of one of the last requests. */
export function sendRecord(exchange: Exchange): void {
  const id = decoded(exchange.parameter);
  const record = exchange.context.getStandin().records.get(id);
  if (record === undefined) {
    const message = `There is no record of the request "${id.slice(0, 128)}" here: it is older than the last thousand, or another process served it.`;
    return sendFailure(exchange, ownFailure(404, 'request_not_found', message));
  }
  sendJson(exchange, 200, record as unknown as JsonObject);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `GET /api/requests`: the last requests in short, newest first. */
export function sendRecords(exchange: Exchange): void {
  const data = exchange.context
    .getStandin()
    .records.list(LISTED)
    .map(({ id, startedAt, requestedModel, outcome, tookMs, attempts }) => {
      const last = attempts.at(-1);
      return {
        id,
        startedAt,
        requestedModel,
        outcome,
        tookMs: tookMs ?? null,
        attempts: attempts.length,
        provider: last?.provider ?? null,
        model: last?.model ?? null,
      };
    });
  sendJson(exchange, 200, { data });
}
