import { joinFound, NOTHING_FOUND, type Found, type ToolBook } from './found-call.ts';
import { callsInValue } from './json-form.ts';
import { isJson } from './json-text.ts';
import { openingAt } from './openings.ts';

/** An answer that begins like JSON: as long as it may be nothing but calls, it is held back. */
export interface PlainJson {
  text(): string;
  /** `release`: ordinary text after all. `found`: the whole answer was calls. */
  feed(piece: string, final: boolean): 'wait' | 'release' | { readonly found: Found };
}

/** Names a JSON envelope of calls begins with; any other first name makes it an ordinary answer. */
const FIRST_NAMES = [
  'tool_calls',
  'name',
  'function',
  'arguments',
  'parameters',
  'id',
  'tool_call_id',
  'call_id',
  'type',
  'content',
  'role',
];
const TYPES = ['function', 'tool_call', 'tool_use'];

export function createPlainJson(book: ToolBook): PlainJson {
  let chunks: string[] = [];
  let decided = false;
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let rest = '';
  let seen = 0;
  let valueStart = 0;
  const values: Found[] = [];

  const text = (): string => {
    if (chunks.length > 1) chunks = [chunks.join('')];
    return chunks[0] ?? '';
  };

  /** Between values: white space, a further value, or an end marker. */
  const between = (source: string, at: number, final: boolean): number | 'wait' | 'release' => {
    const char = source.charAt(at);
    if (/\s/.test(char)) return 1;
    if (char === '{' || char === '[') {
      valueStart = seen + at;
      depth = 1;
      return 1;
    }
    const look = char === '<' ? openingAt(source, at, book, final) : undefined;
    if (look === 'more') return 'wait';
    return look?.kind === 'marker' ? look.length : 'release';
  };

  const inside = (char: string): void => {
    if (quoted) {
      if (escaped) escaped = false;
      else if (char === '\\') escaped = true;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
  };

  const valueEnded = (end: number): boolean => {
    const json = text().slice(valueStart, end);
    const found = isJson(json) ? callsInValue(json, book, true) : NOTHING_FOUND;
    values.push(found);
    return found.calls.length > 0 && found.rejected.length === 0;
  };

  const feed: PlainJson['feed'] = (piece, final) => {
    chunks.push(piece);
    if (!decided) {
      const verdict = firstName(text(), book);
      if (verdict === 'release') return 'release';
      decided = verdict === 'hold';
    }
    const source = rest + piece;
    let at = 0;
    while (at < source.length) {
      if (depth > 0) {
        inside(source.charAt(at));
        at += 1;
        if (depth === 0 && !valueEnded(seen + at)) return 'release';
        continue;
      }
      const step = between(source, at, final);
      if (step === 'release') return 'release';
      if (step === 'wait') break;
      at += step;
    }
    rest = source.slice(at);
    seen += at;
    if (!final) return 'wait';
    return depth > 0 || values.length === 0 ? 'release' : { found: joinFound(values) };
  };
  return { text, feed };
}

/** What the beginning of the text says; `wait` while it is too short to tell. */
function firstName(text: string, book: ToolBook): 'hold' | 'release' | 'wait' {
  const start = /^\s*(?:\[\s*)?/.exec(text)?.[0].length ?? 0;
  const head = text.slice(start, start + 400);
  if (head === '') return 'wait';
  const match = /^\{\s*(?:"((?:[^"\\]|\\.)*)("\s*(?::\s*(?:"((?:[^"\\]|\\.)*)(")?)?)?)?)?/.exec(head);
  if (match === null) return 'release';
  const [whole, name, closed, value, valueClosed] = match;
  const isAll = whole.length === head.length;
  if (name === undefined) return isAll ? 'wait' : 'release';
  if (closed === undefined) return isAll && FIRST_NAMES.some((one) => one.startsWith(name)) ? 'wait' : 'release';
  if (!FIRST_NAMES.includes(name)) return 'release';
  if (name !== 'name' && name !== 'type') return 'hold';
  const known = name === 'name' ? book.names : TYPES;
  if (value === undefined) return isAll ? 'wait' : 'release';
  if (valueClosed === undefined) return isAll && known.some((one) => one.startsWith(value)) ? 'wait' : 'release';
  return known.includes(value) ? 'hold' : 'release';
}
