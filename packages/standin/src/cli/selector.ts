import type { Standin } from '@standin/core/library/standin-types';

export interface RouteOptions {
  readonly agent?: string;
  readonly provider?: string;
  readonly model?: string;
}

/**
 * The route that `-a`, `--provider` and `--model` ask for together. A model beside an entry or an agent is that
 * entry's model; alone it selects by itself.
 */
export function selectorFor(options: RouteOptions, standin: Standin): string | undefined {
  const { provider, agent, model } = options;
  if (provider !== undefined) return model === undefined ? provider : `${provider}/${model}`;
  if (agent === undefined) return model;
  if (model === undefined || model.startsWith('hint:')) return model ?? agent;
  const entry = standin.plan(agent).targets[0]?.entry;
  return entry === undefined ? agent : `${entry}/${model}`;
}
