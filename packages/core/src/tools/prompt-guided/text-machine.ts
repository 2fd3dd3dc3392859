import type { Tool } from '../../spec/request.ts';
import { createToolBook, type Found, type ToolBook } from './found-call.ts';
import { closingCallTagAt, closingThinkAt, lineAt, openingAt, type Look, type Opening } from './openings.ts';
import { createPlainJson, type PlainJson } from './plain-json.ts';
import { createRegion, type Region } from './region.ts';

/** Where the pieces of one answer's text go. */
export interface MachineSink {
  text(piece: string): void;
  reasoning(piece: string): void;
  reasoningEnd(): void;
  found(found: Found): void;
  warning(code: string, message: string): void;
}

export interface TextMachine {
  push(piece: string): void;
  /** The text is over. `truncated`: it was cut off, so nothing unfinished may be completed. */
  end(truncated: boolean): void;
  /** Nothing is held back. */
  readonly idle: boolean;
}

/** After so many openings that led nowhere the rest of a finished text is taken as text: the search stays linear. */
const MAX_FAILURES = 20;

/**
 * Separates a model's text from the calls it wrote into it, whatever the pieces it comes in: text is passed on at once
 * and held back only while its end may be the beginning of a call; white space around calls is not passed on.
 */
export function createTextMachine(tools: readonly Tool[], sink: MachineSink): TextMachine {
  return new Machine(createToolBook(tools), sink);
}

class Machine implements TextMachine {
  readonly #book: ToolBook;
  readonly #sink: MachineSink;
  /** Not looked at yet, or not decided. */
  #buffer = '';
  /** White space and end markers that go out only if text follows. */
  #tail = '';
  #marked = false;
  #lineStart = true;
  /** Nothing but white space so far: the whole answer may be one JSON envelope. */
  #blank = true;
  /** A call was just read: white space and left-over closing tags behind it are dropped. */
  #afterCall = false;
  /** Backticks in a row that end what was passed on. */
  #ticks = 0;
  /** What the text is inside of. */
  #think: string | undefined;
  #region: { readonly is: Region; readonly opening: Opening } | undefined;
  #json: PlainJson | undefined;
  #failures = 0;

  constructor(book: ToolBook, sink: MachineSink) {
    this.#book = book;
    this.#sink = sink;
  }

  push(piece: string): void {
    this.#buffer += piece;
    this.#run(false, false);
  }

  get idle(): boolean {
    const isInText = this.#think === undefined && this.#region === undefined && this.#json === undefined;
    return isInText && this.#buffer === '' && this.#tail === '';
  }

