/** Where a text stops being JSON. */
export interface JsonErrorPlace {
  /** Index of the first character that cannot be, counted from 0. */
  readonly offset: number;
  /** Counted from 1. */
  readonly line: number;
  readonly column: number;
  readonly problem: string;
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL = /true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Finds the place by reading the text once more: the engine's own message names it only sometimes. Runs on the way
 * to a 400 alone.
 */
export function locateJsonError(text: string): JsonErrorPlace {
  const { offset, problem } = scan(text);
  return { ...placeOf(text, offset), problem };
}

function placeOf(text: string, offset: number): Omit<JsonErrorPlace, 'problem'> {
  const before = text.slice(0, offset);
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return { offset, line, column: offset - before.lastIndexOf('\n') };
}

interface Found {
  readonly offset: number;
  readonly problem: string;
}

function scan(text: string): Found {
  // A stack of its own instead of recursion: hostile nesting must not overflow anything.
  const open: ('{' | '[')[] = [];
  let at = skipSpace(text, 0);
  let expect: 'value' | 'key' | 'after' = 'value';
  let mayClose = false;
  for (;;) {
    if (at >= text.length) return expect === 'after' && open.length === 0 ? fine(at) : wrong(text, at, expect);
    const char = text[at];
    const inside = open.at(-1);
    if (expect === 'after') {
      if (inside === undefined) return { offset: at, problem: 'text after the end of the JSON value' };
      if (char === ',') {
        expect = inside === '{' ? 'key' : 'value';
        mayClose = false;
        at++;
      } else if (char === (inside === '{' ? '}' : ']')) {
        open.pop();
        at++;
      } else return wrong(text, at, `"," or "${inside === '{' ? '}' : ']'}"`);
    } else if (mayClose && char === (inside === '{' ? '}' : ']')) {
      open.pop();
      expect = 'after';
      at++;
    } else if (expect === 'key') {
      if (char !== '"') return wrong(text, at, 'a property name in double quotes');
      const end = stringEnd(text, at);
      if (typeof end !== 'number') return end;
      at = skipSpace(text, end);
      if (text[at] !== ':') return wrong(text, at, '":"');
      at++;
      expect = 'value';
      mayClose = false;
    } else if (char === '{' || char === '[') {
      open.push(char);
      expect = char === '{' ? 'key' : 'value';
      mayClose = true;
      at++;
    } else {
      const end = scalarEnd(text, at);
      if (typeof end !== 'number') return end;
      at = end;
      expect = 'after';
    }
    at = skipSpace(text, at);
  }
}

function fine(offset: number): Found {
  return { offset, problem: 'no error found' };
}

function wrong(text: string, offset: number, expected: string): Found {
  const wanted =
    expected === 'value'
      ? 'a value'
      : expected === 'after'
        ? 'more'
        : expected === 'key'
          ? 'a property name'
          : expected;
  if (offset >= text.length) return { offset: text.length, problem: `the text ends where ${wanted} should follow` };
  return { offset, problem: `expected ${wanted}` };
}

function scalarEnd(text: string, at: number): number | Found {
  if (text[at] === '"') return stringEnd(text, at);
  for (const pattern of [NUMBER, LITERAL]) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return pattern.lastIndex;
  }
  return wrong(text, at, 'value');
}

function stringEnd(text: string, start: number): number | Found {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return { offset: at, problem: 'a control character inside a string' };
    if (code !== 0x5c) continue;
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(text)) return { offset: at, problem: 'an unknown escape in a string' };
    at = ESCAPE.lastIndex - 1;
  }
  return { offset: text.length, problem: 'a string that is not closed' };
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}
