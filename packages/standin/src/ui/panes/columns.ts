import type { Canvas } from '../screen/canvas.ts';
import { PLAIN, type Look } from '../screen/style.ts';
import { fit, fitRight } from '../../cli/terminal-text.ts';

/** A column of a list. */
export interface Column<T> {
  readonly title: string;
  readonly width: number;
  /** Shown only where there are so many columns of text; default: always. */
  readonly from?: number;
  /** Takes its share of what is left over. */
  readonly grows?: boolean;
  readonly right?: boolean;
  readonly text: (row: T) => string;
  readonly look?: (row: T) => Look;
}

const MOST_GROWTH = 40;

interface Fitted<T> extends Column<T> {
  readonly x: number;
}

/** The columns that have room in `width`, with their places. */
export function fitted<T>(columns: readonly Column<T>[], width: number): readonly Fitted<T>[] {
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const used = shown.reduce((sum, column) => sum + column.width + 1, -1);
  const growing = shown.filter(({ grows }) => grows === true).length;
  // A line is read across; where the eye would lose it, the rest stays empty.
  let left = Math.min(Math.max(0, width - used), growing * MOST_GROWTH);
  let waiting = growing;
  let x = 0;
  return shown.map((column) => {
    const more = column.grows === true ? Math.floor(left / waiting--) : 0;
    left -= more;
    const place = { ...column, width: column.width + more, x };
    x += place.width + 1;
    return place;
  });
}

export function drawHeads<T>(canvas: Canvas, x: number, y: number, columns: readonly Fitted<T>[], look: Look): void {
  for (const column of columns)
    canvas.put(
      x + column.x,
      y,
      (column.right === true ? fitRight : fit)(column.title, column.width),
      look,
      column.width,
    );
}

/** `over`: how the whole row looks, whatever its cells want. */
export function drawRow<T>(
  canvas: Canvas,
  x: number,
  y: number,
  columns: readonly Fitted<T>[],
  row: T,
  over?: Look,
): void {
  for (const column of columns) {
    const text = (column.right === true ? fitRight : fit)(column.text(row), column.width);
    canvas.put(x + column.x, y, text, over ?? column.look?.(row) ?? PLAIN, column.width);
  }
}
