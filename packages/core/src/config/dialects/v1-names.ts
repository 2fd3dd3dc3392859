import { isTree, type ConfigPath } from '../path.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import { kindOf, type Converter } from './conversion.ts';
import { entryPath, sameName, type DraftEntry, type EntryBook } from './entry-book.ts';

/** One `[[providers.<name>]]` of the fallback guide. */
export interface GuideItem {
  readonly name: string;
  readonly profile?: string;
  readonly path: ConfigPath;
}

export interface V1Names {
  /** Ids of `[model_providers.<id>]`. */
  readonly profiles: readonly string[];
  readonly guide: readonly GuideItem[];
}

interface Naming {
  readonly converter: Converter;
  readonly book: EntryBook;
  readonly names: V1Names;
}

/** `[[providers.<name>]]`, and `[providers.<name>]` as people write it for a single one. */
export function readGuide(converter: Converter): GuideItem[] {
  const items: GuideItem[] = [];
  for (const [name, value] of Object.entries(converter.table(['providers']) ?? {})) {
    const list: readonly (readonly [unknown, ConfigPath])[] = Array.isArray(value)
      ? value.map((item, index) => [item, ['providers', name, String(index)]] as const)
      : [[value, ['providers', name]]];
    for (const [item, path] of list) {
      if (!isTree(item)) {
        converter.fail(path, `expected a table, found ${kindOf(item)}`);
        converter.leave(path, 'expected a table');
        continue;
      }
      const profile = converter.text([...path, 'profile']);
      items.push({ name, path, ...(profile === undefined ? {} : { profile }) });
    }
  }
  return items;
}

/**
 * The entry that `name`, `name:profile`, `custom:URL` or a profile's id means. A name without a profile means the
 * first table of that name; a name that nothing describes is the vendor with the keys of the environment.
 */
export function referTo(naming: Naming, spelling: string, from: ConfigPath): DraftEntry {
  const { converter, book, names } = naming;
  const text = spelling.trim();
  if (names.profiles.includes(text)) return addProfile(converter, book, text);
  const isAddress = /^(anthropic-)?custom:/i.test(text);
  const colon = isAddress ? -1 : text.indexOf(':');
  const name = colon === -1 ? text : text.slice(0, colon).trim();
  const profile = colon === -1 ? undefined : text.slice(colon + 1).trim() || undefined;
  const isPrimary = from.length === 1;
  const item = guideItem(naming, name, profile, isPrimary);
  const alias = item?.profile ?? profile ?? 'default';
  const before = book.find(name, alias);
  const entry = book.open(name, alias, from);
  if (before === undefined) {
    if (item !== undefined) applyGuide(converter, entry, item);
    const known = item?.profile ?? profile;
    if (known !== undefined && entry.match?.row.auth === 'oauth') {
      converter.derive(entryPath(entry, 'auth_profile'), known, from);
    }
  }
  return entry;
}

/** The default provider takes only a table without a profile: one with a profile is another account. */
function guideItem(
  { names, book }: Naming,
  name: string,
  profile: string | undefined,
  isPrimary: boolean,
): GuideItem | undefined {
  const sameVendor = names.guide.filter((item) => isSameVendor(item.name, name));
  if (profile !== undefined) {
    return sameVendor.find((item) => item.profile !== undefined && sameName(item.profile, profile));
  }
  const plain = sameVendor.find((item) => item.profile === undefined);
  if (plain !== undefined || isPrimary || book.find(name, 'default') !== undefined) return plain;
  return sameVendor[0];
}

function isSameVendor(a: string, b: string): boolean {
  if (sameName(a, b)) return true;
  const [left, right] = [resolveSlug(a, 'v1'), resolveSlug(b, 'v1')];
  return left !== undefined && left.row.id === right?.row.id && left.region === right.region;
}

const GUIDE_FIELDS: readonly (readonly [string, string])[] = [
  ['model', 'model'],
  ['api_key', 'api_key'],
  ['api_keys', 'api_keys'],
  ['max_tokens', 'max_tokens'],
  ['temperature', 'temperature'],
  ['timeout_secs', 'timeout_secs'],
  ['extra_headers', 'extra_headers'],
  ['wire_api', 'wire_api'],
  ['fallback_models', 'fallback_models'],
];

