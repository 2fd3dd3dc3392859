import { expand, type Environment } from './expand.ts';
import type { Issue, IssueList } from './issue.ts';
import { keyProblem } from './key-text.ts';
import { suggest } from './nearest.ts';
import { formatPath, isTree, type ConfigPath, type Tree } from './path.ts';
import { below, rootNode, type FieldNode } from './schema/walk.ts';
import type { SecretOpener } from './secrets/opener.ts';
import type { SourceMap } from './source.ts';
import type { LineIndex } from './toml-index.ts';
import { typedValue } from './typed-value.ts';

/** Where in a file of another dialect a native path comes from, or the variable of that dialect that set it. */
export type OriginOf = (path: ConfigPath) => { readonly path: ConfigPath; readonly variable?: string } | undefined;

export interface PrepareContext {
  readonly file: string | undefined;
  readonly index: LineIndex | undefined;
  /** For a file of another dialect: where a native path comes from. */
  readonly origin?: OriginOf;
  readonly env: Environment;
  readonly sources: SourceMap;
  readonly issues: IssueList;
  /** Opens encrypted values and references. */
  readonly secrets: SecretOpener;
}

/**
 * From the tree as written to the tree the schema checks: unknown keys reported and left out, sections without effect
 * reported once, `${NAME}` expanded, spellings of enum values unified, keys trimmed and looked at. Records the source of
 * every value. What is wrong is left out, so that the rest can still be shown.
 */
export function prepare(tree: Tree, context: PrepareContext): Tree {
  const foreign = new Map<string, Set<string>>();
  const result = prepareTable(tree, rootNode, [], context, foreign);
  for (const [owner, keys] of foreign) reportForeign(owner, keys, context);
  return result;
}

