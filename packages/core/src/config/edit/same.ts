import { isTree, type Tree } from '../path.ts';

/** Equal as config values: by what they hold, whatever their prototypes. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => sameValue(item, b[index]));
  }
  if (a instanceof Date) return b instanceof Date && a.toISOString() === b.toISOString();
  if (!isTree(a)) return Object.is(a, b);
  if (!isTree(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && sameValue(a[key], b[key]))
  );
}

/** A copy to change; dates are shared. */
export function copyTree(tree: Tree): Tree {
  return copy(tree) as Tree;
}

function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isTree(value)) return value;
  const result: Tree = {};
  for (const [key, inner] of Object.entries(value)) {
    Object.defineProperty(result, key, { value: copy(inner), enumerable: true, configurable: true, writable: true });
  }
  return result;
}
