import { parseSpans, type BlockSpan, type PairSpan, type ValueSpan } from './toml-spans.ts';

/** A document with its spans and every place a path may stand at. */
export interface Doc {
  readonly text: string;
  readonly newline: string;
  readonly blocks: readonly BlockSpan[];
  readonly places: readonly Place[];
}

/** One written value and its path. */
export interface Place {
  readonly path: readonly string[];
  readonly value: ValueSpan;
  readonly block: BlockSpan;
  /** What holds it directly. */
  readonly holder:
    | { readonly kind: 'block'; readonly pair: PairSpan }
    | { readonly kind: 'inline'; readonly pair: PairSpan; readonly of: ValueSpan }
    | { readonly kind: 'array'; readonly of: ValueSpan; readonly index: number };
}

export function openDoc(text: string): Doc {
  const blocks = parseSpans(text);
  const places: Place[] = [];
  for (const block of blocks) {
    for (const pair of block.pairs) {
      const path = [...block.path, ...pair.keys.map(({ name }) => name)];
      add({ path, value: pair.value, block, holder: { kind: 'block', pair } }, places);
    }
  }
  return { text, newline: /\r\n/.test(text) ? '\r\n' : '\n', blocks, places };
}

function add(place: Place, places: Place[]): void {
  places.push(place);
  const { path, value, block } = place;
  value.items.forEach((item, index) => {
    const holder = { kind: 'array', of: value, index } as const;
    add({ path: [...path, String(index)], value: item, block, holder }, places);
  });
  for (const pair of value.pairs) {
    const inner = [...path, ...pair.keys.map(({ name }) => name)];
    add({ path: inner, value: pair.value, block, holder: { kind: 'inline', pair, of: value } }, places);
  }
}

export function samePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}

export function startsWith(path: readonly string[], prefix: readonly string[]): boolean {
  return path.length >= prefix.length && prefix.every((segment, index) => path[index] === segment);
}

export function placeAt(doc: Doc, path: readonly string[]): Place | undefined {
  return doc.places.find((place) => samePath(place.path, path));
}

export function blockAt(doc: Doc, path: readonly string[]): BlockSpan | undefined {
  return doc.blocks.find((block) => samePath(block.path, path));
}

export function splice(text: string, start: number, end: number, insert: string): string {
  return text.slice(0, start) + insert + text.slice(end);
}
