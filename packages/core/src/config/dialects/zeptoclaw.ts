import { isTree, valueAt, type Tree } from '../path.ts';
import { SCHEMA_VERSION } from '../schema/root.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import { createConverter, type Conversion, type Converter } from './conversion.ts';
import { createEntryBook, entryPath, type DraftEntry, type EntryBook } from './entry-book.ts';
import { setPrice } from './v1-cost.ts';
import { openProvider } from './zeptoclaw-entry.ts';
import { noteZeptoDifferences } from './zeptoclaw-differences.ts';
import { choosePrimary, fitModel, presetNamed, PRESETS } from './zeptoclaw-primary.ts';

/** Keys of `providers` that are no provider. */
const CONTROLS: ReadonlySet<string> = new Set(['default', 'retry', 'fallback', 'rotation', 'plugins']);

const SECTIONS = [
  'channels', 'tools', 'memory', 'heartbeat', 'skills', 'runtime', 'container_agent', 'swarm', 'approval', 'plugins',
  'telemetry', 'batch', 'hooks', 'safety', 'compaction', 'mcp', 'routines', 'tunnel', 'stripe', 'custom_tools',
  'transcription', 'tool_profiles', 'project', 'cache', 'agent_mode', 'pairing', 'session', 'panel', 'health', 'devices',
  'logging', 'r8r_bridge',
] as const; // prettier-ignore

const PROVIDER_KEYS = ['api_key', 'api_base', 'auth_method', 'model', 'quota', 'auth_header', 'api_version'] as const;

const QUOTA_KEYS = ['max_cost_usd', 'max_tokens', 'period', 'action'] as const;

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': ['agents', 'providers', 'gateway', 'cost', ...SECTIONS],
  providers: [...CONTROLS, ...PRESETS],
  'providers.retry': ['enabled', 'max_retries', 'base_delay_ms', 'max_delay_ms', 'retry_budget_ms'],
  'providers.fallback': ['enabled', 'provider'],
  agents: ['defaults'],
  'agents.defaults': ['model', 'max_tokens', 'temperature', 'system_prompt'],
  cost: ['enabled', 'custom_pricing'],
  gateway: ['host', 'port'],
};

/** ZeptoClaw's JSON → native. */
export function convertZeptoClaw(source: Tree): Conversion {
  const converter = createConverter(source);
  const book = createEntryBook(converter, 'zepto');
  converter.derive(['schema_version'], SCHEMA_VERSION, ['providers']);
  const configured = configuredProviders(converter);
  const primary = choosePrimary(converter, book, configured);
  const spare = convertFallback(converter, book, primary, configured);
  for (const name of configured) openProvider(converter, book, name);
  if (primary !== undefined) convertDefaults(converter, book, primary);
  convertRetry(converter);
  convertCost(converter, book);
  for (const key of ['host', 'port']) converter.move(['gateway', key], ['gateway', key]);
  for (const key of Object.keys(converter.table(['gateway']) ?? {})) {
    if (key !== 'host' && key !== 'port') converter.leave(['gateway', key]);
  }
  for (const section of SECTIONS) converter.leave([section]);
  for (const key of ['rotation', 'plugins']) converter.leave(['providers', key]);
  noteZeptoDifferences(converter, primary, spare);
  return converter.finish((table) => {
    if (table.length === 3 && table.at(-1) === 'quota') return QUOTA_KEYS;
    return KNOWN[table.join('.')] ?? (table.length === 2 ? PROVIDER_KEYS : []);
  });
}

/** Providers the file describes, in the program's order of preference, then as written. */
function configuredProviders(converter: Converter): readonly string[] {
  const table = converter.table(['providers']) ?? {};
  const named = Object.entries(table).flatMap(([name, value]) => {
    if (CONTROLS.has(name) || value === null) return [];
    if (!isTree(value)) {
      if (resolveSlug(name, 'zepto') !== undefined) converter.table(['providers', name]);
      return [];
    }
    const isWritten = Object.values(value).some((field) => field !== null && field !== '');
    const isKnown = resolveSlug(name, 'zepto') !== undefined;
    if (!isWritten && isKnown) converter.used(['providers', name], 'empty: as if it were not set');
    // A misspelt name is left to the report of unknown keys, which suggests the right one.
    return isWritten && isKnown ? [name] : [];
  });
  const rank = (name: string) => (PRESETS.includes(name) ? PRESETS.indexOf(name) : PRESETS.length);
  return named.toSorted((a, b) => rank(a) - rank(b));
}

const FALLBACK = ['providers', 'fallback'];

