import { callInArrows, callInCode } from './bracket-form.ts';
import { callOf, joinFound, NOTHING_FOUND, type Found, type ToolBook } from './found-call.ts';
import { callsInBody } from './json-form.ts';
import { endOfBrackets, skipSpace } from './json-text.ts';
import { callTagAt, closingCallTagAt, isWrapper, type Opening } from './openings.ts';
import { callInShort, leadingTool, slashArgument } from './short-form.ts';
import { callsInXml } from './xml-form.ts';

/** How far a region goes and what it holds. */
export interface RegionResult {
  readonly found: Found;
  /** Length of the text that the calls take up; what follows is text again. */
  readonly length: number;
}

/** Prose after an opening tag, without anything a call could begin with, was only talk about the tag. */
const MAX_PROSE = 500;
const MAX_CANDIDATES = 20;

/**
 * Follows the text from an opening to its end, character by character, so that pieces of any size lead to the same
 * result. Closing tags inside JSON strings are kept as candidates: they count only when nothing better comes.
 */
export interface Region {
  /** The text so far, the opening included. */
  text(): string;
  /** Takes more text. Gives the length at which the region ended, or that it cannot be one. */
  feed(piece: string, final: boolean): { readonly end: number } | { readonly given: 'up' } | undefined;
  /** What the region holds, after `feed` gave an end or the whole text is over. */
  resolve(end: number | undefined, truncated: boolean): RegionResult | undefined;
}

export function createRegion(opening: Exclude<Opening, { kind: 'think' | 'marker' }>, book: ToolBook): Region {
  let chunks: string[] = [];
  /** Characters that were looked at; the rest waits for what follows. */
  let seen = 0;
  let rest = '';
  let depth = 0;
  let quoted = false;
  let escaped = false;
  let jsonDone = false;
  let mayBeCall = false;
  let nested = 1;
  let prose: boolean | undefined;
  /** The text right after the opening is a JSON object. */
  let isObject = false;
  const candidates: number[] = [];
  const name = opening.kind === 'tag' ? opening.name : '';

  const text = (): string => {
    if (chunks.length > 1) chunks = [chunks.join('')];
    return chunks[0] ?? '';
  };

  /** `more`: wait; a number: the region ends there; `undefined`: go on. */
  const look = (source: string, at: number, offset: number, final: boolean): number | 'more' | undefined => {
    const char = source.charAt(at);
    if (opening.kind === 'line') return char === '\n' && !(isObject && depth > 0) ? offset : undefined;
    const closing = closingAt(opening, source, at);
    if (closing === 'more') return final ? undefined : 'more';
    if (closing !== undefined) {
      if (quoted || depth > 0) {
        if (candidates.length < MAX_CANDIDATES) candidates.push(offset + closing);
        if (quoted) return undefined;
      }
      if (opening.kind === 'fence' && char === '<') {
        if (candidates.length < MAX_CANDIDATES) candidates.push(offset + closing);
        return undefined;
      }
      if (opening.kind !== 'tag') return offset + closing;
      nested -= 1;
      if (nested > 0 && candidates.length < MAX_CANDIDATES) candidates.push(offset + closing);
      return nested === 0 ? offset + closing : undefined;
    }
    if (opening.kind !== 'tag' || quoted || char !== '<') return undefined;
    const inner = callTagAt(source, at);
    if (inner === 'more') return final ? undefined : 'more';
    if (inner === undefined) return undefined;
    if (jsonDone && depth === 0 && nested === 1 && !isWrapper(name)) return offset;
    nested += 1;
    return undefined;
  };

  const step = (char: string): void => {
    if (quoted) {
      if (escaped) escaped = false;
      else if (char === '\\') escaped = true;
      else if (char === '"') quoted = false;
      return;
    }
    if (char === '{' || char === '[') {
      depth += 1;
      mayBeCall = true;
    } else if (depth > 0 && char === '"') quoted = true;
    else if (depth > 0 && (char === '}' || char === ']')) {
      depth -= 1;
      jsonDone ||= depth === 0;
    } else if (char === '<') mayBeCall = true;
  };

  const feed: Region['feed'] = (piece, final) => {
    chunks.push(piece);
    const source = rest + piece;
    for (let at = 0; at < source.length; at += 1) {
      const char = source.charAt(at);
      if (seen + at >= opening.length) {
        if (SPECIAL.has(char)) {
          const ended = look(source, at, seen + at, final);
          if (ended === 'more') {
            rest = source.slice(at);
            seen += at;
            return undefined;
          }
          if (ended !== undefined) return { end: ended };
        }
        if (seen + at === opening.length) isObject = char === '{';
        step(char);
        if (opening.kind === 'line' && isObject && jsonDone) return { end: seen + at + 1 };
        if (!mayBeCall && seen + at >= opening.length + MAX_PROSE && isProse()) return { given: 'up' };
      }
    }
    seen += source.length;
    rest = '';
    return undefined;
  };
  const isProse = (): boolean => {
    prose ??=
      opening.kind !== 'line' &&
      leadingTool(
        text()
          .slice(opening.length, opening.length + 200)
          .trimStart(),
        book,
      ) === undefined;
    return prose;
  };

  return {
    text,
    feed,
    resolve: (end, truncated) =>
      end === undefined
        ? unclosed(opening, text(), candidates, book, truncated)
        : closed(opening, text(), end, candidates, book),
  };
}

