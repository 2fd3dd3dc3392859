import type { ConfigPath } from '../path.ts';
import { blockAt, openDoc, placeAt, samePath, splice, startsWith, type Doc, type Place } from './toml-find.ts';
import { formatKeys, formatValue } from './toml-format.ts';
import { blockEnd, commaAfter, commentStart } from './toml-remove.ts';
import { lineAfter, lineStart, type BlockSpan, type ValueSpan } from './toml-spans.ts';

export type IsList = (path: ConfigPath) => boolean;

/** Writes a value at a path where nothing is written yet. */
export function insertAt(text: string, path: ConfigPath, value: unknown, isList: IsList = () => false): string {
  const doc = openDoc(text);
  const holder = nearestPlace(doc, path);
  if (holder?.value.kind === 'inline') {
    const rest = path.slice(holder.path.length);
    return addMember(doc, holder.value, `${formatKeys(rest)} = ${formatValue(value)}`, Infinity);
  }
  if (holder?.value.kind === 'array') return addItem(doc, holder, path, value);
  const parent = path.slice(0, -1);
  const block = blockAt(doc, parent);
  if (block !== undefined) return addPair(doc, block, path.slice(-1), value);
  const dotted = dottedHome(doc, parent);
  if (dotted !== undefined) return addAfter(doc, dotted.after, [...dotted.keys, ...path.slice(-1)], value);
  const leaf = blockAt(doc, parent.slice(0, -1));
  const isListItem = isListOf(doc, parent.slice(0, -1), isList);
  if (leaf !== undefined && leaf.pairs.length > 0 && leaf.path.length > 0 && !isListItem) {
    return addPair(doc, leaf, path.slice(-2), value);
  }
  const body = `${formatKeys(path.slice(-1))} = ${formatValue(value)}${doc.newline}`;
  return addTable(doc, parent, body, isListItem);
}

/** The deepest written value above the path. */
function nearestPlace(doc: Doc, path: ConfigPath): Place | undefined {
  for (let length = path.length - 1; length > 0; length--) {
    const place = placeAt(doc, path.slice(0, length));
    if (place !== undefined) return place;
  }
  return undefined;
}

function addItem(doc: Doc, holder: Place, path: ConfigPath, value: unknown): string {
  const [position = '0', ...rest] = path.slice(holder.path.length);
  // A path that goes on below a new item makes a table of it.
  const item = rest.toReversed().reduce<unknown>((inner, key) => ({ [key]: inner }), value);
  return addMember(doc, holder.value, formatValue(item), Number(position));
}

/** Adds to `[…]` or `{…}` before the member at `position`, in the layout the others have. */
function addMember({ text, newline }: Doc, holder: ValueSpan, member: string, position: number): string {
  const spans =
    holder.kind === 'array'
      ? holder.items
      : holder.pairs.map((pair) => ({ start: pair.keys[0]?.start ?? pair.value.start, end: pair.value.end }));
  const next = spans[position];
  if (next !== undefined) {
    const indent = ownLineIndent(text, next.start, holder.start);
    const gap = indent === undefined ? ', ' : `,${newline}${indent}`;
    return splice(text, next.start, next.start, `${member}${gap}`);
  }
  const last = spans.at(-1);
  if (last === undefined) {
    const inner = holder.kind === 'inline' ? `{ ${member} }` : `[${member}]`;
    const isEmpty = /^.\s*.$/s.test(text.slice(holder.start, holder.end));
    return isEmpty
      ? splice(text, holder.start, holder.end, inner)
      : splice(text, holder.start + 1, holder.start + 1, member);
  }
  const indent = ownLineIndent(text, last.start, holder.start);
  const comma = commaAfter(text, last.end, holder.end - 1);
  if (indent === undefined) {
    if (comma === undefined) return splice(text, last.end, last.end, `, ${member}`);
    return splice(text, comma + 1, comma + 1, ` ${member}`);
  }
  // Behind the comment that may follow the last one on its line.
  const isClosedOnLine = lineAfter(text, last.end) >= holder.end;
  if (isClosedOnLine)
    return splice(
      text,
      comma === undefined ? last.end : comma + 1,
      comma === undefined ? last.end : comma + 1,
      `${comma === undefined ? ',' : ''}${newline}${indent}${member}`,
    );
  const end = lineAfter(text, comma ?? last.end);
  const line = `${indent}${member}${comma === undefined ? '' : ','}${newline}`;
  const added = splice(text, end, end, line);
  return comma === undefined ? splice(added, last.end, last.end, ',') : added;
}

/** Indentation of a member that begins its own line. */
function ownLineIndent(text: string, at: number, holderStart: number): string | undefined {
  const start = lineStart(text, at);
  const lead = text.slice(start, at);
  return start > holderStart && /^[ \t]*$/.test(lead) ? lead : undefined;
}