function convertFallback(
  converter: Converter,
  book: EntryBook,
  primary: DraftEntry | undefined,
  configured: readonly string[],
): DraftEntry | undefined {
  const table = converter.table(FALLBACK);
  const enabled = converter.flag([...FALLBACK, 'enabled']);
  const from = [...FALLBACK, 'provider'];
  const written = converter.text(from);
  const name = written === undefined ? undefined : presetNamed(written);
  if (table === undefined) return undefined;
  converter.used([...FALLBACK, 'enabled'], enabled === false ? 'no fallback' : 'fallback');
  if (enabled === false) {
    converter.used(from, 'fallback.enabled is false');
    return undefined;
  }
  if (enabled === undefined && name !== undefined) {
    converter.warn(FALLBACK, 'has no "enabled"; read as true', 'write "enabled": false to turn it off');
  }
  if (enabled === undefined && name === undefined) return undefined;
  if (primary === undefined) {
    converter.used(from, 'no provider to fall back from');
    return undefined;
  }
  const names = name === undefined ? configured : [name];
  const spares = names.map((one) => openProvider(converter, book, one, name === undefined ? undefined : from));
  const others = spares.filter((spare) => spare.ref !== primary.ref);
  if (others.length === 0 && name !== undefined) {
    converter.warn(from, `"${name}" is the default provider itself, left out`);
    converter.used(from, 'the default provider itself');
  }
  if (others.length === 0) return undefined;
  const key = name === undefined ? [...FALLBACK, 'enabled'] : from;
  converter.put(
    entryPath(primary, 'fallback'),
    others.map((spare) => spare.ref),
    key,
  );
  return others[0];
}

const DEFAULTS = ['agents', 'defaults'];

function convertDefaults(converter: Converter, book: EntryBook, primary: DraftEntry): void {
  const agent = ['agents', 'default'];
  const from = valueAt(converter.source, ['providers', 'default']) === undefined ? DEFAULTS : ['providers', 'default'];
  converter.anchor(agent, from);
  converter.derive([...agent, 'model_provider'], primary.ref, from);
  converter.move([...DEFAULTS, 'system_prompt'], [...agent, 'system_prompt']);
  const model = converter.text([...DEFAULTS, 'model']);
  if (model !== undefined) {
    const fitting = fitModel(model, primary);
    const own = valueAt(converter.tree, entryPath(primary, 'model'));
    if (fitting === undefined) {
      converter.leave(
        [...DEFAULTS, 'model'],
        `"${model}" is no model of ${primary.type}, which providers.default names; its own model is used`,
      );
    } else if (own === undefined) converter.put(entryPath(primary, 'model'), fitting, [...DEFAULTS, 'model']);
    else converter.put([...agent, 'model'], fitting, [...DEFAULTS, 'model']);
  }
  for (const entry of book.entries) {
    converter.move([...DEFAULTS, 'max_tokens'], entryPath(entry, 'max_tokens'));
    converter.move([...DEFAULTS, 'temperature'], entryPath(entry, 'temperature'));
  }
  const used = new Set(['model', 'max_tokens', 'temperature', 'system_prompt']);
  for (const key of Object.keys(converter.table(DEFAULTS) ?? {}))
    if (!used.has(key)) converter.leave([...DEFAULTS, key]);
}

const RETRY = ['providers', 'retry'];

function convertRetry(converter: Converter): void {
  const table = converter.table(RETRY);
  if (table === undefined) return;
  const enabled = converter.flag([...RETRY, 'enabled']);
  if (enabled === false) {
    converter.put(['reliability', 'provider_retries'], 0, [...RETRY, 'enabled']);
    for (const key of ['max_retries', 'base_delay_ms', 'max_delay_ms', 'retry_budget_ms']) {
      converter.used([...RETRY, key], 'retry.enabled is false');
    }
    return;
  }
  if (enabled === undefined && Object.keys(table).length > 0) {
    converter.warn(RETRY, 'has no "enabled"; read as true', 'write "enabled": false to turn it off');
  }
  converter.used([...RETRY, 'enabled'], 'retries are on');
  converter.move([...RETRY, 'max_retries'], ['reliability', 'provider_retries']);
  converter.move([...RETRY, 'base_delay_ms'], ['reliability', 'provider_backoff_ms']);
  converter.move([...RETRY, 'max_delay_ms'], ['reliability', 'provider_backoff_cap_ms']);
  if (Object.hasOwn(table, 'retry_budget_ms')) {
    converter.leave([...RETRY, 'retry_budget_ms'], 'has no effect: reliability.deadline_secs bounds the whole request');
  }
}

function convertCost(converter: Converter, book: EntryBook): void {
  const path = ['cost', 'custom_pricing'];
  for (const [id, price] of Object.entries(converter.table(path) ?? {})) {
    if (!isTree(price)) continue;
    setPrice(
      converter,
      book.entries,
      id,
      [...path, id],
      [
        ['input_cost_per_million', 'input'],
        ['output_cost_per_million', 'output'],
      ],
    );
  }
  for (const key of Object.keys(converter.table(['cost']) ?? {})) {
    if (key !== 'custom_pricing') converter.leave(['cost', key]);
  }
}
