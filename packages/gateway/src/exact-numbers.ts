import { isJsonObject } from '@standin/core/spec/index';

/**
 * A number that would be written otherwise than it was read: too many digits, a zero at the end, an exponent, -0.
 * May hit inside a string; that costs a second parse and changes nothing.
 */
const INEXACT = /[:,[]\s*-?(?:\d{16,}|\d+\.\d*0(?=[\s,\]}])|\d+\.\d{15,}|\d+(?:\.\d+)?[eE]|0(?=[\s,\]}]))/;

/**
 * Some protocols hold a tool call's arguments as a JSON object, and `JSON.parse` has lost `12345678901234567890` and
 * `1.0` by the time they become text again. Where such a number stands in `text`, every object under the key `under`
 * is replaced in `parsed` by one that `JSON.stringify` writes digit for digit.
 */
export function keepNumbersUnder(under: string, text: string, parsed: unknown): void {
  if (!text.includes(`"${under}"`) || !INEXACT.test(text)) return;
  graft(under, parsed, parseKeepingNumbers(text));
}

/** Both documents have one shape. */
function graft(under: string, plain: unknown, exact: unknown): void {
  if (Array.isArray(plain) && Array.isArray(exact)) {
    for (let at = 0; at < plain.length; at++) graft(under, plain[at], exact[at]);
    return;
  }
  if (!isJsonObject(plain) || !isJsonObject(exact)) return;
  for (const key of Object.keys(plain)) {
    if (key === under && isJsonObject(plain[key])) plain[key] = exact[key] ?? null;
    else graft(under, plain[key], exact[key]);
  }
}

interface RawJson {
  rawJSON(text: string): unknown;
}

function parseKeepingNumbers(text: string): unknown {
  const revive = (_key: string, value: unknown, context?: { readonly source?: string }): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || String(value) === source) return value;
    return (JSON as unknown as RawJson).rawJSON(source);
  };
  return JSON.parse(text, revive) as unknown;
}
