import type { WireId } from '../spec/wire-id.ts';
import { allVendors, pickWire, resolveSlug } from '../vendors/lookup.ts';
import type { VendorRow } from '../vendors/row.ts';
import type { BuildDefaults } from './build-defaults.ts';
import { defaultModelOf } from './default-model.ts';
import type { Environment } from './expand.ts';
import type { Tree } from './path.ts';

/** Vendors most people start with come first; the others follow in the catalog's order. */
const FIRST = ['anthropic', 'openai', 'gemini', 'openrouter'];

/** Variables that also mean something else than "use this vendor". */
const AMBIGUOUS = new Set(['GITHUB_TOKEN', 'GH_TOKEN', 'HF_TOKEN', 'AWS_ACCESS_KEY_ID', 'LITELLM_MASTER_KEY']);

/**
 * The vendors whose key stands in the environment, in the order a chain would try them. One variable counts for one
 * vendor. Vendors that cannot be called, or have no default model, are left out.
 */
export function vendorsInEnvironment(
  env: Environment,
  build: BuildDefaults = {},
  wires?: ReadonlySet<WireId>,
): readonly { readonly row: VendorRow; readonly variable: string }[] {
  const preferred = build.provider === undefined ? undefined : resolveSlug(build.provider)?.row.id;
  const rank = (row: VendorRow) => {
    if (row.id === preferred) return -1;
    const place = FIRST.indexOf(row.id);
    return place === -1 ? FIRST.length : place;
  };
  const used = new Set<string>();
  return allVendors()
    .toSorted((a, b) => rank(a) - rank(b))
    .flatMap((row) => {
      if (!row.keyRequired || Object.keys(row.endpoints).length === 0 || defaultModelOf(row) === undefined) return [];
      if ('reason' in pickWire(row, (wire) => wires?.has(wire) ?? true)) return [];
      if (Object.values(row.endpoints).some((endpoint) => endpoint.includes('{'))) return [];
      const variable = row.keyVariables.find((name) => !AMBIGUOUS.has(name) && (env[name] ?? '').trim() !== '');
      if (variable === undefined || used.has(variable)) return [];
      used.add(variable);
      return [{ row, variable }];
    });
}

/** `<slot>.default` for each vendor found; the first one falls back to all others in turn. */
export function treeFromEnvironment(
  env: Environment,
  build: BuildDefaults,
  wires: ReadonlySet<WireId>,
  found: readonly FoundEntry[] = [],
): Tree {
  const slots = vendorsInEnvironment(env, build, wires).map(({ row }): FoundEntry => ({ slot: row.id, fields: {} }));
  return treeFromSlots([...slots, ...found]);
}

export interface FoundEntry {
  readonly slot: string;
  /** Default `default`. */
  readonly alias?: string;
  /** Entry fields as a file would have them. */
  readonly fields: Tree;
}

/** A chain of entries as a config tree: the first is the default, the others its fallbacks. */
export function treeFromSlots(found: readonly FoundEntry[]): Tree {
  const models: Record<string, Tree> = {};
  const refs = found.map(({ slot, alias = 'default' }) => `${slot}.${alias}`);
  found.forEach(({ slot, alias = 'default', fields }, index) => {
    const fallback = index === 0 && refs.length > 1 ? { fallback: refs.slice(1) } : {};
    models[slot] = { ...models[slot], [alias]: { ...fields, ...fallback } };
  });
  return found.length === 0 ? {} : { providers: { models } };
}
