import truncatedWidth from 'fast-string-truncated-width';

/** Code units of one sign that are kept: a letter with a tower of marks on it stays a letter. */
const MOST_MARKS = 12;

// Controls, marks that change the direction of writing, what has no shape, and halves of pairs.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const ASCII = /^[\u0020-\u007E]*$/;
/** One column each, and nothing joins: letters, punctuation, arrows, control pictures, lines and blocks. */
const SIMPLE = /^[\u0020-\u007E\u00A1-\u00AC\u00AE-\u02FF\u2010-\u2027\u2190-\u2199\u2400-\u2426\u2500-\u25FC]*$/;

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * Text of any origin as one line that a terminal shows and does not obey: ESC as `␛`, a line end as `␊`, marks without a
 * shape by their code. At most `most` code units are looked at, so that a line of megabytes costs what is shown of it.
 */
export function harmless(text: string, most = 4_000): string {
  const begin = text.length > most ? text.slice(0, most) : text;
  return ASCII.test(begin) ? begin : begin.replace(HIDDEN, symbolOf);
}

function symbolOf(mark: string): string {
  const code = mark.codePointAt(0) ?? 0;
  if (code === 9) return ' ';
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '␡';
  // Joins the parts of an emoji.
  if (code === 0x20_0d) return mark;
  if (code >= 0xd8_00 && code <= 0xdf_ff) return '\uFFFD';
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
}

/** One sign as it is put into a cell, and the columns it takes: 1 or 2. */
export interface Sign {
  readonly text: string;
  readonly width: 1 | 2;
}

/** The signs of a harmless text, left to right. */
export function* signsOf(text: string): Generator<Sign> {
  if (SIMPLE.test(text)) {
    for (const char of text) yield { text: char, width: 1 };
    return;
  }
  for (const { segment } of segmenter.segment(text)) {
    const sign = segment.length > MOST_MARKS ? wholeStart(segment) : segment;
    const { width } = truncatedWidth(sign);
    // A mark without a letter below it would stand on the neighbour.
    if (width <= 0 || /^\p{M}/u.test(sign)) yield { text: '\uFFFD', width: 1 };
    else yield { text: sign, width: width > 1 ? 2 : 1 };
  }
}

function wholeStart(segment: string): string {
  return segment.slice(0, MOST_MARKS).replace(/[\uD800-\uDBFF]$/, '');
}

/** Columns that a text takes once it is made harmless. */
export function widthOf(text: string): number {
  const plain = harmless(text);
  if (SIMPLE.test(plain)) return plain.length;
  let width = 0;
  for (const sign of signsOf(plain)) width += sign.width;
  return width;
}

/** The text in so many columns; what is left out is told by `…`. */
export function clip(text: string, width: number): string {
  if (width <= 0) return '';
  const isWhole = text.length <= width * MOST_MARKS;
  const plain = harmless(text, width * MOST_MARKS);
  if (isWhole && SIMPLE.test(plain) && plain.length <= width) return plain;
  let used = 0;
  let kept = '';
  let fitting = '';
  for (const sign of signsOf(plain)) {
    if (used + sign.width > width) return `${fitting}…`;
    used += sign.width;
    kept += sign.text;
    if (used < width) fitting = kept;
  }
  return isWhole ? kept : `${fitting}…`;
}

/** Clipped, and filled up with spaces. */
export function fit(text: string, width: number): string {
  const clipped = clip(text, width);
  return clipped + ' '.repeat(Math.max(0, width - widthOf(clipped)));
}

/** The same with the text at the right. */
export function fitRight(text: string, width: number): string {
  const clipped = clip(text, width);
  return ' '.repeat(Math.max(0, width - widthOf(clipped))) + clipped;
}

/** Lines of at most `width` columns, broken at spaces where there are some; line ends of the text are kept. `most` lines. */
export function wrap(text: string, width: number, most = 200): string[] {
  const lines: string[] = [];
  const columns = Math.max(1, width);
  const begin = text.slice(0, most * columns * MOST_MARKS);
  for (const paragraph of begin.split(/\r?\n/)) {
    let line = '';
    let used = 0;
    for (const word of harmless(paragraph, most * columns).split(/(?<= )/)) {
      const size = widthOf(word.trimEnd());
      if (used > 0 && used + size > columns) {
        lines.push(line.trimEnd());
        [line, used] = ['', 0];
      }
      for (const sign of signsOf(word)) {
        if (used + sign.width > columns) {
          if (sign.text === ' ') continue;
          lines.push(line);
          [line, used] = ['', 0];
        }
        line += sign.text;
        used += sign.width;
      }
      if (lines.length >= most) return [...lines.slice(0, most - 1), '…'];
    }
    lines.push(line.trimEnd());
    if (lines.length >= most) return lines.length === most ? lines : [...lines.slice(0, most - 1), '…'];
  }
  return lines;
}