  end(truncated: boolean): void {
    this.#failures = 0;
    this.#run(true, truncated);
    if (this.#think !== undefined) this.#sink.reasoningEnd();
    if (!this.#marked && !this.#afterCall && this.#tail !== '') this.#sink.text(this.#tail);
    this.#tail = '';
  }

  #run(final: boolean, truncated: boolean): void {
    let going = true;
    while (going) {
      if (this.#think !== undefined) going = this.#inThinking(this.#think, final);
      else if (this.#json !== undefined) going = this.#inJson(this.#json, final);
      else if (this.#region !== undefined) going = this.#inRegion(this.#region, final, truncated);
      else going = this.#inText(final);
    }
  }

  /** Each of the four returns true when the place changed, so that there is more to do. */
  #inText(final: boolean): boolean {
    const text = this.#buffer;
    let at = 0;
    while (at < text.length) {
      const char = text.charAt(at);
      if (/\s/.test(char)) {
        this.#tail += char;
        this.#lineStart ||= char === '\n';
        this.#ticks = 0;
        at += 1;
        continue;
      }
      const dropped = this.#leftOver(text, at, final);
      const look = dropped ?? this.#lookAt(text, at, final);
      if (look === 'more') break;
      if (typeof look === 'number') at += look;
      else if (look !== undefined) {
        this.#buffer = text.slice(at);
        this.#enter(look);
        return true;
      } else {
        const end = endOfRun(text, at);
        this.#emit(text.slice(at, end));
        at = end;
      }
    }
    this.#buffer = text.slice(at);
    return false;
  }

  /** Length of a closing tag without an opening, right behind a call. */
  #leftOver(text: string, at: number, final: boolean): Look<number> {
    if (!this.#afterCall || text.charAt(at) !== '<') return undefined;
    const closing = closingCallTagAt(text, at);
    if (closing === 'more') return final ? undefined : 'more';
    return closing?.length;
  }

  #lookAt(text: string, at: number, final: boolean): Look<Opening | 'json'> {
    if (final && this.#failures > MAX_FAILURES) return undefined;
    const char = text.charAt(at);
    if (this.#blank && (char === '{' || char === '[')) {
      const isBracket = char === '[' ? openingAt(text, at, this.#book, final) : undefined;
      return isBracket ?? 'json';
    }
    if (char === '<' || char === '`' || char === '[') {
      const look = openingAt(text, at, this.#book, final);
      return look === undefined || look === 'more' ? look : this.#unquoted(look, text.charAt(at + look.length), final);
    }
    return this.#lineStart ? lineAt(text, at, this.#book, final) : undefined;
  }

  /** `<tool_call>` in backticks is talk about the tag. */
  #unquoted(look: Opening, next: string, final: boolean): Look<Opening> {
    if (this.#ticks === 0 || this.#ticks > 2) return look;
    if (next === '') return final ? look : 'more';
    return next === '`' ? undefined : look;
  }

  #enter(look: Opening | 'json'): void {
    if (look === 'json') {
      this.#json = createPlainJson(this.#book);
    } else if (look.kind === 'marker') {
      this.#tail += this.#buffer.slice(0, look.length);
      this.#marked = true;
      this.#buffer = this.#buffer.slice(look.length);
    } else if (look.kind === 'think') {
      this.#think = look.name;
      this.#buffer = this.#buffer.slice(look.length);
    } else this.#region = { is: createRegion(look, this.#book), opening: look };
  }

  #inThinking(name: string, final: boolean): boolean {
    const text = this.#buffer;
    for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at + 1)) {
      const closing = closingThinkAt(text, at, name);
      if (closing === undefined || (closing === 'more' && final)) continue;
      this.#sink.reasoning(text.slice(0, at));
      if (closing === 'more') {
        this.#buffer = text.slice(at);
        return false;
      }
      this.#sink.reasoningEnd();
      this.#buffer = text.slice(at + closing.length);
      this.#think = undefined;
      this.#tail = this.#blank ? '' : this.#tail;
      // White space between thinking and answer belongs to neither.
      this.#afterCall ||= this.#blank;
      return true;
    }
    this.#sink.reasoning(text);
    this.#buffer = '';
    return false;
  }

  #inJson(json: PlainJson, final: boolean): boolean {
    const result = json.feed(this.#buffer, final);
    this.#buffer = '';
    if (result === 'wait') return false;
    this.#json = undefined;
    this.#blank = false;
    if (result === 'release') this.#buffer = json.text();
    else this.#take(result.found);
    return true;
  }

  #inRegion({ is, opening }: { is: Region; opening: Opening }, final: boolean, truncated: boolean): boolean {
    const fed = is.feed(this.#buffer, final);
    this.#buffer = '';
    if (fed === undefined && !final) return false;
    this.#region = undefined;
    const text = is.text();
    if (fed !== undefined && 'given' in fed) {
      this.#emit(text.slice(0, opening.length));
      this.#buffer = text.slice(opening.length);
      return true;
    }
    const result = is.resolve(fed?.end, truncated);
    if (result !== undefined && result.found.calls.length > 0) {
      this.#take(result.found);
      this.#buffer = text.slice(result.length);
      return true;
    }
    const length = fed?.end ?? opening.length;
    this.#emit(text.slice(0, length));
    this.#failures += 1;
    if (isMeant(opening))
      this.#sink.warning('tool-call-unreadable', `${unreadable(result?.found.rejected ?? [])} It stands in the text.`);
    this.#buffer = text.slice(length);
    return true;
  }

  #take(found: Found): void {
    if (found.text !== undefined) this.#emit(found.text);
    this.#tail = '';
    this.#marked = false;
    this.#blank = false;
    this.#afterCall = true;
    this.#ticks = 0;
    this.#sink.found(found);
    if (found.rejected.length > 0)
      this.#sink.warning(
        'tool-call-unreadable',
        `${unreadable(found.rejected)} It was left out, the calls beside it were taken.`,
      );
  }

  #emit(text: string): void {
    this.#sink.text(this.#afterCall ? text : this.#tail + text);
    this.#tail = '';
    this.#marked = false;
    this.#blank = false;
    this.#afterCall = false;
    this.#lineStart = false;
    const ticks = /`*$/.exec(text.slice(-3))?.[0].length ?? 0;
    this.#ticks = ticks === text.length ? this.#ticks + ticks : ticks;
  }
}

/** `<tools>` and a line with a slash are ordinary text more often than not. */
function isMeant(opening: Opening): boolean {
  return opening.kind !== 'line' && !(opening.kind === 'tag' && opening.name === 'tools');
}

function unreadable(reasons: readonly string[]): string {
  const why = reasons.length === 0 ? 'it holds no call' : [...new Set(reasons)].slice(0, 3).join('; ');
  return `The model wrote something like a tool call that could not be taken: ${why}.`;
}

/** Ordinary text up to the next place that deserves a look, at least one character. */
function endOfRun(text: string, at: number): number {
  const run = /[^\s<`[]+/y;
  run.lastIndex = at + 1;
  return run.test(text) ? run.lastIndex : at + 1;
}
