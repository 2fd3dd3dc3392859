import type { Output } from './output.ts';
import { clip, widthOf } from './terminal-text.ts';

const GAP = 2;
/** A column of words is not made narrower than this. */
const NARROWEST = 8;

export interface TableOptions {
  readonly indent?: string;
  /** Columns of the terminal: the widest columns of words give way, with an ellipsis. Absent (a pipe): everything is whole. */
  readonly columns?: number;
  /** Columns that may give way, from 0. Default: all that hold words. */
  readonly words?: readonly number[];
}

/** Columns padded to the widest cell; the last column is left as it is. */
export function table(
  rows: readonly (readonly string[])[],
  { indent = '', columns, words }: TableOptions = {},
): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, widthOf(cell))));
  const fitted =
    columns === undefined
      ? widths
      : fittedWidths(widths, words ?? wordsIn(rows, widths.length), columns - widthOf(indent));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => {
        const width = fitted[i] ?? 0;
        const shown = widthOf(cell) > width ? clip(cell, width) : cell;
        return i === row.length - 1 ? shown : shown + ' '.repeat(Math.max(0, width - widthOf(shown)));
      });
      return (indent + cells.join(' '.repeat(GAP))).trimEnd();
    })
    .join('\n');
}

/** The terminal's columns; `undefined` where the output is none. */
export function columnsOf({ out }: Output): { readonly columns?: number } {
  const { isTTY, columns } = out as Output['out'] & { readonly columns?: number };
  return isTTY === true && columns !== undefined && columns > 0 ? { columns } : {};
}

/** One line of words in what is left of the terminal's width; in a pipe as it is. */
export function fitLine(text: string, used: number, output: Output): string {
  const { columns } = columnsOf(output);
  return columns === undefined ? text : clip(text, Math.max(NARROWEST, columns - used));
}

function fittedWidths(widths: readonly number[], words: readonly number[], room: number): number[] {
  const fitted = [...widths];
  let over = fitted.reduce((sum, width) => sum + width + GAP, -GAP) - room;
  while (over > 0) {
    let widest = -1;
    fitted.forEach((width, i) => {
      if (words.includes(i) && width > NARROWEST && width > (fitted[widest] ?? 0)) widest = i;
    });
    if (widest < 0) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
    over--;
  }
  return fitted;
}

/** The first row may be a head, whose words say nothing of what stands below. */
function wordsIn(rows: readonly (readonly string[])[], count: number): number[] {
  const body = rows.length > 1 ? rows.slice(1) : rows;
  return Array.from({ length: count }, (_, i) => i).filter((i) =>
    body.some((row) => !/^[\d.,:%$\s–-]*$/.test(row[i] ?? '')),
  );
}
