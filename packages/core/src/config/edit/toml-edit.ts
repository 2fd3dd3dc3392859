import { parse } from 'smol-toml';

import { deleteAt, isTree, setAt, valueAt, type ConfigPath, type Tree } from '../path.ts';
import { copyTree, sameValue } from './same.ts';
import { insertAt, type IsList } from './toml-insert.ts';
import { openDoc, placeAt, splice, startsWith } from './toml-find.ts';
import { formatKey, formatValue } from './toml-format.ts';
import { isWritten, removeAt } from './toml-remove.ts';

/** The edit cannot be made without touching more than was asked; the text is unchanged. */
export class EditError extends Error {
  override readonly name = 'EditError';
}

export interface SetOptions {
  /** Tells a list that is not written yet from a table with numbers as keys. Default: it is a table. */
  readonly isList?: IsList;
}

const withoutMark = (text: string): string => text.replace(/^\uFEFF/u, '');
const treeOf = (text: string): Tree => parse(withoutMark(text));

/**
 * Sets one value in TOML text; every other byte stays. A new key goes to its table, a new table beside its siblings.
 * Throws `EditError` when a part of the path holds a plain value, `TomlError` when the text is no TOML.
 */
export function setToml(text: string, at: ConfigPath, item: unknown, options: SetOptions = {}): string {
  const before = treeOf(text);
  const wanted = copyTree(before);
  checkWay(before, at);
  const isList = options.isList ?? (() => false);
  const lists = at.map((_, index) => at.slice(0, index)).filter((list) => isList(list));
  for (const list of lists) if (valueAt(wanted, list) === undefined) setAt(wanted, list, []);
  setAt(wanted, at, item);
  // The first item of a list that is not there yet is written as the list.
  const parent = at.slice(0, -1);
  const isFirst = valueAt(before, parent) === undefined && isList(parent);
  const path = isFirst ? parent : at;
  const value = isFirst ? [item] : item;
  if (sameValue(valueAt(before, path), value)) return text;
  return verified(change(text, path, value, before, isList), wanted, path);
}

/** Removes a value, a table with its comment block, or a list item. The same text when nothing is there. */
export function unsetToml(text: string, path: ConfigPath): string {
  const before = treeOf(text);
  if (valueAt(before, path) === undefined) return text;
  const wanted = copyTree(before);
  deleteAt(wanted, path);
  return verified(removeAt(text, path), wanted, path, true);
}

/** Gives the last part of a path another name wherever it is written. Throws `EditError` when the name is taken. */
export function renameToml(text: string, path: ConfigPath, name: string): string {
  const before = treeOf(text);
  const value = valueAt(before, path);
  const target = [...path.slice(0, -1), name];
  if (value === undefined) throw new EditError(`there is no ${path.join('.')}`);
  if (path.at(-1) === name) return text;
  if (valueAt(before, target) !== undefined) throw new EditError(`${target.join('.')} exists already`);
  const wanted = copyTree(before);
  deleteAt(wanted, path);
  setAt(wanted, target, value);
  const spots = keySpots(text, path).toSorted((a, b) => b.start - a.start);
  const renamed = spots.reduce((result, { start, end }) => splice(result, start, end, formatKey(name)), text);
  return verified(renamed, wanted, path);
}

/** Every key text that stands for the last segment of the path. */
function keySpots(text: string, path: ConfigPath): { start: number; end: number }[] {
  const doc = openDoc(text);
  const spots = new Map<number, { start: number; end: number }>();
  const note = (written: readonly { name: string; start: number; end: number }[], full: ConfigPath): void => {
    if (!startsWith(full, path)) return;
    // The written keys are the end of the full path, but positions of array items stand between them.
    let at = written.length - 1;
    for (let depth = full.length - 1; depth >= 0 && at >= 0; depth--) {
      const key = written[at];
      if (key === undefined || key.name !== full[depth]) continue;
      if (depth === path.length - 1) spots.set(key.start, { start: key.start, end: key.end });
      at--;
    }
  };
  for (const block of doc.blocks) note(block.keys, block.path);
  for (const place of doc.places) if (place.holder.kind !== 'array') note(place.holder.pair.keys, place.path);
  return [...spots.values()];
}

function checkWay(tree: Tree, path: ConfigPath): void {
  for (let length = 1; length < path.length; length++) {
    const value = valueAt(tree, path.slice(0, length));
    if (value === undefined) return;
    if (!isTree(value) && !Array.isArray(value)) {
      throw new EditError(`${path.slice(0, length).join('.')} is a plain value, so that nothing can stand below it`);
    }
    const index = Number(path[length]);
    if (Array.isArray(value) && !(Number.isInteger(index) && index >= 0 && index <= value.length)) {
      throw new EditError(
        `${path.slice(0, length).join('.')} is a list of ${value.length}; its next position is ${value.length}`,
      );
    }
  }
}

function change(text: string, path: ConfigPath, value: unknown, before: Tree, isList: IsList): string {
  const doc = openDoc(text);
  const place = placeAt(doc, path);
  if (place !== undefined) {
    const old = valueAt(before, path);
    if (Array.isArray(old) && Array.isArray(value) && place.value.kind === 'array') {
      return changeList(text, path, old, value);
    }
    const written = text.slice(place.value.start, place.value.end);
    return splice(text, place.value.start, place.value.end, formatValue(value, written));
  }
  return insertAt(isWritten(doc, path) ? removeAt(text, path) : text, path, value, isList);
}

/** Items that stay keep their place and their comments. */
function changeList(text: string, path: ConfigPath, old: readonly unknown[], next: readonly unknown[]): string {
  const most = Math.min(old.length, next.length);
  let head = 0;
  while (head < most && sameValue(old[head], next[head])) head++;
  let tail = 0;
  while (tail < most - head && sameValue(old.at(-1 - tail), next.at(-1 - tail))) tail++;
  let result = text;
  const replaced = Math.min(old.length, next.length) - tail;
  for (let index = head; index < replaced; index++) {
    const span = placeAt(openDoc(result), [...path, String(index)])?.value;
    if (span === undefined) return wholeList(text, path, next);
    result = splice(result, span.start, span.end, formatValue(next[index], result.slice(span.start, span.end)));
  }
  for (let index = old.length - tail - 1; index >= replaced; index--)
    result = removeAt(result, [...path, String(index)]);
  for (let index = replaced; index < next.length - tail; index++)
    result = insertAt(result, [...path, String(index)], next[index]);
  return result;
}

function wholeList(text: string, path: ConfigPath, next: readonly unknown[]): string {
  const span = placeAt(openDoc(text), path)?.value;
  return span === undefined ? text : splice(text, span.start, span.end, formatValue(next));
}

/** An edit is taken only when the result reads as what was meant. */
function verified(result: string, wanted: Tree, path: ConfigPath, loose = false): string {
  let after: Tree | undefined;
  try {
    after = treeOf(result);
  } catch {
    after = undefined;
  }
  const isMeant =
    after !== undefined && (sameValue(after, wanted) || (loose && sameValue(pruned(after), pruned(wanted))));
  if (isMeant) return result;
  throw new EditError(`${path.join('.')} stands in a form that cannot be edited in place; change it by hand`);
}

/** A table that was only implied by its one key goes with it, and so does an array of tables with its last one. */
function pruned(value: unknown): unknown {
  if (!isTree(value)) return value;
  const kept = Object.entries(value)
    .map(([key, item]) => [key, pruned(item)] as const)
    .filter(([, item]) => (Array.isArray(item) ? item.length > 0 : !isTree(item) || Object.keys(item).length > 0));
  return Object.fromEntries(kept);
}
