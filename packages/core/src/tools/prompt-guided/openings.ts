import type { ToolBook } from './found-call.ts';

/** Tags that hold calls. The seeds' documents list them; the last three are other models' habits, read 2026-11. */
const CALL_TAGS = [
  'tool_call',
  'tool_calls',
  'toolcall',
  'tool-call',
  'tools',
  'invoke',
  'minimax:tool_call',
  'minimax:toolcall',
  'functioncall',
  'function_calls',
];
/** Those that hold tags of their own. */
const WRAPPERS: ReadonlySet<string> = new Set([
  'tool_calls',
  'tools',
  'minimax:tool_call',
  'minimax:toolcall',
  'function_calls',
]);
const THINK_TAGS = ['think', 'thinking'];
const MARKERS = ['<eom>', '<|eom|>', '<|eom_id|>', '<|eot_id|>', '<|im_end|>', '<|endoftext|>'];
const FENCES = new Set(['tool_call', 'toolcall', 'tool-call', 'invoke']);
const BRACKET = '[TOOL_CALL]';
const MAX_ATTRIBUTES = 300;

export type Opening =
  | { readonly kind: 'tag'; readonly name: string; readonly length: number }
  | { readonly kind: 'think'; readonly name: string; readonly length: number }
  | { readonly kind: 'fence'; readonly tool?: string; readonly length: number }
  | { readonly kind: 'bracket'; readonly length: number }
  | { readonly kind: 'line'; readonly tool: string; readonly length: number }
  | { readonly kind: 'marker'; readonly length: number };

/** `more`: what is there may still become an opening. */
export type Look<T> = T | 'more' | undefined;

export function isWrapper(name: string): boolean {
  return WRAPPERS.has(name);
}

/** What begins at this `<`, `` ` `` or `[`. Final: no more text will come. */
export function openingAt(text: string, at: number, book: ToolBook, final: boolean): Look<Opening> {
  const look = opening(text, at, book);
  return look === 'more' && final ? undefined : look;
}

function opening(text: string, at: number, book: ToolBook): Look<Opening> {
  const first = text.charAt(at);
  if (first === '`') return fenceAt(text, at, book);
  if (first === '[') return startsAt(text, at, BRACKET, { kind: 'bracket', length: BRACKET.length });
  for (const marker of MARKERS) {
    const look = startsAt(text, at, marker, { kind: 'marker', length: marker.length } as const);
    if (look !== undefined) return look;
  }
  const tag = tagAt(text, at, [...CALL_TAGS, ...THINK_TAGS], false);
  if (tag === undefined || tag === 'more') return tag;
  return { kind: THINK_TAGS.includes(tag.name) ? 'think' : 'tag', ...tag };
}

function startsAt<T>(text: string, at: number, word: string, result: T): Look<T> {
  if (text.startsWith(word, at)) return result;
  const rest = text.slice(at, at + word.length);
  return rest.length < word.length && word.startsWith(rest) ? 'more' : undefined;
}

export interface Tag {
  readonly name: string;
  readonly length: number;
}

/** A tag of the given names, with attributes if it has any; a closing one has none. */
function tagAt(text: string, at: number, names: readonly string[], closing: boolean): Look<Tag> {
  const head = closing ? '</' : '<';
  if (!text.startsWith(head, at)) return head.startsWith(text.slice(at, at + 2)) ? 'more' : undefined;
  let end = at + head.length;
  while (end < text.length && /[A-Za-z_:-]/.test(text.charAt(end)) && end - at < 40) end += 1;
  const name = text.slice(at + head.length, end).toLowerCase();
  if (end === text.length) return names.some((one) => one.startsWith(name)) ? 'more' : undefined;
  if (!names.includes(name)) return undefined;
  if (text.charAt(end) === '>') return { name, length: end + 1 - at };
  return /\s/.test(text.charAt(end)) ? attributesAt(text, at, end, name, closing) : undefined;
}

function attributesAt(text: string, at: number, from: number, name: string, closing: boolean): Look<Tag> {
  for (let index = from; index < text.length; index += 1) {
    const char = text.charAt(index);
    if (char === '>') {
      const inner = text.slice(from, index).trim();
      const isLegal = closing ? inner === '' : /^(?:[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"']+)\s*)*$/.test(inner);
      return isLegal ? { name, length: index + 1 - at } : undefined;
    }
    if (char === '<' || index - from > MAX_ATTRIBUTES) return undefined;
  }
  return 'more';
}

export function callTagAt(text: string, at: number): Look<Tag> {
  return tagAt(text, at, CALL_TAGS, false);
}

export function closingCallTagAt(text: string, at: number): Look<Tag> {
  return tagAt(text, at, CALL_TAGS, true);
}

export function closingThinkAt(text: string, at: number, name: string): Look<Tag> {
  return tagAt(text, at, [name], true);
}

/** A code fence that is no code: its word says that a call follows. `tool` is followed by the tool's name. */
function fenceAt(text: string, at: number, book: ToolBook): Look<Opening> {
  const fence = startsAt(text, at, '```', true);
  if (fence !== true) return fence;
  let end = at + 3;
  while (end < text.length && /[A-Za-z_-]/.test(text.charAt(end)) && end - at < 40) end += 1;
  const word = text.slice(at + 3, end);
  if (end === text.length) return [...FENCES, 'tool'].some((one) => one.startsWith(word)) ? 'more' : undefined;
  if (word !== 'tool' && !FENCES.has(word)) return undefined;
  const lineEnd = text.indexOf('\n', end);
  const line = lineEnd === -1 ? text.slice(end) : text.slice(end, lineEnd);
  if (word !== 'tool') {
    const brace = /^[ \t]*(?=[{<[])/.exec(line)?.[0];
    if (brace !== undefined) return { kind: 'fence', length: end + brace.length - at };
    if (line.trim() !== '') return undefined;
    return lineEnd === -1 ? 'more' : { kind: 'fence', length: lineEnd + 1 - at };
  }
  const name = line.trim();
  if (lineEnd !== -1) return book.has(name) ? { kind: 'fence', tool: name, length: lineEnd + 1 - at } : undefined;
  const started = line.trimStart();
  return book.names.some((one) => one.startsWith(started.trimEnd())) ? 'more' : undefined;
}

/** A line that begins with a declared tool and a slash. */
export function lineAt(text: string, at: number, book: ToolBook, final: boolean): Look<Opening> {
  let partial = false;
  for (const name of book.names) {
    const look = startsAt(text, at, `${name}/`, { kind: 'line', tool: name, length: name.length + 1 } as const);
    if (look === 'more') partial = true;
    else if (look !== undefined) return look;
  }
  return partial && !final ? 'more' : undefined;
}
