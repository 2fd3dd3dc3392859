import { attributeModel, isOwnModel, servesModel } from '../catalog/attribute.ts';
import { RequestError } from '../spec/errors.ts';
import type { Secret } from '../spec/secret.ts';
import { resolveSlug } from '../vendors/lookup.ts';
import type { Config, ConfigEntry, ModelRoute } from './model.ts';
import { findEntry, isOfSlot } from './references.ts';

/** Where a requested name leads. */
export interface Selection {
  readonly entry: ConfigEntry;
  /** Model to use at that entry; absent: its own. */
  readonly model?: string;
  /** Key of the route that was taken, instead of the entry's keys. */
  readonly apiKey?: Secret;
  /** System prompt of the agent that was asked for. */
  readonly system?: string;
  /** Alias of the agent that was asked for. */
  readonly agent?: string;
}

/**
 * What a requested model name means. The first of these that fits:
 *  1. nothing, or `default`: the default agent's entry
 *  2. `<type>.<alias>`, then `<type>.<alias>/<model>`
 *  3. an agent's alias
 *  4. `hint:NAME`: the route of exactly that hint
 *  5. the route with the longest `hint` that begins the name: a rule somebody wrote wins over what is only found
 *  6. `<slot>/<model>` where an entry of that slot exists
 *  7. a configured model id: the default entry's first, then in the order of the file
 *  8. for entries made from the environment: the entry of the vendor who makes the model, else one that leads to it
 *  9. any other id goes to the default entry
 * Throws `RequestError` 404 `model_not_found` when nothing is left, and 400 for an entry that cannot be used.
 */
export function select(config: Config, name: string | undefined): Selection {
  const asked = name?.trim() ?? '';
  if (asked === '') return defaultSelection(config, asked);
  const selection =
    byEntry(config, asked) ??
    byAgent(config, asked) ??
    byHint(config, asked) ??
    bySlot(config, asked) ??
    byModel(config, asked) ??
    byMaker(config, asked);
  if (selection !== undefined) return usable(selection, asked);
  if (asked === 'default') return defaultSelection(config, asked);
  const entry = defaultEntryOf(config);
  if (entry === undefined) throw notFound(config, asked);
  return usable({ entry, model: asked }, asked);
}

function defaultEntryOf(config: Config): ConfigEntry | undefined {
  return config.defaultEntry === undefined ? undefined : config.entries.get(config.defaultEntry);
}

function defaultSelection(config: Config, asked: string): Selection {
  const agent = config.defaultAgent === undefined ? undefined : byAgent(config, config.defaultAgent);
  const entry = defaultEntryOf(config);
  const selection = agent ?? (entry === undefined ? undefined : { entry });
  if (selection === undefined) throw notFound(config, asked);
  return usable(selection, asked);
}

function byEntry(config: Config, asked: string): Selection | undefined {
  const exact =
    config.entries.get(asked) ?? (asked.includes('.') && !asked.includes('/') ? dotted(config, asked) : undefined);
  if (exact !== undefined) return { entry: exact };
  // The longest reference wins: an alias may itself look like the beginning of another.
  let best: Selection | undefined;
  let length = 0;
  for (let slash = asked.indexOf('/'); slash !== -1; slash = asked.indexOf('/', slash + 1)) {
    const entry = config.entries.get(asked.slice(0, slash)) ?? dotted(config, asked.slice(0, slash));
    const model = asked.slice(slash + 1);
    if (entry === undefined || model === '' || slash <= length) continue;
    [best, length] = [{ entry, model }, slash];
  }
  return best;
}

/** Only real references: a model id such as `gpt-4.1` must not be read as an alias. */
function dotted(config: Config, reference: string): ConfigEntry | undefined {
  return reference.includes('.') ? onlyReference(config, reference) : undefined;
}

function onlyReference(config: Config, reference: string): ConfigEntry | undefined {
  const entry = findEntry(config.entries, reference);
  return entry !== undefined &&
    reference
      .toLowerCase()
      .replaceAll('_', '-')
      .endsWith(`.${entry.alias.toLowerCase().replaceAll('_', '-')}`)
    ? entry
    : undefined;
}

