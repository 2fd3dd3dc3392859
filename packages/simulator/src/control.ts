import type { ServerResponse } from 'node:http';
import type { Behaviour, Script } from './behaviour.ts';
import { parseScript } from './load-script.ts';
import { shownRecord, type RecordedRequest } from './records.ts';
import { ScriptError } from './script.ts';
import { describeBehaviours, parseShortForm } from './short-form.ts';

/** What the control endpoints act on. */
export interface ControlTarget {
  readonly requests: readonly RecordedRequest[];
  setScript(script: Script): void;
  failNext(behaviour: Behaviour | string, times?: number): void;
  reset(): void;
}

/**
 * `GET /sim/requests`, `GET /stats`, `GET /sim/help`, `POST /sim/script` (TOML or JSON), `POST /sim/fail?times=N&kind=503`,
 * `POST /sim/reset`. Keys are shown as fingerprints. False when the request is not for the control endpoints.
 */
export function answerControl(request: RecordedRequest, response: ServerResponse, target: ControlTarget): boolean {
  const reply = (status: number, body: object | string): true => {
    const isText = typeof body === 'string';
    response.writeHead(status, { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json' });
    response.end(isText ? body : `${JSON.stringify(body, null, 2)}\n`);
    return true;
  };
  switch (`${request.method} ${request.path}`) {
    case 'GET /sim/requests':
      return reply(200, { requests: target.requests.map(shownRecord) });
    case 'GET /stats':
    case 'GET /sim/stats':
      return reply(200, statistics(target.requests));
    case 'GET /sim/help':
      return reply(200, `${describeBehaviours()}\n`);
    case 'POST /sim/reset':
      target.reset();
      return reply(200, { ok: true });
    case 'POST /sim/script':
      return attempt(reply, () => {
        const script = parseScript(request.rawBody, 'request body');
        target.setScript(script);
        return { ok: true, rules: script.rules?.length ?? 0 };
      });
    case 'POST /sim/fail':
      return attempt(reply, () => fail(request, target));
    default:
      if (!request.path.startsWith('/sim/')) return false;
      return reply(404, {
        error: `No ${request.method} ${request.path} here. See GET /sim/help, /sim/requests, /stats; POST /sim/script, /sim/fail, /sim/reset.`,
      });
  }
}

function attempt(reply: (status: number, body: object) => true, run: () => object): true {
  try {
    return reply(200, run());
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return reply(400, { error: error.message, path: error.path });
  }
}

function fail(request: RecordedRequest, target: ControlTarget): object {
  const times = Number(request.query['times'] ?? '1');
  const kind = request.query['kind'] ?? '503';
  if (!Number.isSafeInteger(times) || times < 1) {
    throw new ScriptError('times', 'must be a whole number, 1 or more.', 'query');
  }
  try {
    parseShortForm(kind);
  } catch (error) {
    throw new ScriptError('kind', error instanceof Error ? error.message : String(error), 'query');
  }
  target.failNext(kind, times);
  return { ok: true, message: `The next ${times === 1 ? 'request' : `${times} requests`} to this vendor: ${kind}.` };
}

function statistics(requests: readonly RecordedRequest[]): object {
  const count = (of: (request: RecordedRequest) => string | undefined) => {
    const counts: Record<string, number> = {};
    for (const request of requests) {
      const name = of(request) ?? '-';
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  return {
    requests: requests.length,
    open: requests.filter((request) => request.outcome === 'pending').length,
    callersLeft: requests.filter((request) => request.callerLeftAt !== undefined).length,
    byOutcome: count((request) => request.outcome),
    byModel: count((request) => request.model),
    byStatus: count((request) => request.status?.toString()),
  };
}
