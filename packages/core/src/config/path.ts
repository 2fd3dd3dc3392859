/** A place in the config tree. Array positions are numbers written as text. */
export type ConfigPath = readonly string[];

const BARE = /^[A-Za-z0-9_-]+$/;

/** Dotted form for people; a segment that is no bare TOML key is quoted. */
export function formatPath(path: ConfigPath): string {
  return path.map((segment) => (BARE.test(segment) ? segment : JSON.stringify(segment))).join('.');
}

/** Key for maps: segments may themselves contain dots (model ids do). */
export function pathKey(path: ConfigPath): string {
  return path.join('\u0000');
}

/** Reads the dotted form back, with quoted segments. */
export function parsePath(text: string): string[] {
  const segments: string[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|'([^']*)'|([^."']+)/gu;
  for (const match of text.matchAll(pattern)) {
    if (match[1] !== undefined) segments.push(JSON.parse(`"${match[1]}"`) as string);
    else segments.push(match[2] ?? match[3] ?? '');
  }
  return segments;
}

export type Tree = { [key: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Own property only, so that `constructor` and friends are never found. */
export function childOf(node: unknown, segment: string): unknown {
  if (Array.isArray(node)) return node[Number(segment)];
  return isTree(node) && Object.hasOwn(node, segment) ? node[segment] : undefined;
}

export function valueAt(tree: unknown, path: ConfigPath): unknown {
  let node = tree;
  for (const segment of path) {
    node = childOf(node, segment);
    if (node === undefined) return undefined;
  }
  return node;
}

/** Sets a value, making tables on the way; replaces anything in the way that is no table. */
export function setAt(tree: Tree, path: ConfigPath, value: unknown): void {
  let node: Tree | unknown[] = tree;
  path.forEach((segment, index) => {
    if (index === path.length - 1) {
      put(node, segment, value);
      return;
    }
    let next = childOf(node, segment);
    if (!isTree(next) && !Array.isArray(next)) {
      next = {};
      put(node, segment, next);
    }
    node = next as Tree | unknown[];
  });
}

export function deleteAt(tree: Tree, path: ConfigPath): void {
  const parent = valueAt(tree, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined) return;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else if (isTree(parent)) delete parent[last];
}

function put(node: Tree | unknown[], segment: string, value: unknown): void {
  if (Array.isArray(node)) node[Number(segment)] = value;
  else Object.defineProperty(node, segment, { value, enumerable: true, configurable: true, writable: true });
}
