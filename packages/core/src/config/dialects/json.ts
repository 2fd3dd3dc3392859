import { ConfigError } from '../issue.ts';
import { pathKey, type ConfigPath, type Tree } from '../path.ts';
import type { LineIndex } from '../toml-index.ts';

export interface ParsedJson {
  readonly tree: Tree;
  readonly index: LineIndex;
}

/** Reads a JSON object and the line of every key. Throws `ConfigError` with file and line; never quotes the text. */
export function parseJson(text: string, file: string): ParsedJson {
  const lines = new Map<string, number>();
  const reader = new JsonReader(text.replace(/^\uFEFF/u, ''), file, lines);
  const tree = reader.document();
  return {
    tree,
    index: {
      lineOf(path) {
        for (let length = path.length; length > 0; length--) {
          const line = lines.get(pathKey(path.slice(0, length)));
          if (line !== undefined) return line;
        }
        return undefined;
      },
    },
  };
}

const LITERALS: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

const MAX_DEPTH = 200;

class JsonReader {
  readonly #text: string;
  readonly #file: string;
  readonly #lines: Map<string, number>;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, file: string, lines: Map<string, number>) {
    this.#text = text;
    this.#file = file;
    this.#lines = lines;
  }

  document(): Tree {
    this.#blank();
    const value = this.#object([]);
    this.#blank();
    if (this.#at < this.#text.length) this.#fail('more text after the end of the object');
    return value;
  }

  #fail(reason: string): never {
    const message = `JSON syntax error in column ${this.#at - this.#lineStart + 1}: ${reason}`;
    throw new ConfigError([{ level: 'error', file: this.#file, line: this.#line, message }]);
  }

  #blank(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '\n') [this.#line, this.#lineStart] = [this.#line + 1, this.#at + 1];
      else if (character === '/' && /^\/[/*]/.test(this.#text.slice(this.#at, this.#at + 2))) {
        this.#fail('JSON has no comments');
      } else if (character !== ' ' && character !== '\t' && character !== '\r') return;
    }
  }

  #object(path: ConfigPath): Tree {
    const tree: Tree = {};
    if (this.#text[this.#at] !== '{') this.#fail('expected "{"');
    this.#at++;
    for (let isFirst = true; ; isFirst = false) {
      this.#blank();
      if (this.#text[this.#at] === '}' && isFirst) break;
      if (this.#text[this.#at] === '}') this.#fail('a comma before "}"');
      if (this.#text[this.#at] !== '"') this.#fail('expected a key in double quotes');
      const line = this.#line;
      const key = this.#string();
      const place = [...path, key];
      this.#lines.set(pathKey(place), line);
      this.#blank();
      if (this.#text[this.#at] !== ':') this.#fail('expected ":" after the key');
      this.#at++;
      this.#blank();
      const value = this.#value(place);
      Object.defineProperty(tree, key, { value, enumerable: true, configurable: true, writable: true });
      if (!this.#more('}')) break;
    }
    this.#at++;
    return tree;
  }

  #array(path: ConfigPath): unknown[] {
    const list: unknown[] = [];
    this.#at++;
    for (;;) {
      this.#blank();
      if (this.#text[this.#at] === ']' && list.length === 0) break;
      if (this.#text[this.#at] === ']') this.#fail('a comma before "]"');
      const place = [...path, String(list.length)];
      this.#lines.set(pathKey(place), this.#line);
      list.push(this.#value(place));
      if (!this.#more(']')) break;
    }
    this.#at++;
    return list;
  }

  /** After an item: true for a comma (taken), false at the end (not taken). */
  #more(end: string): boolean {
    this.#blank();
    const character = this.#text[this.#at];
    if (character === end) return false;
    if (character !== ',')
      this.#fail(character === undefined ? `"${end}" is missing at the end` : `expected "," or "${end}"`);
    this.#at++;
    return true;
  }

  #value(path: ConfigPath): unknown {
    if (path.length > MAX_DEPTH) this.#fail('nested too deeply');
    const character = this.#text[this.#at];
    if (character === '{') return this.#object(path);
    if (character === '[') return this.#array(path);
    if (character === '"') return this.#string();
    for (const [word, value] of LITERALS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const number = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 400))?.[0];
    if (number === undefined) this.#fail('expected a value');
    this.#at += number.length;
    return Number(number);
  }

  #string(): string {
    const start = this.#at;
    for (this.#at++; this.#text[this.#at] !== '"'; this.#at++) {
      const character = this.#text[this.#at];
      if (character === undefined || character === '\n') this.#fail('a string without its closing quote');
      if (character === '\\') this.#at++;
    }
    this.#at++;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      return this.#fail('a string with a control character or an unknown escape');
    }
  }
}
