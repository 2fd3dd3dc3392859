import type { IncomingMessage } from 'node:http';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import type { WireServer } from '@standin/core/wires/wire';
import { Call, type CallRoute } from './call.ts';
import { sendTokenCount } from './count-tokens.ts';
import { sendText, type Exchange } from './exchange.ts';
import { sendHealth, sendLive, sendReady } from './health-route.ts';
import { sendModel, sendModels } from './models-route.ts';
import type { Route } from './route-table.ts';

export interface Endpoint {
  /** Shape of its errors; absent: by the caller's headers. */
  readonly dialect?: WireServer;
  readonly run: (exchange: Exchange) => void;
}

const CHAT: CallRoute = { wireServer: openaiChatServer, idPrefix: 'chatcmpl-', forwardHeaders: [] };
const MESSAGES: CallRoute = {
  wireServer: anthropicMessagesServer,
  idPrefix: 'msg_',
  forwardHeaders: ['anthropic-version', 'anthropic-beta'],
  argumentsKey: 'input',
};

/** Everything the gateway answers; a further client protocol is one more line. */
export const ENDPOINTS: readonly Route<Endpoint>[] = [
  call('/v1/chat/completions', CHAT),
  call('/chat/completions', CHAT),
  call('/v1/messages', MESSAGES),
  {
    method: 'POST',
    pattern: '/v1/messages/count_tokens',
    run: { dialect: anthropicMessagesServer, run: (exchange) => sendTokenCount(exchange, anthropicMessagesServer) },
  },
  get('/v1/models', sendModels),
  get('/models', sendModels),
  get('/v1/models/{id}', sendModel),
  get('/models/{id}', sendModel),
  get('/health', sendHealth),
  get('/health/live', sendLive),
  get('/health/ready', sendReady),
  get('/', sendFront),
];

function call(pattern: string, route: CallRoute): Route<Endpoint> {
  const run = (exchange: Exchange): void => new Call(exchange, route).begin();
  return { method: 'POST', pattern, run: { dialect: route.wireServer, run } };
}

function get(pattern: string, run: (exchange: Exchange) => void): Route<Endpoint> {
  return { method: 'GET', pattern, run: { run } };
}

/** The protocol a caller speaks where the path does not tell. */
export function dialectOf(req: IncomingMessage): WireServer {
  return req.headers['anthropic-version'] === undefined ? openaiChatServer : anthropicMessagesServer;
}

const FRONT = `Standin gateway

POST /v1/chat/completions    OpenAI Chat Completions
POST /v1/messages            Anthropic Messages
GET  /v1/models              the models that can be asked for
GET  /health                 live, ready, and which keys are resting

Point any OpenAI or Anthropic client at this address; "model" chooses the route.
`;

function sendFront(exchange: Exchange): void {
  sendText(exchange, 200, FRONT, [], 'text/plain; charset=utf-8');
}