const SPECIAL: ReadonlySet<string> = new Set(['<', '`', '[', '\n']);

/** Length of the closing that stands at this place. */
function closingAt(opening: Opening, text: string, at: number): number | 'more' | undefined {
  if (opening.kind === 'bracket') {
    const word = '[/TOOL_CALL]';
    if (text.startsWith(word, at)) return word.length;
    const rest = text.slice(at, at + word.length);
    return rest.length < word.length && word.startsWith(rest) ? 'more' : undefined;
  }
  if (opening.kind === 'fence' && text.charAt(at) === '`') {
    if (text.startsWith('```', at)) return 3;
    return '```'.startsWith(text.slice(at, at + 3)) ? 'more' : undefined;
  }
  if (text.charAt(at) !== '<') return undefined;
  const tag = closingCallTagAt(text, at);
  return tag === 'more' || tag === undefined ? tag : tag.length;
}

function closed(
  opening: Opening,
  text: string,
  end: number,
  candidates: readonly number[],
  book: ToolBook,
): RegionResult | undefined {
  const whole = callsIn(opening, text.slice(0, end), book, true);
  if (whole.calls.length > 0) return { found: whole, length: end };
  return (
    firstThatHolds(opening, text, candidates, book) ??
    (whole.rejected.length > 0 ? { found: whole, length: end } : undefined)
  );
}

