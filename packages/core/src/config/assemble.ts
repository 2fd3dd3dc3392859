import type { Secret } from '../spec/secret.ts';
import { resolveSlug } from '../vendors/lookup.ts';
import { buildEntry, type EntryContext } from './entries.ts';
import type { Config, ConfigAgent, ConfigEntry, ModelRoute } from './model.ts';
import { findEntry, isOfSlot } from './references.ts';
import type { AgentFields } from './schema/agent.ts';
import type { ConfigDocument } from './schema/root.ts';

export type Assembled = Pick<
  Config,
  'document' | 'entries' | 'agents' | 'routes' | 'defaultEntry' | 'defaultAgent' | 'extraFallbacks'
>;

/** From the checked document to entries, agents and routes with their vendors, keys and models found. */
export function assemble(document: ConfigDocument, context: EntryContext, implicit: boolean): Assembled {
  const written = Object.entries(document.providers?.models ?? {}).flatMap(([type, aliases]) =>
    Object.entries(aliases).map(([alias, fields]) => ({ type, alias, fields })),
  );
  const build = (defaultRef: string | undefined) => {
    const entries = new Map<string, ConfigEntry>();
    for (const { type, alias, fields } of written) {
      const isDefault = `${type}.${alias}` === defaultRef;
      const entry = buildEntry(
        { type, alias, fields, isDefault, extraKeys: extraKeys(document, isDefault), implicit },
        context,
      );
      entries.set(entry.ref, entry);
    }
    return entries;
  };
  const agents = readAgents(document.agents ?? {});
  // Which entry is the default decides which keys and which model it gets, so entries are built a second time.
  const first = build(undefined);
  const chosen = chooseDefault(first, agents, context);
  const entries = build(chosen.entry);
  return {
    document,
    entries,
    agents,
    routes: readRoutes(document),
    ...(chosen.entry === undefined ? {} : { defaultEntry: chosen.entry }),
    ...(chosen.agent === undefined ? {} : { defaultAgent: chosen.agent }),
    extraFallbacks: document.reliability?.fallback_providers ?? [],
  };
}

/** Top-level rotation keys belong to the default entry: they are never offered to another vendor. */
function extraKeys(document: ConfigDocument, isDefault: boolean): readonly Secret[] {
  return isDefault ? (document.reliability?.api_keys ?? []) : [];
}

function readAgents(agents: Readonly<Record<string, AgentFields>>): Map<string, ConfigAgent> {
  const list = Object.entries(agents).map(([alias, fields]): [string, ConfigAgent] => [
    alias,
    {
      alias,
      enabled: fields.enabled !== false,
      ...(fields.model_provider === undefined ? {} : { entry: fields.model_provider }),
      fields,
      delegates: (fields.delegates ?? []).map((delegate) => (typeof delegate === 'string' ? delegate : delegate.agent)),
    },
  ]);
  return new Map(list);
}

function readRoutes(document: ConfigDocument): ModelRoute[] {
  return (document.model_routes ?? []).flatMap((route) => {
    const entry = route.model_provider ?? route.provider;
    if (entry === undefined) return [];
    return [
      {
        hint: route.hint,
        entry,
        ...(route.model === undefined ? {} : { model: route.model }),
        ...(route.api_key === undefined ? {} : { apiKey: route.api_key }),
      },
    ];
  });
}

/** `[agents.default]`, else the first agent, else the build-time provider's entry, else the first entry. */
function chooseDefault(
  entries: ReadonlyMap<string, ConfigEntry>,
  agents: ReadonlyMap<string, ConfigAgent>,
  context: EntryContext,
): { readonly entry?: string; readonly agent?: string } {
  const enabled = [...agents.values()].filter((agent) => agent.enabled && agent.entry !== undefined);
  const agent = enabled.find(({ alias }) => alias === 'default') ?? enabled[0];
  const named = agent?.entry === undefined ? undefined : findEntry(entries, agent.entry);
  if (agent !== undefined) return { ...(named === undefined ? {} : { entry: named.ref }), agent: agent.alias };
  const built = context.build.provider;
  const slot = built === undefined ? undefined : (resolveSlug(built)?.row.id ?? built);
  const ofBuild = slot === undefined ? undefined : [...entries.values()].find((entry) => isOfSlot(entry, slot));
  const entry = ofBuild ?? entries.values().next().value;
  return entry === undefined ? {} : { entry: entry.ref };
}
