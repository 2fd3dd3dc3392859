import { isJsonObject, RequestError, type JsonObject, type JsonValue } from '@standin/core/spec/index';
import { parseJsonBody } from '../body.ts';
import { callerTimeoutMs } from '../caller-timeout.ts';
import type { Exchange } from '../exchange.ts';
import { PassedCall, type Passing } from './passed-call.ts';
import { sameModelPlan, type Spoken } from './same-model.ts';
import { usageTap } from './usage-tap.ts';
import { contentHeaders, usageOfDocument, withoutOutput } from './whole-document.ts';

const OLLAMA: Spoken = { wires: ['ollama-chat'], what: "Ollama's protocol" };
const GEMINI: Spoken = { wires: ['gemini'], what: "Google's protocol" };
const BYTES_PER_TOKEN = 4;

/** Ollama's `/api/embed`, and its older `/api/embeddings`. */
export function passOllamaEmbedding(exchange: Exchange, path: '/api/embed' | '/api/embeddings'): void {
  new PassedCall(exchange).begin((body) => {
    const given = jsonObject(body);
    const { model } = given;
    if (typeof model !== 'string' || model === '') throw new RequestError('model is required', { param: 'model' });
    return embedding(exchange, body, {
      model,
      spoken: OLLAMA,
      pathFor: () => path,
      rewrite: (target) => ({ ...given, model: target }),
    });
  });
}

/** A prompt that only Ollama's own server can take, streamed or whole. */
export function passGenerate(exchange: Exchange, body: Buffer, given: JsonObject): Passing {
  const { req, context } = exchange;
  const model = typeof given.model === 'string' ? given.model : '';
  const isWhole = given.stream === false;
  return {
    plan: sameModelPlan(context.getStandin(), model, undefined, OLLAMA),
    call: {
      method: 'POST',
      headers: contentHeaders(exchange),
      pathFor: () => '/api/generate',
      bodyFor: (target) => (target.model === model ? body : JSON.stringify({ ...given, model: target.model })),
      ...(isWhole ? { checkWhole: (_head, answer) => usageOfDocument(answer) } : { tap: (head) => usageTap(head) }),
    },
    account: {
      model,
      mode: isWhole ? 'whole' : 'stream',
      inputTokens: () => Math.ceil(body.byteLength / BYTES_PER_TOKEN),
    },
    timeoutMs: callerTimeoutMs(req.headers, undefined),
  };
}

/** Google's `…:embedContent` and `…:batchEmbedContents`; `model` as the address names it. */
export function passGeminiEmbedding(exchange: Exchange, model: string, verb: string): void {
  new PassedCall(exchange).begin((body) => {
    const given = jsonObject(body);
    return embedding(exchange, body, {
      model,
      spoken: GEMINI,
      pathFor: (target) => `/models/${encodeURIComponent(target)}:${verb}`,
      rewrite: (target) => renamed(given, `models/${target}`),
    });
  });
}

/** The name stands in the address, in the request, and in each request of a batch; all must be the same. */
function renamed(given: JsonObject, name: string): JsonObject {
  const one = (request: JsonValue): JsonValue =>
    isJsonObject(request) && request.model !== undefined ? { ...request, model: name } : request;
  const { requests } = given;
  const own = given.model === undefined ? given : { ...given, model: name };
  return Array.isArray(requests) ? { ...own, requests: requests.map(one) } : own;
}

interface Embedding {
  readonly model: string;
  readonly spoken: Spoken;
  readonly pathFor: (model: string) => string;
  readonly rewrite: (model: string) => JsonObject;
}

function embedding(exchange: Exchange, body: Buffer, { model, spoken, pathFor, rewrite }: Embedding): Passing {
  const { req, context } = exchange;
  const plan = sameModelPlan(context.getStandin(), model, undefined, spoken);
  return {
    plan,
    call: {
      method: 'POST',
      headers: contentHeaders(exchange),
      pathFor: (target) => pathFor(target.model),
      bodyFor: (target) => (target.model === model ? body : JSON.stringify(rewrite(target.model))),
      checkWhole(_head, answer) {
        const found = usageOfDocument(answer);
        return { ...found, usage: withoutOutput(found.usage) };
      },
    },
    account: {
      model,
      mode: 'whole',
      inputTokens: () => Math.ceil(body.byteLength / BYTES_PER_TOKEN),
      maxTokens: 0,
    },
    timeoutMs: callerTimeoutMs(req.headers, undefined),
  };
}

function jsonObject(body: Buffer): JsonObject {
  const given = parseJsonBody(body);
  if (!isJsonObject(given)) throw new RequestError('The request body must be a JSON object.');
  return given;
}
