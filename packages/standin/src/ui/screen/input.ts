import type { Canvas } from './canvas.ts';
import type { Key } from './keys.ts';
import { UNDERLINE, type Look } from './style.ts';
import { signsOf, harmless } from '../../cli/terminal-text.ts';

/** A line that is being typed. */
export interface Line {
  readonly text: string;
  /** Code units before the cursor. */
  readonly cursor: number;
}

export const lineOf = (text: string): Line => ({ text, cursor: text.length });

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

const before = ({ text, cursor }: Line): number => [...segmenter.segment(text.slice(0, cursor))].at(-1)?.index ?? 0;

function after({ text, cursor }: Line): number {
  const [first] = segmenter.segment(text.slice(cursor));
  return cursor + (first?.segment.length ?? 0);
}

/** The line after a key; `undefined`: the key is none of typing. What is pasted becomes one line. */
export function typed(line: Line, { name, text }: Key): Line | undefined {
  const { text: all, cursor } = line;
  const without = (from: number, to: number): Line => ({ text: all.slice(0, from) + all.slice(to), cursor: from });
  switch (name) {
    case 'left':
    case 'ctrl-b':
      return { text: all, cursor: before(line) };
    case 'right':
    case 'ctrl-f':
      return { text: all, cursor: after(line) };
    case 'home':
    case 'ctrl-a':
      return { text: all, cursor: 0 };
    case 'end':
    case 'ctrl-e':
      return { text: all, cursor: all.length };
    case 'backspace':
    case 'ctrl-h':
      return without(before(line), cursor);
    case 'delete':
    case 'ctrl-d':
      return without(cursor, after(line));
    case 'ctrl-u':
      return without(0, cursor);
    case 'ctrl-k':
      return without(cursor, all.length);
    case 'ctrl-w':
      return without(all.slice(0, cursor).replace(/\S+\s*$/, '').length, cursor);
    default:
      break;
  }
  if (text === undefined) return undefined;
  const added = text.replaceAll(/[\r\n]+$/g, '').replaceAll(/\s*[\r\n]+\s*/g, ' ');
  return { text: all.slice(0, cursor) + added + all.slice(cursor), cursor: cursor + added.length };
}

/** Draws it in `width` columns with the cursor in sight. `masked`: all that is seen is whether something was typed. */
export function drawLine(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  line: Line,
  { masked = false, look = UNDERLINE }: { readonly masked?: boolean; readonly look?: Look } = {},
): void {
  const shown = masked ? lineOf(line.text === '' ? '' : MASK) : line;
  const head = [...signsOf(harmless(shown.text.slice(0, shown.cursor), Infinity))];
  const tail = harmless(shown.text.slice(shown.cursor, shown.cursor + width * 4));
  let columns = head.reduce((sum, sign) => sum + sign.width, 0);
  let from = 0;
  while (columns > width - 1 && from < head.length) columns -= head[from++]?.width ?? 1;
  canvas.blank({ x, y, width, height: 1 }, look);
  canvas.put(
    x,
    y,
    head
      .slice(from)
      .map(({ text }) => text)
      .join(''),
    look,
    width,
  );
  canvas.put(x + columns, y, tail, look, width - columns);
  canvas.cursor = { x: x + columns, y };
}

const MASK = '•'.repeat(8);
