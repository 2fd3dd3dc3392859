import { formatPath, isTree, pathKey, setAt, valueAt, type ConfigPath, type Tree } from '../path.ts';
import { suggest } from '../nearest.ts';
import { formatList } from './words.ts';

/** A finding about a key of the other dialect; file and line are added by whoever knows them. */
export interface Finding {
  readonly level: 'error' | 'warning' | 'note';
  readonly path: ConfigPath;
  readonly message: string;
  readonly suggestion?: string;
}

/** What became of one key of the other dialect. */
export interface Fate {
  readonly from: ConfigPath;
  readonly kind: 'mapped' | 'kept' | 'left out';
  /** Native path, when mapped. */
  readonly to?: ConfigPath;
  readonly reason?: string;
}

/** A config of another dialect in native shape, with the way back for every value. */
export interface Conversion {
  readonly tree: Tree;
  readonly findings: readonly Finding[];
  readonly fates: readonly Fate[];
  readonly originOf: (path: ConfigPath) => ConfigPath | undefined;
}

/** Collects a conversion key by key; whatever nobody asked for is reported at the end. */
export interface Converter {
  readonly source: Tree;
  readonly tree: Tree;
  /** The text at a path; an error is reported for any other type. `undefined`: unset, or wrong. */
  text(path: ConfigPath): string | undefined;
  list(path: ConfigPath): readonly string[];
  table(path: ConfigPath): Tree | undefined;
  flag(path: ConfigPath): boolean | undefined;
  /** Value as it stands → native path. Its type is checked there. Does nothing when unset. */
  move(from: ConfigPath, to: ConfigPath): void;
  /** A value made from the one at `from`. */
  put(to: ConfigPath, value: unknown, from: ConfigPath): void;
  /** Like `put`, but the key at `from` means more than this. */
  derive(to: ConfigPath, value: unknown, from: ConfigPath): void;
  /** A native table that exists because of `from`. */
  anchor(to: ConfigPath, from: ConfigPath): void;
  /** Same path, same meaning (or a section that no dialect gives to Standin). */
  keep(path: ConfigPath): void;
  /** Known there, of no use here. */
  leave(from: ConfigPath, reason?: string): void;
  /** Read into something else without a native key of its own. */
  used(from: ConfigPath, reason: string): void;
  note(path: ConfigPath, message: string): void;
  warn(path: ConfigPath, message: string, suggestion?: string): void;
  fail(path: ConfigPath, message: string, suggestion?: string): void;
  /** `known`: the keys of a table, for suggestions. */
  finish(known: (table: ConfigPath) => readonly string[]): Conversion;
}

interface Origin {
  readonly path: ConfigPath;
  /** What is below has the same shape as the source. */
  readonly deep: boolean;
}

const NO_EFFECT = 'has no effect in Standin';

export function createConverter(source: Tree): Converter {
  const tree: Tree = {};
  const origins = new Map<string, Origin>();
  const fates: Fate[] = [];
  const findings: Finding[] = [];
  const claimed = new Set<string>();
  /** Tables that were looked into: what nobody asked for there is reported key by key. */
  const opened = new Set<string>();

  const add = (level: Finding['level'], path: ConfigPath, message: string, suggestion?: string): void => {
    findings.push({ level, path, message, ...(suggestion === undefined ? {} : { suggestion }) });
  };
  const fate = (entry: Fate): void => {
    if (valueAt(source, entry.from) === undefined) return;
    claimed.add(pathKey(entry.from));
    fates.push(entry);
  };
  const typed = <T>(path: ConfigPath, expected: string, check: (value: unknown) => value is T): T | undefined => {
    const value = valueAt(source, path);
    if (value === undefined || value === null) return undefined;
    if (check(value)) return value;
    add('error', path, `expected ${expected}, found ${kindOf(value)}`);
    fate({ from: path, kind: 'left out', reason: `expected ${expected}` });
    return undefined;
  };

  return {
    source,
    tree,
    text(path) {
      const value = typed(path, 'a string', (candidate) => typeof candidate === 'string')?.trim();
      if (value === '') fate({ from: path, kind: 'mapped', reason: 'empty: as if it were not set' });
      return value === '' ? undefined : value;
    },
    flag: (path) => typed(path, 'true or false', (value) => typeof value === 'boolean'),
    table(path) {
      const value = typed(path, 'a table', isTree);
      if (value !== undefined) opened.add(pathKey(path));
      return value;
    },
    list(path) {
      const value = typed(path, 'a list', (candidate): candidate is unknown[] => Array.isArray(candidate)) ?? [];
      return value.flatMap((item, index) => {
        if (typeof item === 'string') return [item];
        const at = [...path, String(index)];
        add('error', at, `expected a string, found ${kindOf(item)}`);
        fate({ from: at, kind: 'left out', reason: 'expected a string' });
        return [];
      });
    },
    move(from, to) {
      const value = valueAt(source, from);
      if (value === undefined || value === null) return;
      setAt(tree, to, copyOf(value));
      origins.set(pathKey(to), { path: from, deep: true });
      fate({ from, to, kind: 'mapped' });
    },
    put(to, value, from) {
      setAt(tree, to, value);
      origins.set(pathKey(to), { path: from, deep: false });
      fate({ from, to, kind: 'mapped' });
    },
    derive(to, value, from) {
      setAt(tree, to, value);
      origins.set(pathKey(to), { path: from, deep: false });
    },
    anchor(to, from) {
      if (valueAt(tree, to) === undefined) setAt(tree, to, {});
      origins.set(pathKey(to), { path: from, deep: false });
    },
    keep(path) {
      const value = valueAt(source, path);
      if (value === undefined || value === null) return;
      setAt(tree, path, copyOf(value));
      origins.set(pathKey(path), { path, deep: true });
      fate({ from: path, to: path, kind: 'kept' });
    },
    leave: (from, reason = NO_EFFECT) => fate({ from, kind: 'left out', reason }),
    used: (from, reason) => fate({ from, kind: 'mapped', reason }),
    note: (path, message) => add('note', path, message),
    warn: (path, message, suggestion) => add('warning', path, message, suggestion),
    fail: (path, message, suggestion) => add('error', path, message, suggestion),
    finish(known) {
      reportLeft(fates, findings);
      for (const path of unclaimed(source, claimed, opened)) {
        add(
          'warning',
          path,
          'unknown key, ignored',
          suggest(
            path.at(-1) ?? '',
            known(path.slice(0, -1)).filter((name) => name !== path.at(-1)),
          ),
        );
        fates.push({ from: path, kind: 'left out', reason: 'unknown key' });
      }
      return { tree, findings, fates, originOf: (path) => originIn(origins, path) };
    },
  };
}

