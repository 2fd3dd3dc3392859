import { BatchInputError } from './types.ts';
import { LONGEST_LINE_BYTES, type Line } from './lines.ts';

const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/**
 * The elements of a JSON file's outermost array as texts, one at a time: only brackets and strings are followed, each
 * element is parsed by whoever takes it. A file that holds objects or strings one after the other instead, as some tools
 * write it, yields those. Throws `BatchInputError` for a file that is neither, or that ends inside.
 */
export async function* elementsOf(
  source: AsyncIterable<Uint8Array>,
  longestBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<Line> {
  const scan = new ArrayScan(longestBytes);
  for await (const chunk of source) yield* scan.push(chunk);
  scan.end();
}

class ArrayScan {
  readonly #longestBytes: number;
  #state: 'before' | 'array' | 'sequence' | 'after' = 'before';
  #depth = 0;
  #inString = false;
  #escaped = false;
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #line = 1;
  #elementLine = 1;
  #bytes = 0;
  /** An element's first byte was seen. */
  #begun = false;

  constructor(longestBytes: number) {
    this.#longestBytes = longestBytes;
  }

  *push(chunk: Uint8Array): Generator<Line> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      this.#bytes += 1;
      if (byte === 0x0a) this.#line += 1;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) {
          this.#inString = false;
          if (this.#depth === 0 && this.#state === 'sequence') {
            yield this.#take(chunk.subarray(from, at + 1));
            from = at + 1;
          }
        }
        continue;
      }
      if (SPACE.has(byte)) continue;
      if (this.#state === 'before') {
        if (byte === 0xef || byte === 0xbb || byte === 0xbf) continue;
        const isArray = byte === 0x5b;
        if (!isArray && byte !== 0x7b && byte !== QUOTE) this.#refuse('begins neither with [ nor with {');
        this.#state = isArray ? 'array' : 'sequence';
        from = isArray ? at + 1 : at;
        if (isArray) continue;
      }
      if (this.#state === 'after') this.#refuse(`has something after its end (line ${this.#line})`);
      if (this.#depth === 0 && this.#state === 'array' && (byte === COMMA || byte === 0x5d)) {
        if (this.#begun) yield this.#take(chunk.subarray(from, at));
        else if (byte === COMMA) this.#refuse(`has an empty element at line ${this.#line}`);
        from = at + 1;
        if (byte === 0x5d) this.#state = 'after';
        continue;
      }
      if (!this.#begun) {
        if (this.#state === 'sequence' && byte !== 0x7b && byte !== QUOTE)
          this.#refuse(`has something that is neither an object nor a string at line ${this.#line}`);
        this.#begun = true;
        this.#elementLine = this.#line;
      }
      if (byte === QUOTE) this.#inString = true;
      else if (OPEN.has(byte)) this.#depth += 1;
      else if (CLOSE.has(byte)) {
        this.#depth -= 1;
        if (this.#depth < 0) this.#refuse(`closes a bracket too many at line ${this.#line}`);
        if (this.#depth === 0 && this.#state === 'sequence') {
          yield this.#take(chunk.subarray(from, at + 1));
          from = at + 1;
        }
      }
    }
    if (!this.#begun || from >= chunk.length) return;
    this.#kept.push(chunk.slice(from));
    this.#keptBytes += chunk.length - from;
    if (this.#keptBytes > this.#longestBytes)
      this.#refuse(`has an element above ${this.#longestBytes} bytes at line ${this.#elementLine}`);
  }

  end(): void {
    if (this.#state === 'before') this.#refuse('is empty');
    if (this.#state === 'array' || this.#begun)
      this.#refuse(`ends in the middle, in the element that begins at line ${this.#elementLine}`);
  }

  #take(last: Uint8Array): Line {
    const text = Buffer.concat([...this.#kept, last])
      .toString('utf8')
      .trim();
    this.#kept = [];
    this.#keptBytes = 0;
    this.#begun = false;
    return { number: this.#elementLine, text, endByte: this.#bytes };
  }

  #refuse(what: string): never {
    throw new BatchInputError(`The JSON file ${what}; it must hold one array of prompts.`);
  }
}
