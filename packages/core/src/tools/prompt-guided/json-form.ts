import {
  argumentsFrom,
  callOf,
  joinFound,
  NOTHING_FOUND,
  stringMember,
  type Found,
  type ToolBook,
} from './found-call.ts';
import { elementsOf, endOfBrackets, isJson, membersOf } from './json-text.ts';
import { readLenient } from './lenient-json.ts';

const ARGUMENT_NAMES = ['arguments', 'parameters', 'args', 'input', 'params'];

/**
 * The calls in one JSON value: a call, a list of calls, or an envelope with `tool_calls`. `plain` is the form without
 * any tag around it, where only the usual names count.
 */
export function callsInValue(json: string, book: ToolBook, plain = false): Found {
  const trimmed = json.trim();
  if (trimmed.startsWith('[')) return joinFound(elementsOf(trimmed).map((one) => callsInValue(one, book, plain)));
  if (!trimmed.startsWith('{')) return NOTHING_FOUND;
  const members = membersOf(trimmed);
  const list = members.get('tool_calls');
  if (list?.startsWith('[') === true) {
    const text = stringMember(members, 'content');
    const inner = callsInValue(list, book, plain);
    return text === undefined || text.trim() === '' ? inner : { ...inner, text };
  }
  return singleCall(members, book, plain);
}

function singleCall(members: ReadonlyMap<string, string>, book: ToolBook, plain: boolean): Found {
  const wrapped = members.get('function');
  const inner = wrapped?.startsWith('{') === true ? membersOf(wrapped) : undefined;
  const name =
    (inner === undefined ? undefined : stringMember(inner, 'name')) ??
    stringMember(members, 'name') ??
    (plain ? undefined : stringMember(members, 'tool', 'tool_name', 'function'));
  if (name === undefined) return NOTHING_FOUND;
  const argumentNames = plain ? ARGUMENT_NAMES.slice(0, 2) : ARGUMENT_NAMES;
  const holder = [inner, members].find((one) => argumentNames.some((key) => one?.has(key) === true));
  if (plain && holder === undefined) return NOTHING_FOUND;
  const key = argumentNames.find((one) => holder?.has(one) === true);
  const raw = key === undefined ? undefined : holder?.get(key);
  const id = stringMember(members, 'id', 'tool_call_id', 'call_id');
  return callOf(name, argumentsFrom(raw, name, book), book, id === '' ? undefined : id);
}

/**
 * The calls among the JSON values that stand in a body, prose around them ignored. Only whole values are looked at,
 * never the inside of one: what an argument quotes is no call. `unfinished`: closing brackets may be missing.
 */
export function callsInBody(body: string, book: ToolBook, unfinished: boolean): Found {
  const all: Found[] = [];
  let at = nextBracket(body, 0);
  while (at !== -1) {
    const end = endOfBrackets(body, at);
    const strict = end === -1 ? '' : body.slice(at, end);
    if (strict !== '' && isJson(strict)) {
      all.push(callsInValue(strict, book));
      at = nextBracket(body, end);
      continue;
    }
    const lenient = readLenient(body, at);
    // Nothing after broken JSON can be told from the inside of it.
    if (lenient === undefined || (lenient.closed && !unfinished)) break;
    all.push(callsInValue(lenient.json, book));
    at = nextBracket(body, lenient.end);
  }
  return joinFound(all);
}

function nextBracket(text: string, from: number): number {
  const found = text.slice(from).search(/[{[]/);
  return found === -1 ? -1 : from + found;
}
