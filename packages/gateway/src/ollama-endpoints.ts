import { isJsonObject, RequestError, type JsonObject, type JsonValue, type ModelInfo } from '@standin/core/spec/index';
import { ollamaChatServer } from '@standin/core/wires/ollama-chat/index';
import { parseJsonBody, readBody } from './body.ts';
import { Call, type CallRoute } from './call.ts';
import { failureOfThrown } from './caller-errors.ts';
import type { Endpoint } from './endpoints.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';
import type { Route } from './route-table.ts';

/** What a client of Ollama asks for around a chat. Nothing is pulled, created or deleted here. */
export const OLLAMA_ENDPOINTS: readonly Route<Endpoint>[] = [
  route('POST', '/api/chat', chat),
  route('GET', '/api/tags', sendTags),
  route('POST', '/api/show', sendShow),
  route('GET', '/api/version', sendVersion),
  route('GET', '/api/ps', sendRunning),
];

function route(method: 'GET' | 'POST', pattern: string, run: (exchange: Exchange) => void): Route<Endpoint> {
  return { method, pattern, run: { dialect: ollamaChatServer, run } };
}

const CHAT: CallRoute = {
  wireServer: ollamaChatServer,
  idPrefix: '',
  forwardHeaders: [],
  argumentsKey: 'arguments',
};

function chat(exchange: Exchange): void {
  new Call(exchange, CHAT).begin();
}

/** The version of the protocol that is spoken: clients compare it before they use thinking or tools. */
const PROTOCOL_VERSION = '0.12.0';

function sendVersion(exchange: Exchange): void {
  sendJson(exchange, 200, { version: PROTOCOL_VERSION });
}

function sendTags(exchange: Exchange): void {
  sendJson(exchange, 200, { models: modelRows(exchange) });
}

function sendRunning(exchange: Exchange): void {
  sendJson(exchange, 200, { models: [] });
}

function modelRows({ context }: Exchange): JsonValue[] {
  const modifiedAt = new Date(context.startedAtMs).toISOString();
  return context
    .getStandin()
    .router.models()
    .map((model) => ({
      name: model.id,
      model: model.id,
      modified_at: modifiedAt,
      size: 0,
      digest: '',
      details: detailsOf(model),
    }));
}

function detailsOf(model: ModelInfo): JsonObject {
  const family = model.ownedBy ?? 'standin';
  return { parent_model: '', format: '', family, families: [family], parameter_size: '', quantization_level: '' };
}

/** One model; also one that is not listed but has a route. Throws what the router throws for any other. */
function sendShow(exchange: Exchange): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const given = parseJsonBody(body);
      const name = isJsonObject(given) ? (given.model ?? given.name) : undefined;
      if (typeof name !== 'string' || name === '') throw new RequestError('model is required', { param: 'model' });
      sendJson(exchange, 200, shownModel(exchange, name));
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

function shownModel({ context }: Exchange, name: string): JsonObject {
  const standin = context.getStandin();
  const [target] = standin.plan({ model: name }).targets;
  if (target === undefined) {
    throw new RequestError(`model '${name}' not found`, { status: 404, code: 'model_not_found' });
  }
  const listed = standin.router.models().find((model) => model.id === name);
  const family = listed?.ownedBy ?? target.slot;
  const contextWindow = listed?.contextWindow ?? target.contextWindow;
  const info: JsonObject = { 'general.architecture': family };
  if (contextWindow !== undefined) info[`${family}.context_length`] = contextWindow;
  const capabilities = ['completion'];
  if (target.nativeTools !== false) capabilities.push('tools');
  if (target.vision === true) capabilities.push('vision');
  return {
    details: detailsOf({ id: name, ownedBy: family }),
    model_info: info,
    capabilities,
    modified_at: new Date(context.startedAtMs).toISOString(),
  };
}
