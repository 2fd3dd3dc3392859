import { isJsonObject, type JsonObject, type ModelInfo } from '@standin/core/spec/index';
import { geminiArrayServer, geminiServer } from '@standin/core/wires/gemini/index';
import { parseJsonBody, readBody } from './body.ts';
import { Call, type CallRoute } from './call.ts';
import { failureOfThrown, ownFailure } from './caller-errors.ts';
import { estimateTokens } from './count-tokens.ts';
import type { Endpoint } from './endpoints.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';
import { passGeminiEmbedding } from './raw/embeddings.ts';
import type { Route } from './route-table.ts';

const EMBEDDING_VERBS = ['embedContent', 'batchEmbedContents'] as const;

/** `GET` of one model stands last: its pattern fits the others too. */
export const GOOGLE_ENDPOINTS: readonly Route<Endpoint>[] = [
  ...['/v1beta/models/', '/v1/models/', '/v1beta1/projects/', '/v1/projects/'].flatMap((prefix) => [
    route('POST', `${prefix}{model}:generateContent`, generate),
    route('POST', `${prefix}{model}:streamGenerateContent`, generateStream),
    route('POST', `${prefix}{model}:countTokens`, countTokens),
    ...EMBEDDING_VERBS.map((verb) =>
      route('POST', `${prefix}{model}:${verb}`, (exchange) => passGeminiEmbedding(exchange, modelOf(exchange), verb)),
    ),
  ]),
  route('GET', '/v1beta/models', sendGoogleModels),
  route('GET', '/v1beta/models/{model}', sendGoogleModel),
];

function route(method: 'GET' | 'POST', pattern: string, run: (exchange: Exchange) => void): Route<Endpoint> {
  return { method, pattern, run: { dialect: geminiServer, run } };
}

const WHOLE: CallRoute = {
  wireServer: geminiServer,
  idPrefix: '',
  forwardHeaders: [],
  argumentsKey: 'args',
  fromAddress: (exchange) => ({ model: modelOf(exchange) }),
};
const STREAM: CallRoute = { ...WHOLE, fromAddress: (exchange) => ({ model: modelOf(exchange), stream: true }) };
const ARRAY_STREAM: CallRoute = { ...STREAM, wireServer: geminiArrayServer };

function generate(exchange: Exchange): void {
  new Call(exchange, WHOLE).begin();
}

function generateStream(exchange: Exchange): void {
  const query = new URLSearchParams((exchange.req.url ?? '').replace(/^[^?]*/, ''));
  const isEvents = (query.get('alt') ?? query.get('$alt'))?.toLowerCase() === 'sse';
  new Call(exchange, isEvents ? STREAM : ARRAY_STREAM).begin();
}

/** The model in the address: percent-encoded or not, with or without its collection (`projects/…/models/x`). */
function modelOf({ parameter }: Exchange): string {
  let model = parameter;
  try {
    model = decodeURIComponent(parameter);
  } catch {
    // Not percent-encoded after all.
  }
  return model.replace(/^.+\/publishers\/[^/]+\/models\//, '').replace(/^models\//, '');
}

/** `…:countTokens`: an estimate by length, as the header `x-standin-estimate` says; no vendor is asked. */
function countTokens(exchange: Exchange): void {
  const { req, context } = exchange;
  readBody(req, context.bodyLimitBytes, (error, body) => {
    try {
      if (error !== undefined) throw error;
      const given = parseJsonBody(body);
      const inner = isJsonObject(given) ? (given.generateContentRequest ?? given.generate_content_request) : undefined;
      const { request } = geminiServer.decodeRequest(inner ?? given);
      sendJson(exchange, 200, { totalTokens: estimateTokens(request) }, ['x-standin-estimate', 'true']);
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

function sendGoogleModels(exchange: Exchange): void {
  sendJson(exchange, 200, { models: exchange.context.getStandin().router.models().map(googleModel) });
}

function sendGoogleModel(exchange: Exchange): void {
  const id = modelOf(exchange);
  const models = exchange.context.getStandin().router.models();
  const model = models.find((one) => one.id === id);
  if (model !== undefined) return sendJson(exchange, 200, googleModel(model));
  const message = `models/${id} is not found; GET /v1beta/models names those that are.`;
  sendFailure(exchange, ownFailure(404, 'model_not_found', message));
}

function googleModel(model: ModelInfo): JsonObject {
  const shape: JsonObject = {
    name: `models/${model.id}`,
    version: '1',
    displayName: model.id,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens', ...EMBEDDING_VERBS],
  };
  if (model.contextWindow !== undefined) shape.inputTokenLimit = model.contextWindow;
  return shape;
}
