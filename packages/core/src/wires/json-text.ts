/** Work on JSON as text, so that what a model wrote reaches the other side byte for byte. */

/** Ranges of the values of the object or array that starts at `start`; keys are unescaped, array items have none. */
export interface Member {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** The direct members of the valid JSON object or array at `start`. Duplicated keys appear as often as they stand there. */
export function membersOf(text: string, start: number): Member[] {
  const members: Member[] = [];
  const isObject = text[start] === '{';
  let at = skipSpace(text, start + 1);
  while (at < text.length && text[at] !== '}' && text[at] !== ']') {
    let key = '';
    if (isObject) {
      const keyEnd = valueEnd(text, at);
      key = JSON.parse(text.slice(at, keyEnd)) as string;
      at = skipSpace(text, skipSpace(text, keyEnd) + 1);
    }
    const end = valueEnd(text, at);
    members.push({ key, start: at, end });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** The range of one member, the last of its name as `JSON.parse` has it. */
export function memberOf(text: string, start: number, key: string): Member | undefined {
  return membersOf(text, start).findLast((member) => member.key === key);
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** Index behind the value that starts at `start` in valid JSON. */
function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  if (first !== '{' && first !== '[') {
    let at = start;
    while (at < text.length && !',]}'.includes(text[at] ?? '') && !isSpace(text.charCodeAt(at))) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') at = stringEnd(text, at) - 1;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
}

/**
 * Arguments that stand inside a document: the tokens as they are. Line breaks can only be the document's own layout,
 * so a pretty-printed one loses its white space.
 */
export function argumentsIn(raw: string): string {
  if (!raw.includes('\n')) return raw;
  let text = '';
  for (let at = 0; at < raw.length;) {
    if (raw[at] === '"') {
      const end = stringEnd(raw, at);
      text += raw.slice(at, end);
      at = end;
    } else {
      if (!isSpace(raw.charCodeAt(at))) text += raw[at];
      at += 1;
    }
  }
  return text;
}

const LONE_ESCAPE = /\\u[dD][89a-fA-F][0-9a-fA-F]{2}/;

/** Replaces lone surrogates in JSON text, literal or escaped, and leaves every other byte alone. */
export function repairSurrogates(json: string): string {
  const literal = json.toWellFormed();
  if (!LONE_ESCAPE.test(literal)) return literal;
  const tokens =
    /\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([dD][89a-fA-F][0-9a-fA-F]{2})|\\[^]/g;
  return literal.replace(tokens, (token, _high, _low, lone) => (lone === undefined ? token : '\\ufffd'));
}

type RawJson = { rawJSON(text: string): unknown };

/** Parses arguments so that `JSON.stringify` writes every number as it stood (`12345678901234567890`, `1.0`). */
export function parseKeepingNumbers(json: string): unknown {
  const reviver = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    return (JSON as unknown as RawJson).rawJSON(source);
  };
  return JSON.parse(json, reviver) as unknown;
}
