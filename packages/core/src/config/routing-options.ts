import { RequestError } from '../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../spec/json.ts';

/** Routing options of a request body, read and checked. Times in milliseconds. */
export interface RoutingOptions {
  /** OpenRouter `models`, LiteLLM `fallbacks`: tried in this order after the model itself. */
  readonly models: readonly string[];
  /** OpenRouter: without `model` the first of `models` is meant. */
  readonly primary?: string;
  /** `provider.order`: entries or slots to try first. */
  readonly order: readonly string[];
  readonly only: readonly string[];
  readonly ignore: readonly string[];
  /** `provider.allow_fallbacks`, LiteLLM `disable_fallbacks`. */
  readonly allowFallbacks: boolean;
  /** LiteLLM `num_retries`. */
  readonly retries?: number;
  /** LiteLLM `timeout` (seconds there). */
  readonly timeoutMs?: number;
}

export const NO_ROUTING: RoutingOptions = { models: [], order: [], only: [], ignore: [], allowFallbacks: true };

/** Throws `RequestError` 400 naming the field. Options of other routers that change nothing here are let through. */
export function readRouting(routing: JsonObject | undefined): RoutingOptions {
  if (routing === undefined) return NO_ROUTING;
  const provider = routing['provider'] ?? {};
  if (!isJsonObject(provider)) throw bad('provider', 'an object');
  const retries = number(routing['num_retries'], 'num_retries');
  const timeout = number(routing['timeout'], 'timeout');
  if (timeout === 0) throw bad('timeout', 'more than 0 seconds');
  const isAllowed = flag(provider['allow_fallbacks'], 'provider.allow_fallbacks') ?? true;
  const isDisabled = flag(routing['disable_fallbacks'], 'disable_fallbacks') ?? false;
  const models = names(routing['models'], 'models');
  return {
    ...(models[0] === undefined ? {} : { primary: models[0] }),
    models: [...models, ...names(routing['fallbacks'], 'fallbacks')],
    order: names(provider['order'], 'provider.order'),
    only: names(provider['only'], 'provider.only'),
    ignore: names(provider['ignore'], 'provider.ignore'),
    allowFallbacks: isAllowed && !isDisabled,
    ...(retries === undefined ? {} : { retries: Math.min(Math.floor(retries), 100) }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1000 }),
  };
}

/** Strings, or objects with a `model` (LiteLLM writes fallbacks so). */
function names(value: JsonValue | undefined, param: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(param, 'a list of names');
  if (value.length > 100) throw bad(param, 'at most 100 names');
  return value.map((item, index) => {
    const name = isJsonObject(item) ? item['model'] : item;
    if (typeof name !== 'string' || name.trim() === '') throw bad(`${param}[${index}]`, 'a name');
    return name.trim();
  });
}

function number(value: JsonValue | undefined, param: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw bad(param, 'a number of 0 or more');
  return value;
}

function flag(value: JsonValue | undefined, param: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw bad(param, 'true or false');
  return value;
}

function bad(param: string, wanted: string): RequestError {
  return new RequestError(`${param} must be ${wanted}`, { param });
}
