import { widthOf } from '../cli/terminal-text.ts';
import { renderInline, type Paint } from './markdown-inline.ts';

const RULE = /^ {0,3}\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/;

/** The rows of a table in columns; `undefined`: it is none, or is wider than the terminal, where a cut would lose text. */
export function renderTable(rows: readonly string[], paint: Paint, columns: number): string | undefined {
  const [head, rule, ...body] = rows;
  if (head === undefined || rule === undefined || !RULE.test(rule)) return undefined;
  const aligns = cellsOf(rule).map((cell) => cell.endsWith(':') && !cell.startsWith(':'));
  const cells = [head, ...body].map(cellsOf);
  const count = Math.max(...cells.map((row) => row.length));
  // Marks take no room once they are shown.
  const plain = (text: string): string => renderInline(text, (part) => part, []);
  const widths = Array.from({ length: count }, (_, index) =>
    Math.max(1, ...cells.map((row) => widthOf(plain(row[index] ?? '')))),
  );
  if (widths.reduce((sum, width) => sum + width + 3, -1) > columns) return undefined;
  const line = (row: readonly string[], isHead: boolean): string =>
    widths
      .map((width, index) => {
        const text = row[index] ?? '';
        const shown = renderInline(text, paint, isHead ? ['bold'] : []);
        const space = ' '.repeat(Math.max(0, width - widthOf(plain(text))));
        return aligns[index] === true ? space + shown : shown + space;
      })
      .join(paint(' │ ', ['dim']));
  const under = paint(widths.map((width) => '─'.repeat(width)).join('─┼─'), ['dim']);
  const [first = [], ...rest] = cells;
  return [line(first, true), under, ...rest.map((row) => line(row, false))].map((one) => `${one.trimEnd()}\n`).join('');
}

/** Cells between bars; `\|` and a bar in code are text. */
function cellsOf(row: string): string[] {
  const inner = row.trim().replace(/^\|/, '');
  const cells = [''];
  for (const [part] of inner.matchAll(/`[^`]*`|\\\||[^`\\|]+|[\s\S]/g)) {
    if (part === '|') cells.push('');
    else cells[cells.length - 1] += part === '\\|' ? '|' : part;
  }
  if (cells.at(-1)?.trim() === '') cells.pop();
  return cells.map((cell) => cell.trim());
}
