import { isTree, type Tree } from '../path.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import { SCHEMA_VERSION } from '../schema/root.ts';
import { createConverter, type Conversion } from './conversion.ts';
import { createEntryBook, entryPath, type DraftEntry } from './entry-book.ts';
import { applyEndpoint } from './v1-names.ts';

/** Fields of an entry that are tables themselves, and so do not look like an alias. */
const TABLE_FIELDS: ReadonlySet<string> = new Set([
  'extra_headers',
  'provider_extra',
  'chat_template_kwargs',
  'pricing',
]);

/** True for `[providers.models.<id>]` without an alias, as the short-lived generation 2 wrote it. */
export function isUnaliased(models: unknown): boolean {
  return isTree(models) && Object.values(models).some((entry) => isTree(entry) && fieldsOf(entry).length > 0);
}

function fieldsOf(entry: Tree): string[] {
  return Object.entries(entry).flatMap(([key, value]) => (!isTree(value) || TABLE_FIELDS.has(key) ? [key] : []));
}

const RENAMED: Readonly<Record<string, string>> = {
  base_url: 'uri',
  api_url: 'uri',
  azure_openai_resource: 'resource',
  azure_openai_deployment: 'deployment',
  azure_openai_api_version: 'api_version',
};

/** ZeroClaw's schema_version 2 → native: an entry without alias becomes `<type>.default`. */
export function convertV2(source: Tree): Conversion {
  const converter = createConverter(source);
  const book = createEntryBook(converter, 'v3');
  converter.put(['schema_version'], SCHEMA_VERSION, ['schema_version']);
  const byId = new Map<string, DraftEntry>();
  const aliased: (() => void)[] = [];
  for (const [id, value] of Object.entries(converter.table(['providers', 'models']) ?? {})) {
    const path = ['providers', 'models', id];
    if (!isTree(value)) continue;
    const fields = fieldsOf(value);
    for (const alias of Object.keys(value))
      if (!fields.includes(alias)) aliased.push(() => converter.keep([...path, alias]));
    if (fields.length === 0) continue;
    const named = converter.text([...path, 'name']);
    const spelling = [id, named].find((word) => word !== undefined && resolveSlug(word) !== undefined);
    const entry =
      spelling === undefined
        ? book.add('custom', id, path)
        : book.open(spelling, spelling === id ? 'default' : id, path);
    byId.set(id, entry);
    if (named !== undefined) converter.used([...path, 'name'], `slot of ${entry.ref}`);
    for (const field of fields) {
      if (field === 'name' || field === 'api_path' || RENAMED[field] === 'uri') continue;
      converter.move([...path, field], entryPath(entry, RENAMED[field] ?? field));
    }
    const url = ['uri', 'base_url', 'api_url'].find((key) => converter.text([...path, key]) !== undefined);
    applyEndpoint(converter, entry, [...path, url ?? 'uri'], [...path, 'api_path']);
  }
  for (const keep of aliased) keep();
  pointTo(converter, byId);
  for (const key of Object.keys(source)) {
    if (key !== 'providers' && key !== 'schema_version') converter.keep([key]);
  }
  for (const key of Object.keys(converter.table(['providers']) ?? {})) {
    if (key !== 'models' && key !== 'fallback') converter.keep(['providers', key]);
  }
  return converter.finish(() => []);
}

/** `[providers] fallback = "<id>"` named the entry that answers when nothing else is asked for. */
function pointTo(converter: ReturnType<typeof createConverter>, byId: ReadonlyMap<string, DraftEntry>): void {
  const from = ['providers', 'fallback'];
  const id = converter.text(from);
  if (id === undefined) return;
  const entry = byId.get(id);
  if (entry === undefined) {
    converter.fail(from, `names no entry of [providers.models]: "${id}"`);
    converter.leave(from, 'expected the name of an entry');
    return;
  }
  if (isTree(converter.source['agents'])) converter.used(from, 'the agents name their entries');
  else {
    converter.anchor(['agents', 'default'], from);
    converter.put(['agents', 'default', 'model_provider'], entry.ref, from);
  }
}
