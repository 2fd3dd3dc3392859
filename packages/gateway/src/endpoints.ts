import type { IncomingMessage } from 'node:http';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { bedrockConverseServer } from '@standin/core/wires/bedrock-converse/index';
import { geminiServer } from '@standin/core/wires/gemini/index';
import { ollamaChatServer } from '@standin/core/wires/ollama-chat/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { openaiResponsesServer } from '@standin/core/wires/openai-responses/index';
import type { AdminAccess, Operator } from './admin/access.ts';
import type { Access } from './auth.ts';
import { BATCH_ROUTES } from './batches/routes.ts';
import { BEDROCK_ENDPOINTS } from './bedrock-endpoints.ts';
import { Call, type AnyWireServer, type CallRoute } from './call.ts';
import { sendTokenCount } from './count-tokens.ts';
import { sendText, type Exchange } from './exchange.ts';
import { GOOGLE_ENDPOINTS } from './google-endpoints.ts';
import { sendHealth, sendLive, sendReady } from './health-route.ts';
import { sendModel, sendModels } from './models-route.ts';
import { OLLAMA_ENDPOINTS } from './ollama-endpoints.ts';
import { sendMetrics } from './operations.ts';
import { OPENAI_PASSED } from './raw/openai-passed.ts';
import { PASSTHROUGH } from './raw/passed-path.ts';
import { CLIENT_PROBES } from './client-probes.ts';
import { passThrough } from './raw/passthrough.ts';
import { STORED_RESPONSES } from './raw/stored-responses.ts';
import type { Route } from './route-table.ts';

export interface Endpoint {
  /** Default `caller`. */
  readonly access?: Access;
  /** Shape of its errors; absent: by the caller's headers. */
  readonly dialect?: AnyWireServer;
  /** An admin route: who may use it, instead of `access`. */
  readonly admin?: AdminAccess;
  readonly run: (exchange: Exchange, operator: Operator) => void;
}

const CHAT: CallRoute = { wireServer: openaiChatServer, idPrefix: 'chatcmpl-', forwardHeaders: [] };
const RESPONSES: CallRoute = {
  wireServer: openaiResponsesServer,
  idPrefix: 'resp_',
  forwardHeaders: [],
  keepsIds: true,
};
const MESSAGES: CallRoute = {
  wireServer: anthropicMessagesServer,
  idPrefix: 'msg_',
  forwardHeaders: ['anthropic-version', 'anthropic-beta'],
  argumentsKey: 'input',
};

/** Everything the gateway answers beside its admin API; a further client protocol is one more line. */
export const ENDPOINTS: readonly Route<Endpoint>[] = [
  call('/v1/chat/completions', CHAT),
  call('/chat/completions', CHAT),
  call('/v1/responses', RESPONSES),
  call('/responses', RESPONSES),
  call('/v1/messages', MESSAGES),
  {
    method: 'POST',
    pattern: '/v1/messages/count_tokens',
    run: { dialect: anthropicMessagesServer, run: (exchange) => sendTokenCount(exchange, anthropicMessagesServer) },
  },
  ...STORED_RESPONSES,
  ...OPENAI_PASSED,
  ...BATCH_ROUTES,
  ...CLIENT_PROBES,
  // Before `/v1/models/{id}`, which fits their addresses too.
  ...GOOGLE_ENDPOINTS,
  ...OLLAMA_ENDPOINTS,
  ...BEDROCK_ENDPOINTS,
  get('/v1/models', sendModels),
  get('/models', sendModels),
  get('/v1/models/{id}', sendModel),
  get('/models/{id}', sendModel),
  get('/metrics', sendMetrics, 'watch'),
  get('/health', sendHealth, 'watch'),
  get('/health/live', sendLive, 'open'),
  get('/health/ready', sendReady, 'open'),
  { method: 'ANY', pattern: `${PASSTHROUGH}{target}`, run: { run: passThrough } },
  get('/', sendFront, 'open'),
];

function call(pattern: string, route: CallRoute): Route<Endpoint> {
  const run = (exchange: Exchange): void => new Call(exchange, route).begin();
  return { method: 'POST', pattern, run: { dialect: route.wireServer, run } };
}

function get(pattern: string, run: (exchange: Exchange) => void, access?: Access): Route<Endpoint> {
  return { method: 'GET', pattern, run: { run, access } };
}

/** The protocol a caller speaks where the path does not tell. */
export function dialectOf(req: Pick<IncomingMessage, 'url' | 'headers'>): AnyWireServer {
  if (req.headers['x-goog-api-key'] !== undefined || req.url?.startsWith('/v1beta') === true) return geminiServer;
  if (req.url?.startsWith('/api/') === true) return ollamaChatServer;
  if (req.url?.startsWith('/model/') === true) return bedrockConverseServer;
  return req.headers['anthropic-version'] === undefined ? openaiChatServer : anthropicMessagesServer;
}

const FRONT = `Standin gateway

POST /v1/chat/completions    OpenAI Chat Completions
POST /v1/responses           OpenAI Responses
POST /v1/messages            Anthropic Messages
POST /v1beta/models/{model}:generateContent and :streamGenerateContent    Google Gemini
POST /api/chat               Ollama
POST /model/{model}/converse and /converse-stream    Amazon Bedrock
POST /v1/embeddings, /api/embed, /v1beta/models/{model}:embedContent    embeddings
POST /v1/files, /v1/batches  OpenAI's Batch API
ANY  /passthrough/<type>.<alias>/…    a vendor's own API, with its key
GET  /v1/models              the models that can be asked for
GET  /health                 live, ready, and which keys are resting
GET  /metrics                for Prometheus
GET  /api/openapi.json       the admin API; in a browser this address is the dashboard

Point any OpenAI, Anthropic, Google, Ollama or Bedrock client at this address; "model" chooses the route.
`;

function sendFront(exchange: Exchange): void {
  sendText(exchange, 200, FRONT, [], 'text/plain; charset=utf-8');
}
