import { resolveSlug } from '../../vendors/lookup.ts';
import { deleteAt, isTree, pathKey, setAt, valueAt, type ConfigPath, type Tree } from '../path.ts';

const RATES = ['cost', 'rates', 'providers', 'models'];

const NAMES: readonly (readonly [string, string])[] = [
  ['input_per_mtok', 'input'],
  ['output_per_mtok', 'output'],
  ['cached_input_per_mtok', 'cached_input'],
];

/** `[cost.rates.providers.models.<type>."<model>"]` → `pricing` of every entry of that type; they win over it. */
export function readRates(source: Tree): { readonly tree: Tree; readonly origins: ReadonlyMap<string, ConfigPath> } {
  const origins = new Map<string, ConfigPath>();
  const rates = valueAt(source, RATES);
  if (!isTree(rates)) return { tree: source, origins };
  const tree = structuredClone(source);
  for (const [type, models] of Object.entries(rates)) {
    for (const [model, rate] of Object.entries(isTree(models) ? models : {})) {
      for (const [there, here] of NAMES) {
        const value = isTree(rate) ? rate[there] : undefined;
        if (value === undefined) continue;
        for (const entry of entriesOf(tree, type)) {
          const path = ['providers', 'models', ...entry, 'pricing', `${model}.${here}`];
          setAt(tree, path, value);
          origins.set(pathKey(path), [...RATES, type, model, there]);
        }
      }
    }
  }
  // What is left of the section is reported as the rest of it is.
  deleteAt(tree, RATES);
  for (const length of [3, 2, 1]) {
    const left = valueAt(tree, RATES.slice(0, length));
    if (isTree(left) && Object.keys(left).length === 0) deleteAt(tree, RATES.slice(0, length));
  }
  return { tree, origins };
}

function entriesOf(tree: Tree, type: string): string[][] {
  const slot = resolveSlug(type)?.row.id;
  const all = valueAt(tree, ['providers', 'models']);
  return Object.entries(isTree(all) ? all : {}).flatMap(([name, aliases]) =>
    isTree(aliases) && (name === type || (slot !== undefined && resolveSlug(name)?.row.id === slot))
      ? Object.keys(aliases).map((alias) => [name, alias])
      : [],
  );
}
