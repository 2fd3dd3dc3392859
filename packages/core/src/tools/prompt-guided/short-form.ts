import { argumentsOf, callOf, NOTHING_FOUND, type Found, type ToolBook } from './found-call.ts';
import { endOfBrackets, isJson } from './json-text.ts';
import { readLenient } from './lenient-json.ts';

type Pair = readonly [name: string, text: string];

/** The declared tool whose name a text begins with, as a whole word. */
export function leadingTool(text: string, book: ToolBook): string | undefined {
  return book.names.find((name) => text.startsWith(name) && !/[\w.-]/.test(text.charAt(name.length)));
}

/** GLM's shorthands: `x>v`, `x/p>v`, `x key="v"`, `x(args)`, `x {…}`, and lines of `key: value` below the name. */
export function callInShort(body: string, book: ToolBook): Found {
  const trimmed = body.trim();
  const name = leadingTool(trimmed, book);
  if (name === undefined) return NOTHING_FOUND;
  const rest = trimmed.slice(name.length);
  const args = shortArguments(rest, name, book);
  return args === undefined ? NOTHING_FOUND : callOf(name, args, book);
}

function shortArguments(rest: string, name: string, book: ToolBook): string | undefined {
  const trimmed = rest.trim();
  if (trimmed === '') return '{}';
  if (rest.startsWith('>')) return loneArgument(rest.slice(1).trim(), name, book);
  if (rest.startsWith('/')) return slashArgument(rest.slice(1), name, book);
  if (trimmed.startsWith('{')) return objectText(trimmed);
  if (trimmed.startsWith('(')) {
    if (!trimmed.endsWith(')')) return undefined;
    return calledWith(trimmed.slice(1, -1).trim(), name, book);
  }
  return attributes(trimmed, name, book) ?? lines(trimmed, name, book);
}

function loneArgument(value: string, name: string, book: ToolBook): string | undefined {
  if (value.startsWith('{')) return objectText(value);
  const parameter = book.defaultParameter(name);
  return parameter === undefined ? undefined : argumentsOf([[parameter, unquoted(value)]], name, book);
}

/** `p>v` or `{…}` behind `x/`; the parameter must be a declared one. */
export function slashArgument(rest: string, name: string, book: ToolBook): string | undefined {
  if (rest.startsWith('{')) return objectText(rest.trim());
  const match = /^([\w.-]+)>([\s\S]*)$/.exec(rest);
  const parameter = match?.[1] ?? '';
  if (match === null || !Object.hasOwn(book.properties(name), parameter)) return undefined;
  return argumentsOf([[parameter, (match[2] ?? '').trim()]], name, book);
}

function objectText(text: string): string | undefined {
  const end = endOfBrackets(text, 0);
  if (end === text.length && isJson(text)) return text;
  const lenient = readLenient(text, 0);
  return lenient === undefined || lenient.closed || lenient.end < text.length ? undefined : lenient.json;
}

function calledWith(inner: string, name: string, book: ToolBook): string | undefined {
  if (inner === '') return '{}';
  if (inner.startsWith('{')) return objectText(inner);
  return attributes(inner, name, book) ?? (quoted(inner) ? loneArgument(inner, name, book) : undefined);
}

const ATTRIBUTE = /([A-Za-z_][\w.-]*)\s*=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,"']+)\s*,?\s*/gy;

/** `key="v" other=3`, nothing else beside them. */
function attributes(text: string, name: string, book: ToolBook): string | undefined {
  const pairs: Pair[] = [];
  ATTRIBUTE.lastIndex = 0;
  let end = 0;
  for (let match = ATTRIBUTE.exec(text); match !== null; match = ATTRIBUTE.exec(text)) {
    pairs.push([match[1] ?? '', unquoted(match[2] ?? '')]);
    end = ATTRIBUTE.lastIndex;
  }
  return pairs.length > 0 && end === text.length ? argumentsOf(pairs, name, book) : undefined;
}

/** Lines of `key: value` (or `key>value`), every key a declared parameter. */
export function lines(text: string, name: string, book: ToolBook): string | undefined {
  const declared = book.properties(name);
  const pairs: Pair[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    const match = /^\s*"?([A-Za-z_][\w.-]*)"?\s*[:>=]\s?(.*)$/.exec(line);
    const key = match?.[1];
    if (key !== undefined && Object.hasOwn(declared, key)) pairs.push([key, unquoted((match?.[2] ?? '').trim())]);
    else {
      const last = pairs.pop();
      if (last === undefined) return undefined;
      pairs.push([last[0], `${last[1]}\n${line}`]);
    }
  }
  return pairs.length > 0 ? argumentsOf(pairs, name, book) : undefined;
}

function quoted(text: string): boolean {
  return /^(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')$/s.test(text);
}

export function unquoted(text: string): string {
  if (!quoted(text)) return text;
  if (text.startsWith('"') && isJson(text)) return JSON.parse(text) as string;
  return text.slice(1, -1).replaceAll(/\\(["'\\])/g, '$1');
}
