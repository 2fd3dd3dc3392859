import { argumentsOf, callOf, joinFound, NOTHING_FOUND, type Found, type ToolBook } from './found-call.ts';
import { isJson, skipSpace } from './json-text.ts';
import { readLenient } from './lenient-json.ts';

type Pair = readonly [name: string, text: string];

const NAME = `\\s*=\\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\\s>"'<]+))`;
const INVOKE = new RegExp(`<invoke\\s+name${NAME}[^<>]*>`, 'gi');
const PARAMETER = new RegExp(`<parameter\\s+name${NAME}[^<>]*>`, 'gi');
const FUNCTION = new RegExp(`<function${NAME}\\s*>`, 'gi');
const FUNCTION_PARAMETER = new RegExp(`<parameter${NAME}\\s*>`, 'gi');
const KEY = /<arg_key>([^<]*)<\/arg_key>\s*<arg_value>/gi;
const NAMED =
  /<(?:name|tool_name|tool)>\s*([^<>]+?)\s*<\/(?:name|tool_name|tool)>\s*<(arguments|parameters|args|input)>/gi;

/** The calls that stand in a region as XML, in any of the ways models write them. */
export function callsInXml(region: string, book: ToolBook): Found {
  for (const read of [invokes, functions, keyValues, named, toolTags]) {
    const found = read(region, book);
    if (found.calls.length > 0 || found.rejected.length > 0) return found;
  }
  return NOTHING_FOUND;
}

/** MiniMax and Anthropic: `<invoke name="x"><parameter name="p">v</parameter></invoke>`. */
function invokes(region: string, book: ToolBook): Found {
  return blocks(region, INVOKE, '</invoke', (name, body) => withPairs(name, body, PARAMETER, book));
}

/** Qwen3-Coder: `<function=x><parameter=p>v</parameter></function>`. */
function functions(region: string, book: ToolBook): Found {
  return blocks(region, FUNCTION, '</function', (name, body) => withPairs(name, body, FUNCTION_PARAMETER, book));
}

/** Each block from its opening to its closing tag, the next opening, or the end. */
function blocks(region: string, opening: RegExp, closing: string, read: (name: string, body: string) => Found): Found {
  const lower = region.toLowerCase();
  const last = lower.lastIndexOf(closing);
  const openings = [...region.matchAll(opening)];
  const all: Found[] = [];
  let done = 0;
  openings.forEach((match, index) => {
    if (match.index < done) return;
    const from = match.index + match[0].length;
    const next = openings[index + 1]?.index ?? region.length;
    // What looks like an opening inside a value is not one: the closing tag decides where there is any.
    const close = last >= from ? lower.indexOf(closing, from) : -1;
    const end = close === -1 ? next : close;
    done = end;
    all.push(read(match[1] ?? match[2] ?? match[3] ?? '', region.slice(from, end)));
  });
  return joinFound(all);
}

function withPairs(name: string, body: string, opening: RegExp, book: ToolBook): Found {
  const pairs = pairsIn(body, opening, '</parameter');
  if (pairs === undefined) return callOf(name, undefined, book);
  return callOf(name, pairs.length > 0 ? argumentsOf(pairs, name, book) : wholeArguments(body, name, book), book);
}

/** `undefined` when one is opened and not closed: it would silently be missing from the call. */
function pairsIn(body: string, opening: RegExp, closing: string): readonly Pair[] | undefined {
  const lower = body.toLowerCase();
  const pairs: Pair[] = [];
  const search = new RegExp(opening);
  for (let match = search.exec(body); match !== null; match = search.exec(body)) {
    const from = search.lastIndex;
    const end = lower.indexOf(closing, from);
    if (end === -1) return undefined;
    pairs.push([(match[1] ?? match[2] ?? match[3] ?? '').trim(), inside(body.slice(from, end))]);
    search.lastIndex = end;
  }
  return pairs;
}

/** GLM: `x` and then `<arg_key>p</arg_key><arg_value>v</arg_value>`. */
function keyValues(region: string, book: ToolBook): Found {
  const first = region.search(/<arg_key>/i);
  if (first === -1) return NOTHING_FOUND;
  const name = region
    .slice(0, first)
    .replaceAll(/<[^<>]*>/g, '')
    .trim();
  const pairs = pairsIn(region, KEY, '</arg_value');
  const opened = region.match(/<arg_key>/gi)?.length ?? 0;
  const isWhole = pairs !== undefined && pairs.length >= opened;
  return callOf(name, isWhole ? argumentsOf(pairs, name, book) : undefined, book);
}

/** `<name>x</name><arguments>{…}</arguments>`. */
function named(region: string, book: ToolBook): Found {
  const lower = region.toLowerCase();
  return joinFound(
    [...region.matchAll(NAMED)].map((match) => {
      const [whole, name = '', tag = ''] = match;
      const from = match.index + whole.length;
      const end = lower.indexOf(`</${tag.toLowerCase()}`, from);
      return callOf(name, end === -1 ? undefined : wholeArguments(region.slice(from, end), name, book), book);
    }),
  );
}

/** `<x><p>v</p></x>` or `<x>{…}</x>`, x being a declared tool. */
function toolTags(region: string, book: ToolBook): Found {
  const all: (Found & { readonly at: number })[] = [];
  for (const name of book.names) {
    const [opening, closing] = [`<${name}>`, `</${name}>`];
    for (let at = region.indexOf(opening); at !== -1; at = region.indexOf(opening, at)) {
      const from = at + opening.length;
      const end = region.indexOf(closing, from);
      if (end === -1) break;
      all.push({ ...callOf(name, wholeArguments(region.slice(from, end), name, book), book), at });
      at = end + closing.length;
    }
  }
  return joinFound(all.toSorted((a, b) => a.at - b.at));
}

/** Arguments as JSON, as child elements, or as one bare value. */
function wholeArguments(body: string, name: string, book: ToolBook): string | undefined {
  const trimmed = body.trim();
  if (trimmed === '') return '{}';
  if (trimmed.startsWith('{')) {
    if (isJson(trimmed)) return trimmed;
    const lenient = readLenient(trimmed, 0);
    return lenient === undefined || lenient.closed || lenient.end < trimmed.length ? undefined : lenient.json;
  }
  const children = childrenOf(trimmed);
  if (children !== undefined) return argumentsOf(children, name, book);
  const parameter = book.defaultParameter(name);
  return parameter === undefined ? undefined : argumentsOf([[parameter, trimmed]], name, book);
}

/** The elements a text consists of, one after another; `undefined` when it is anything else. */
function childrenOf(text: string): readonly Pair[] | undefined {
  const pairs: Pair[] = [];
  const opening = /<([A-Za-z_][\w.-]*)>/y;
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) {
    opening.lastIndex = at;
    const name = opening.exec(text)?.[1];
    if (name === undefined) return undefined;
    const from = opening.lastIndex;
    const end = text.indexOf(`</${name}>`, from);
    if (end === -1) return undefined;
    pairs.push([name, inside(text.slice(from, end))]);
    at = end + name.length + 3;
  }
  return pairs;
}

/** The line breaks that set a long value apart from its tags are not part of it. */
function inside(text: string): string {
  return text.replace(/^\r?\n/, '').replace(/\r?\n[ \t]*$/, '');
}
