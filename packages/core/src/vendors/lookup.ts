import { editDistance } from '../spec/edit-distance.ts';
import type { WireId } from '../spec/wire-id.ts';
import { createTextRedactor } from './classify/redact-text.ts';
import { globMatches } from './glob.ts';
import type { VendorRow } from './row.ts';
import { VENDORS } from './table/index.ts';

/** Which program's config a spelling comes from: the same word can mean another region there. */
export type SlugGeneration = 'v1' | 'v3' | 'zepto';

/** What a provider spelling means. */
export interface SlugMatch {
  readonly row: VendorRow;
  /** Region the spelling selects; absent: the row's default. */
  readonly region?: string;
  /** Protocol the spelling selects; absent: the row's first. */
  readonly wire?: WireId;
  /** `oauth`: the spelling asks for a login instead of a key. */
  readonly authMode?: 'oauth';
  /** Address written in the slug itself (`custom:URL`, `anthropic-custom:URL`), as written. */
  readonly url?: string;
}

type Spelling = { readonly slot: string; readonly region?: string };

/** Spellings whose meaning differs from the table's (ZeroClaw v0.6 provider factory, read 2026-09). */
const V1_SPELLINGS: Readonly<Record<string, Spelling>> = {
  moonshot: { slot: 'moonshot', region: 'cn' },
  qwen: { slot: 'qwen', region: 'cn' },
  siliconflow: { slot: 'siliconflow', region: 'cn' },
  'silicon-flow': { slot: 'siliconflow', region: 'cn' },
  kilo: { slot: 'kilocli' },
};

/** ZeptoClaw presets (its provider registry, read 2026-09). */
const ZEPTO_SPELLINGS: Readonly<Record<string, Spelling>> = {
  kimi: { slot: 'moonshot', region: 'cn' },
  moonshot: { slot: 'moonshot', region: 'cn' },
  zhipu: { slot: 'glm', region: 'cn' },
};

/** Slots that a ZeroClaw config names with another word than ours. */
const OAUTH_SPELLINGS: ReadonlySet<string> = new Set([
  'minimax-oauth',
  'minimax-oauth-global',
  'minimax-oauth-cn',
  'minimax-portal',
  'minimax-portal-global',
  'minimax-portal-cn',
  'qwen-code',
  'qwen-oauth',
]);

/** Case and `_`/`-` do not matter in a spelling. */
export function normalizeSlug(slug: string): string {
  return slug.trim().toLowerCase().replaceAll('_', '-');
}

const INDEX: ReadonlyMap<string, { readonly row: VendorRow; readonly region?: string }> = new Map(
  VENDORS.flatMap((row) => [
    ...Object.entries(row.aliases).map(([alias, region]) => [normalizeSlug(alias), { row, region }] as const),
    [normalizeSlug(row.id), { row }] as const,
  ]),
);

/** The row of a canonical slot, exactly as spelt in config (`github_models`). */
export function vendorById(id: string): VendorRow | undefined {
  const found = INDEX.get(normalizeSlug(id));
  return found !== undefined && normalizeSlug(found.row.id) === normalizeSlug(id) ? found.row : undefined;
}

/** The protocol a model needs where its vendor serves some models by another one; `undefined`: the vendor's first. */
export function wireOfModel(row: VendorRow, model: string): WireId | undefined {
  return row.modelWires?.findLast(({ match }) => globMatches(match, model))?.wire;
}

export function allVendors(): readonly VendorRow[] {
  return VENDORS;
}

function customUrl(slug: string): SlugMatch | undefined {
  const match = /^\s*(custom|anthropic-custom):(.*)$/is.exec(slug);
  const row = vendorById('custom');
  if (match === null || row === undefined) return undefined;
  const wire = match[1]?.toLowerCase() === 'custom' ? 'openai-chat' : 'anthropic-messages';
  return { row, wire, url: (match[2] ?? '').trim() };
}

/**
 * The vendor a spelling means: a canonical slot, an alias, a regional family, `custom:URL` or `anthropic-custom:URL`.
 * `undefined`: not known; see `nearestSlugs`. The URL of a custom slug is not checked here.
 */
export function resolveSlug(slug: string, generation: SlugGeneration = 'v3'): SlugMatch | undefined {
  const custom = customUrl(slug);
  if (custom !== undefined) return custom;
  const key = normalizeSlug(slug);
  if (key === 'anthropic-custom') {
    const row = vendorById('custom');
    return row === undefined ? undefined : { row, wire: 'anthropic-messages' };
  }
  const special = generation === 'v1' ? V1_SPELLINGS : generation === 'zepto' ? ZEPTO_SPELLINGS : {};
  const respelt = Object.hasOwn(special, key) ? special[key] : undefined;
  const found = respelt === undefined ? INDEX.get(key) : { row: vendorById(respelt.slot), region: respelt.region };
  if (found?.row === undefined) return undefined;
  return {
    row: found.row,
    ...(found.region === undefined ? {} : { region: found.region }),
    ...(OAUTH_SPELLINGS.has(key) ? { authMode: 'oauth' as const } : {}),
  };
}

/** Known spellings close to an unknown one, nearest first, at most `limit`. */
export function nearestSlugs(slug: string, limit = 3): readonly string[] {
  const key = normalizeSlug(slug).slice(0, 40);
  if (key === '') return [];
  const allowed = Math.max(1, Math.floor(key.length / 3));
  return [...INDEX.keys(), 'custom:URL', 'anthropic-custom:URL']
    .map((name) => ({ name, edits: name.startsWith(key) && key.length >= 3 ? 0.5 : editDistance(key, name) }))
    .filter(({ edits }) => edits <= allowed)
    .sort((a, b) => a.edits - b.edits || a.name.length - b.name.length || a.name.localeCompare(b.name))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** One sentence for a config error about an unknown provider. */
export function unknownSlugMessage(slug: string): string {
  const near = nearestSlugs(slug);
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : '';
  return `Unknown provider "${createTextRedactor([])(slug).slice(0, 80)}".${hint} For any other endpoint write "custom:URL" (OpenAI protocol) or "anthropic-custom:URL" (Anthropic protocol).`;
}

/**
 * The protocol to call a row by: the wanted one, else the row's first that is registered.
 * A reason instead says why no call can be made.
 */
export function pickWire(
  row: VendorRow,
  registered: (wire: WireId) => boolean,
  wanted?: WireId,
): { readonly wire: WireId } | { readonly reason: string } {
  if (row.unavailable !== undefined) return { reason: row.unavailable };
  if (wanted !== undefined) {
    if (!row.wires.includes(wanted)) {
      return { reason: `${row.name} does not speak ${wanted}; it speaks ${row.wires.join(', ')}` };
    }
    return registered(wanted) ? { wire: wanted } : { reason: `the ${wanted} protocol is not available yet` };
  }
  const wire = row.wires.find(registered);
  if (wire !== undefined) return { wire };
  return { reason: `${row.name} needs the ${row.wires[0] ?? 'missing'} protocol, which is not available yet` };
}