/** The closing tag never came: an earlier one, the end of the JSON, or the end of the line stands in for it. */
function unclosed(
  opening: Opening,
  text: string,
  candidates: readonly number[],
  book: ToolBook,
  truncated: boolean,
): RegionResult | undefined {
  if (opening.kind === 'line') return closed(opening, text, text.length, [], book);
  const early = firstThatHolds(opening, text, candidates, book);
  if (early !== undefined) return early;
  const start = skipSpace(text, opening.length);
  const first = text.charAt(start);
  if (first === '{' || first === '[') return unclosedJson(opening, text, start, book, truncated);
  if (truncated) return undefined;
  if (first === '<') return holding(opening, text, text.lastIndexOf('>') + 1, book, false);
  const lineEnd = text.indexOf('\n', start);
  const tool = leadingTool(text.slice(start), book) ?? '';
  const isOneLine = lineEnd !== -1 && /[>(/]/.test(text.charAt(start + tool.length));
  return holding(opening, text, isOneLine ? lineEnd : text.length, book, false);
}

/** As many whole values as follow each other; the text behind them stays text. */
function unclosedJson(
  opening: Opening,
  text: string,
  start: number,
  book: ToolBook,
  truncated: boolean,
): RegionResult | undefined {
  let result: RegionResult | undefined;
  for (let at = start; text.charAt(at) === '{' || text.charAt(at) === '['; at = skipSpace(text, at)) {
    const end = endOfBrackets(text, at);
    if (end === -1) break;
    const next = holding(opening, text, end, book, false);
    if (next === undefined || next.found.calls.length <= (result?.found.calls.length ?? 0)) break;
    result = next;
    at = end;
  }
  return result ?? (truncated ? undefined : holding(opening, text, text.length, book, true));
}

function firstThatHolds(
  opening: Opening,
  text: string,
  candidates: readonly number[],
  book: ToolBook,
): RegionResult | undefined {
  for (const candidate of candidates) {
    const result = holding(opening, text, candidate, book, true);
    if (result !== undefined) return result;
  }
  return undefined;
}

function holding(
  opening: Opening,
  text: string,
  end: number,
  book: ToolBook,
  unfinished: boolean,
): RegionResult | undefined {
  const found = callsIn(opening, text.slice(0, end), book, unfinished);
  return found.calls.length > 0 ? { found, length: end } : undefined;
}

/** `unfinished`: the model ended the region itself, so brackets that are missing were forgotten, not cut off. */
function callsIn(opening: Opening, region: string, book: ToolBook, unfinished: boolean): Found {
  const body = bodyOf(opening, region);
  switch (opening.kind) {
    case 'line': {
      const args = slashArgument(region.slice(opening.length).trimEnd(), opening.tool, book);
      return args === undefined ? NOTHING_FOUND : callOf(opening.tool, args, book);
    }
    case 'bracket':
      return callInArrows(body, book);
    case 'fence':
      return opening.tool === undefined ? inBody(region, body, book, unfinished) : namedFence(opening.tool, body, book);
    case 'tag': {
      if (opening.name === 'functioncall') {
        const code = callInCode(body, book);
        return code.calls.length > 0 ? code : inBody(region, body, book, unfinished);
      }
      const found = inBody(region, body, book, unfinished);
      // "<tools>" is an ordinary word too: only one plain call counts.
      return opening.name === 'tools' && (found.calls.length !== 1 || found.rejected.length > 0)
        ? NOTHING_FOUND
        : found;
    }
    default:
      return NOTHING_FOUND;
  }
}

function namedFence(tool: string, body: string, book: ToolBook): Found {
  const trimmed = body.trim();
  if (trimmed === '') return callOf(tool, '{}', book);
  return callsInBody(`{"name": ${JSON.stringify(tool)}, "arguments": ${trimmed}}`, book, false);
}

/** JSON first, unless the body is XML or a shorthand from its first character: then JSON is only what it carries. */
function inBody(region: string, body: string, book: ToolBook, unfinished: boolean): Found {
  const start = body.trimStart();
  if (start.startsWith('<') || /^<invoke\s/i.test(region)) return callsInXml(region, book);
  if (leadingTool(start, book) !== undefined) {
    for (const read of [callsInXml, callInShort]) {
      const found = read(start, book);
      if (found.calls.length > 0) return found;
    }
  }
  const json = callsInBody(body, book, unfinished);
  return json.calls.length > 0 ? json : joinFound([json, callsInXml(region, book)]);
}

/** What stands between the tags, those of a nested region taken off too. */
function bodyOf(opening: Opening, region: string): string {
  const inner = region.slice(opening.length).trimEnd();
  if (opening.kind === 'bracket') return withoutEnd(inner, '[/TOOL_CALL]');
  const body = opening.kind === 'fence' ? withoutEnd(inner, '```').trimEnd() : inner;
  let end = body.length;
  for (;;) {
    const at = body.lastIndexOf('</', end - 1);
    const tag = at === -1 ? undefined : closingCallTagAt(body, at);
    if (at === -1 || tag === undefined || tag === 'more' || at + tag.length !== end) break;
    end = body.slice(0, at).trimEnd().length;
  }
  let start = skipSpace(body, 0);
  for (;;) {
    const tag = callTagAt(body, start);
    if (
      tag === undefined ||
      tag === 'more' ||
      start + tag.length > end ||
      /\s/.test(body.slice(start, start + tag.length))
    )
      return body.slice(start, end);
    start = skipSpace(body, start + tag.length);
  }
}

function withoutEnd(text: string, ending: string): string {
  return text.endsWith(ending) ? text.slice(0, -ending.length) : text;
}
