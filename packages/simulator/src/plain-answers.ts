import type { ServerResponse } from 'node:http';
import type { Clock } from '@standin/core/spec/index';
import { countInputTokens } from './answer.ts';
import type { Script } from './behaviour.ts';
import { errorAnswer } from './errors.ts';
import type { MutableRecord, RequestOutcome } from './records.ts';
import type { Addressed } from './surfaces.ts';

function send(
  response: ServerResponse,
  record: MutableRecord,
  clock: Clock,
  status: number,
  headers: Record<string, string>,
  body: string,
): void {
  record.status = status;
  record.firstByteAt = clock.now();
  record.bytesSent = Buffer.byteLength(body);
  response.writeHead(status, { 'content-length': String(record.bytesSent), ...headers });
  response.end(body);
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** `GET …/models`, or 404. */
export function answerPlain(
  record: MutableRecord,
  response: ServerResponse,
  script: Script,
  clock: Clock,
): RequestOutcome {
  if (record.method === 'GET' && record.path.endsWith('/models')) {
    const anthropic = record.headers['anthropic-version'] !== undefined;
    send(response, record, clock, 200, JSON_TYPE, JSON.stringify(modelList(script.models ?? ['sim-ok'], anthropic)));
    return 'listing';
  }
  send(
    response,
    record,
    clock,
    404,
    { 'content-type': 'text/plain' },
    `404 page not found: ${record.method} ${record.path}\n`,
  );
  return 'not-found';
}

function modelList(models: readonly string[], anthropic: boolean): object {
  if (!anthropic) {
    const data = models.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'simulator' }));
    return { object: 'list', data };
  }
  const data = models.map((id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }));
  return { data, has_more: false, first_id: models[0] ?? null, last_id: models.at(-1) ?? null };
}

/** Anthropic's `count_tokens`. */
export function answerCount(
  record: MutableRecord,
  response: ServerResponse,
  addressed: Addressed,
  clock: Clock,
): RequestOutcome {
  const { server, wire } = addressed.surface;
  try {
    // A count has no output limit, which the wire's own request demands.
    const body =
      typeof record.body === 'object' && record.body !== null ? { max_tokens: 1, ...record.body } : record.body;
    const { request } = server.decodeRequest(body);
    send(response, record, clock, 200, JSON_TYPE, JSON.stringify({ input_tokens: countInputTokens(request) }));
    return 'listing';
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const failed = errorAnswer(
      { name: 'invalid', message },
      { wire, requestId: `req_sim_${record.sequence}`, wallMs: clock.wallMs() },
    );
    send(response, record, clock, failed.status, { ...failed.headers }, failed.body);
    return 'error';
  }
}
