import type { JsonObject } from '../../spec/json.ts';

const MODEL_KEY = '"model"';
const ASKS_FOR_USAGE = ',"stream_options":{"include_usage":true}';

/**
 * The text of a request as it came, with another model in the place of its own: cheaper than writing the body anew, above
 * all a long one. `undefined` wherever the text could say more than was read from it, so that nothing passes a check in
 * one reading and acts in another: a field that stands there twice (parsers differ in which they take), a letter of a
 * name written as an escape, half a surrogate pair (vendors refuse it), a model that is not written plainly.
 */
export function splicedBody(text: string, body: JsonObject, model: string, askForUsage: boolean): string | undefined {
  const own = body['model'];
  if (typeof own !== 'string') return undefined;
  if (text.includes('\\u') && (text.includes('\\u00') || /\\u[dD]/.test(text))) return undefined;
  for (const field in body) if (!standsOnce(text, `"${field}"`)) return undefined;
  const value = valueStart(text, text.indexOf(MODEL_KEY) + MODEL_KEY.length);
  const written = JSON.stringify(own);
  if (value === undefined || !text.startsWith(written, value)) return undefined;
  const usage = askForUsage ? ASKS_FOR_USAGE : '';
  return text.slice(0, value) + JSON.stringify(model) + usage + text.slice(value + written.length);
}

/** As a field, and not also somewhere in a text of its own, where it would only look like one. */
function standsOnce(text: string, quoted: string): boolean {
  const at = text.indexOf(quoted);
  return at > 0 && text[at - 1] !== '\\' && !text.includes(quoted, at + quoted.length);
}

/** Behind the colon, when there is one. */
function valueStart(text: string, from: number): number | undefined {
  const colon = pastBlanks(text, from);
  return text[colon] === ':' ? pastBlanks(text, colon + 1) : undefined;
}

function pastBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return at;
}
