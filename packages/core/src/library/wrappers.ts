import type { Provider } from '../spec/provider.ts';
import type { Log } from '../spec/log.ts';
import type { Limits } from '../route/target.ts';
import { plannedOf, providerOf } from './planned.ts';
import { createRuntime, type RuntimeOptions } from './runtime.ts';

export interface RetryOptions {
  /** Retries of each target after its first attempt. Default 3. */
  readonly maxRetries?: number;
  /** First backoff in milliseconds, doubled each time, full jitter. Default 500. */
  readonly baseDelayMs?: number;
  /** Longest backoff in milliseconds. Default 10,000. */
  readonly maxDelayMs?: number;
}

/**
 * Repeats what passes by itself (429, 5xx, lost connections, empty answers) with exponential backoff. A thin plan:
 * around a `fallback()`, every target of the chain gets the retries.
 */
export function retry(provider: Provider, options: RetryOptions = {}): Provider {
  const planned = plannedOf(provider);
  const targets = planned.targets.map((target) => ({
    ...target,
    retries: options.maxRetries ?? 3,
    backoffMs: options.baseDelayMs ?? 500,
    backoffCapMs: options.maxDelayMs ?? 10_000,
  }));
  return providerOf(`retry(${provider.name})`, { ...planned, targets }, listing(provider));
}

export interface FallbackOptions extends RuntimeOptions {
  readonly log?: Log;
  /** Limits of the whole call; the defaults suit most people. */
  readonly limits?: Partial<Limits>;
}

/** Asks the first provider, then the next when it fails, each with its own key, model and endpoint. */
export function fallback(providers: readonly Provider[], options: FallbackOptions = {}): Provider {
  if (providers.length === 0) throw new TypeError('fallback() needs at least one provider.');
  const plans = providers.map(plannedOf);
  const targets = plans.flatMap((planned) => planned.targets);
  const { limits, ...runtimeOptions } = options;
  const own = Object.values(runtimeOptions).some((value) => value !== undefined)
    ? createRuntime(runtimeOptions)
    : undefined;
  const runtime = own ?? plans.find((planned) => planned.runtime !== undefined)?.runtime;
  const merged = Object.assign({}, ...plans.map((planned) => planned.limits), limits) as Partial<Limits>;
  const name = `fallback(${providers.map((provider) => provider.name).join(', ')})`;
  const first = providers[0];
  return providerOf(name, { targets, limits: merged, runtime }, first === undefined ? {} : listing(first));
}

function listing(provider: Provider): Pick<Provider, 'listModels'> {
  return provider.listModels === undefined
    ? {}
    : { listModels: (options) => provider.listModels?.(options) ?? Promise.resolve([]) };
}
