import { normalizeSlug } from '../vendors/lookup.ts';
import type { ConfigEntry } from './model.ts';
import { nearest } from './nearest.ts';

export type Entries = ReadonlyMap<string, ConfigEntry>;

/**
 * The entry a reference means: `<type>.<alias>` as written, else with another spelling of the type, else an alias or a
 * slot that only one entry has (`<slot>` prefers `<slot>.default`).
 */
export function findEntry(entries: Entries, reference: string): ConfigEntry | undefined {
  const asked = reference.trim();
  const exact = entries.get(asked);
  if (exact !== undefined) return exact;
  const all = [...entries.values()];
  const folded = normalizeSlug(asked);
  const respelt = all.filter((entry) => refSpellings(entry).includes(folded));
  if (respelt.length > 0) return respelt[0];
  const byAlias = all.filter((entry) => entry.alias === asked);
  if (byAlias.length === 1) return byAlias[0];
  const bySlot = all.filter((entry) => isOfSlot(entry, asked));
  return bySlot.find((entry) => entry.alias === 'default') ?? (bySlot.length === 1 ? bySlot[0] : undefined);
}

/** `google.main` is also `gemini.main`. */
function refSpellings(entry: ConfigEntry): string[] {
  const types = [entry.type, entry.slot, ...Object.keys(entry.row?.aliases ?? {})];
  return types.map((type) => `${normalizeSlug(type)}.${normalizeSlug(entry.alias)}`);
}

export function isOfSlot(entry: ConfigEntry, name: string): boolean {
  const asked = normalizeSlug(name);
  if (normalizeSlug(entry.type) === asked || normalizeSlug(entry.slot) === asked) return true;
  return Object.keys(entry.row?.aliases ?? {}).some((alias) => normalizeSlug(alias) === asked);
}

/** `did you mean "openai.backup"?` */
export function suggestEntry(entries: Entries, reference: string): string {
  const known = [...entries.keys()];
  const near = nearest(reference, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? 'there are no entries in [providers.models]' : `known: ${known.slice(0, 12).join(', ')}`;
}
