import type { ConfigAnswer, ConfigValue } from '@standin/dashboard/api/config-types';
import { formatPath, parsePath } from '@standin/core/config/path';
import { below, rootNode, type FieldNode } from '@standin/core/config/schema/walk';

/** One place of the config that holds fields or other places. */
export interface Place {
  readonly path: readonly string[];
  readonly title: string;
  readonly depth: number;
  readonly node: FieldNode;
  readonly hasChildren: boolean;
  /** Keys are the user's own (slots, aliases, header names) or numbers: something can be added. */
  readonly isOpen: boolean;
  /** Nothing is set in it or below it. */
  readonly isEmpty: boolean;
}

/** One value that can be edited. */
export interface Field {
  readonly name: string;
  readonly path: readonly string[];
  readonly node: FieldNode;
  /** What holds; absent where nothing is set and no default is known. */
  readonly value: ConfigValue | undefined;
}

/** What is set, by path and by the keys below each path. */
export interface Values {
  at(path: readonly string[]): ConfigValue | undefined;
  /** Keys that stand below a path, in the order of the file's paths. */
  keysBelow(path: readonly string[]): readonly string[];
}

export function valuesOf(answer: ConfigAnswer): Values {
  const byPath = new Map(answer.values.map((value) => [value.path, value]));
  const keys = new Map<string, Set<string>>();
  const paths = [...answer.values.filter((value) => value.set), ...answer.sections].map(({ path }) => parsePath(path));
  for (const path of paths) {
    for (let length = 0; length < path.length; length++) {
      const parent = formatPath(path.slice(0, length));
      const known = keys.get(parent) ?? new Set();
      known.add(path[length] ?? '');
      keys.set(parent, known);
    }
  }
  return {
    at: (path) => byPath.get(formatPath(path)),
    keysBelow: (path) => [...(keys.get(formatPath(path)) ?? [])],
  };
}

/** Tables, maps and lists of tables; the rest is a field. */
function isPlace({ shape }: FieldNode): boolean {
  if (shape.type === 'array') return ['object', 'record'].includes(shape.item.shape.type);
  return shape.type === 'object' || shape.type === 'record';
}

/** The places in the order in which they are shown; what is below a path in `closed` is left out. */
export function placesOf(values: Values, closed: ReadonlySet<string>): Place[] {
  const places: Place[] = [];
  const visit = (path: readonly string[], title: string, node: FieldNode, depth: number): void => {
    const children = childrenOf(path, node, values);
    const fields = fieldsOf(path, node, values);
    const [only] = children;
    // `providers` holds nothing but `models`: one line for both.
    if (node.shape.type === 'object' && children.length === 1 && fields.length === 0 && only !== undefined)
      return visit([...path, only[0]], `${title}.${only[0]}`, only[1], depth);
    const isOpen = node.shape.type !== 'object';
    places.push({
      path,
      title,
      depth,
      node,
      hasChildren: children.length > 0,
      isOpen,
      isEmpty: values.keysBelow(path).length === 0,
    });
    if (closed.has(formatPath(path))) return;
    for (const [name, child] of children) visit([...path, name], name, child, depth + 1);
  };
  for (const [name, child] of childrenOf([], rootNode, values)) visit([name], name, child, 0);
  return places;
}

function childrenOf(path: readonly string[], node: FieldNode, values: Values): (readonly [string, FieldNode])[] {
  return namesOf(path, node, values)
    .map((name) => [name, below(node, name)] as const)
    .filter((pair): pair is readonly [string, FieldNode] => pair[1] !== undefined && isPlace(pair[1]));
}

/** Fields that belong to another program are shown where they are set. */
function namesOf(path: readonly string[], node: FieldNode, values: Values): readonly string[] {
  if (node.shape.type !== 'object') return values.keysBelow(path);
  const set = new Set(values.keysBelow(path));
  return Object.entries(node.shape.fields)
    .filter(([name, child]) => child.meta.effect !== 'none' || set.has(name))
    .map(([name]) => name);
}

/** The fields of a place: those that are set first. */
export function fieldsOf(path: readonly string[], node: FieldNode, values: Values): Field[] {
  const fields = namesOf(path, node, values).flatMap((name): Field[] => {
    const child = below(node, name);
    if (child === undefined || isPlace(child)) return [];
    const at = [...path, name];
    return [{ name, path: at, node: child, value: values.at(at) }];
  });
  const rank = ({ value }: Field): number => (value?.set === true ? 0 : 1);
  return fields.toSorted((a, b) => rank(a) - rank(b));
}

/** Where a value comes from, for people. */
export function sourceText({ source }: ConfigValue): string {
  const through =
    source.variables.length === 0 ? '' : ` through ${source.variables.map((name) => `\${${name}}`).join(', ')}`;
  switch (source.kind) {
    case 'file':
      return `the file${source.line === null ? '' : `, line ${source.line}`}${through}`;
    case 'variable':
      return `the variable ${source.name ?? ''}`;
    case 'flag':
      return `the flag ${source.name ?? ''}`;
    case 'build':
      return 'a default set when this was built';
    case 'catalog':
      return "the catalog's default";
    case 'default':
      return 'the default';
  }
}

/** In a few letters beside a value: what is written in the file does not hold, or is not what holds. */
export function badgeOf({ source, overridden, secret }: ConfigValue): string {
  const kind = source.kind === 'variable' ? 'env' : source.kind;
  const where = overridden ? `${kind}!` : kind === 'file' ? (source.variables.length > 0 ? '${}' : '') : kind;
  return [where, secret ? 'secret' : ''].filter((part) => part !== '').join(' ');
}

/** A value as it is shown; of a secret only whether it is set. */
export function valueText(value: ConfigValue | undefined, node: FieldNode): string {
  if (value === undefined) return node.meta.defaultText === undefined ? '' : `(${node.meta.defaultText})`;
  if (value.secret) {
    if (!value.set) return '';
    const prints = value.fingerprints ?? [];
    return prints.length === 0 ? '•••• set' : `•••• set, key:${prints.join(' key:')}`;
  }
  if (!value.set) return `(${plainText(value.value)})`;
  return plainText(value.value);
}

export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string' && !/[,[]/.test(item)))
    return value.join(', ');
  return JSON.stringify(value) ?? '';
}
