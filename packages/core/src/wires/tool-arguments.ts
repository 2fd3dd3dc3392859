import { isJsonObject, type JsonValue } from '../spec/json.ts';
import { parseKeepingNumbers, repairSurrogates } from './json-text.ts';
import type { Losses } from './losses.ts';
import { stringifyWellFormed } from './well-formed.ts';

/** Arguments of a call where a protocol has them as an object; the model wrote text. */

/** The text of an object to put into a request byte for byte. What is none is wrapped, and declared. */
export function argumentsObjectText(given: string, where: string, losses: Losses): string {
  const trimmed = given.trim() === '' ? '{}' : given.trim();
  let parsed: unknown;
  try {
    parsed = JSON.parse(trimmed);
  } catch {
    losses.add(`arguments on ${where}: not JSON, sent as text`);
    return stringifyWellFormed({ raw_arguments: given });
  }
  const text = repairSurrogates(trimmed);
  if (text !== trimmed) losses.add(`arguments on ${where}: half surrogates replaced`);
  if (isJsonObject(parsed)) return text;
  losses.add(`arguments on ${where}: not an object, wrapped`);
  return parsed === null ? '{}' : `{"value":${text}}`;
}

/** The same for a caller's answer, as the text of an object on one line: a caller can still read arguments that are none. */
export function shownArguments(json: string): string {
  return isObjectText(json) ? json.trim().replace(/[\r\n]+/g, ' ') : JSON.stringify(argumentsValue(json));
}

/** An object whatever the arguments are. Numbers keep their digits when the result is stringified. */
export function argumentsValue(json: string): JsonValue {
  if (json.trim() === '') return {};
  try {
    const parsed = parseKeepingNumbers(json) as JsonValue;
    if (isJsonObject(parsed)) return parsed;
    return parsed === null ? {} : { value: parsed };
  } catch {
    return { raw_arguments: json };
  }
}

function isObjectText(json: string): boolean {
  try {
    return isJsonObject(JSON.parse(json));
  } catch {
    return false;
  }
}
