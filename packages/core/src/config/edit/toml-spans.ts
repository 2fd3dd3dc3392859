import { parse } from 'smol-toml';

/** A value as written: where its text begins and ends, and what stands inside. Offsets are UTF-16 positions. */
export interface ValueSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: 'scalar' | 'array' | 'inline';
  /** Items of an array, in order. */
  readonly items: readonly ValueSpan[];
  /** Pairs of an inline table, in order. */
  readonly pairs: readonly PairSpan[];
}

export interface KeySpan {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** `a.b = value`, in a table's body or an inline table. */
export interface PairSpan {
  readonly keys: readonly KeySpan[];
  readonly value: ValueSpan;
}

/** A `[table]`, an item of `[[array]]`, or what stands before the first header. */
export interface BlockSpan {
  /** Config path; items of an array of tables carry their position. */
  readonly path: readonly string[];
  /** Keys of the header as written; those of the root are empty. */
  readonly keys: readonly KeySpan[];
  readonly isArrayItem: boolean;
  /** Start of the header's line; 0 for the root. */
  readonly start: number;
  /** After the header's line end; where the first pair may stand. */
  readonly bodyStart: number;
  readonly pairs: readonly PairSpan[];
}

/** Spans of a document that the TOML parser accepts; the first block is the root. */
export function parseSpans(text: string): BlockSpan[] {
  return new SpanReader(text).document();
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

class SpanReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): BlockSpan[] {
    const counts = new Map<string, number>();
    const root = { path: [], keys: [], isArrayItem: false, start: 0, bodyStart: 0, pairs: [] as PairSpan[] };
    const blocks: BlockSpan[] = [root];
    let pairs = root.pairs;
    while (this.#skipBlank()) {
      if (this.#text[this.#at] === '[') {
        const block = this.#header(counts);
        blocks.push(block);
        pairs = block.pairs;
      } else pairs.push(this.#pair());
    }
    return blocks;
  }

  /** Past white space, line ends, commas and comments; false at the end. */
  #skipBlank(): boolean {
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? '';
      if (character === '#') this.#at = lineEnd(this.#text, this.#at) - 1;
      else if (!/[\s,\uFEFF]/u.test(character)) return true;
    }
    return false;
  }

  #header(counts: Map<string, number>): BlockSpan & { pairs: PairSpan[] } {
    const start = lineStart(this.#text, this.#at);
    const isArrayItem = this.#text.startsWith('[[', this.#at);
    this.#at += isArrayItem ? 2 : 1;
    const keys = this.#keys(']');
    this.#at += isArrayItem ? 2 : 1;
    const path = headerPath(
      keys.map(({ name }) => name),
      isArrayItem,
      counts,
    );
    return { path, keys, isArrayItem, start, bodyStart: lineAfter(this.#text, this.#at), pairs: [] };
  }

  #pair(): PairSpan {
    const keys = this.#keys('=');
    this.#at++;
    return { keys, value: this.#value() };
  }

  #keys(end: string): KeySpan[] {
    const keys: KeySpan[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== end) {
      const start = this.#at;
      const character = this.#text[start] ?? '';
      if (character === '"' || character === "'") {
        this.#string();
        keys.push({ name: keyName(this.#text.slice(start, this.#at)), start, end: this.#at });
      } else if (/[A-Za-z0-9_-]/.test(character)) {
        while (/[A-Za-z0-9_-]/.test(this.#text[this.#at] ?? '')) this.#at++;
        keys.push({ name: this.#text.slice(start, this.#at), start, end: this.#at });
      } else this.#at++;
    }
    return keys;
  }

  #value(): ValueSpan {
    while (/[ \t]/.test(this.#text[this.#at] ?? '')) this.#at++;
    const value: Growing<ValueSpan> = { start: this.#at, end: this.#at, kind: 'scalar', items: [], pairs: [] };
    const character = this.#text[this.#at];
    if (character === '"' || character === "'") this.#string();
    else if (character === '[' || character === '{') Object.assign(value, this.#container(character));
    else {
      while (this.#at < this.#text.length && !/[\n\r,\]}#]/.test(this.#text[this.#at] ?? '')) this.#at++;
      while (/\s/.test(this.#text[this.#at - 1] ?? '')) this.#at--;
    }
    value.end = this.#at;
    return value;
  }

  #container(open: '[' | '{'): Pick<ValueSpan, 'kind' | 'items' | 'pairs'> {
    const items: ValueSpan[] = [];
    const pairs: PairSpan[] = [];
    const close = open === '[' ? ']' : '}';
    this.#at++;
    while (this.#skipBlank() && this.#text[this.#at] !== close) {
      if (open === '[') items.push(this.#value());
      else pairs.push(this.#pair());
    }
    this.#at++;
    return { kind: open === '[' ? 'array' : 'inline', items, pairs };
  }

  /** Past a string of any of the four kinds. */
  #string(): void {
    const quote = this.#text[this.#at] ?? '';
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const close = isLong ? quote.repeat(3) : quote;
    this.#at += close.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(close, this.#at)) {
      this.#at += quote === '"' && this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += close.length;
    // Up to two quotes may stand before the closing three.
    if (!isLong) return;
    for (let extra = 0; extra < 2 && this.#text[this.#at] === quote; extra++) this.#at++;
  }
}

/** Headers below an array of tables mean its last item. */
function headerPath(names: readonly string[], isArrayItem: boolean, counts: Map<string, number>): string[] {
  const path: string[] = [];
  names.forEach((name, index) => {
    path.push(name);
    const key = path.join('\u0000');
    const isOwn = isArrayItem && index === names.length - 1;
    const count = (counts.get(key) ?? 0) + (isOwn ? 1 : 0);
    if (count > 0) {
      counts.set(key, count);
      path.push(String(count - 1));
    }
  });
  return path;
}

function keyName(written: string): string {
  return Object.keys(parse(`${written} = 1`))[0] ?? '';
}

export function lineStart(text: string, at: number): number {
  return at <= 0 ? 0 : text.lastIndexOf('\n', at - 1) + 1;
}

/** Position of the line end, or of the end of the text. */
export function lineEnd(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** Start of the next line, or the end of the text. */
export function lineAfter(text: string, at: number): number {
  return Math.min(lineEnd(text, at) + 1, text.length);
}
