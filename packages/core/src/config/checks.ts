import type { Assembled } from './assemble.ts';
import type { ConfigAgent, ConfigEntry } from './model.ts';
import { priceFor } from '../catalog/prices.ts';
import { formatPath, type ConfigPath } from './path.ts';
import { issueAt, type PrepareContext } from './prepare.ts';
import { findEntry, suggestEntry } from './references.ts';
import { suggest } from './nearest.ts';
import { spareModel } from './walk.ts';

/**
 * What only the whole config shows: references that lead nowhere, cycles, entries that cannot be used. A primary is an
 * error; a spare is a warning and is left out of every walk.
 */
export function checkReferences(config: Assembled, context: PrepareContext): void {
  checkAgents(config, context);
  checkRoutes(config, context);
  checkFallbacks(config, context);
  checkBudgets(config, context);
  checkUsable(config, context);
}

export function entryPath(entry: Pick<ConfigEntry, 'type' | 'alias'>, ...rest: string[]): ConfigPath {
  return ['providers', 'models', entry.type, entry.alias, ...rest];
}

function checkAgents(config: Assembled, context: PrepareContext): void {
  for (const agent of config.agents.values()) {
    const path = ['agents', agent.alias];
    if (agent.entry === undefined) {
      const uses = config.defaultEntry === undefined ? 'no entry' : `the default entry ${config.defaultEntry}`;
      issueAt(context, path, 'warning', `names no model_provider, so it uses ${uses}`);
    } else if (findEntry(config.entries, agent.entry) === undefined) {
      const message = `names no entry of [providers.models]: "${agent.entry}"`;
      issueAt(context, [...path, 'model_provider'], 'error', message, suggestEntry(config.entries, agent.entry));
    }
    checkRunTools(config, agent, context);
    agent.delegates.forEach((name, index) => {
      if (config.agents.has(name)) return;
      const next = suggest(name, [...config.agents.keys()]);
      issueAt(
        context,
        [...path, 'delegates', String(index)],
        'warning',
        `no agent is called "${name}", left out`,
        next,
      );
    });
  }
}

/** Tools run on the gateway only for agents that say so, each for itself: what follows from it is told. */
function checkRunTools({ agents }: Assembled, agent: ConfigAgent, context: PrepareContext): void {
  if (agent.fields.run_tools !== 'gateway') return;
  const path = ['agents', agent.alias, 'run_tools'];
  if ((agent.fields.tools ?? []).length === 0 && agent.delegates.length === 0)
    issueAt(context, path, 'warning', 'has no effect: this agent has neither tools nor delegates');
  for (const name of agent.delegates) {
    const { fields, delegates = [] } = agents.get(name) ?? {};
    const hasWork = (fields?.tools ?? []).length > 0 || delegates.length > 0;
    if (fields === undefined || fields.run_tools === 'gateway' || !hasWork) continue;
    const message = `hands work to "${name}", whose own tools and delegates are left out on the gateway`;
    issueAt(context, path, 'warning', message, `set agents.${name}.run_tools = "gateway"`);
  }
}

/** A limit that counts nothing is worse than none: it is told. */
function checkBudgets({ document, entries, agents }: Assembled, context: PrepareContext): void {
  const { per_provider: byEntry = {}, per_agent: byAgent = {} } = document.budgets ?? {};
  for (const [ref, limits] of Object.entries(byEntry)) {
    const path = ['budgets', 'per_provider', ref];
    const entry = entries.get(ref);
    if (entry === undefined) {
      issueAt(
        context,
        path,
        'warning',
        `limits nothing: no entry is called "${ref}"`,
        suggest(ref, [...entries.keys()]),
      );
      continue;
    }
    const isMoney = limits.daily_usd !== undefined || limits.monthly_usd !== undefined;
    const { slot, uri, model, fields } = entry;
    if (!isMoney || model === undefined || priceFor(uri === undefined ? slot : '', model, fields.pricing)) continue;
    const message = `counts nothing for ${model}, whose price is not known`;
    issueAt(context, path, 'warning', message, `set "pricing" of ${ref}, or budgets.unknown_price = "refuse"`);
  }
  for (const alias of Object.keys(byAgent)) {
    if (agents.has(alias)) continue;
    const next = suggest(alias, [...agents.keys()]);
    issueAt(context, ['budgets', 'per_agent', alias], 'warning', `limits nothing: no agent is called "${alias}"`, next);
  }
}

