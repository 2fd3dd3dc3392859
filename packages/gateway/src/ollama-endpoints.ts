import { createHash } from 'node:crypto';
import { isJsonObject, RequestError, type JsonObject, type JsonValue, type ModelInfo } from '@standin/core/spec/index';
import { belowChat, ollamaChatServer, ollamaGenerateServer } from '@standin/core/wires/ollama-chat/index';
import { parseJsonBody, readBody } from './body.ts';
import { Call, type CallRoute } from './call.ts';
import { failureOfThrown } from './caller-errors.ts';
import type { Endpoint } from './endpoints.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';
import { passGenerate, passOllamaEmbedding } from './raw/embeddings.ts';
import { PassedCall } from './raw/passed-call.ts';
import type { Route } from './route-table.ts';

/** What a client of Ollama asks for around a chat. Nothing is pulled, created or deleted here. */
export const OLLAMA_ENDPOINTS: readonly Route<Endpoint>[] = [
  route('POST', '/api/chat', chat),
  route('POST', '/api/generate', generate),
  route('POST', '/api/embed', (exchange) => passOllamaEmbedding(exchange, '/api/embed')),
  route('POST', '/api/embeddings', (exchange) => passOllamaEmbedding(exchange, '/api/embeddings')),
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
  // A chat without a message: clients load a model with it, or let go of one.
  known: (given, exchange) =>
    isJsonObject(given) && Array.isArray(given.messages) && given.messages.length === 0
      ? loaded(exchange, given, { message: { role: 'assistant', content: '' } })
      : undefined,
};

const GENERATE: CallRoute = {
  ...CHAT,
  wireServer: ollamaGenerateServer,
  known(given, exchange) {
    if (!isJsonObject(given)) return undefined;
    const isEmpty = (given.prompt ?? '') === '' && !(Array.isArray(given.images) && given.images.length > 0);
    return isEmpty ? loaded(exchange, given, { response: '' }) : undefined;
  },
};

function chat(exchange: Exchange): void {
  new Call(exchange, CHAT).begin();
}

function generate(exchange: Exchange): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const given = parseJsonBody(body);
      if (!isJsonObject(given) || belowChat(given) === undefined) return new Call(exchange, GENERATE).beginWith(body);
      const call = new PassedCall(exchange);
      call.enter();
      call.pass(() => passGenerate(exchange, body, given));
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

/** Nothing is held in memory here: a model that has a route is always ready. Throws what the router throws for any other. */
function loaded({ context }: Exchange, given: JsonObject, empty: JsonObject): JsonObject {
  const { model } = given;
  if (typeof model !== 'string' || model === '') throw new RequestError('model is required', { param: 'model' });
  context.getStandin().plan({ model });
  const reason = given.keep_alive === 0 || given.keep_alive === '0' ? 'unload' : 'load';
  const createdAt = new Date(context.clock.wallMs()).toISOString();
  return { model, created_at: createdAt, ...empty, done: true, done_reason: reason };
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
      // Clients tell models apart by it, and show its first twelve digits.
      digest: createHash('sha256').update(model.id).digest('hex'),
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
  const info: JsonObject = { 'general.architecture': family, 'general.basename': target.model };
  if (contextWindow !== undefined) info[`${family}.context_length`] = contextWindow;
  const capabilities = ['completion'];
  if (target.nativeTools !== false) capabilities.push('tools');
  if (target.vision === true) capabilities.push('vision');
  return {
    license: '',
    modelfile: `FROM ${name}`,
    parameters: '',
    template: '{{ .Prompt }}',
    details: detailsOf({ id: name, ownedBy: family }),
    model_info: info,
    capabilities,
    modified_at: new Date(context.startedAtMs).toISOString(),
  };
}
