import data from './generated/models.generated.json' with { type: 'json' };

/** Prices in whole pico-USD (10⁻¹² USD) for one token: 0.0375 USD per million tokens is 37500. */
export interface PicoPrices {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
}

/** One model as the public source lists it at one slot. */
export interface ListedModel {
  readonly id: string;
  readonly contextWindow?: number;
  readonly maxOutputTokens?: number;
  readonly vision: boolean;
  readonly reasoning: boolean;
  /** Absent: the source has none, or the slot is paid by plan. */
  readonly price?: PicoPrices;
  /** Prices of a request with more input tokens than this, rising. */
  readonly above?: readonly (PicoPrices & { readonly inputTokens: number })[];
}

const SLOTS: Readonly<Record<string, readonly string[]>> = data.slots;

/** Where the generated data came from and the day it was read. */
export const CATALOG_SOURCE = `${data.source}, ${data.date}`;

// A process asks about few slots: each is taken apart when it is asked for.
const parsed = new Map<string, ReadonlyMap<string, ListedModel>>();
const NONE: ReadonlyMap<string, ListedModel> = new Map();

/** Models of a slot by id in lower case; empty for a slot that the source does not have. */
export function listedModels(slot: string): ReadonlyMap<string, ListedModel> {
  const known = parsed.get(slot);
  if (known !== undefined) return known;
  const lines = Object.hasOwn(SLOTS, slot) ? SLOTS[slot] : undefined;
  if (lines === undefined) return NONE;
  const models = new Map(
    lines.map((line) => {
      const model = parse(line);
      return [model.id.toLowerCase(), model] as const;
    }),
  );
  parsed.set(slot, models);
  return models;
}

/** Every model of every slot, without taking its facts apart: whoever wants all of them wants little of each. */
export function eachVision(visit: (id: string, vision: boolean) => void): void {
  for (const lines of Object.values(SLOTS)) {
    for (const line of lines) {
      const [id = '', , , flags = ''] = line.split(' ', 4);
      visit(id, flags.includes('v'));
    }
  }
}

/** Slots the source has. */
export function listedSlots(): readonly string[] {
  return Object.keys(SLOTS);
}

/** `id window output flags [input output cacheRead cacheWrite [>tokens input output cacheRead cacheWrite]…]`. */
function parse(line: string): ListedModel {
  const [head = '', ...tiers] = line.split(' >');
  const [id = '', window = '', output = '', flags = '', ...prices] = head.split(' ');
  return {
    id,
    contextWindow: numberIn(window),
    maxOutputTokens: numberIn(output),
    vision: flags.includes('v'),
    reasoning: flags.includes('r'),
    price: prices.length === 0 ? undefined : pricesOf(prices),
    above:
      tiers.length === 0
        ? undefined
        : tiers.map((tier) => {
            const [tokens = '', ...parts] = tier.split(' ');
            return { inputTokens: Number(tokens), ...pricesOf(parts) };
          }),
  };
}

function pricesOf(parts: readonly string[]): PicoPrices {
  return {
    input: Number(parts[0]),
    output: Number(parts[1]),
    cacheRead: numberIn(parts[2] ?? '-'),
    cacheWrite: numberIn(parts[3] ?? '-'),
  };
}

function numberIn(text: string): number | undefined {
  return text === '-' ? undefined : Number(text);
}
