import { endOfBrackets, isJson } from '../prompt-guided/json-text.ts';
import { readLenient } from '../prompt-guided/lenient-json.ts';

const MAX_STARTS = 20;

/**
 * The JSON text in an answer that may have a code fence or prose around it; `undefined` when there is none. What the
 * model wrote is kept as written where it is valid.
 */
export function jsonIn(text: string): string | undefined {
  const trimmed = text.trim();
  if (isJson(trimmed)) return trimmed;
  const fenced = /```[\w-]*[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/.exec(trimmed)?.[1]?.trim();
  if (fenced !== undefined && isJson(fenced)) return fenced;
  const starts = [...startsIn(trimmed)];
  for (const at of starts) {
    const end = endOfBrackets(trimmed, at);
    const value = end === -1 ? '' : trimmed.slice(at, end);
    if (value !== '' && isJson(value)) return value;
  }
  const [first] = starts;
  const lenient = first === undefined ? undefined : readLenient(trimmed, first);
  return lenient === undefined || lenient.closed ? undefined : lenient.json;
}

/** Places where a value may begin, none inside another. */
function* startsIn(text: string): Iterable<number> {
  let from = 0;
  for (let count = 0; count < MAX_STARTS; count += 1) {
    const found = text.slice(from).search(/[{[]/);
    if (found === -1) return;
    const at = from + found;
    yield at;
    const end = endOfBrackets(text, at);
    from = end === -1 ? at + 1 : end;
  }
}