export function issueAt(
  context: PrepareContext,
  path: ConfigPath,
  level: Issue['level'],
  message: string,
  suggestion?: string,
): void {
  const source = context.sources.get(path);
  const isOverride = source?.kind === 'variable' || source?.kind === 'flag';
  const origin = isOverride ? undefined : context.origin?.(path);
  const outside = isOverride ? source.name : origin?.variable;
  const isOutside = outside !== undefined;
  const line = isOutside ? undefined : context.index?.lineOf(path);
  // A place the file does not have was made by variables: naming the file would send people looking.
  const isInFile = !isOutside && (line !== undefined || path.length === 0);
  const issue: Issue = {
    level,
    message: isOutside ? `${message} (set by ${outside})` : message,
    ...(isInFile && context.file !== undefined ? { file: context.file } : {}),
    ...(line === undefined ? {} : { line }),
    path: formatPath(origin?.path ?? path),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
  context.issues.add(issue, formatPath(path));
}

type Foreign = Map<string, Set<string>>;

function prepareTable(table: Tree, node: FieldNode, path: ConfigPath, context: PrepareContext, foreign: Foreign): Tree {
  const result: Tree = {};
  for (const [key, value] of Object.entries(table)) {
    const place = [...path, key];
    const next = below(node, key);
    if (next === undefined) {
      reportUnknown(key, node, place, context);
      continue;
    }
    if (next.meta.effect === 'none') {
      // One finding for a section, and one for such keys inside a section of ours.
      const owner = path[0] ?? '';
      foreign.set(owner, (foreign.get(owner) ?? new Set()).add(key));
      continue;
    }
    const prepared = prepareValue(value, next, place, context, foreign);
    if (prepared !== undefined)
      Object.defineProperty(result, key, { value: prepared, enumerable: true, writable: true, configurable: true });
  }
  return result;
}

function prepareValue(
  value: unknown,
  node: FieldNode,
  path: ConfigPath,
  context: PrepareContext,
  foreign: Foreign,
): unknown {
  const { shape } = node;
  if (isTree(value) && (shape.type === 'json' || shape.type === 'table'))
    return prepareJson(value, node, path, context, foreign);
  if (isTree(value)) return prepareTable(value, node, path, context, foreign);
  if (Array.isArray(value)) return prepareList(value, node, path, context, foreign);
  noteSource(path, context);
  if (value instanceof Date) return shape.type === 'string' || shape.type === 'json' ? value.toISOString() : value;
  return typeof value === 'string' ? prepareText(value, node, path, context) : value;
}

function prepareJson(
  value: Tree,
  node: FieldNode,
  path: ConfigPath,
  context: PrepareContext,
  foreign: Foreign,
): unknown {
  noteSource(path, context);
  return prepareTable(value, node, path, context, foreign);
}

function prepareList(
  list: readonly unknown[],
  node: FieldNode,
  path: ConfigPath,
  context: PrepareContext,
  foreign: Foreign,
): unknown[] {
  noteSource(path, context);
  const result: unknown[] = [];
  list.forEach((item, index) => {
    const segment = String(index);
    const next = below(node, segment) ?? node;
    const prepared = prepareValue(item, next, [...path, segment], context, foreign);
    if (prepared !== undefined) result.push(prepared);
  });
  return result;
}

function prepareText(text: string, node: FieldNode, path: ConfigPath, context: PrepareContext): unknown {
  const expanded = context.sources.isOverride(path) ? { value: text, variables: [] } : expandText(text, path, context);
  if (expanded === undefined) return undefined;
  const { shape, meta } = node;
  if (shape.type === 'enum') return spelling(expanded.value, node);
  if (meta.secret === true && shape.type === 'string') return secretText(expanded.value, path, context);
  if (shape.type === 'string' || expanded.variables.length === 0) return expanded.value;
  // Free JSON keeps the type that the file gives it: a string.
  if (shape.type === 'json' && !/^\s*[[{]/.test(expanded.value)) return expanded.value;
  // A number, switch or list that came from a variable arrives as text.
  const typed = typedValue(expanded.value, node);
  if ('value' in typed) return typed.value;
  issueAt(context, path, 'error', `the variable ${expanded.variables.join(', ')} must hold ${typed.expected}`);
  return undefined;
}

function expandText(
  text: string,
  path: ConfigPath,
  context: PrepareContext,
): { value: string; variables: readonly string[] } | undefined {
  const expansion = expand(text, context.env);
  if (expansion.variables.length > 0) {
    const source = context.sources.get(path);
    if (source?.kind === 'file') context.sources.set(path, { ...source, variables: expansion.variables });
  }
  for (const name of expansion.missing) {
    const next = `set ${name}, or write a default: \${${name}:-...}`;
    issueAt(context, path, 'error', `the environment variable ${name} is not set`, next);
  }
  if (expansion.malformed) {
    const next = 'write ${NAME} or ${NAME:-default}; $${ stands for a literal ${';
    issueAt(context, path, 'error', 'a "${" that is no variable reference', next);
  }
  return expansion.missing.length > 0 || expansion.malformed ? undefined : expansion;
}

function spelling(text: string, node: FieldNode): string {
  const word = text
    .trim()
    .toLowerCase()
    .replaceAll(/[-\s.]+/g, '_');
  if (node.shape.type === 'enum' && node.shape.values.includes(word)) return word;
  return node.meta.spellings?.[word] ?? text;
}

/** Empty text is no key: the vendor's variable is asked instead. What cannot be opened is never used as a key. */
function secretText(text: string, path: ConfigPath, context: PrepareContext): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const opened = context.secrets.open(trimmed);
  if ('problem' in opened) {
    issueAt(context, path, 'error', `the value ${opened.problem}`, opened.next);
    return undefined;
  }
  const value = opened.value.trim();
  const problem = keyProblem(value);
  if (problem !== undefined) issueAt(context, path, 'error', `the value ${problem}`, 'write the key on one line');
  return problem === undefined && value !== '' ? value : undefined;
}

function noteSource(path: ConfigPath, context: PrepareContext): void {
  if (context.sources.isOverride(path)) return;
  const variable = context.origin?.(path)?.variable;
  if (variable !== undefined) context.sources.set(path, { kind: 'variable', name: variable });
  if (variable !== undefined || context.file === undefined) return;
  const line = context.index?.lineOf(path);
  context.sources.set(path, { kind: 'file', file: context.file, ...(line === undefined ? {} : { line }) });
}

function reportUnknown(key: string, node: FieldNode, path: ConfigPath, context: PrepareContext): void {
  const known =
    node.shape.type === 'object'
      ? Object.entries(node.shape.fields)
          .filter(([, field]) => field.meta.effect !== 'none')
          .map(([name]) => name)
      : [];
  issueAt(context, path, 'warning', 'unknown key, ignored', suggest(key, known));
}

function reportForeign(owner: string, keys: ReadonlySet<string>, context: PrepareContext): void {
  const list = [...keys].toSorted();
  if (owner !== '') {
    const names = list.map((name) => `"${name}"`).join(', ');
    issueAt(context, [owner], 'warning', `${names} ${list.length === 1 ? 'has' : 'have'} no effect in Standin`);
    return;
  }
  for (const key of list) {
    const node = below(rootNode, key);
    const isLater = node?.meta.description?.startsWith('Standin') ?? false;
    issueAt(
      context,
      [key],
      'warning',
      isLater ? 'this section has no effect in this version yet' : 'this section has no effect in Standin',
    );
  }
}
