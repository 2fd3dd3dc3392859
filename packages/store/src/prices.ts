import { priceFor, type ModelPrice } from '@standin/core/catalog/prices';
import type { ConfigEntry } from '@standin/core/config/model';
import type { PriceOf } from './money.ts';
import { PairMap } from './pair-map.ts';

const MOST_KNOWN = 10_000;

/**
 * Prices of entries: their own `pricing` part by part (`<model>`, `<model>.input`, `<model>.output`,
 * `<model>.cached_input`, in USD per million tokens), then the catalog's for a vendor asked at its own address. What an
 * address of the user's own charges, only the user knows: unknown is better than wrong.
 */
export function pricesOf(entries: Iterable<ConfigEntry>): PriceOf {
  const book = new Map<string, ConfigEntry>();
  for (const entry of entries) book.set(entry.ref, entry);
  const known = new PairMap<{ readonly price: ModelPrice | undefined }>(MOST_KNOWN);
  return (ref, model) => {
    const seen = known.get(ref, model);
    if (seen !== undefined) return seen.price;
    const entry = book.get(ref);
    const price =
      entry === undefined
        ? undefined
        : priceFor(entry.uri === undefined ? entry.slot : '', model, entry.fields.pricing);
    known.set(ref, model, { price });
    return price;
  };
}