/** A table that exists only through dotted keys (`a.b = 1`) must be gone on with there. */
function dottedHome(doc: Doc, parent: ConfigPath): { after: Place; keys: readonly string[] } | undefined {
  const inside = doc.places.filter(
    ({ holder, path, block }) =>
      holder.kind === 'block' &&
      path.length > parent.length &&
      startsWith(path, parent) &&
      block.path.length < parent.length,
  );
  const after = inside.at(-1);
  return after === undefined ? undefined : { after, keys: parent.slice(after.block.path.length) };
}

function addAfter({ text, newline }: Doc, { value, block }: Place, keys: readonly string[], next: unknown): string {
  const first = block.pairs.find((pair) => pair.value === value);
  const indent = indentAt(text, first?.keys[0]?.start ?? block.bodyStart);
  return insertLines(
    text,
    lineAfter(text, value.end),
    `${indent}${formatKeys(keys)} = ${formatValue(next)}${newline}`,
    newline,
  );
}

function indentAt(text: string, at: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, at), at))?.[0] ?? '';
}

/** A pair at the end of a table's body; before its first sub-table, since those come after it. */
function addPair(doc: Doc, block: BlockSpan, keys: readonly string[], value: unknown): string {
  const { text, newline } = doc;
  const last = block.pairs.at(-1);
  const line = `${formatKeys(keys)} = ${formatValue(value)}${newline}`;
  if (last !== undefined) {
    const indent = indentAt(text, last.keys[0]?.start ?? last.value.start);
    return insertLines(text, lineAfter(text, last.value.end), indent + line, newline);
  }
  if (block.path.length > 0) return insertLines(text, block.bodyStart, line, newline);
  return addFirst(doc, line);
}

/** The first top-level key: after the comment that opens the file, before the first table. */
function addFirst({ text, newline, blocks }: Doc, line: string): string {
  const header = blocks[1];
  if (header === undefined) return insertLines(text, text.length, line, newline);
  const at = commentStart(text, header.start);
  const gap =
    /(^|\n)[ \t]*\r?\n$/.test(text.slice(0, at)) || at === 0 || /^\uFEFF$/u.test(text.slice(0, at)) ? '' : newline;
  const start = at === 0 && text.startsWith('\uFEFF') ? 1 : at;
  return splice(text, start, start, `${gap}${line}${newline}`);
}

/** True for an array of tables, written or to be written. */
function isListOf(doc: Doc, path: ConfigPath, isList: IsList): boolean {
  return isList(path) || doc.blocks.some((block) => block.isArrayItem && samePath(block.path.slice(0, -1), path));
}

/**
 * Adds `[path]` with the lines of `body` beside its nearest relatives. For an item of an array of tables give the path
 * with its position.
 */
export function insertTable(text: string, path: ConfigPath, body: string, isList: IsList = () => false): string {
  const doc = openDoc(text);
  return addTable(doc, path, body.replaceAll('\n', doc.newline), isListOf(doc, path.slice(0, -1), isList));
}

/** A new table beside its nearest relatives, else at the end. */
function addTable(doc: Doc, path: ConfigPath, lines: string, isListItem: boolean): string {
  const { text, newline } = doc;
  const named = isListItem ? path.slice(0, -1) : path;
  const written = named.filter((segment, index) => !isPosition(doc, named, segment, index));
  const header = isListItem ? `[[${formatKeys(written)}]]` : `[${formatKeys(written)}]`;
  const body = `${header}${newline}${lines}`;
  const relative = nearestRelative(doc, path);
  if (relative === undefined) return appendBlock(text, body, newline);
  const at = blockEnd(doc, relative);
  if (at >= text.length) return appendBlock(text, body, newline);
  const lead = text[at - 1] === '\n' ? newline : newline + newline;
  const trail = /^[ \t]*\r?\n/.test(text.slice(at)) ? '' : newline;
  return splice(text, at, at, `${lead}${body}${trail}`);
}

/** Positions of arrays of tables are not written in headers. */
function isPosition(doc: Doc, path: ConfigPath, segment: string, index: number): boolean {
  return (
    /^\d+$/.test(segment) &&
    doc.blocks.some((block) => block.isArrayItem && samePath(block.path, path.slice(0, index + 1)))
  );
}

/** The last block that shares the longest part of the path; the sub-tables of a block come with it. */
function nearestRelative(doc: Doc, path: ConfigPath): BlockSpan | undefined {
  for (let length = path.length; length > 0; length--) {
    const prefix = path.slice(0, length);
    const relative = doc.blocks.findLast((block) => block.keys.length > 0 && startsWith(block.path, prefix));
    if (relative !== undefined) return relative;
  }
  return undefined;
}

function appendBlock(text: string, body: string, newline: string): string {
  if (/^\uFEFF?$/u.test(text)) return text + body;
  const closed = text.endsWith('\n') ? text : text + newline;
  return `${closed}${/\n[ \t]*\r?\n$/.test(closed) ? '' : newline}${body}`;
}

function insertLines(text: string, at: number, lines: string, newline: string): string {
  const lead = at > 0 && text[at - 1] !== '\n' && text[at - 1] !== '\uFEFF' ? newline : '';
  return splice(text, at, at, lead + lines);
}
