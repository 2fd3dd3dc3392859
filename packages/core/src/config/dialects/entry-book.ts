import { normalizeSlug, resolveSlug, type SlugGeneration, type SlugMatch } from '../../vendors/lookup.ts';
import type { ConfigPath } from '../path.ts';
import type { Converter } from './conversion.ts';

/** A native entry in the making. */
export interface DraftEntry {
  readonly type: string;
  readonly alias: string;
  readonly ref: string;
  /** What its spelling means; absent: nobody knows it. */
  readonly match?: SlugMatch;
  /** What one entry has in common with every other spelling of it. */
  readonly identity: string;
}

export interface EntryBook {
  readonly entries: readonly DraftEntry[];
  /** The entry of a spelling and an alias, made when it is not there. `from` is the key that asks for it. */
  open(spelling: string, alias: string, from: ConfigPath): DraftEntry;
  /** Puts an entry in under a type that is already native. */
  add(type: string, alias: string, from: ConfigPath): DraftEntry;
  find(spelling: string, alias?: string): DraftEntry | undefined;
}

/** Native entries by what their spellings mean, so that `google` and `gemini` of one file are one entry. */
export function createEntryBook(converter: Converter, generation: SlugGeneration): EntryBook {
  const entries: DraftEntry[] = [];

  const register = (type: string, alias: string, identity: string, from: ConfigPath, match?: SlugMatch): DraftEntry => {
    const entry = { type, alias, ref: `${type}.${alias}`, identity, ...(match === undefined ? {} : { match }) };
    entries.push(entry);
    converter.anchor(entryPath(entry), from);
    return entry;
  };

  const freeAlias = (type: string, alias: string): string => {
    const taken = new Set(entries.filter((entry) => entry.type === type).map((entry) => entry.alias));
    let name = alias;
    for (let count = 2; taken.has(name); count++) name = `${alias}_${count}`;
    return name;
  };

  return {
    entries,
    open(spelling, alias, from) {
      const match = resolveSlug(spelling, generation);
      const identity = identityOf(spelling, match);
      const known = entries.find((entry) => entry.identity === identity && sameName(entry.alias, alias));
      // An address is an entry's identity: a second one for it would be the same.
      const sameUrl = match?.url === undefined ? undefined : entries.find((entry) => entry.identity === identity);
      if (known !== undefined || sameUrl !== undefined) return (known ?? sameUrl) as DraftEntry;
      const { type, region } = nativeType(spelling, match);
      const isTaken = entries.some((one) => one.type === type && one.alias === alias);
      const name = isTaken && region !== undefined ? region : alias;
      const entry = register(type, freeAlias(type, name), identity, from, match);
      const path = entryPath(entry);
      if (region !== undefined) converter.derive([...path, 'endpoint'], region, from);
      if (match?.url !== undefined) {
        converter.derive([...path, 'uri'], match.url, from);
        if (match.wire === 'anthropic-messages') converter.derive([...path, 'wire_api'], 'messages', from);
      }
      if (match?.authMode !== undefined) converter.derive([...path, 'auth_mode'], match.authMode, from);
      return entry;
    },
    add(type, alias, from) {
      const match = resolveSlug(type);
      return register(type, freeAlias(type, alias), `${type}\n${alias}`, from, match);
    },
    find(spelling, alias) {
      const identity = identityOf(spelling, resolveSlug(spelling, generation));
      return entries.find(
        (entry) => entry.identity === identity && (alias === undefined || sameName(entry.alias, alias)),
      );
    },
  };
}

export function entryPath(entry: Pick<DraftEntry, 'type' | 'alias'>, ...rest: string[]): ConfigPath {
  return ['providers', 'models', entry.type, entry.alias, ...rest];
}

function identityOf(spelling: string, match: SlugMatch | undefined): string {
  if (match === undefined) return normalizeSlug(spelling);
  return [match.row.id, match.region ?? '', match.wire ?? '', match.authMode ?? '', match.url ?? ''].join('\n');
}

export function sameName(a: string, b: string): boolean {
  return normalizeSlug(a) === normalizeSlug(b);
}

/**
 * The `<type>` for a spelling: as people wrote it where the native dialect reads it alike (`google`), else the slot and
 * its `endpoint`.
 */
function nativeType(
  spelling: string,
  match: SlugMatch | undefined,
): { readonly type: string; readonly region?: string } {
  const name = spelling.trim().toLowerCase();
  if (match === undefined) {
    // A word that only the native catalog knows (`kilo`) must not come to mean something else.
    return { type: resolveSlug(spelling) === undefined ? name : `${name}cli` };
  }
  const { row, region } = match;
  if (match.url !== undefined || normalizeSlug(name) === normalizeSlug(row.id)) {
    return { type: row.id, ...(region === undefined ? {} : { region }) };
  }
  if (region !== undefined || match.authMode !== undefined)
    return { type: row.id, ...(region === undefined ? {} : { region }) };
  return { type: resolveSlug(name)?.row.id === row.id && !name.includes('.') ? name : row.id };
}
