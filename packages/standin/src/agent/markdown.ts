import { createInlineStream, renderInline, type InlineStream, type Paint, type Weight } from './markdown-inline.ts';
import { renderTable } from './markdown-table.ts';

/** A table is shown as a whole when it ends; one that grows beyond this is shown as written. */
const MOST_TABLE_CHARS = 64_000;
/** What may still become a mark at the begin of a line. */
const MOST_PREFIX = 80;

/** Markdown that arrives in pieces, as text for a terminal that only ever grows: nothing is drawn twice. */
export interface MarkdownStream {
  push(text: string): string;
  /** All that still waits, as it was written. */
  end(): string;
}

interface Fence {
  readonly sign: string;
  readonly length: number;
}

/** `columns`: of the terminal, asked when a table is shown. */
export function createMarkdownStream(paint: Paint, columns: () => number): MarkdownStream {
  /** The begin of a line that is not decided yet. */
  let begin = '';
  let line: InlineStream | undefined;
  let isPlainLine = false;
  let fence: Fence | undefined;
  let table: string[] = [];
  let tableChars = 0;

  const closeTable = (): string => {
    const rows = table;
    [table, tableChars] = [[], 0];
    if (rows.length === 0) return '';
    const drawn = renderTable(rows, paint, columns());
    return drawn ?? rows.map((row) => `${renderInline(row, paint, [])}\n`).join('');
  };
  /** The line's marks, or undefined: more is needed to know. */
  const start = (text: string, isEnd: boolean): string | undefined => {
    if (fence !== undefined) {
      const couldClose = isFenceEnd(text, fence, isEnd);
      if (couldClose === undefined) return undefined;
      isPlainLine = true;
      if (!couldClose) return paint(text, ['code']);
      fence = undefined;
      return paint(text, ['dim']);
    }
    const block = blockOf(text, isEnd);
    if (block === undefined) return undefined;
    if (block.kind === 'table') return undefined;
    const head = closeTable();
    if (block.kind === 'fence') {
      fence = block.fence;
      isPlainLine = true;
      return head + paint(text, ['dim']);
    }
    if (block.kind === 'rule') {
      isPlainLine = true;
      return head + paint('─'.repeat(Math.max(3, Math.min(60, columns() - 1))), ['dim']);
    }
    line = createInlineStream(paint, block.weights);
    return (
      head + block.mark.map(([mark, weights]) => paint(mark, weights)).join('') + line.push(text.slice(block.length))
    );
  };
  const more = (text: string): string => {
    if (line !== undefined) return line.push(text);
    if (isPlainLine) return paint(text, fence === undefined ? ['dim'] : ['code']);
    begin += text;
    const shown = start(begin, false);
    if (shown !== undefined) {
      begin = '';
      return shown;
    }
    return '';
  };
  const finish = (): string => {
    let shown = '';
    if (line === undefined && !isPlainLine) {
      const text = begin;
      begin = '';
      if (fence === undefined && isTableRow(text) && tableChars < MOST_TABLE_CHARS) {
        table.push(text);
        tableChars += text.length;
        return '';
      }
      shown = start(text, true) ?? closeTable() + renderInline(text, paint, []);
    }
    if (line !== undefined) shown += line.end();
    line = undefined;
    isPlainLine = false;
    return shown;
  };
  return {
    push(text) {
      let shown = '';
      const parts = text.split('\n');
      parts.forEach((part, index) => {
        if (part !== '') shown += more(part);
        if (index === parts.length - 1) return;
        const rows = table.length;
        const ended = finish();
        // A row of a table is kept with its line end.
        shown += table.length > rows ? ended : `${ended}\n`;
      });
      return shown;
    },
    end() {
      const ended = begin === '' && line === undefined && !isPlainLine ? '' : finish();
      return ended + closeTable();
    },
  };
}

type Block =
  | {
      readonly kind: 'text';
      readonly length: number;
      readonly mark: readonly (readonly [string, readonly Weight[]])[];
      readonly weights: readonly Weight[];
    }
  | { readonly kind: 'fence'; readonly fence: Fence }
  | { readonly kind: 'rule' }
  | { readonly kind: 'table' };

const PLAIN: Block = { kind: 'text', length: 0, mark: [], weights: [] };

/** What the begin of a line makes of it; `undefined`: more is needed. */
function blockOf(text: string, isEnd: boolean): Block | undefined {
  const isShort = !isEnd && text.length < MOST_PREFIX;
  if (isShort && /^ *$/.test(text)) return undefined;
  // As far in as a fence may stand: in a list that is more than three places.
  if (/^ *(?:`{1,2}|~{1,2})$/.test(text) && isShort) return undefined;
  const fenced = /^ *(`{3,}|~{3,})([^`]*)$/.exec(text);
  if (fenced !== null) {
    // Its line is shown as a whole: what follows the marks names the language.
    if (!isEnd) return text.length < MOST_PREFIX ? undefined : PLAIN;
    const [, marks = ''] = fenced;
    return { kind: 'fence', fence: { sign: marks[0] ?? '', length: marks.length } };
  }
  if (/^ {0,3}([-*_])(?: *\1){2,} *$/.test(text)) return isEnd ? { kind: 'rule' } : isShort ? undefined : PLAIN;
  if (/^ {0,3}([-*_])(?: *\1)* *$/.test(text) && isShort) return undefined;
  if (isTableRow(text)) return isEnd || text.length < MOST_TABLE_CHARS ? { kind: 'table' } : PLAIN;
  const heading = /^ {0,3}(#{1,6}) +(?=\S)/.exec(text);
  if (heading !== null) {
    const weights: readonly Weight[] = (heading[1]?.length ?? 1) <= 2 ? ['bold', 'underline'] : ['bold'];
    return { kind: 'text', length: heading[0].length, mark: [], weights };
  }
  const quote = /^ {0,3}(?:> ?)+/.exec(text);
  if (quote !== null) {
    if (isShort && quote[0].length === text.length) return undefined;
    const depth = quote[0].replaceAll(/[^>]/g, '').length;
    return { kind: 'text', length: quote[0].length, mark: [['│ '.repeat(depth), ['dim']]], weights: ['italic'] };
  }
  const item = /^( *)(?:([-*+])|(\d{1,9}[.)])) +(?=\S)/.exec(text);
  if (item !== null) {
    const [all, indent = '', , number] = item;
    return {
      kind: 'text',
      length: all.length,
      mark: [
        [indent, []],
        [`${number ?? '•'} `, ['bold']],
      ],
      weights: [],
    };
  }
  // Half of one of these.
  if (isShort && /^ *(?:#{1,6} *|[-*+] *|\d{1,9}(?:[.)] *)?)$/.test(text)) return undefined;
  return PLAIN;
}

const isTableRow = (text: string): boolean => /^ {0,3}\|/.test(text);

/** Whether a line closes the fence; `undefined`: it may. */
function isFenceEnd(text: string, { sign, length }: Fence, isEnd: boolean): boolean | undefined {
  const body = text.replace(/^ {0,12}/, '').trimEnd();
  const isMarks = [...body].every((one) => one === sign);
  if (!isMarks) return false;
  if (isEnd) return body.length >= length;
  return text.length > MOST_PREFIX ? false : undefined;
}
