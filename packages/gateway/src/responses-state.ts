import { isJsonObject, type JsonObject, type StreamEvent } from '@standin/core/spec/index';
import { keepsState } from '@standin/core/route/pick';
import type { RunResult, RunSink } from '@standin/core/route/run-types';
import type { Plan } from '@standin/core/route/target';
import type { DecodedRequest } from '@standin/core/wires/wire';
import type { Exchange } from './exchange.ts';
import { pinned, pinOf, type Named } from './pins.ts';

/** Ids in a request of any protocol that name what one vendor keeps. */
export function namedIn(body: unknown, withFiles: boolean): readonly Named[] {
  const found: Named[] = [];
  if (!isJsonObject(body)) return found;
  const { previous_response_id: previous, conversation } = body;
  if (typeof previous === 'string') found.push({ id: previous, param: 'previous_response_id' });
  const id = isJsonObject(conversation) ? conversation.id : conversation;
  if (typeof id === 'string') found.push({ id, param: 'conversation' });
  if (withFiles) files(body.input ?? body.messages, found, 0);
  return found;
}

const DEEPEST = 12;

function files(value: unknown, found: Named[], depth: number): void {
  if (depth > DEEPEST) return;
  if (Array.isArray(value)) for (const one of value) files(one, found, depth + 1);
  else if (isJsonObject(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'file_id' && typeof inner === 'string') found.push({ id: inner, param: 'file_id' });
      else if (typeof inner === 'object') files(inner, found, depth + 1);
    }
  }
}

/** The walk, held to where it lies what the request goes on from. Throws `RequestError` for what cannot be gone on from. */
export function heldToPins(exchange: Exchange, plan: Plan, body: unknown, withState: boolean): Plan {
  const { pins } = exchange.context;
  if (pins.isEmpty || (!withState && !pins.holdsFiles)) return plan;
  const named = namedIn(body, pins.holdsFiles);
  const pin = named.length === 0 ? undefined : pinOf(pins, named, exchange.caller?.id);
  return pin === undefined ? plan : pinned(plan, pin, named[0]?.param ?? 'id');
}

/**
 * Remembers who gave a Responses answer its id, so that the next request of the conversation goes there. `isKept`: a vendor
 * may have it; false for one that was put together here.
 */
export function rememberingId(exchange: Exchange, decoded: DecodedRequest, sink: RunSink, isKept = true): RunSink {
  const { context, caller } = exchange;
  let id: string | undefined;
  const fields: JsonObject = decoded.request.extensions?.body ?? {};
  const remember = ({ target, attempts }: RunResult): void => {
    if (id === undefined) return;
    const key = attempts.findLast((attempt) => attempt.outcome === 'ok')?.key;
    const isStored = isKept && keepsState(target, 'openai-responses') && fields.store !== false;
    context.pins.keep(id, { entry: target.entry, model: target.model, key, caller: caller?.id, isStored });
  };
  return {
    onAnswering: (answering) => sink.onAnswering?.(answering),
    onCommit: (answering) => sink.onCommit?.(answering),
    onRescue: (rescue) => sink.onRescue?.(rescue),
    onEvents(events, frames) {
      id ??= idIn(events);
      sink.onEvents(events, frames);
    },
    onDone(result) {
      remember(result);
      sink.onDone(result);
    },
    onError: (error, attempts) => sink.onError(error, attempts),
  };
}

function idIn(events: readonly StreamEvent[]): string | undefined {
  for (const event of events) if (event.type === 'response-start') return event.id;
  return undefined;
}
