import { formatPath, isTree, setAt, valueAt, type Tree } from './path.ts';
import type { Environment } from './expand.ts';
import type { IssueList } from './issue.ts';
import { below, rootNode, type FieldNode } from './schema/walk.ts';
import { typedValue } from './typed-value.ts';
import type { SourceMap } from './source.ts';

/** Later wins. */
const PREFIXES = ['ZEROCLAW_', 'STANDIN_'] as const;

/**
 * Variables that override the config: a prefix and a config path with `__` for `.`. Names in capitals after the prefix
 * (`STANDIN_HOME`) are settings of the program, not overrides, unless they hold a `__`: then they are meant for a path,
 * and to ignore them would be silent. An empty value counts as not given.
 */
export function overrideVariables(env: Environment): { readonly name: string; readonly segments: readonly string[] }[] {
  const found: { name: string; segments: readonly string[] }[] = [];
  for (const prefix of PREFIXES) {
    for (const name of Object.keys(env).toSorted()) {
      if (!name.startsWith(prefix) || (env[name] ?? '') === '') continue;
      const tail = name.slice(prefix.length);
      if (/^[a-z]/.test(tail) || tail.includes('__')) found.push({ name, segments: tail.split('__') });
    }
  }
  return found;
}

/** Puts every override into the tree. One that names no schema path is an error naming the variable. */
export function applyEnvironment(tree: Tree, env: Environment, sources: SourceMap, issues: IssueList): void {
  for (const { name, segments } of overrideVariables(env)) {
    const place = locate(tree, segments);
    if (place === undefined || segments[0] === 'schema_version') {
      issues.add({
        level: 'error',
        message: `the environment variable ${name} names no config path`,
        suggestion: nextFor(tree, name, segments),
      });
      continue;
    }
    const typed = typedValue(env[name] ?? '', place.node);
    if ('expected' in typed) {
      const message = `the environment variable ${name} must hold ${typed.expected}`;
      issues.add({ level: 'error', path: formatPath(place.path), message });
      continue;
    }
    sources.clear(place.path);
    for (const list of place.lists) if (!Array.isArray(valueAt(tree, list))) setAt(tree, list, []);
    setAt(tree, place.path, typed.value);
    sources.set(place.path, { kind: 'variable', name });
  }
}

/** Paths are written in small letters. */
function nextFor(tree: Tree, name: string, segments: readonly string[]): string {
  const tail = segments.join('__');
  const small = tail.toLowerCase();
  if (small !== tail && locate(tree, small.split('__')) !== undefined)
    return `did you mean ${name.slice(0, name.length - tail.length)}${small}?`;
  return 'write the path with "__" for ".", for example STANDIN_providers__models__openai__main__api_key';
}

/** A whole table cannot be set by one variable except where its keys are the user's own (`extra_headers`). */
function locate(
  tree: Tree,
  segments: readonly string[],
): { path: string[]; node: FieldNode; lists: string[][] } | undefined {
  const path: string[] = [];
  const lists: string[][] = [];
  let node: FieldNode = rootNode;
  for (const segment of segments) {
    if (segment === '') return undefined;
    const name = node.shape.type === 'record' ? aliasIn(valueAt(tree, path), segment) : segment;
    const next = below(node, name);
    if (next === undefined) return undefined;
    if (node.shape.type === 'array') lists.push([...path]);
    path.push(name);
    node = next;
  }
  const { shape } = node;
  const isSection =
    shape.type === 'object' || (shape.type === 'record' && ['object', 'record'].includes(shape.value.shape.type));
  return isSection ? undefined : { path, node, lists };
}

/** An alias written with capitals or hyphens in the file can be named by a variable, which has neither. */
function aliasIn(table: unknown, segment: string): string {
  if (!isTree(table) || Object.hasOwn(table, segment)) return segment;
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '_');
  return Object.keys(table).find((key) => plain(key) === plain(segment)) ?? segment;
}