function checkRoutes(config: Assembled, context: PrepareContext): void {
  const seen = new Set<string>();
  (config.document.model_routes ?? []).forEach((route, index) => {
    const path = ['model_routes', String(index)];
    const named = route.model_provider ?? route.provider;
    if (route.model_provider !== undefined && route.provider !== undefined) {
      issueAt(context, [...path, 'provider'], 'warning', 'has no effect: model_provider is set too');
    }
    if (named === undefined) issueAt(context, path, 'error', 'a route needs model_provider = "<type>.<alias>"');
    else {
      const entry = findEntry(config.entries, named);
      const key = route.model_provider === undefined ? 'provider' : 'model_provider';
      if (entry === undefined) {
        const message = `names no entry of [providers.models]: "${named}"`;
        issueAt(context, [...path, key], 'error', message, suggestEntry(config.entries, named));
      } else if (entry.unusable !== undefined && !(route.api_key !== undefined && entry.keys.length === 0)) {
        issueAt(
          context,
          [...path, key],
          'warning',
          `${entry.ref} cannot be used, so this route cannot be taken: ${entry.unusable}`,
        );
      }
    }
    if (seen.has(route.hint))
      issueAt(context, [...path, 'hint'], 'warning', 'an earlier route has the same hint; this one is never taken');
    seen.add(route.hint);
  });
}

function checkFallbacks(config: Assembled, context: PrepareContext): void {
  for (const entry of config.entries.values()) {
    const models = [entry.model, ...(entry.fields.fallback_models ?? [])];
    models.forEach((model, index) => {
      if (index === 0 || models.indexOf(model) === index) return;
      issueAt(
        context,
        entryPath(entry, 'fallback_models', String(index - 1)),
        'warning',
        `"${model ?? ''}" is tried already, left out`,
      );
    });
    const spares = entry.fields.fallback ?? [];
    spares.forEach((reference, index) => {
      checkSpare(config, reference, entryPath(entry, 'fallback', String(index)), context);
    });
  }
  config.extraFallbacks.forEach((reference, index) => {
    checkSpare(config, reference, ['reliability', 'fallback_providers', String(index)], context);
  });
  for (const cycle of findCycles(config)) {
    const way = [...cycle.way, cycle.way[0] ?? ''].join(' → ');
    const message = `"${cycle.reference}" closes a cycle (${way}), left out`;
    issueAt(context, entryPath(cycle.entry, 'fallback', String(cycle.index)), 'warning', message);
  }
}

function checkSpare(config: Assembled, reference: string, path: ConfigPath, context: PrepareContext): void {
  const spare = findEntry(config.entries, reference);
  if (spare === undefined) {
    const message = `the fallback "${reference}" is no entry of [providers.models], left out`;
    issueAt(context, path, 'warning', message, suggestEntry(config.entries, reference));
  } else if (spare.unusable !== undefined) {
    issueAt(context, path, 'warning', `the fallback "${reference}" cannot be used, left out: ${spare.unusable}`);
  } else if (spareModel(config, spare) === undefined) {
    issueAt(
      context,
      path,
      'warning',
      `the fallback "${reference}" names no model and its slot has no default, left out`,
      'set model on it',
    );
  }
}

interface Cycle {
  readonly entry: ConfigEntry;
  readonly index: number;
  readonly reference: string;
  readonly way: readonly string[];
}

/** Depth-first along the current path, the default entry first; each link that leads back is one cycle. */
export function findCycles(config: Assembled): Cycle[] {
  const cycles: Cycle[] = [];
  const finished = new Set<string>();
  const visit = (entry: ConfigEntry, way: readonly string[]): void => {
    const here = [...way, entry.ref];
    (entry.fields.fallback ?? []).forEach((reference, index) => {
      const next = findEntry(config.entries, reference);
      if (next === undefined) return;
      const at = here.indexOf(next.ref);
      if (at !== -1) cycles.push({ entry, index, reference, way: here.slice(at) });
      else if (!finished.has(next.ref)) visit(next, here);
    });
    finished.add(entry.ref);
  };
  const first = config.defaultEntry === undefined ? undefined : config.entries.get(config.defaultEntry);
  if (first !== undefined) visit(first, []);
  for (const entry of config.entries.values()) if (!finished.has(entry.ref)) visit(entry, []);
  return cycles;
}

function checkUsable(config: Assembled, context: PrepareContext): void {
  const primaries = new Set<string>();
  if (config.defaultEntry !== undefined) primaries.add(config.defaultEntry);
  for (const agent of config.agents.values()) {
    const entry = agent.entry === undefined ? undefined : findEntry(config.entries, agent.entry);
    if (agent.enabled && entry !== undefined) primaries.add(entry.ref);
  }
  const withKey = config.routes.filter((route) => route.apiKey !== undefined);
  const keyed = new Set(withKey.map((route) => findEntry(config.entries, route.entry)?.ref));
  for (const entry of config.entries.values()) {
    // Routes to it bring the key.
    if (entry.keys.length === 0 && keyed.has(entry.ref) && !primaries.has(entry.ref)) continue;
    if (entry.openaiApi?.notice !== undefined && entry.unusable === undefined)
      issueAt(context, entryPath(entry), 'warning', entry.openaiApi.notice);
    if (entry.unusable === undefined || context.issues.hasErrorBelow(formatPath(entryPath(entry)))) continue;
    const isPrimary = primaries.has(entry.ref);
    const message = isPrimary ? `cannot be used: ${entry.unusable}` : `cannot be used, left out: ${entry.unusable}`;
    const field = entry.unusableField === undefined ? [] : [entry.unusableField];
    issueAt(context, entryPath(entry, ...field), isPrimary ? 'error' : 'warning', message);
  }
}
