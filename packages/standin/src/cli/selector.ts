import type { ConfigEntry } from '@standin/core/config/model';
import { UsageError } from './exit.ts';
import type { OpenStandin } from './open.ts';

export interface RouteOptions {
  readonly agent?: string;
  readonly provider?: string;
  readonly model?: string;
}

/**
 * The route that `-a`, `--provider` and `--model` ask for together. A model beside an entry or an agent is that
 * entry's model; alone it selects by itself. Throws `UsageError` for an entry or agent that is not in the config:
 * the router would take such a name for a model id and send it to the default provider.
 */
export async function selectorFor(options: RouteOptions, open: OpenStandin): Promise<string | undefined> {
  const { provider, agent, model } = options;
  if (provider !== undefined) {
    const entry = await findProvider(provider, open);
    return model === undefined ? entry.ref : `${entry.ref}/${model}`;
  }
  if (agent === undefined) return model;
  const { entry } = await findAgent(agent, open);
  if (model === undefined || model.startsWith('hint:')) return model ?? agent;
  const answers = entry ?? open.config.defaultEntry;
  return answers === undefined ? model : `${(await findProvider(answers, open)).ref}/${model}`;
}

async function findProvider(name: string, { config }: OpenStandin): Promise<ConfigEntry> {
  const { findEntry, suggestEntry } = await import('@standin/core/config/references');
  const entry = findEntry(config.entries, name);
  if (entry === undefined) {
    throw new UsageError(`No provider entry "${name}" in the config (${suggestEntry(config.entries, name)}).`);
  }
  if (entry.unusable !== undefined)
    throw new UsageError(`The provider entry ${entry.ref} cannot be used: ${entry.unusable}.`);
  return entry;
}

async function findAgent(alias: string, { config }: OpenStandin) {
  const agent = config.agents.get(alias);
  if (agent !== undefined) return agent;
  const { suggest } = await import('@standin/core/config/nearest');
  const hint = suggest(alias, [...config.agents.keys()]) ?? 'the config has no [agents]';
  throw new UsageError(`No agent "${alias}" in the config (${hint}).`);
}
