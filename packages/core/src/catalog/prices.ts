import type { Usage } from '../spec/usage.ts';
import { globMatches } from '../vendors/glob.ts';
import { CATALOG_SOURCE, listedModels, type PicoPrices } from './generated-models.ts';

/**
 * Price of one model in nano-USD for one token, exact to a thousandth (some prices are fractions of a nano-USD). A
 * missing part is unknown, never free.
 */
export interface ModelPrice {
  readonly inputNanoUsd?: number;
  readonly outputNanoUsd?: number;
  readonly cacheReadNanoUsd?: number;
  readonly cacheWriteNanoUsd?: number;
  /** Prices of a request with more input tokens than this, rising. */
  readonly above?: readonly (Omit<ModelPrice, 'above' | 'source'> & { readonly inputTokens: number })[];
  /** Where and when it was read. */
  readonly source: string;
}

/** An entry's `pricing`: `<model>`, `<model>.input`, `<model>.output`, `<model>.cached_input` in USD per million tokens. */
export type EntryPricing = Readonly<
  Record<
    string,
    number | { readonly input?: number; readonly output?: number; readonly cached_input?: number } | undefined
  >
>;

const USER_PARTS: ReadonlyMap<string, 'inputNanoUsd' | 'outputNanoUsd' | 'cacheReadNanoUsd'> = new Map([
  ['input', 'inputNanoUsd'],
  ['output', 'outputNanoUsd'],
  ['cached_input', 'cacheReadNanoUsd'],
]);

/**
 * What a model costs at a slot: the entry's own `pricing` part by part, then the generated catalog. `undefined`: not
 * known, as for plans (`copilot`, `openai-codex`), local servers and models the catalog has not seen. An id is never
 * guessed from a like one: snapshots differ in price.
 */
export function priceFor(slot: string, model: string, entryPricing?: EntryPricing): ModelPrice | undefined {
  const own = entryPricing === undefined ? undefined : userPrice(entryPricing, model);
  const listed = listedPrice(slot, model);
  if (own === undefined) return listed;
  // A cache price or a long-prompt price belongs to the input price it was listed with.
  const rest = own.inputNanoUsd === undefined ? listed : { outputNanoUsd: listed?.outputNanoUsd };
  return { ...rest, ...own, above: undefined };
}

function listedPrice(slot: string, model: string): ModelPrice | undefined {
  const id = model
    .trim()
    .toLowerCase()
    .replace(/^models\//, '');
  const found = listedModels(slot).get(id);
  if (found?.price === undefined) return undefined;
  return {
    ...nanoOf(found.price),
    above: found.above?.map((tier) => ({ inputTokens: tier.inputTokens, ...nanoOf(tier) })),
    source: CATALOG_SOURCE,
  };
}

function nanoOf(price: PicoPrices): Omit<ModelPrice, 'above' | 'source'> {
  return {
    inputNanoUsd: price.input / 1_000,
    outputNanoUsd: price.output / 1_000,
    cacheReadNanoUsd: price.cacheRead === undefined ? undefined : price.cacheRead / 1_000,
    cacheWriteNanoUsd: price.cacheWrite === undefined ? undefined : price.cacheWrite / 1_000,
  };
}

/** The first of: the id itself, what follows its last `/`, a pattern with `*`. */
function userPrice(pricing: EntryPricing, model: string): ModelPrice | undefined {
  const last = model.slice(model.lastIndexOf('/') + 1);
  const matches: ((name: string) => boolean)[] = [
    (name) => name === model,
    (name) => name === last,
    (name) => name.includes('*') && globMatches(name, model),
  ];
  for (const matching of matches) {
    const parts = userParts(pricing, matching);
    if (parts !== undefined) return { ...parts, source: 'pricing of the entry' };
  }
  return undefined;
}

function userParts(pricing: EntryPricing, matching: (name: string) => boolean): Omit<ModelPrice, 'source'> | undefined {
  let both: number | undefined;
  const parts: { inputNanoUsd?: number; outputNanoUsd?: number; cacheReadNanoUsd?: number } = {};
  for (const [name, value] of Object.entries(pricing)) {
    const dot = name.lastIndexOf('.');
    const part = USER_PARTS.get(name.slice(dot + 1));
    if (typeof value === 'object') {
      if (!matching(name)) continue;
      for (const [key, usd] of Object.entries(value)) {
        const field = USER_PARTS.get(key);
        if (field !== undefined && usd !== undefined) parts[field] = nanoOfUsdPerMillion(usd);
      }
    } else if (value !== undefined && dot > 0 && part !== undefined) {
      if (matching(name.slice(0, dot))) parts[part] = nanoOfUsdPerMillion(value);
    } else if (value !== undefined && matching(name)) {
      both = nanoOfUsdPerMillion(value);
    }
  }
  if (both !== undefined) return { inputNanoUsd: both, outputNanoUsd: both, ...parts };
  return Object.keys(parts).length === 0 ? undefined : parts;
}

/** USD per million tokens → nano-USD per token, to whole pico-USD. */
function nanoOfUsdPerMillion(usd: number): number {
  return Math.round(usd * 1e6) / 1_000;
}

/**
 * Cost of one answer in whole nano-USD, rounded once, half up. `undefined` when a count or a price that it needs is not
 * known: unknown is never 0. Cached input without a price of its own costs what other input costs.
 */
export function costOf(usage: Usage | undefined, price: ModelPrice | undefined): number | undefined {
  if (usage === undefined || price === undefined) return undefined;
  const input = usage.inputTokens;
  const at = input === undefined ? price : (price.above?.findLast((tier) => input > tier.inputTokens) ?? price);
  const cacheRead = usage.cacheReadTokens ?? 0;
  const cacheWrite = usage.cacheWriteTokens ?? 0;
  const parts = [
    picoCost(input === undefined ? undefined : Math.max(0, input - cacheRead - cacheWrite), at.inputNanoUsd),
    picoCost(cacheRead, at.cacheReadNanoUsd ?? at.inputNanoUsd),
    picoCost(cacheWrite, at.cacheWriteNanoUsd ?? at.inputNanoUsd),
    picoCost(usage.outputTokens, at.outputNanoUsd),
  ];
  let pico = 0;
  for (const part of parts) {
    if (part === undefined) return undefined;
    pico += part;
  }
  return Math.round(pico / 1_000);
}

function picoCost(tokens: number | undefined, nanoPerToken: number | undefined): number | undefined {
  if (tokens === 0 || nanoPerToken === 0) return 0;
  if (tokens === undefined || nanoPerToken === undefined) return undefined;
  return tokens * Math.round(nanoPerToken * 1_000);
}