function originIn(origins: ReadonlyMap<string, Origin>, path: ConfigPath): ConfigPath | undefined {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(pathKey(path.slice(0, length)));
    if (origin !== undefined) return origin.deep ? [...origin.path, ...path.slice(length)] : origin.path;
  }
  return undefined;
}

/** One warning for all keys of a table that have no effect. */
function reportLeft(fates: readonly Fate[], findings: Finding[]): void {
  const groups = new Map<string, { path: ConfigPath; keys: string[] }>();
  for (const { from, kind, reason } of fates) {
    if (kind !== 'left out' || reason === undefined || reason.startsWith('expected ')) continue;
    if (reason !== NO_EFFECT) {
      findings.push({ level: 'warning', path: from, message: reason });
      continue;
    }
    const path = from.slice(0, -1);
    const group = groups.get(pathKey(path)) ?? { path, keys: [] };
    group.keys.push(from.at(-1) ?? '');
    groups.set(pathKey(path), group);
  }
  for (const { path, keys } of groups.values()) {
    const at = keys.length === 1 || path.length === 0 ? [...path, keys[0] ?? ''] : path;
    if (path.length === 0) {
      for (const key of keys) findings.push({ level: 'warning', path: [key], message: NO_EFFECT });
    } else if (keys.length === 1) findings.push({ level: 'warning', path: at, message: NO_EFFECT });
    else findings.push({ level: 'warning', path, message: `${formatList(keys)} have no effect in Standin` });
  }
}

/** The topmost keys below which nothing was asked for. */
function unclaimed(source: Tree, claimed: ReadonlySet<string>, opened: ReadonlySet<string>): ConfigPath[] {
  const found: ConfigPath[] = [];
  const hasClaim = (path: ConfigPath) => {
    const key = pathKey(path);
    return opened.has(key) || claimed.has(key) || [...claimed].some((one) => one.startsWith(`${key}\u0000`));
  };
  const visit = (value: unknown, path: ConfigPath): void => {
    if (value === null || claimed.has(pathKey(path))) return;
    const isTable = isTree(value) || (Array.isArray(value) && value.some(isTree));
    const inside = isTable ? Object.entries(value as object) : [];
    if (path.length > 0 && !(isTable && hasClaim(path))) {
      if (!isTable || inside.length > 0) found.push(path);
      return;
    }
    for (const [key, child] of inside) visit(child, [...path, key]);
  };
  visit(source, []);
  return found;
}

/** Tables and lists anew; dates keep the form the parser gave them. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isTree(value)) return value;
  const copy: Tree = {};
  for (const [key, item] of Object.entries(value)) setAt(copy, [key], copyOf(item));
  return copy;
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return String(value);
  return Number.isInteger(value) ? 'a whole number' : 'a fraction';
}

export function fateLine({ from, kind, to, reason }: Fate): string {
  const target = to === undefined || kind === 'kept' ? '' : ` → ${formatPath(to)}`;
  return `${formatPath(from)}: ${kind}${target}${reason === undefined ? '' : ` (${reason})`}`;
}
