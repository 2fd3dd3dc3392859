import type { Environment } from '../expand.ts';
import { pathKey, setAt, valueAt, type ConfigPath, type Tree } from '../path.ts';
import { V1_VARIABLES } from './v1-variables.ts';
import { zeptoVariables } from './zeptoclaw-variables.ts';
import type { Dialect } from './detect.ts';

export type VariableType = 'text' | 'integer' | 'number' | 'boolean' | 'list' | 'headers';

/** A variable that another program reads, and the key of its config it stands for. */
export interface DialectVariable {
  readonly name: string;
  readonly path: ConfigPath;
  readonly type: VariableType;
  /** Read only while the file does not say otherwise. */
  readonly weak?: (tree: Tree) => boolean;
}

export interface VariableProblem {
  readonly name: string;
  readonly expected: string;
  readonly path: ConfigPath;
}

export interface WithVariables {
  readonly tree: Tree;
  /** Path → the variable that set it. */
  readonly variables: ReadonlyMap<string, string>;
  readonly problems: readonly VariableProblem[];
}

/** Puts the variables of a dialect's own program over its file. The first of several for one key wins. */
export function applyDialectVariables(source: Tree, dialect: Dialect, env: Environment): WithVariables {
  const known = variablesOf(dialect, env);
  const variables = new Map<string, string>();
  const problems: VariableProblem[] = [];
  const given = known.filter(({ name }) => (env[name] ?? '').trim() !== '');
  if (given.length === 0) return { tree: source, variables, problems };
  const tree = structuredClone(source);
  for (const { name, path, type, weak } of given) {
    if (variables.has(pathKey(path))) continue;
    if (weak !== undefined && !weak(source)) continue;
    const typed = typedText(env[name] ?? '', type);
    if ('expected' in typed) {
      problems.push({ name, path, expected: typed.expected });
      continue;
    }
    setAt(tree, path, typed.value);
    variables.set(pathKey(path), name);
  }
  return { tree, variables, problems };
}

function variablesOf(dialect: Dialect, env: Environment): readonly DialectVariable[] {
  if (dialect === 'zeroclaw-v1' || dialect === 'fallback-guide') return V1_VARIABLES;
  return dialect === 'zeptoclaw' ? zeptoVariables(env) : [];
}

/**
 * Without a file: the dialect whose variables say which provider to use. Only names with a program's own prefix count;
 * `MODEL` or `API_KEY` alone could be anybody's.
 */
export function dialectOfEnvironment(env: Environment): Dialect | undefined {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  const leading = ['ZEROCLAW_PROVIDER', 'ZEROCLAW_MODEL_PROVIDER', 'ZEROCLAW_MODEL', 'ZEROCLAW_API_KEY'];
  if (leading.some(isSet)) return 'zeroclaw-v1';
  const describes = zeptoVariables(env).some(
    ({ name, path }) =>
      isSet(name) &&
      (path[0] === 'agents'
        ? path[2] === 'model'
        : path[0] === 'providers' && /^(api_key|api_base|model|default)$/.test(path.at(-1) ?? '')),
  );
  return describes ? 'zeptoclaw' : undefined;
}

function typedText(text: string, type: VariableType): { readonly value: unknown } | { readonly expected: string } {
  const trimmed = text.trim();
  switch (type) {
    case 'text':
      return { value: trimmed };
    case 'integer':
      return /^\d+$/.test(trimmed) ? { value: Number(trimmed) } : { expected: 'a whole number' };
    case 'number':
      return /^-?(\d+\.?\d*|\.\d+)$/.test(trimmed) ? { value: Number(trimmed) } : { expected: 'a number' };
    case 'boolean': {
      if (/^(1|true|yes|on)$/i.test(trimmed)) return { value: true };
      return /^(0|false|no|off)$/i.test(trimmed) ? { value: false } : { expected: 'true or false' };
    }
    case 'list':
      return { value: trimmed.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()])) };
    case 'headers':
      return headers(trimmed);
  }
}

/** `Name: value, Name2: value2` (ZeroClaw). A comma inside a value belongs to it unless a `Name:` follows. */
function headers(text: string): { readonly value: unknown } | { readonly expected: string } {
  const value: Record<string, string> = {};
  for (const part of text.split(/,(?=\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*:)/)) {
    const colon = part.indexOf(':');
    if (colon <= 0) return { expected: 'headers as "Name: value, Name2: value2"' };
    value[part.slice(0, colon).trim()] = part.slice(colon + 1).trim();
  }
  return { value };
}

/** True when nothing stands at a path. */
export function isUnset(tree: Tree, path: ConfigPath): boolean {
  const value = valueAt(tree, path);
  return value === undefined || value === null || value === '';
}
