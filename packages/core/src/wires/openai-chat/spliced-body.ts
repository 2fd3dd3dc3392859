import type { JsonObject } from '../../spec/json.ts';

const ASKS_FOR_USAGE = ',"stream_options":{"include_usage":true}';
/** A short string is read faster here than handed to the search for its end. */
const SHORT_STRING = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The text of a request as it came, with another model in the place of its own: cheaper than writing the body anew, above
 * all a long one. `body` is what was parsed from it. `undefined` wherever the text could say more than was read, so that
 * nothing passes a check in one reading and acts in another: a field that stands there twice (parsers differ in which
 * they take), half a surrogate pair (vendors refuse it), a model that is not written plainly.
 */
export function splicedBody(text: string, body: JsonObject, model: string, askForUsage: boolean): string | undefined {
  const own = body['model'];
  if (typeof own !== 'string' || (text.includes('\\u') && /\\u[dD]/.test(text))) return undefined;
  const { count, modelAt } = fieldsOf(text);
  if (modelAt < 0 || count !== Object.keys(body).length) return undefined;
  const written = JSON.stringify(own);
  if (!text.startsWith(written, modelAt)) return undefined;
  const usage = askForUsage ? ASKS_FOR_USAGE : '';
  return text.slice(0, modelAt) + JSON.stringify(model) + usage + text.slice(modelAt + written.length);
}

/** How many fields valid JSON text of an object has, told twice or not, and where the value of its `model` begins. */
function fieldsOf(text: string): { readonly count: number; readonly modelAt: number } {
  let depth = 0;
  let count = 0;
  let modelAt = -1;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = stringEnd(text, at + 1);
        if (depth === 1) {
          const next = pastBlanks(text, end + 1);
          if (text.charCodeAt(next) === COLON) {
            count++;
            if (end - at === 6 && text.startsWith('model', at + 1)) modelAt = pastBlanks(text, next + 1);
          }
        }
        at = end;
        break;
      }
      case 0x5b:
      case 0x7b:
        depth++;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
      default:
    }
  }
  return { count, modelAt };
}

/** Index of the closing quote. */
function stringEnd(text: string, start: number): number {
  const near = Math.min(start + SHORT_STRING, text.length);
  let at = start;
  for (; at < near; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  // `at` may stand behind an escape that crosses the border.
  for (let from = at; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return text.length;
    let before = quote - 1;
    while (before >= at && text.charCodeAt(before) === BACKSLASH) before--;
    if ((quote - 1 - before) % 2 === 0) return quote;
    from = quote + 1;
  }
}

function pastBlanks(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 0x20 || (code >= 0x09 && code <= 0x0d); code = text.charCodeAt(at))
    at++;
  return at;
}
