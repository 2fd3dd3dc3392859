import { isOwnModel } from '../catalog/attribute.ts';
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
    for (const id of modelsOf(config, entry, own)) add(entry, id);
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

/** The model asked for, then the entry's `fallback_models`, then those `model_fallbacks` names for it. */
function modelsOf(config: Config, entry: ConfigEntry, own: string | undefined): readonly string[] {
  if (own === undefined) return entry.fields.fallback_models ?? [];
  const table = config.document.reliability?.model_fallbacks ?? {};
  const further = Object.hasOwn(table, own) ? (table[own] ?? []) : [];
  return [own, ...(entry.fields.fallback_models ?? []), ...further];
}

function sparesOf(config: Config, entry: ConfigEntry): readonly string[] {
  const own = entry.fields.fallback ?? [];
  return entry.ref === config.defaultEntry ? [...own, ...config.extraFallbacks] : own;
}

/** A spare's own model; without one the `model_fallbacks` key that belongs to its vendor, else its slot's default. */
function spareModel(config: Config, spare: ConfigEntry): string | undefined {
  if (spare.modelSource === 'config') return spare.model;
  const keys = Object.keys(config.document.reliability?.model_fallbacks ?? {});
  return keys.find((key) => isOwnModel(spare.slot, key)) ?? spare.model;
}
