import { argumentsOf, callOf, NOTHING_FOUND, type Found, type ToolBook } from './found-call.ts';
import { callsInBody } from './json-form.ts';
import { lines, unquoted } from './short-form.ts';

/** `{tool => "x", args => {--k "v" --n 3}}`, as it stands between `[TOOL_CALL]` and `[/TOOL_CALL]`. */
export function callInArrows(body: string, book: ToolBook): Found {
  const name = /\b(?:tool|name)\s*=>\s*["']?([\w.:/-]+)["']?/.exec(body)?.[1];
  if (name === undefined) return callsInBody(body, book, false);
  const args = /\b(?:args|arguments|parameters)\s*=>\s*\{([\s\S]*)\}\s*\}?\s*$/.exec(body.trim())?.[1];
  return callOf(name, args === undefined ? '{}' : arrowArguments(args.replace(/\}\s*$/, ''), name, book), book);
}

const FLAG = /--([\w.-]+)\s+("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?:(?!\s--)[^\n])*)\s*,?\s*/gy;
const ARROW = /["']?([\w.-]+)["']?\s*=>\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,\n]*)\s*,?\s*/gy;

function arrowArguments(text: string, name: string, book: ToolBook): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return '{}';
  for (const pattern of [FLAG, ARROW]) {
    const pairs: (readonly [string, string])[] = [];
    pattern.lastIndex = 0;
    let end = 0;
    for (let match = pattern.exec(trimmed); match !== null && match[0] !== ''; match = pattern.exec(trimmed)) {
      pairs.push([match[1] ?? '', unquoted((match[2] ?? '').trim())]);
      end = pattern.lastIndex;
    }
    if (pairs.length > 0 && end === trimmed.length) return argumentsOf(pairs, name, book);
  }
  return undefined;
}

/** `x<code>key>value</code>`, as it stands between `<FunctionCall>` tags. */
export function callInCode(body: string, book: ToolBook): Found {
  const match = /^\s*([\w.:/-]+)\s*<code>([\s\S]*?)<\/code>\s*$/.exec(body);
  if (match === null) return NOTHING_FOUND;
  const [, name = '', code = ''] = match;
  const trimmed = code.trim();
  if (trimmed === '') return callOf(name, '{}', book);
  if (trimmed.startsWith('{'))
    return callsInBody(`{"name": ${JSON.stringify(name)}, "arguments": ${trimmed}}`, book, false);
  return callOf(name, lines(trimmed, name, book), book);
}
