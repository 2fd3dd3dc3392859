import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';

import type { Conversion, Fate } from '../dialects/conversion.ts';
import { DIALECT_NAMES, type Dialect } from '../dialects/detect.ts';
import { parseConfigText } from '../dialects/native.ts';
import { convert } from '../dialects/read.ts';
import type { Issue } from '../issue.ts';
import { formatPath, isTree, valueAt, type Tree } from '../path.ts';
import type { LineIndex } from '../toml-index.ts';
import { compose } from './compose.ts';
import { unifiedDiff } from './diff.ts';
import { maskSecrets } from './mask.ts';
import { readStatements } from './statements.ts';

/** What became of one key of the former file. */
export interface MigrationLine {
  /** Path in the former file. */
  readonly key: string;
  readonly line?: number;
  readonly fate: 'mapped' | 'kept' | 'left out';
  /** Native paths, when mapped. */
  readonly to?: readonly string[];
  readonly reason?: string;
}

export interface MigrationReport {
  readonly dialect: Dialect;
  /** The dialect in words. */
  readonly from: string;
  /** Every key of the former file, in its order. */
  readonly keys: readonly MigrationLine[];
  /** Mistakes in the former file; nothing of them is lost. */
  readonly findings: readonly Issue[];
}

export interface Migration {
  /** Native TOML; the text itself when there was nothing to do. Holds the secrets of the file. */
  readonly text: string;
  readonly changed: boolean;
  readonly report: MigrationReport;
  /** Unified diff, secrets masked. */
  readonly diff: string;
}

/**
 * Turns a config of any dialect into native TOML. Every key is mapped, kept, or listed with the reason why not; comments
 * stay. A native file comes back unchanged. Throws `ConfigError` for a syntax error.
 */
export function migrateConfig(text: string, file: string): Migration {
  const parsed = parseConfigText(text, file);
  const { dialect } = parsed;
  const base = { dialect, from: DIALECT_NAMES[dialect] };
  if (dialect === 'native') return { text, changed: false, diff: '', report: { ...base, keys: [], findings: [] } };
  const conversion = convert(parsed.tree, dialect);
  const isJson = dialect === 'zeptoclaw';
  const migrated = compose(conversion, isJson ? undefined : readStatements(text));
  assertSame(migrated, conversion.tree);
  const trees = [parsed.tree, conversion.tree];
  const unknown = conversion.fates.flatMap(({ kind, from }) =>
    kind === 'left out' ? [valueAt(parsed.tree, from)] : [],
  );
  const show = (content: string) => maskSecrets(content, trees, unknown);
  return {
    text: migrated,
    changed: true,
    diff: unifiedDiff(show(text), show(migrated), file, isJson ? tomlName(file) : file),
    report: {
      ...base,
      keys: reportKeys(conversion, parsed.tree, parsed.index),
      findings: conversion.findings
        .filter(({ level }) => level !== 'note')
        .map(({ level, path, message, suggestion }) => {
          const line = parsed.index.lineOf(path);
          return {
            level,
            file,
            path: formatPath(path),
            message,
            ...(line === undefined ? {} : { line }),
            ...(suggestion === undefined ? {} : { suggestion }),
          };
        }),
    },
  };
}

/** `config.json` → `config.toml`; a TOML file keeps its name. */
export function tomlName(file: string): string {
  return /\.json[c5]?$/i.test(file) ? file.replace(/\.json[c5]?$/i, '.toml') : file;
}

/** Nothing is written that does not say the same. */
function assertSame(text: string, tree: Tree): void {
  if (isDeepStrictEqual(comparable(parse(text)), comparable(tree))) return;
  throw new Error('the migrated text does not say what the former file said; nothing was written');
}

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (value instanceof Date) return value.toISOString();
  if (!isTree(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, comparable(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => !(isTree(item) && Object.keys(item).length === 0)));
}

function reportKeys(conversion: Conversion, source: Tree, index: LineIndex): MigrationLine[] {
  const byKey = new Map<string, Fate[]>();
  for (const fate of conversion.fates) {
    const key = formatPath(fate.from);
    byKey.set(key, [...(byKey.get(key) ?? []), fate]);
  }
  const lines = [...byKey].flatMap(([key, fates]): MigrationLine[] => {
    const first = fates.find(({ kind }) => kind !== 'left out') ?? fates[0];
    if (first === undefined || valueAt(source, first.from) === undefined) return [];
    // Items of a list are said with it.
    if (/^\d+$/.test(first.from.at(-1) ?? '') && byKey.has(formatPath(first.from.slice(0, -1)))) return [];
    const to =
      first.kind === 'mapped' ? fates.flatMap((fate) => (fate.to === undefined ? [] : [formatPath(fate.to)])) : [];
    const line = index.lineOf(first.from);
    return [
      {
        key,
        fate: first.kind,
        ...(line === undefined ? {} : { line }),
        ...(to.length === 0 ? {} : { to: [...new Set(to)] }),
        ...(first.reason === undefined ? {} : { reason: first.reason }),
      },
    ];
  });
  return lines.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}
