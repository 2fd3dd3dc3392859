import { contextWindowFor, visionFor } from '../catalog/models.ts';
import type { ModelInfo } from '../spec/provider.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Endpoint, Key } from '../vendors/endpoint-types.ts';
import type { Plan, Target } from '../route/target.ts';
import { awsKeys } from './aws.ts';
import { keysOf, NO_KEY } from './credentials.ts';
import { endpointOf, wireIdsOf, type Wires } from './endpoint.ts';
import type { Environment } from './expand.ts';
import { limitsFor } from './limits.ts';
import { createLoginSessions, type LoginSessions } from './login-sessions.ts';
import type { Config, ConfigEntry } from './model.ts';
import { wireOfModel } from '../vendors/lookup.ts';
import { findEntry } from './references.ts';
import type { ConfigRouter, Selector } from './router-types.ts';
import { readRouting } from './routing-options.ts';
import { walkWithRouting } from './routing-apply.ts';
import { select, type Selection } from './select.ts';
import { walkFrom, type Stop, type Walk } from './walk.ts';

export interface RouterOptions {
  /** The wires this program speaks. */
  readonly wires: Wires;
  /** For address fields that may come from the environment. Default `process.env`. */
  readonly env?: Environment;
  /** The accounts of entries with a login. Default: from the stored logins, over real sockets. */
  readonly logins?: LoginSessions;
}

/** Plans kept for plain names: callers ask for the same few over and over. */
const KEPT_PLANS = 500;

/**
 * From a loaded config to walks. Everything is resolved once; the router is an immutable snapshot, and a reload makes a
 * new one. Does no I/O after it was made.
 */
export function createRouter(config: Config, options: RouterOptions): ConfigRouter {
  const env = options.env ?? process.env;
  const endpoints = new Map<string, Endpoint>();
  const kept = new Map<string, Plan>();
  let sessions: LoginSessions | undefined;
  const logins = (): LoginSessions => options.logins ?? (sessions ??= createLoginSessions({ env }));

  const spoken = wireIdsOf(options.wires);
  const endpoint = (entry: ConfigEntry, model = entry.model): Endpoint | undefined => {
    if (entry.row === undefined) return undefined;
    const own = entry.wire === undefined && model !== undefined ? wireOfModel(entry.row, model) : undefined;
    return endpointBy(entry, own !== undefined && spoken.has(own) ? own : undefined);
  };
  const endpointBy = (entry: ConfigEntry, wire: WireId | undefined): Endpoint | undefined => {
    const id = `${entry.ref}\n${wire ?? ''}`;
    const known = endpoints.get(id);
    if (known !== undefined) return known;
    const made = endpointOf(wire === undefined ? entry : { ...entry, wire }, options.wires, env, logins);
    if (made !== undefined) endpoints.set(id, made);
    return made;
  };

  const target = ({ entry, model }: Stop, selection: Selection): Target | undefined => {
    const via = endpoint(entry, model);
    if (via === undefined) return undefined;
    const routeKey =
      selection.apiKey !== undefined && selection.entry === entry ? keysOf([selection.apiKey]) : undefined;
    const keys: readonly Key[] = routeKey ?? (entry.keys.length === 0 ? [NO_KEY] : awsKeys(entry.row, entry.keys, env));
    const quirks = via.quirksFor(model);
    return {
      entry: entry.ref,
      slot: entry.slot,
      model,
      keys,
      via: { endpoint: via },
      contextWindow: entry.fields.context_window ?? contextWindowFor(entry.slot, model),
      vision: entry.fields.vision ?? quirks.vision ?? visionFor(model, entry.slot),
      nativeTools: entry.fields.native_tools ?? quirks.nativeTools,
    };
  };

  const plan = (
    asked: string | undefined,
    selection: Selection,
    walk: Walk,
    routing: ReturnType<typeof readRouting>,
  ): Plan => {
    const targets = walk.stops.map((stop) => target(stop, selection)).filter((made) => made !== undefined);
    return {
      requestedModel: asked ?? targets[0]?.model ?? '',
      targets,
      limits: limitsFor(targets, config.document.reliability, routing),
      rescue: config.document.reliability?.rescue,
      routeAroundContentPolicy: config.document.reliability?.route_around_content_policy ?? false,
      warnings: walk.warnings,
      ...(selection.system === undefined ? {} : { system: selection.system }),
      ...(selection.agent === undefined ? {} : { agent: selection.agent }),
    };
  };

  const router: ConfigRouter = {
    plan(selector?: Selector): Plan {
      const { model, routing } = typeof selector === 'object' ? selector : { model: selector, routing: undefined };
      const asked = model === undefined || model.trim() === '' ? undefined : model.trim();
      const isPlain = routing === undefined || Object.keys(routing).length === 0;
      const before = isPlain ? kept.get(asked ?? '') : undefined;
      if (before !== undefined) return before;
      const choice = readRouting(routing);
      const selection = select(config, asked ?? choice.primary);
      const walk = isPlain
        ? walkFrom(config, selection.entry, selection.model)
        : walkWithRouting(config, selection, asked, choice);
      const made = plan(asked, selection, walk, choice);
      if (isPlain && kept.size < KEPT_PLANS) kept.set(asked ?? '', made);
      return made;
    },
    models: () => listModels(config),
    entries: () => [...config.entries.values()],
    agents: () => [...config.agents.values()],
    endpointAs(reference, wire) {
      const entry = findEntry(config.entries, reference);
      // A server of one's own is believed what its entry says of it, and a login is served by one protocol.
      if (entry?.row === undefined || entry.unusable !== undefined || entry.login !== undefined) return undefined;
      if (!entry.row.wires.includes(wire) || !spoken.has(wire) || entry.row.id.includes('custom')) return undefined;
      return endpointBy(entry, wire);
    },
    endpoint(reference) {
      const entry = findEntry(config.entries, reference);
      return entry === undefined || entry.unusable !== undefined ? undefined : endpoint(entry);
    },
    ...(config.defaultEntry === undefined ? {} : { defaultEntry: config.defaultEntry }),
    ...(config.defaultAgent === undefined ? {} : { defaultAgent: config.defaultAgent }),
  };
  return router;
}

/** Names a caller can ask for, each once: agents, entries, hints, then the models the entries name. */
function listModels(config: Config): ModelInfo[] {
  const list = new Map<string, ModelInfo>();
  const add = (id: string, ownedBy: string, contextWindow?: number) => {
    if (!list.has(id)) list.set(id, { id, ownedBy, ...(contextWindow === undefined ? {} : { contextWindow }) });
  };
  const usable = [...config.entries.values()].filter((entry) => entry.unusable === undefined);
  for (const agent of config.agents.values()) if (agent.enabled) add(agent.alias, 'standin');
  for (const entry of usable) add(entry.ref, entry.slot, entry.fields.context_window);
  for (const route of config.routes) add(`hint:${route.hint}`, 'standin');
  for (const entry of usable) {
    for (const model of [entry.model, ...(entry.fields.fallback_models ?? [])]) {
      if (model !== undefined)
        add(model, entry.slot, entry.fields.context_window ?? contextWindowFor(entry.slot, model));
    }
  }
  return [...list.values()];
}
