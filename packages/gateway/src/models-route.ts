import type { JsonObject, ModelInfo } from '@standin/core/spec/index';
import { ownFailure } from './caller-errors.ts';
import { sendFailure, sendJson, type Exchange } from './exchange.ts';

/** `GET /v1/models`, in Anthropic's shape for callers that send `anthropic-version`, else in OpenAI's. */
export function sendModels(exchange: Exchange): void {
  const models = exchange.context.getStandin().router.models();
  if (exchange.dialect.id !== 'anthropic-messages') {
    return sendJson(exchange, 200, { object: 'list', data: models.map((model) => openaiModel(exchange, model)) });
  }
  const data = models.map((model) => anthropicModel(exchange, model));
  sendJson(exchange, 200, {
    data,
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  });
}

/** `GET /v1/models/{id}`; an id may hold slashes, as they are or percent-encoded. */
export function sendModel(exchange: Exchange): void {
  const id = decoded(exchange.parameter);
  const model = exchange.context
    .getStandin()
    .router.models()
    .find((one) => one.id === id);
  if (model === undefined) {
    const message = `The model "${id}" is not listed here; GET /v1/models names those that are.`;
    return sendFailure(exchange, ownFailure(404, 'model_not_found', message));
  }
  const shape = exchange.dialect.id === 'anthropic-messages' ? anthropicModel : openaiModel;
  sendJson(exchange, 200, shape(exchange, model));
}

function openaiModel({ context }: Exchange, model: ModelInfo): JsonObject {
  const shape: JsonObject = {
    id: model.id,
    object: 'model',
    created: Math.floor(context.startedAtMs / 1000),
    owned_by: model.ownedBy ?? 'standin',
  };
  // Not a field of OpenAI's; OpenRouter's name for it, which many clients read.
  if (model.contextWindow !== undefined) shape.context_length = model.contextWindow;
  return shape;
}

function anthropicModel({ context }: Exchange, model: ModelInfo): JsonObject {
  const createdAt = new Date(Math.floor(context.startedAtMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
  const shape: JsonObject = { type: 'model', id: model.id, display_name: model.id, created_at: createdAt };
  if (model.contextWindow !== undefined) shape.max_input_tokens = model.contextWindow;
  return shape;
}

function decoded(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    return parameter;
  }
}
