import { isJsonObject, type JsonObject, type JsonValue } from '../spec/json.ts';

/** Text members that a vendor sends in pieces; of any other the last one counts. */
const PIECES = new Set(['text', 'thinking', 'code', 'result', 'arguments', 'output', 'data']);

/** An item of a kind we do not know, put together from its first form and what came after: lists and texts grow. */
export function mergeDelta(item: JsonObject, delta: JsonObject): void {
  for (const [key, value] of Object.entries(delta)) if (key !== '__proto__') item[key] = merged(key, item[key], value);
}

function merged(key: string, before: JsonValue | undefined, value: JsonValue): JsonValue {
  if (before === undefined || before === null) return value;
  // An empty or absent later form takes nothing back.
  if (value === null || value === '') return before;
  if (Array.isArray(before) && Array.isArray(value)) return [...before, ...value];
  if (isJsonObject(before) && isJsonObject(value)) {
    const copy = { ...before };
    mergeDelta(copy, value);
    return copy;
  }
  return PIECES.has(key) && typeof before === 'string' && typeof value === 'string' ? before + value : value;
}
