import { isJsonObject, RequestError, type JsonObject } from '@standin/core/spec/index';
import type { RawCall, RawFinding } from '@standin/core/route/raw-types';
import type { Target } from '@standin/core/route/target';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { parseJsonBody } from '../body.ts';
import { callerTimeoutMs } from '../caller-timeout.ts';
import type { Endpoint } from '../endpoints.ts';
import type { Exchange } from '../exchange.ts';
import type { Route } from '../route-table.ts';
import { formField, withField } from './multipart.ts';
import { PassedCall, type Passing } from './passed-call.ts';
import { sameModelPlan, type Spoken } from './same-model.ts';
import { contentHeaders, usageOfDocument, withoutOutput } from './whole-document.ts';
import { usageTap } from './usage-tap.ts';

/** OpenAI's endpoints beside chat and responses that people's SDKs call, without their `/v1`. */
const PATHS = [
  '/embeddings',
  '/completions',
  '/moderations',
  '/images/generations',
  '/images/edits',
  '/images/variations',
  '/audio/speech',
  '/audio/transcriptions',
  '/audio/translations',
];

export const OPENAI_PASSED: readonly Route<Endpoint>[] = PATHS.flatMap((path) =>
  ['/v1', ''].map((prefix): Route<Endpoint> => ({
    method: 'POST',
    pattern: `${prefix}${path}`,
    run: { dialect: openaiChatServer, run: (exchange) => passOpenai(exchange, path) },
  })),
);

/** Ollama's server answers OpenAI's calls as well, below `/v1`. */
const SPOKEN: Spoken = {
  wires: ['openai-chat', 'openai-responses', 'ollama-chat'],
  what: "OpenAI's protocol",
};

/** Options for the walk, for us alone. */
const ROUTING = ['models', 'provider', 'route', 'fallbacks', 'num_retries', 'timeout', 'disable_fallbacks'];

function passOpenai(exchange: Exchange, path: string): void {
  new PassedCall(exchange).begin((body) => {
    const type = exchange.req.headers['content-type'] ?? '';
    const form = /^multipart\/form-data/i.test(type);
    const read = form ? readForm(body, type) : readJson(body, path);
    return passing(exchange, path, read);
  });
}

interface Read {
  readonly model: string | undefined;
  readonly routing?: JsonObject;
  readonly isStream: boolean;
  readonly inputTokens: () => number;
  readonly maxTokens?: number;
  readonly bodyFor: (model: string) => Buffer | string;
}

const BYTES_PER_TOKEN = 4;

function readJson(body: Buffer, path: string): Read {
  const given = parseJsonBody(body);
  if (!isJsonObject(given)) throw new RequestError('The request body must be a JSON object.');
  const model = modelIn(given.model);
  if (path === '/embeddings' && model === undefined)
    throw new RequestError('`model` is required: vectors of different models cannot be compared.', { param: 'model' });
  const named = ROUTING.filter((name) => given[name] !== undefined && given[name] !== null);
  const routing = named.length === 0 ? undefined : Object.fromEntries(named.map((name) => [name, given[name] ?? null]));
  const limit = given.max_tokens ?? given.max_completion_tokens;
  return {
    model,
    routing,
    isStream: given.stream === true || given.stream_format === 'sse',
    inputTokens: () => Math.ceil(body.byteLength / BYTES_PER_TOKEN),
    maxTokens: path === '/embeddings' || path === '/moderations' ? 0 : typeof limit === 'number' ? limit : undefined,
    bodyFor(target) {
      if (routing === undefined && (model === undefined || target === model)) return body;
      const { ...sent } = given;
      for (const name of ROUTING) delete sent[name];
      return JSON.stringify(model === undefined ? sent : { ...sent, model: target });
    },
  };
}

function readForm(body: Buffer, type: string): Read {
  const field = formField(body, type, 'model');
  const stream = formField(body, type, 'stream');
  const model = modelIn(field?.value);
  return {
    model,
    isStream: stream?.value === 'true',
    // A file's size says nothing of tokens.
    inputTokens: () => 0,
    bodyFor: (target) => (field === undefined || target === model ? body : withField(body, field, target)),
  };
}

function modelIn(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new RequestError('`model` must be a string.', { param: 'model' });
  return value;
}

function passing(exchange: Exchange, path: string, read: Read): Passing {
  const { req, context } = exchange;
  const plan = sameModelPlan(context.getStandin(), read.model, read.routing, SPOKEN);
  const call: RawCall = {
    method: 'POST',
    headers: contentHeaders(exchange),
    pathFor: (target) => (isOllama(target) ? `/v1${path}` : path),
    bodyFor: ({ model }) => read.bodyFor(model),
    ...(read.isStream || path === '/audio/speech'
      ? { tap: (head) => usageTap(head) }
      : { checkWhole: (head, body) => checkAnswer(head.headers['content-type'], body, path) }),
  };
  const { model, routing, inputTokens, maxTokens } = read;
  const mode = read.isStream ? ('stream' as const) : ('whole' as const);
  return {
    plan,
    call,
    account: { model, mode, routing, inputTokens, maxTokens },
    timeoutMs: callerTimeoutMs(req.headers, routing),
  };
}

function isOllama({ via }: Target): boolean {
  return 'endpoint' in via && via.endpoint.wire.id === 'ollama-chat';
}

function checkAnswer(type: string | undefined, body: Buffer, path: string): RawFinding {
  // Transcriptions come as plain text or subtitles too.
  if (path !== '/embeddings' && type !== undefined && !/json/i.test(type)) return {};
  const usage = usageOfDocument(body);
  if ('failure' in usage) return usage;
  return path === '/embeddings' || path === '/moderations' ? { usage: withoutOutput(usage.usage) } : usage;
}
