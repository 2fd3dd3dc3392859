import { skipSpace } from './json-text.ts';

export interface LenientValue {
  /** Valid JSON. */
  readonly json: string;
  /** Index behind the value in the text it was read from. */
  readonly end: number;
  /** Brackets that the text leaves open were closed. */
  readonly closed: boolean;
}

const MAX_DEPTH = 64;
const WORDS: Readonly<Record<string, string>> = {
  true: 'true',
  false: 'false',
  null: 'null',
  True: 'true',
  False: 'false',
  None: 'null',
  undefined: 'null',
};

/**
 * Reads the object or list that begins at `at`, as models write it: single quotes, bare keys, trailing commas, raw line
 * breaks and stray quotes in strings, Python's words, closing brackets left out at the end. A string that never ends,
 * or anything else that would have to be guessed, gives `undefined`.
 */
export function readLenient(text: string, at: number): LenientValue | undefined {
  const reader = new Reader(text, at);
  const json = reader.value(0);
  return json === undefined ? undefined : { json, end: reader.at, closed: reader.closed };
}

class Reader {
  readonly #text: string;
  at: number;
  closed = false;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  value(depth: number): string | undefined {
    if (depth > MAX_DEPTH) return undefined;
    this.#space();
    const char = this.#text.charAt(this.at);
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    if (char === '"' || char === "'") return this.#string(char);
    return this.#bare();
  }

  #space(): void {
    this.at = skipSpace(this.#text, this.at);
  }

  /** True at the end of the text: what is open there is taken as closed. */
  #ended(): boolean {
    this.#space();
    if (this.at < this.#text.length) return false;
    this.closed = true;
    return true;
  }

  /** A closing bracket; one of the other kind means that this one was left out. */
  #closes(own: string, depth: number): boolean {
    this.#space();
    const char = this.#text.charAt(this.at);
    if (char === own) {
      this.at += 1;
      return true;
    }
    if ((char === '}' || char === ']') && depth > 0) {
      this.closed = true;
      return true;
    }
    return false;
  }

  #object(depth: number): string | undefined {
    this.at += 1;
    const members: string[] = [];
    for (;;) {
      if (this.#ended() || this.#closes('}', depth)) return `{${members.join(',')}}`;
      if (this.#text.charAt(this.at) === ',') {
        this.at += 1;
        continue;
      }
      const key = this.#key();
      if (key === undefined) return undefined;
      this.#space();
      if (this.#text.charAt(this.at) !== ':') return undefined;
      this.at += 1;
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      members.push(`${key}:${value}`);
      if (!this.#separated()) return undefined;
    }
  }

  #list(depth: number): string | undefined {
    this.at += 1;
    const elements: string[] = [];
    for (;;) {
      if (this.#ended() || this.#closes(']', depth)) return `[${elements.join(',')}]`;
      if (this.#text.charAt(this.at) === ',') {
        this.at += 1;
        continue;
      }
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      elements.push(value);
      if (!this.#separated()) return undefined;
    }
  }

  /** After an element comes a comma, a bracket or the end. */
  #separated(): boolean {
    this.#space();
    const char = this.#text.charAt(this.at);
    return char === ',' || char === '}' || char === ']' || char === '';
  }

  #key(): string | undefined {
    const char = this.#text.charAt(this.at);
    if (char === '"' || char === "'") return this.#string(char, true);
    const word = /^[A-Za-z_$][\w$-]*/.exec(this.#text.slice(this.at, this.at + 200))?.[0];
    if (word === undefined) return undefined;
    this.at += word.length;
    return JSON.stringify(word);
  }

  #string(quote: string, isKey = false): string | undefined {
    let out = '"';
    for (let index = this.at + 1; index < this.#text.length; index += 1) {
      const char = this.#text.charAt(index);
      if (char === '\\') {
        out += escaped(this.#text, index);
        if (/[bfnrtu"\\/']/.test(this.#text.charAt(index + 1))) index += 1;
      } else if (char === quote && this.#endsString(index + 1, isKey)) {
        this.at = index + 1;
        return `${out}"`;
      } else out += char < ' ' || char === '"' ? JSON.stringify(char).slice(1, -1) : char;
    }
    return undefined;
  }

  /** A quote in the middle of a text that its writer forgot to escape is followed by more text. */
  #endsString(at: number, isKey: boolean): boolean {
    const next = this.#text.charAt(skipSpace(this.#text, at));
    return isKey ? next === ':' : next === '' || next === ',' || next === '}' || next === ']';
  }

  #bare(): string | undefined {
    const word = /^-?[\w.+-]+/.exec(this.#text.slice(this.at, this.at + 400))?.[0];
    if (word === undefined) return undefined;
    const known = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    const json = known ?? (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word) ? word : undefined);
    if (json !== undefined) this.at += word.length;
    return json;
  }
}

/** A backslash sequence as JSON knows it; a lone backslash (a Windows path, a regular expression) stays one. */
function escaped(text: string, at: number): string {
  const next = text.charAt(at + 1);
  if (next === "'") return "'";
  if (next === 'u') return /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6)) ? '\\u' : '\\\\u';
  return /[bfnrt"\\/]/.test(next) ? `\\${next}` : '\\\\';
}
