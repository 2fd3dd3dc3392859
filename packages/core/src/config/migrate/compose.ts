import { isDeepStrictEqual } from 'node:util';
import { parse } from 'smol-toml';

import type { Conversion, Fate } from '../dialects/conversion.ts';
import { formatKey, formatKeys, formatValue } from '../edit/toml-format.ts';
import { isTree, type ConfigPath, type Tree } from '../path.ts';
import { statementKey, type Document, type Statement } from './statements.ts';

/** Sections in the order people read them; the others follow in the order of the file. */
const ORDER = ['schema_version', 'providers', 'agents', 'model_routes', 'reliability', 'gateway'];

const EMPTY: Document = { head: [], statements: [], tail: [] };

/** The native TOML of a conversion. With the statements of a TOML source, its comments and layout of values stay. */
export function compose(conversion: Conversion, document: Document = EMPTY): string {
  const writer = createWriter(conversion, document);
  const { tree, fates } = conversion;
  const kept = new Set(fates.filter(({ kind }) => kind === 'kept').map(({ from }) => from.join('\u0000')));
  const names = [
    ...ORDER.filter((name) => Object.hasOwn(tree, name)),
    ...Object.keys(tree).filter((name) => !ORDER.includes(name)),
  ];
  const isVerbatim = (name: string) => kept.has(name) && document.statements.some(({ path }) => path[0] === name);
  const root = names.filter((name) => !isTable(tree[name]));
  const tables = names.filter((name) => isTable(tree[name]));
  writer.lines(document.head);
  if (document.head.length > 0) writer.gap();
  for (const name of root) writer.pair([name], tree[name]);
  // A table written as `name = { … }` at the top of the file must stay above the first header.
  const inline = tables.filter(
    (name) =>
      isVerbatim(name) &&
      document.statements.some((one) => one.path[0] === name && one.block.length === 0 && !one.isHeader),
  );
  for (const name of inline) writer.verbatim(name);
  for (const name of tables) {
    if (inline.includes(name)) continue;
    if (isVerbatim(name)) writer.verbatim(name);
    else writer.value([name], tree[name]);
  }
  writer.leftovers(fates.filter(({ kind }) => kind === 'left out'));
  return writer.text();
}

function isTable(value: unknown): boolean {
  return isTree(value) || isTableList(value);
}

function isTableList(value: unknown): value is readonly Tree[] {
  return Array.isArray(value) && value.length > 0 && value.every(isTree);
}

interface Writer {
  lines(lines: readonly string[]): void;
  gap(): void;
  pair(path: ConfigPath, value: unknown): void;
  value(path: ConfigPath, value: unknown): void;
  verbatim(section: string): void;
  leftovers(fates: readonly Fate[]): void;
  text(): string;
}

function createWriter(conversion: Conversion, document: Document): Writer {
  const out: string[] = [];
  const byKey = new Map(document.statements.map((one) => [statementKey(one.path, one.isHeader), one]));
  const told = new Set<Statement>();
  /** Statements whose value stands in the new text. */
  const written = new Set<Statement>();

  const gap = (): void => {
    if (out.length > 0 && out.at(-1) !== '') out.push('');
  };
  const header = (path: ConfigPath | undefined) =>
    path === undefined ? undefined : byKey.get(statementKey(path, true));
  const key = (path: ConfigPath | undefined) => (path === undefined ? undefined : byKey.get(statementKey(path, false)));
  /** Comments above a statement, once. */
  const take = (statement: Statement | undefined): Statement | undefined => {
    if (statement === undefined || told.has(statement)) return undefined;
    told.add(statement);
    out.push(...statement.leading);
    return statement;
  };
  const trailing = (statement: Statement | undefined) =>
    statement?.trailing === undefined ? '' : ` ${statement.trailing}`;

  const pair = (path: ConfigPath, value: unknown): void => {
    const statement = key(conversion.originOf(path));
    const isSame = statement !== undefined && isDeepStrictEqual(plain(readValue(statement.value)), plain(value));
    const first = take(statement);
    if (statement !== undefined) written.add(statement);
    if (!isSame && first !== undefined) out.push(...first.inner);
    const text = isSame ? statement.value : formatValue(value, statement?.value);
    out.push(`${formatKey(path.at(-1) ?? '')} = ${text}${trailing(first)}`);
  };

  const table = (path: ConfigPath, value: Tree, isItem: boolean): void => {
    const origin = conversion.originOf(path) ?? path;
    const pairs = Object.entries(value).filter(([name, item]) => !isTable(item) || isInline(path, name));
    const tables = Object.entries(value).filter(([name, item]) => isTable(item) && !isInline(path, name));
    // A table that only holds tables needs no header of its own.
    if (isItem || pairs.length > 0 || tables.length === 0) {
      gap();
      const first = take(header(origin)) ?? take(key(origin));
      const name = formatKeys(
        path.filter((segment, index) => !(isItem && index === path.length - 1) && !isPosition(segment, index)),
      );
      out.push(`${isItem ? `[[${name}]]` : `[${name}]`}${trailing(first)}`);
      for (const [name, item] of pairs) pair([...path, name], item);
    }
    for (const [name, item] of tables) place([...path, name], item);
  };
  const isPosition = (segment: string, index: number) => index === 1 && /^\d+$/.test(segment);
  /** An inline table of the file stays one. */
  const isInline = (path: ConfigPath, name: string): boolean => {
    const origin = conversion.originOf([...path, name]);
    return key(origin)?.value.startsWith('{') === true || key(origin)?.value.startsWith('[') === true;
  };
  const place = (path: ConfigPath, value: unknown): void => {
    if (isTableList(value)) value.forEach((item, index) => table([...path, String(index)], item, true));
    else if (isTree(value)) table(path, value, false);
  };

  return {
    gap,
    pair,
    value: place,
    lines: (lines) => void out.push(...lines),
    verbatim(section) {
      for (const statement of document.statements) {
        if (statement.path[0] !== section) continue;
        if (statement.isHeader) gap();
        take(statement);
        written.add(statement);
        out.push(statement.text);
      }
    },
    leftovers(fates) {
      const lost = document.statements.filter(
        (statement) =>
          fates.some(({ from }) => isDeepStrictEqual(from, statement.path)) ||
          (!written.has(statement) && fates.some(({ from }) => covers(from, statement))),
      );
      if (lost.length > 0) {
        gap();
        out.push('# Keys of the former file that Standin has no use for:');
        let block = '';
        for (const statement of lost) {
          const section = formatKeys(statement.block);
          if (section !== block && !statement.isHeader && section !== '') out.push(`# [${section}]`);
          block = section;
          take(statement);
          out.push(...statement.text.split('\n').map((line) => `# ${line}`.trimEnd()));
        }
      }
      const before = out.length;
      gap();
      for (const statement of document.statements) {
        if (told.has(statement)) continue;
        take(statement);
        out.push(...statement.inner, ...(statement.trailing === undefined ? [] : [statement.trailing]));
      }
      out.push(...document.tail);
      if (out.length === before + 1) out.length = before;
    },
    text: () => `${out.join('\n').trimEnd()}\n`,
  };
}

/** A key that is left out, what stands below it, or the inline table that holds it. */
function covers(from: ConfigPath, { path, isHeader }: Statement): boolean {
  const isBelow = from.every((segment, index) => path[index] === segment);
  return isBelow || (!isHeader && path.every((segment, index) => from[index] === segment));
}

function readValue(text: string): unknown {
  return parse(`value = ${text}`)['value'];
}

/** Without the parser's own prototypes, so that equal values compare as equal. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (isTree(value)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  return value instanceof Date ? value.toISOString() : value;
}