function byAgent(config: Config, asked: string): Selection | undefined {
  const agent = config.agents.get(asked);
  if (agent === undefined) return undefined;
  if (!agent.enabled)
    throw new RequestError(`the agent "${asked}" is disabled`, {
      status: 404,
      code: 'model_not_found',
      param: 'model',
    });
  const entry = agent.entry === undefined ? defaultEntryOf(config) : findEntry(config.entries, agent.entry);
  if (entry === undefined) throw notFound(config, asked);
  const { model, system_prompt: system } = agent.fields;
  return {
    entry,
    agent: agent.alias,
    ...(model === undefined ? {} : { model }),
    ...(system === undefined ? {} : { system }),
  };
}

const HINT = 'hint:';

function byHint(config: Config, asked: string): Selection | undefined {
  if (asked.startsWith(HINT)) {
    const hint = asked.slice(HINT.length);
    const route = config.routes.find((candidate) => candidate.hint === hint);
    if (route === undefined) throw notFound(config, asked);
    return alongRoute(config, route, undefined);
  }
  let best: ModelRoute | undefined;
  for (const route of config.routes) {
    if (asked.startsWith(route.hint) && route.hint.length > (best?.hint.length ?? 0)) best = route;
  }
  return best === undefined ? undefined : alongRoute(config, best, asked);
}

/** A route without a model passes the requested name on; `hint:NAME` is no model name, so the entry's own is used. */
function alongRoute(config: Config, route: ModelRoute, asked: string | undefined): Selection | undefined {
  const entry = findEntry(config.entries, route.entry);
  if (entry === undefined) return undefined;
  const model = route.model ?? asked;
  return {
    entry,
    ...(model === undefined ? {} : { model }),
    ...(route.apiKey === undefined ? {} : { apiKey: route.apiKey }),
  };
}

function bySlot(config: Config, asked: string): Selection | undefined {
  const slash = asked.indexOf('/');
  if (slash <= 0 || slash === asked.length - 1) return undefined;
  const slot = asked.slice(0, slash);
  const model = asked.slice(slash + 1);
  const found = resolveSlug(slot);
  const candidates = ordered(config).filter((entry) => entry.slot === found?.row.id || isOfSlot(entry, slot));
  const usableOnes = candidates.filter((entry) => entry.unusable === undefined);
  const pool = usableOnes.length > 0 ? usableOnes : candidates;
  const entry = pool.find((candidate) => serves(candidate, model)) ?? pool[0];
  return entry === undefined ? undefined : { entry, model };
}

/** True when the entry's own lines name this model. */
export function serves(entry: ConfigEntry, model: string): boolean {
  return entry.model === model || (entry.fields.fallback_models ?? []).includes(model);
}

function byModel(config: Config, asked: string): Selection | undefined {
  const entries = ordered(config).filter((entry) => entry.unusable === undefined);
  const entry =
    entries.find((candidate) => candidate.model === asked) ?? entries.find((candidate) => serves(candidate, asked));
  return entry === undefined ? undefined : { entry, model: asked };
}

function byMaker(config: Config, asked: string): Selection | undefined {
  if (attributeModel(asked) === undefined) return undefined;
  const found = ordered(config).filter((candidate) => candidate.implicit && candidate.unusable === undefined);
  const entry = found.find(({ slot }) => isOwnModel(slot, asked)) ?? found.find(({ slot }) => servesModel(slot, asked));
  return entry === undefined ? undefined : { entry, model: asked };
}

/** The default entry first, the others as written. */
function ordered(config: Config): ConfigEntry[] {
  const first = defaultEntryOf(config);
  const all = [...config.entries.values()];
  return first === undefined ? all : [first, ...all.filter((entry) => entry !== first)];
}

function usable(selection: Selection, asked: string): Selection {
  const { entry, apiKey } = selection;
  // A route's own key makes up for an entry that has none.
  if (entry.unusable === undefined || (apiKey !== undefined && entry.keys.length === 0)) return selection;
  const about = asked === '' ? '' : `"${asked}" leads to `;
  throw new RequestError(`${about}${entry.ref}, which cannot be used: ${entry.unusable}`, {
    status: 404,
    code: 'model_not_found',
    param: 'model',
  });
}

function notFound(config: Config, asked: string): RequestError {
  const names = [...config.entries.keys(), ...config.agents.keys(), ...config.routes.map((route) => HINT + route.hint)];
  const known = names.length === 0 ? 'no provider is configured' : `there is ${names.slice(0, 20).join(', ')}`;
  const what = asked === '' ? 'no model was asked for and there is no default' : `no model "${asked.slice(0, 200)}"`;
  return new RequestError(`${what}; ${known}`, { status: 404, code: 'model_not_found', param: 'model' });
}
