import type { RunResult } from '@standin/core/route/run-types';
import type { Plan, Target } from '@standin/core/route/target';
import { RequestError, type JsonObject, isJsonObject } from '@standin/core/spec/index';
import { globMatches } from '@standin/core/vendors/glob';
import { isBodySource, type BodySource } from '@standin/core/transport/transport';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { geminiServer } from '@standin/core/wires/gemini/index';
import { ollamaChatServer } from '@standin/core/wires/ollama-chat/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import type { WireServer } from '@standin/core/wires/wire';
import { failureOfThrown, ownFailure } from '../caller-errors.ts';
import { callerTimeoutMs } from '../caller-timeout.ts';
import { sendFailure, type Exchange } from '../exchange.ts';
import { modelRefusal } from '../limits.ts';
import { mayPass, modelsOf } from './passed-models.ts';
import { checkBelow, readPassedPath, type PassedPath } from './passed-path.ts';
import { PassedCall, type Passing } from './passed-call.ts';
import { goingOn } from './raw-headers.ts';
import { takeBody } from './request-body.ts';
import { usageTap } from './usage-tap.ts';

/** Entries that calls are passed on to; `*` stands for any characters. */
export type PassthroughRule = readonly string[];

/** A body up to this size is kept, so that it can be sent once more; JSON up to the gateway's own limit. */
const KEEP_BYTES = 1024 * 1024;
const BYTES_PER_TOKEN = 4;

/**
 * `/passthrough/<type>.<alias>/*`, any method: the request as it came to that entry's own address, with one of its keys
 * in place of the caller's. Keys are rotated and failures tried again until the first byte of the answer.
 */
export function passThrough(exchange: Exchange): void {
  try {
    const passed = readPassedPath(exchange.req.url ?? '');
    const { plan, target } = entryPlan(exchange, passed);
    const own: Exchange = { ...exchange, dialect: dialectOfTarget(target) };
    const open = own.context.passthrough(exchange.caller !== undefined);
    if (!open.some((pattern) => globMatches(pattern, target.entry))) return refuse(own, target.entry);
    pass(own, passed, plan, target);
  } catch (thrown) {
    sendFailure(exchange, failureOfThrown(thrown));
  }
}

function refuse(exchange: Exchange, entry: string): void {
  const message = `This gateway passes no calls through to ${entry}; its owner can permit it with [gateway] passthrough = ["${entry}"].`;
  sendFailure(exchange, ownFailure(403, 'passthrough_off', message, ['x-should-retry', 'false']));
}

/** The entry alone: another vendor would not know the paths of this one. */
function entryPlan({ context }: Exchange, { entry, path }: PassedPath): { plan: Plan; target: Target } {
  const standin = context.getStandin();
  const plan = standin.plan({ model: entry });
  const wanted = spelt(entry);
  const found = plan.targets.find((target) => spelt(target.entry) === wanted);
  if (found === undefined || !('endpoint' in found.via)) {
    const message = `There is no entry "${entry.slice(0, 100)}" to pass a call to; write /passthrough/<type>.<alias>/… as in the config.`;
    throw new RequestError(message, { status: 404, code: 'not_found' });
  }
  // Ollama's server has its own protocol beside the one the entry may be called by.
  const native = path.startsWith('/api/') ? standin.router.endpointAs?.(found.entry, 'ollama-chat') : undefined;
  const target = native === undefined ? found : { ...found, via: { endpoint: native } };
  return { plan, target };
}

const spelt = (entry: string): string => entry.toLowerCase().replaceAll('_', '-');

function dialectOfTarget({ via }: Target): WireServer {
  switch ('endpoint' in via ? via.endpoint.wire.id : undefined) {
    case 'anthropic-messages':
      return anthropicMessagesServer;
    case 'gemini':
      return geminiServer;
    case 'ollama-chat':
      return ollamaChatServer;
    default:
      return openaiChatServer;
  }
}

function pass(exchange: Exchange, passed: PassedPath, plan: Plan, target: Target): void {
  const { req, context } = exchange;
  const call = new PassedCall(exchange);
  const isJson = /json/i.test(req.headers['content-type'] ?? '');
  // A signature is made over the whole body.
  const isSigned = 'endpoint' in target.via && target.via.endpoint.prepare !== undefined;
  const prepare = (body: Buffer | BodySource): Passing => passing(exchange, passed, plan, target, body);
  if (isJson || isSigned) return call.begin(prepare, 'as-it-came');
  call.enter();
  takeBody(req, Math.min(KEEP_BYTES, context.bodyLimitBytes), (body) => {
    if (!call.over) call.pass(() => prepare(body));
  });
}

function passing(
  exchange: Exchange,
  { path, query }: PassedPath,
  plan: Plan,
  target: Target,
  body: Buffer | BodySource,
): Passing {
  const { req, caller } = exchange;
  if ('endpoint' in target.via) checkBelow(target.via.endpoint, path + query);
  const given = isBodySource(body) ? undefined : jsonIn(body);
  const models = modelsOf(path, given);
  if (caller?.models !== undefined && !mayPass(caller.models, target.entry, path, models))
    return { refusal: modelRefusal(caller, models[0] ?? `${target.entry} (passed through)`) };
  const model = models[0] ?? '';
  const limit = given?.max_tokens ?? given?.max_completion_tokens ?? given?.max_output_tokens;
  let answered: unknown;
  const isEmpty = !isBodySource(body) && body.byteLength === 0;
  return {
    plan: {
      ...plan,
      requestedModel: model === '' ? target.entry : `${target.entry}/${model}`,
      targets: [{ ...target, model }],
    },
    call: {
      method: req.method ?? 'GET',
      headers: goingOn(req.headers),
      pathFor: () => path + query,
      bodyFor: () => (isEmpty ? undefined : body),
      tap: (head) => usageTap(head, (document) => (answered = document)),
    },
    account: {
      model,
      mode: given?.stream === true ? 'stream' : 'whole',
      permitted: true,
      inputTokens: () => (isBodySource(body) ? 0 : Math.ceil(body.byteLength / BYTES_PER_TOKEN)),
      maxTokens: isEmpty ? 0 : typeof limit === 'number' ? limit : undefined,
    },
    timeoutMs: callerTimeoutMs(req.headers, undefined),
    onDone: (result) => rememberObject(exchange, answered, result),
  };
}

function jsonIn(body: Buffer): JsonObject | undefined {
  try {
    const given: unknown = JSON.parse(body.toString('utf8'));
    return isJsonObject(given) ? given : undefined;
  } catch {
    return undefined;
  }
}

/** Files and conversations made here belong to the account of the key that made them: later requests go there. */
function rememberObject({ context, caller, req }: Exchange, made: unknown, { target, attempts }: RunResult): void {
  if (req.method !== 'POST' || !isJsonObject(made) || typeof made.id !== 'string') return;
  const isFile = made.object === 'file' || made.type === 'file';
  if (!isFile && made.object !== 'conversation' && made.object !== 'response') return;
  const key = attempts.findLast((attempt) => attempt.outcome === 'ok')?.key;
  const { entry, model } = target;
  context.pins.keep(made.id, { entry, model, key, caller: caller?.id, isStored: made.store !== false, isFile });
}
