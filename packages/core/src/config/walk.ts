import { isOwnModel, servesModel, vendorModelId } from '../catalog/attribute.ts';
import type { Config, ConfigEntry } from './model.ts';
import { findEntry } from './references.ts';

/** One stop before it is turned into a target. */
export interface Stop {
  readonly entry: ConfigEntry;
  readonly model: string;
}

export interface Walk {
  readonly stops: readonly Stop[];
  /** Spares that were left out and why. */
  readonly warnings: readonly string[];
}

/**
 * The order of SPEC §3 from one entry: its model, its `fallback_models`, then each `fallback` entry depth-first,
 * likewise. A pair of entry and model stands in a walk once. `model` replaces the first entry's own model; every other
 * entry uses only models of its own.
 */
export function walkFrom(config: Config, start: ConfigEntry, model?: string): Walk {
  const stops: Stop[] = [];
  const warnings: string[] = [];
  const seen = new Set<string>();
  const entered = new Set<string>();
  const add = (entry: ConfigEntry, id: string) => {
    const key = `${entry.ref}\n${id}`;
    if (seen.has(key)) return;
    seen.add(key);
    stops.push({ entry, model: id });
  };
  const visit = (entry: ConfigEntry, own: string | undefined, way: readonly string[]): void => {
    entered.add(entry.ref);
    if (own === undefined) warnings.push(`${entry.ref} is left out: it names no model and its slot has no default`);
    const models = modelsOf(config, entry, own);
    for (const id of models.ids) add(entry, id);
    if (entry === start) {
      for (const id of models.foreign) {
        warnings.push(`the model fallback "${id}" is left out at ${entry.ref}: it is another vendor's model`);
      }
    }
    for (const reference of sparesOf(config, entry)) {
      const spare = findEntry(config.entries, reference);
      if (spare === undefined)
        warnings.push(`the fallback "${reference}" of ${entry.ref} is left out: there is no such entry`);
      else if (spare.ref === entry.ref || way.includes(spare.ref)) {
        warnings.push(`the fallback "${reference}" of ${entry.ref} is left out: it closes a cycle`);
      } else if (spare.unusable !== undefined) {
        warnings.push(`the fallback "${reference}" of ${entry.ref} is left out: ${spare.unusable}`);
      } else if (!entered.has(spare.ref)) visit(spare, spareModel(config, spare), [...way, entry.ref]);
    }
  };
  visit(start, model ?? start.model, []);
  return { stops, warnings };
}

/**
 * The model asked for, then the entry's `fallback_models`, then those `model_fallbacks` names for it, as far as the
 * vendor has them: one table speaks of all entries.
 */
function modelsOf(
  config: Pick<Config, 'document'>,
  entry: ConfigEntry,
  own: string | undefined,
): { readonly ids: readonly string[]; readonly foreign: readonly string[] } {
  const fallbacks = entry.fields.fallback_models ?? [];
  if (own === undefined) return { ids: fallbacks, foreign: [] };
  const table = config.document.reliability?.model_fallbacks ?? {};
  const key = Object.hasOwn(table, own)
    ? own
    : Object.keys(table).find((name) => vendorModelId(entry.slot, name) === own);
  const further = key === undefined ? [] : (table[key] ?? []);
  const served = further.filter((id) => servesModel(entry.slot, id));
  return {
    ids: [own, ...fallbacks, ...served.map((id) => vendorModelId(entry.slot, id))],
    foreign: further.filter((id) => !served.includes(id)),
  };
}

function sparesOf(config: Config, entry: ConfigEntry): readonly string[] {
  const own = entry.fields.fallback ?? [];
  return entry.ref === config.defaultEntry ? [...own, ...config.extraFallbacks] : own;
}

/** A spare's own model; without one the `model_fallbacks` key that belongs to its vendor, else its slot's default. */
export function spareModel(config: Pick<Config, 'document'>, spare: ConfigEntry): string | undefined {
  if (spare.modelSource === 'config') return spare.model;
  const keys = Object.keys(config.document.reliability?.model_fallbacks ?? {});
  const key = keys.find((name) => isOwnModel(spare.slot, name));
  return key === undefined ? spare.model : vendorModelId(spare.slot, key);
}
