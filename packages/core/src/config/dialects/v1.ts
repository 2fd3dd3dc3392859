import { attributeModel } from '../../catalog/attribute.ts';
import type { ConfigPath } from '../path.ts';
import { isTree } from '../path.ts';
import { FOREIGN_SECTIONS, LATER_SECTIONS, SCHEMA_VERSION } from '../schema/root.ts';
import { createConverter, type Conversion, type Converter } from './conversion.ts';
import { createEntryBook, entryPath, type DraftEntry, type EntryBook } from './entry-book.ts';
import { convertAgents } from './v1-agents.ts';
import { convertCost } from './v1-cost.ts';
import { noteDifferences } from './v1-differences.ts';
import { addProfile, applyEndpoint, referTo, readGuide, type V1Names } from './v1-names.ts';
import { convertReliability } from './v1-reliability.ts';
import { convertRoutes, pointToHint } from './v1-routes.ts';
import { convertReasoning } from './v1-reasoning.ts';

/** What every part of a v1 file may need to name entries. */
export interface V1Context {
  readonly converter: Converter;
  readonly book: EntryBook;
  readonly names: V1Names;
  readonly primary: DraftEntry;
}

/** ZeroClaw v1's own default (its documents, read 2026-09). */
const DEFAULT_PROVIDER = 'openrouter';

const SECTIONS: readonly string[] = [...FOREIGN_SECTIONS, ...LATER_SECTIONS, 'gateway'].filter(
  (name) => name !== 'runtime' && name !== 'cost',
);

const TOP_KEYS = [
  'default_provider', 'default_model', 'api_key', 'api_url', 'api_path', 'default_temperature', 'provider_timeout_secs',
  'provider_max_tokens', 'extra_headers', 'model_providers', 'providers', 'reliability', 'model_routes', 'agents',
  'runtime', 'gateway',
] as const; // prettier-ignore

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  '': TOP_KEYS,
  reliability: ['provider_retries', 'provider_backoff_ms', 'fallback_providers', 'api_keys', 'model_fallbacks'],
  model_routes: ['hint', 'provider', 'model', 'api_key'],
  agents: ['provider', 'model', 'system_prompt', 'api_key', 'temperature'],
  model_providers: [
    'name', 'base_url', 'api_path', 'wire_api', 'requires_openai_auth', 'max_tokens', 'merge_system_into_user',
    'azure_openai_resource', 'azure_openai_deployment', 'azure_openai_api_version',
  ],
  providers: ['profile', 'model', 'api_key', 'api_url'],
}; // prettier-ignore

/** ZeroClaw v1 and the form of its fallback guide → native. */
export function convertV1(source: Readonly<Record<string, unknown>>): Conversion {
  const converter = createConverter({ ...source });
  converter.put(['schema_version'], SCHEMA_VERSION, ['schema_version']);
  const book = createEntryBook(converter, 'v1');
  const names: V1Names = {
    profiles: Object.keys(converter.table(['model_providers']) ?? {}),
    guide: readGuide(converter),
  };
  const primary = openPrimary(converter, book, names);
  const context: V1Context = { converter, book, names, primary };
  describePrimary(context);
  for (const id of names.profiles) addProfile(converter, book, id);
  const fallbacks = convertReliability(context);
  for (const { name, profile, path } of names.guide) {
    referTo(context, profile === undefined ? name : `${name}:${profile}`, path);
  }
  convertRoutes(context, fallbacks);
  pointToHint(context);
  convertAgents(context, fallbacks);
  nameModels(context);
  applyToAll(context);
  convertReasoning(context);
  convertCost(context);
  for (const section of SECTIONS) converter.keep([section]);
  noteDifferences(context);
  return converter.finish((table) => KNOWN[table[0] ?? ''] ?? []);
}

function openPrimary(converter: Converter, book: EntryBook, names: V1Names): DraftEntry {
  const key = ['default_provider', 'model_provider'].find((name) => converter.text([name]) !== undefined);
  const from = [key ?? 'default_provider'];
  const spelling = key === undefined ? providerOfModel(converter) : (converter.text([key]) ?? DEFAULT_PROVIDER);
  const primary = names.profiles.includes(spelling)
    ? addProfile(converter, book, spelling)
    : referTo({ converter, book, names }, spelling, from);
  if (key === undefined) return primary;
  converter.used(from, `entry ${primary.ref}`);
  if (key === 'default_provider' && converter.text(['model_provider']) !== undefined) {
    converter.leave(['model_provider'], 'has no effect: default_provider is set too');
  }
  return primary;
}

/** No provider anywhere: the program's own default, unless a bare model name says whose it is. */
function providerOfModel(converter: Converter): string {
  const model = converter.text(['default_model']) ?? converter.text(['model']);
  return model === undefined || model.includes('/') ? DEFAULT_PROVIDER : (attributeModel(model) ?? DEFAULT_PROVIDER);
}

function describePrimary({ converter, primary }: V1Context): void {
  const key = ['default_model', 'model'].find((name) => converter.text([name]) !== undefined);
  const isHint = key !== undefined && converter.text([key])?.startsWith('hint:') === true;
  if (key !== undefined && !isHint) converter.move([key], entryPath(primary, 'model'));
  if (key === 'default_model') {
    if (converter.text(['model']) !== undefined) converter.leave(['model'], 'has no effect: default_model is set too');
  }
  converter.move(['api_key'], entryPath(primary, 'api_key'));
  converter.move(['extra_headers'], entryPath(primary, 'extra_headers'));
  applyEndpoint(converter, primary, ['api_url'], ['api_path']);
  const agent = ['agents', 'default'];
  converter.anchor(agent, ['default_provider']);
  converter.derive([...agent, 'model_provider'], primary.ref, ['default_provider']);
}

/**
 * An endpoint people bring themselves has no model of its own. It gets the one asked for, as in v1, unless the name
 * belongs to a company that its protocol is not the one of.
 */
function nameModels({ converter, book, primary }: V1Context): void {
  const from = ['default_model', 'model'].find((name) => converter.text([name]) !== undefined);
  const model = from === undefined ? undefined : converter.text([from]);
  if (from === undefined || model === undefined || model.startsWith('hint:')) return;
  const owner = attributeModel(model);
  for (const entry of book.entries) {
    if (entry.ref === primary.ref || (entry.match?.row.id ?? entry.type) !== 'custom') continue;
    const maker = entry.match?.wire === 'anthropic-messages' ? 'anthropic' : 'openai';
    if (owner === undefined || owner === maker) {
      if (!hasField(converter, entry, 'model')) converter.move([from], entryPath(entry, 'model'));
    }
  }
}

/** Limits that v1 sets once for every provider. */
function applyToAll({ converter, book }: V1Context): void {
  const fields: readonly (readonly [string, string])[] = [
    ['provider_timeout_secs', 'timeout_secs'],
    ['provider_max_tokens', 'max_tokens'],
    ['default_temperature', 'temperature'],
  ];
  for (const [from, to] of fields) {
    for (const entry of book.entries) {
      if (!hasField(converter, entry, to)) converter.move([from], entryPath(entry, to));
    }
  }
}

function hasField(converter: Converter, entry: DraftEntry, field: string): boolean {
  const models = converter.tree['providers'];
  const path: ConfigPath = ['models', entry.type, entry.alias];
  let node: unknown = models;
  for (const segment of path) node = isTree(node) ? node[segment] : undefined;
  return isTree(node) && Object.hasOwn(node, field);
}
