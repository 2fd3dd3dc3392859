import { pathKey, type ConfigPath } from './path.ts';

/** Where each config path stands in its file. */
export interface LineIndex {
  /** 1-based line of the path, or of the nearest table or key above it that is written out. */
  readonly lineOf: (path: ConfigPath) => number | undefined;
}

/**
 * Lines of every key, table header and array item of a TOML document that has already been parsed without error (the
 * parser itself gives positions only for syntax errors).
 */
export function indexToml(text: string): LineIndex {
  const written = new Map<string, number>();
  const implied = new Map<string, number>();
  new Scanner(text, written, implied).document();
  return {
    lineOf(path) {
      for (let length = path.length; length > 0; length--) {
        const line = written.get(pathKey(path.slice(0, length)));
        if (line !== undefined) return line;
        // `[a.b.c]` implies `a`, but it is not the place of an unrelated `a.x`.
        if (length === path.length && implied.has(pathKey(path))) return implied.get(pathKey(path));
      }
      return undefined;
    },
  };
}

class Scanner {
  readonly #text: string;
  readonly #written: Map<string, number>;
  readonly #implied: Map<string, number>;
  /** Items seen so far of each `[[array of tables]]`. */
  readonly #counts = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string, written: Map<string, number>, implied: Map<string, number>) {
    this.#text = text;
    this.#written = written;
    this.#implied = implied;
  }

  document(): void {
    let table: string[] = [];
    while (this.#at < this.#text.length) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return;
      if (this.#peek() === '[') table = this.#header();
      else this.#pair(table);
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #next(): string {
    const character = this.#text[this.#at++] ?? '';
    if (character === '\n') this.#line++;
    return character;
  }

  /** White space, line ends, commas and comments. */
  #skipBlank(): void {
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (character === '#') while (this.#at < this.#text.length && this.#peek() !== '\n') this.#next();
      else if (/[\s,\uFEFF]/u.test(character)) this.#next();
      else return;
    }
  }

  #header(): string[] {
    this.#next();
    const isArray = this.#peek() === '[';
    if (isArray) this.#next();
    const line = this.#line;
    const keys = this.#keys(']');
    this.#next();
    if (isArray) this.#next();
    const path = this.#resolve(isArray ? keys.slice(0, -1) : keys);
    if (isArray) {
      path.push(keys.at(-1) ?? '');
      const index = this.#counts.get(pathKey(path)) ?? 0;
      this.#counts.set(pathKey(path), index + 1);
      this.#note(path, line);
      path.push(String(index));
    }
    this.#note(path, line);
    return path;
  }

  /** A header may pass through an array of tables: it means the last item. */
  #resolve(keys: readonly string[]): string[] {
    const path: string[] = [];
    for (const key of keys) {
      path.push(key);
      const count = this.#counts.get(pathKey(path));
      if (count !== undefined) path.push(String(count - 1));
    }
    return path;
  }

  #note(path: ConfigPath, line: number): void {
    const key = pathKey(path);
    if (!this.#written.has(key)) this.#written.set(key, line);
    for (let length = 1; length < path.length; length++) {
      const parent = pathKey(path.slice(0, length));
      if (!this.#implied.has(parent)) this.#implied.set(parent, line);
    }
  }

  #pair(table: readonly string[]): void {
    const line = this.#line;
    const start = this.#at;
    const path = [...table, ...this.#keys('=')];
    if (this.#at === start) {
      this.#next();
      return;
    }
    this.#note(path, line);
    this.#next();
    this.#value(path);
  }

  /** Dotted key parts up to (not including) `end`. */
  #keys(end: string): string[] {
    const keys: string[] = [];
    let bare = '';
    while (this.#at < this.#text.length && this.#peek() !== end) {
      const character = this.#peek();
      if (character === '"' || character === "'") keys.push(this.#string());
      else {
        this.#next();
        if (/[A-Za-z0-9_-]/.test(character)) bare += character;
        else if (bare !== '') [keys[keys.length], bare] = [bare, ''];
      }
    }
    if (bare !== '') keys.push(bare);
    return keys;
  }

  #value(path: readonly string[]): void {
    while (/[ \t]/.test(this.#peek())) this.#next();
    const character = this.#peek();
    if (character === '"' || character === "'") this.#string();
    else if (character === '[') this.#array(path);
    else if (character === '{') this.#inlineTable(path);
    else while (this.#at < this.#text.length && !/[\n,\]}#]/.test(this.#peek())) this.#next();
  }

  #array(path: readonly string[]): void {
    this.#next();
    for (let index = 0; this.#at < this.#text.length; index++) {
      this.#skipBlank();
      if (this.#peek() === ']') break;
      const item = [...path, String(index)];
      this.#note(item, this.#line);
      const before = this.#at;
      this.#value(item);
      if (this.#at === before) this.#next();
    }
    this.#next();
  }

  #inlineTable(path: readonly string[]): void {
    this.#next();
    while (this.#at < this.#text.length) {
      this.#skipBlank();
      if (this.#peek() === '}') break;
      this.#pair(path);
    }
    this.#next();
  }

  /** A string of any of the four kinds; gives its text as far as keys need it. */
  #string(): string {
    const quote = this.#peek();
    const long = this.#text.startsWith(quote.repeat(3), this.#at);
    const close = long ? quote.repeat(3) : quote;
    for (let i = 0; i < close.length; i++) this.#next();
    let text = '';
    while (this.#at < this.#text.length && !this.#text.startsWith(close, this.#at)) {
      const character = this.#next();
      text += character;
      if (character === '\\' && quote === '"') text += this.#next();
    }
    for (let i = 0; i < close.length; i++) this.#next();
    // Up to two quotes may stand before the closing three.
    if (long) while (this.#peek() === quote) this.#next();
    return quote === '"' && text.includes('\\') ? unescape(text) : text;
  }
}

function unescape(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
