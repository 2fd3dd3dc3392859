/** Working on JSON as text, so that what a model wrote stays as it was written. */

const SPACE = /[\s\uFEFF]/;

export function skipSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && SPACE.test(text.charAt(end))) end += 1;
  return end;
}

/** The index behind the object or list that begins at `at`, by brackets and strings alone; -1 when it does not end. */
export function endOfBrackets(text: string, at: number): number {
  let depth = 0;
  let quoted = false;
  for (let index = at; index < text.length; index += 1) {
    const char = text.charCodeAt(index);
    if (quoted) {
      if (char === 0x5c) index += 1;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x22) quoted = true;
    else if (char === 0x7b || char === 0x5b) depth += 1;
    else if (char === 0x7d || char === 0x5d) {
      depth -= 1;
      if (depth <= 0) return index + 1;
    }
  }
  return -1;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The members of a valid JSON object as raw texts; of equal names the last counts, as in `JSON.parse`. */
export function membersOf(json: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(json, 0) + 1;
  while (at < json.length) {
    at = skipSpace(json, at);
    if (json.charAt(at) !== '"') break;
    const keyEnd = endOfValue(json, at);
    const key = JSON.parse(json.slice(at, keyEnd)) as string;
    at = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, at);
    members.set(key, json.slice(at, end));
    at = skipSpace(json, end) + 1;
  }
  return members;
}

/** The elements of a valid JSON list as raw texts. */
export function elementsOf(json: string): readonly string[] {
  const elements: string[] = [];
  let at = skipSpace(json, 0) + 1;
  while (at < json.length) {
    at = skipSpace(json, at);
    if (at >= json.length || json.charAt(at) === ']') break;
    const end = endOfValue(json, at);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end) + 1;
  }
  return elements;
}

/** Behind a value of valid JSON. */
function endOfValue(json: string, at: number): number {
  const first = json.charAt(at);
  if (first === '{' || first === '[') {
    const end = endOfBrackets(json, at);
    return end === -1 ? json.length : end;
  }
  if (first === '"') {
    let index = at + 1;
    while (index < json.length && json.charAt(index) !== '"') index += json.charAt(index) === '\\' ? 2 : 1;
    return index + 1;
  }
  let index = at;
  while (index < json.length && !/[\s,\]}]/.test(json.charAt(index))) index += 1;
  return index;
}
