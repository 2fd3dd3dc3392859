import { keepsState } from '@standin/core/route/pick';
import type { Plan, Target } from '@standin/core/route/target';
import { RequestError } from '@standin/core/spec/index';
import { openaiResponsesServer } from '@standin/core/wires/openai-responses/index';
import { callerTimeoutMs } from '../caller-timeout.ts';
import type { Endpoint } from '../endpoints.ts';
import type { Exchange } from '../exchange.ts';
import { notFound, withKey } from '../pins.ts';
import type { Route } from '../route-table.ts';
import { PassedCall, type Passing } from './passed-call.ts';

/** Answers that a vendor keeps: read, deleted, cancelled at the vendor that gave them. The longer addresses first. */
export const STORED_RESPONSES: readonly Route<Endpoint>[] = [
  stored('GET', '/input_items'),
  stored('POST', '/cancel'),
  stored('GET', ''),
  stored('DELETE', ''),
];

function stored(method: 'GET' | 'POST' | 'DELETE', suffix: string): Route<Endpoint> {
  const run = (exchange: Exchange): void => {
    const call = new PassedCall(exchange);
    call.enter();
    call.pass(() => passing(exchange, exchange.parameter, method, suffix));
  };
  return { method, pattern: `/v1/responses/{id}${suffix}`, run: { dialect: openaiResponsesServer, run } };
}

/** Nothing is generated, so nothing is paid. */
const NO_USAGE = { inputTokens: 0, outputTokens: 0 };

function passing(exchange: Exchange, id: string, method: string, suffix: string): Passing {
  const { req, context } = exchange;
  const mark = (req.url ?? '').indexOf('?');
  const query = mark < 0 ? '' : (req.url ?? '').slice(mark);
  if (!/^[\w.:-]+$/.test(id)) throw notFound(id, 'response_id');
  return {
    plan: planFor(exchange, id),
    call: {
      method,
      headers: { accept: req.headers.accept ?? 'application/json' },
      pathFor: () => `/responses/${id}${suffix}${query}`,
      bodyFor: () => undefined,
      tap: () => ({ push: () => {}, end: () => NO_USAGE }),
    },
    account: { model: '', mode: 'whole', permitted: true, inputTokens: () => 0, maxTokens: 0 },
    timeoutMs: callerTimeoutMs(req.headers, undefined),
    onDone: () => {
      if (method === 'DELETE') context.pins.forget(id);
    },
  };
}

function planFor({ context, caller }: Exchange, id: string): Plan {
  const standin = context.getStandin();
  const pin = context.pins.find(id);
  if (pin === undefined ? caller !== undefined : pin.caller !== caller?.id) throw notFound(id, 'response_id');
  if (pin?.isStored === false) {
    const message = `The answer "${id}" came from ${pin.entry}, where it was not kept.`;
    throw new RequestError(message, { status: 404, code: 'not_found', param: 'response_id' });
  }
  const first = standin.plan({ model: pin?.entry });
  if (pin !== undefined) {
    const target = first.targets.find(({ entry }) => entry === pin.entry);
    if (target === undefined) throw notFound(id, 'response_id');
    return { ...first, requestedModel: pin.entry, targets: [withKey({ ...target, model: '' }, pin)] };
  }
  // Given before this process began, or by another: whoever keeps answers is asked in turn.
  const found = [...first.targets, ...standin.router.models().flatMap(({ id: name }) => targetsOf(standin, name))];
  const seen = new Set<string>();
  const targets = found
    .filter((target) => keepsState(target, 'openai-responses') && !seen.has(target.entry) && seen.add(target.entry))
    .flatMap((target) => target.keys.map((key) => ({ ...target, model: '', keys: [key] })));
  if (targets.length === 0) throw notFound(id, 'response_id');
  return { ...first, requestedModel: '', targets };
}

function targetsOf(standin: ReturnType<Exchange['context']['getStandin']>, name: string): readonly Target[] {
  if (!/^[\w-]+\.[^/]+$/.test(name)) return [];
  try {
    return standin.plan({ model: name }).targets.slice(0, 1);
  } catch {
    return [];
  }
}
