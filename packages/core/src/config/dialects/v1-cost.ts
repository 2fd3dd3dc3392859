import { servesModel } from '../../catalog/attribute.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import { isTree, valueAt, type ConfigPath } from '../path.ts';
import type { Converter } from './conversion.ts';
import type { V1Context } from './v1.ts';
import { entryPath, type DraftEntry } from './entry-book.ts';

/** `[cost] prices."vendor/model" = { input, output }` → `pricing` of the entries that lead to that model. */
export function convertCost({ converter, book }: V1Context): void {
  const path = ['cost', 'prices'];
  for (const [id, price] of Object.entries(converter.table(path) ?? {})) {
    const fields = isTree(price)
      ? ([
          ['input', 'input'],
          ['output', 'output'],
          ['cached_input', 'cached_input'],
        ] as const)
      : ([['', '']] as const);
    setPrice(converter, book.entries, id, [...path, id], fields);
  }
  for (const key of Object.keys(converter.table(['cost']) ?? {})) if (key !== 'prices') converter.keep(['cost', key]);
}

/** `fields`: name of a rate there → its name here; an empty name stands for the value itself. */
export function setPrice(
  converter: Converter,
  entries: readonly DraftEntry[],
  id: string,
  from: ConfigPath,
  fields: readonly (readonly [string, string])[],
): void {
  const slash = id.indexOf('/');
  const vendor = slash === -1 ? undefined : resolveSlug(id.slice(0, slash))?.row.id;
  let isUsed = false;
  for (const entry of entries) {
    const slot = entry.match?.row.id ?? entry.type;
    const isOwn = vendor !== undefined && vendor === slot;
    if (!isOwn && !servesModel(slot, id)) continue;
    if (!isOwn && slash !== -1 && !leadsAnywhere(slot)) continue;
    const model = isOwn ? id.slice(slash + 1) : id;
    for (const [there, here] of fields) {
      const source = there === '' ? from : [...from, there];
      if (valueAt(converter.source, source) === undefined) continue;
      converter.move(source, entryPath(entry, 'pricing', here === '' ? model : `${model}.${here}`));
      isUsed = true;
    }
  }
  if (!isUsed) converter.leave(from, 'is the price of a model that no entry leads to');
}

/** Gateways name models `vendor/model`; a vendor of its own does not. */
function leadsAnywhere(slot: string): boolean {
  return servesModel(slot, 'anthropic/claude-sonnet-4.6') && servesModel(slot, 'google/gemini-2.5-pro');
}