function applyGuide(converter: Converter, entry: DraftEntry, item: GuideItem): void {
  const { path } = item;
  converter.anchor(entryPath(entry), path);
  if (item.profile !== undefined) converter.used([...path, 'profile'], `alias of ${entry.ref}`);
  for (const [from, to] of GUIDE_FIELDS) converter.move([...path, from], entryPath(entry, to));
  const address = ['uri', 'base_url', 'api_url'].find((key) => converter.text([...path, key]) !== undefined);
  applyEndpoint(converter, entry, [...path, address ?? 'api_url'], [...path, 'api_path']);
}

const WIRE_ENDINGS = /\/(chat\/completions|responses|messages)\/?$/;

/** `api_url` and `api_path` → `uri`, which is the full address: v1 put the path in place of `/chat/completions`. */
export function applyEndpoint(converter: Converter, entry: DraftEntry, url: ConfigPath, path: ConfigPath): void {
  const base = converter.text(url);
  const suffix = converter.text(path);
  if (base !== undefined && suffix === undefined) converter.move(url, entryPath(entry, 'uri'));
  if (suffix === undefined) return;
  const own = entry.match?.row;
  const start = base ?? own?.endpoints[entry.match?.region ?? own.defaultEndpoint ?? 'default'];
  if (start === undefined) {
    converter.leave(path, 'has no effect without api_url');
    return;
  }
  if (base !== undefined) converter.used(url, `uri of ${entry.ref}`);
  const full = `${start.replace(/\/+$/, '')}/${suffix.replace(/^\/+/, '')}`;
  converter.put(entryPath(entry, 'uri'), full, path);
  if (WIRE_ENDINGS.test(suffix)) return;
  converter.warn(path, 'is taken as part of the address; the path of the protocol still follows it');
}

const WORDS: Readonly<Record<string, string>> = {
  max_tokens: 'max_tokens',
  merge_system_into_user: 'merge_system_into_user',
  requires_openai_auth: 'requires_openai_auth',
  wire_api: 'wire_api',
  api_key: 'api_key',
  model: 'model',
  azure_openai_resource: 'resource',
  azure_openai_deployment: 'deployment',
  azure_openai_api_version: 'api_version',
};

/** `[model_providers.<id>]` → an entry called `<id>` at the slot that `name` or the id means, else at `custom`. */
export function addProfile(converter: Converter, book: EntryBook, id: string): DraftEntry {
  const path = ['model_providers', id];
  const known = book.entries.find((entry) => entry.identity === `profile\n${id}`);
  if (known !== undefined) return known;
  const name = converter.text([...path, 'name']);
  const base = converter.text([...path, 'base_url']);
  const isAzure = Object.keys(converter.table(path) ?? {}).some((key) => key.startsWith('azure_openai_'));
  const meant = [name, id].find((word) => word !== undefined && resolveSlug(word, 'v1') !== undefined);
  const slot = isAzure ? 'azure' : meant;
  if (slot === undefined && base === undefined) {
    converter.fail(path, 'must define at least one of name or base_url');
  }
  const match = slot === undefined ? undefined : resolveSlug(slot, 'v1');
  const entry = {
    ...book.add(match?.row.id ?? 'custom', id, path),
    identity: `profile\n${id}`,
    ...(match === undefined ? {} : { match }),
  };
  (book.entries as DraftEntry[])[book.entries.length - 1] = entry;
  if (match?.region !== undefined) converter.put(entryPath(entry, 'endpoint'), match.region, [...path, 'name']);
  if (match?.url !== undefined && base === undefined)
    converter.put(entryPath(entry, 'uri'), match.url, [...path, 'name']);
  if (name !== undefined) converter.used([...path, 'name'], `slot of ${entry.ref}`);
  for (const [from, to] of Object.entries(WORDS)) converter.move([...path, from], entryPath(entry, to));
  applyEndpoint(converter, entry, [...path, 'base_url'], [...path, 'api_path']);
  return entry;
}
