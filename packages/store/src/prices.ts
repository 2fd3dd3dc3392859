import type { ModelPrice } from '@standin/core/catalog/prices';
import type { ConfigEntry } from '@standin/core/config/model';
import { globMatches } from '@standin/core/vendors/glob';
import type { PriceOf } from './money.ts';

type Pricing = NonNullable<ConfigEntry['fields']['pricing']>;
type Part = 'inputNanoUsd' | 'outputNanoUsd' | 'cacheReadNanoUsd';

const PARTS: Readonly<Record<string, Part>> = {
  input: 'inputNanoUsd',
  output: 'outputNanoUsd',
  cached_input: 'cacheReadNanoUsd',
};

/** USD per million tokens → nano-USD per token. */
const NANO_PER_TOKEN = 1_000;

/**
 * Prices from each entry's `pricing`: `<model>` (input and output alike), `<model>.input`, `<model>.output`,
 * `<model>.cached_input`, in USD per million tokens. The model is looked up by its id, then by what follows its last
 * `/`, then by pattern (`claude-*`). No price is built in: unknown is better than stale.
 */
export function pricesOf(entries: Iterable<ConfigEntry>): PriceOf {
  const book = new Map<string, Map<string, ModelPrice>>();
  for (const { ref, fields } of entries) {
    if (fields.pricing !== undefined) book.set(ref, modelsOf(fields.pricing, ref));
  }
  if (book.size === 0) return () => undefined;
  const known = new Map<string, ModelPrice | undefined>();
  return (entry, model) => {
    const models = book.get(entry);
    if (models === undefined) return undefined;
    const id = `${entry}\n${model}`;
    if (!known.has(id)) {
      if (known.size > 10_000) known.clear();
      known.set(id, find(models, model));
    }
    return known.get(id);
  };
}

function find(models: ReadonlyMap<string, ModelPrice>, model: string): ModelPrice | undefined {
  const exact = models.get(model) ?? models.get(model.slice(model.lastIndexOf('/') + 1));
  if (exact !== undefined) return exact;
  for (const [pattern, price] of models) if (pattern.includes('*') && globMatches(pattern, model)) return price;
  return undefined;
}

function modelsOf(pricing: Pricing, ref: string): Map<string, ModelPrice> {
  const flat = new Map<string, number>();
  const parts = new Map<string, Partial<Record<Part, number>>>();
  const set = (model: string, part: Part, usd: number): void => {
    parts.set(model, { ...parts.get(model), [part]: usd * NANO_PER_TOKEN });
  };
  for (const [name, value] of Object.entries(pricing)) {
    if (typeof value !== 'number') {
      if (value.input !== undefined) set(name, 'inputNanoUsd', value.input);
      if (value.output !== undefined) set(name, 'outputNanoUsd', value.output);
      if (value.cached_input !== undefined) set(name, 'cacheReadNanoUsd', value.cached_input);
      continue;
    }
    const dot = name.lastIndexOf('.');
    const part = dot > 0 ? PARTS[name.slice(dot + 1)] : undefined;
    if (part === undefined) flat.set(name, value * NANO_PER_TOKEN);
    else set(name.slice(0, dot), part, value);
  }
  const models = new Map<string, ModelPrice>();
  const source = `pricing of ${ref}`;
  for (const model of new Set([...flat.keys(), ...parts.keys()])) {
    const both = flat.get(model);
    models.set(model, { inputNanoUsd: both, outputNanoUsd: both, ...parts.get(model), source });
  }
  return models;
}
