import { escapeOf, PLAIN, type Glyphs, type Look } from './style.ts';
import { clip, signsOf } from '../../cli/terminal-text.ts';

/** A part of the screen, in cells. */
export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is drawn before it is shown: a grid of cells. Everything put here is made harmless, whoever wrote it. */
export interface Canvas {
  readonly columns: number;
  readonly rows: number;
  readonly glyphs: Glyphs;
  /** Writes in one line, clipped to `width` columns (default: to the edge). Returns the columns used. */
  put(x: number, y: number, text: string, look?: Look, width?: number): number;
  blank(area: Area, look?: Look): void;
  /** Changes how an area looks, not what it says. */
  mark(area: Area, look: Look): void;
  /** A frame; returns the area inside. */
  frame(area: Area, title?: string, look?: Look): Area;
  /** Where the cursor stands; it is hidden without. */
  cursor: { readonly x: number; readonly y: number } | undefined;
  /** @internal */
  readonly cells: readonly string[];
  /** @internal */
  readonly looks: readonly Look[];
}

export function createCanvas(columns: number, rows: number, glyphs: Glyphs): Canvas {
  const cells = Array.from<string>({ length: columns * rows }).fill(' ');
  const looks = Array.from<Look>({ length: columns * rows }).fill(PLAIN);
  /** Half of a wide sign that is written over leaves nothing behind. */
  const clear = (index: number, y: number): void => {
    if (cells[index] === '' && index > y * columns) cells[index - 1] = ' ';
    if (cells[index + 1] === '' && index + 1 < (y + 1) * columns) cells[index + 1] = ' ';
  };
  const canvas: Canvas = {
    columns,
    rows,
    glyphs,
    cells,
    looks,
    cursor: undefined,
    put(x, y, text, look = PLAIN, width = columns - x) {
      if (y < 0 || y >= rows || x < 0 || x >= columns) return 0;
      let at = x;
      for (const sign of signsOf(clip(text, Math.min(width, columns - x)))) {
        const index = y * columns + at;
        for (let half = 0; half < sign.width; half++) {
          clear(index + half, y);
          cells[index + half] = half === 0 ? sign.text : '';
          looks[index + half] = look;
        }
        at += sign.width;
      }
      return at - x;
    },
    blank({ x, y, width, height }, look = PLAIN) {
      const blank = ' '.repeat(Math.max(0, width));
      for (let row = y; row < y + height; row++) canvas.put(x, row, blank, look, width);
    },
    mark({ x, y, width, height }, look) {
      for (let row = Math.max(0, y); row < Math.min(rows, y + height); row++)
        for (let at = Math.max(0, x); at < Math.min(columns, x + width); at++) looks[row * columns + at] = look;
    },
    frame(area, title = '', look = PLAIN) {
      const { x, y, width, height } = area;
      const [leftTop, rightTop, leftBottom, rightBottom] = glyphs.corners;
      const line = glyphs.horizontal.repeat(Math.max(0, width - 2));
      canvas.put(x, y, leftTop + line + rightTop, look, width);
      for (let row = y + 1; row < y + height - 1; row++) {
        canvas.put(x, row, glyphs.vertical, look);
        canvas.put(x + width - 1, row, glyphs.vertical, look);
      }
      canvas.put(x, y + height - 1, leftBottom + line + rightBottom, look, width);
      if (title !== '') canvas.put(x + 2, y, ` ${title} `, look, Math.max(0, width - 4));
      return { x: x + 1, y: y + 1, width: Math.max(0, width - 2), height: Math.max(0, height - 2) };
    },
  };
  return canvas;
}

const LETTER = /^[\u0020-\u02FF\u2190-\u21FF\u2400-\u25FF]$/;

/** What to send so that a screen that shows `before` shows `next`. Only lines that differ are written, from their first difference on. */
export function difference(before: Canvas | undefined, next: Canvas, hasColour: boolean): string {
  const { columns, rows, cells, looks } = next;
  const isComparable = before?.columns === columns && before.rows === rows;
  let text = isComparable ? '' : '\u001B[0m\u001B[2J';
  for (let y = 0; y < rows; y++) {
    const [begin, end] = isComparable ? changedSpan(before, next, y) : [y * columns, (y + 1) * columns];
    if (begin >= end) continue;
    text += `\u001B[${y + 1};${begin - y * columns + 1}H`;
    let look: Look | undefined;
    for (let index = begin; index < end; index++) {
      const cell = cells[index] ?? ' ';
      if (cell === '') continue;
      if (looks[index] !== look) {
        look = looks[index] ?? PLAIN;
        text += escapeOf(look, hasColour);
      }
      text += cell;
      // Terminals differ in what some signs take; the next one stands where it belongs all the same.
      const after = index + (cells[index + 1] === '' ? 2 : 1);
      if (!LETTER.test(cell) && after < end) text += `\u001B[${after - y * columns + 1}G`;
    }
    text += '\u001B[0m';
  }
  const { cursor } = next;
  const isSame = isComparable && before.cursor?.x === cursor?.x && before.cursor?.y === cursor?.y;
  if (text === '' && isSame) return '';
  const place = cursor === undefined ? '\u001B[?25l' : `\u001B[${cursor.y + 1};${cursor.x + 1}H\u001B[?25h`;
  // Terminals that know it show the whole at once.
  return `\u001B[?2026h\u001B[?25l${text}${place}\u001B[?2026l`;
}

function changedSpan(before: Canvas, { columns, cells, looks }: Canvas, y: number): [number, number] {
  const isSame = (index: number): boolean =>
    cells[index] === before.cells[index] && looks[index] === before.looks[index];
  let begin = y * columns;
  let end = begin + columns;
  while (begin < end && isSame(begin)) begin++;
  while (end > begin && isSame(end - 1)) end--;
  while (begin > y * columns && begin < end && cells[begin] === '') begin--;
  return [begin, end];
}
