import { lineEnd, lineStart, parseSpans, type BlockSpan, type PairSpan } from '../edit/toml-spans.ts';
import { pathKey, type ConfigPath } from '../path.ts';

/** A key or a header of a TOML document, with the comments that belong to it. */
export interface Statement {
  readonly path: ConfigPath;
  readonly isHeader: boolean;
  /** Comment lines above it, as written. */
  readonly leading: readonly string[];
  /** `# …` behind it on its line. */
  readonly trailing?: string;
  /** Comments inside its value. */
  readonly inner: readonly string[];
  /** Text of the value; empty for a header. */
  readonly value: string;
  /** The whole of it without the comments above. */
  readonly text: string;
  /** 1-based. */
  readonly line: number;
  /** The header it stands under; empty at the top of the file. */
  readonly block: ConfigPath;
}

export interface Document {
  /** Comments that open the file and belong to all of it. */
  readonly head: readonly string[];
  readonly statements: readonly Statement[];
  /** Comments after the last statement. */
  readonly tail: readonly string[];
}

/** Splits a document that the TOML parser accepts. No comment is lost: each is in exactly one place. */
export function readStatements(source: string): Document {
  const text = source.replace(/^\uFEFF/u, '').replaceAll('\r\n', '\n');
  const statements: Statement[] = [];
  let head: readonly string[] = [];
  let after = 0;
  const push = (start: number, end: number, rest: Omit<Statement, 'leading' | 'trailing' | 'text' | 'line'>): void => {
    let leading = comments(text.slice(after, start));
    if (statements.length === 0) [head, leading] = splitHead(text.slice(after, start));
    const stop = lineEnd(text, end);
    const trailing = text.slice(end, stop).trim();
    statements.push({
      ...rest,
      leading,
      ...(trailing.startsWith('#') ? { trailing } : {}),
      text: text.slice(start, stop).trimEnd(),
      line: text.slice(0, start).split('\n').length,
    });
    after = stop;
  };
  for (const block of parseSpans(text)) {
    if (block.keys.length > 0) pushHeader(text, block, push);
    for (const pair of block.pairs) pushPair(text, block, pair, push);
  }
  return { head, statements, tail: comments(text.slice(after)) };
}

type Push = (start: number, end: number, rest: Omit<Statement, 'leading' | 'trailing' | 'text' | 'line'>) => void;

function pushHeader(text: string, block: BlockSpan, push: Push): void {
  const last = block.keys.at(-1)?.end ?? block.start;
  const close = text.indexOf(']', last);
  const end = text[close + 1] === ']' && block.isArrayItem ? close + 2 : close + 1;
  push(block.start, end, { path: block.path, isHeader: true, inner: [], value: '', block: block.path });
}

function pushPair(text: string, block: BlockSpan, pair: PairSpan, push: Push): void {
  const start = lineStart(text, pair.keys[0]?.start ?? pair.value.start);
  const value = text.slice(pair.value.start, pair.value.end);
  push(start, pair.value.end, {
    path: [...block.path, ...pair.keys.map(({ name }) => name)],
    isHeader: false,
    inner: pair.value.kind === 'scalar' ? [] : innerComments(value),
    value,
    block: block.path,
  });
}

function comments(gap: string): string[] {
  return gap
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('#'));
}

/** Before the first statement: what stands above an empty line speaks of the whole file. */
function splitHead(gap: string): [string[], string[]] {
  const lines = gap.split('\n');
  let blank = -1;
  lines.forEach((line, index) => {
    // The last piece is the beginning of the statement's own line.
    if (line.trim() === '' && index < lines.length - 1) blank = index;
  });
  return [comments(lines.slice(0, blank + 1).join('\n')), comments(lines.slice(blank + 1).join('\n'))];
}

/** Comments of a list or an inline table; a `#` inside a string is none. */
function innerComments(value: string): string[] {
  const found: string[] = [];
  const token = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|#[^\n]*/g;
  for (const match of value.matchAll(token)) if (match[0].startsWith('#')) found.push(match[0].trimEnd());
  return found;
}

export function statementKey(path: ConfigPath, isHeader: boolean): string {
  return `${isHeader ? 'h' : 'k'}${pathKey(path)}`;
}
