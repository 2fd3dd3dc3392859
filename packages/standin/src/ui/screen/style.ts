/** How a cell looks: bits for weight, four for the colour. */
export type Look = number;

export const PLAIN: Look = 0;
export const BOLD: Look = 1;
export const DIM: Look = 2;
export const UNDERLINE: Look = 4;
export const REVERSE: Look = 8;
export const RED: Look = 1 << 4;
export const GREEN: Look = 2 << 4;
export const YELLOW: Look = 3 << 4;
export const BLUE: Look = 4 << 4;
export const MAGENTA: Look = 5 << 4;
export const CYAN: Look = 6 << 4;

const COLOUR_SHIFT = 4;
const WEIGHTS: readonly (readonly [Look, number])[] = [
  [BOLD, 1],
  [DIM, 2],
  [UNDERLINE, 4],
  [REVERSE, 7],
];

/** The escape sequence that switches to a look from whatever was before. Without colour only weights are left. */
export function escapeOf(look: Look, hasColour: boolean): string {
  const codes = [0, ...WEIGHTS.filter(([bit]) => (look & bit) !== 0).map(([, code]) => code)];
  const colour = look >> COLOUR_SHIFT;
  if (hasColour && colour > 0) codes.push(30 + colour);
  return `\u001B[${codes.join(';')}m`;
}

/** Lines and signs; a locale that is not UTF-8 gets letters. */
export interface Glyphs {
  readonly horizontal: string;
  readonly vertical: string;
  readonly corners: readonly [string, string, string, string];
  readonly pointer: string;
  readonly open: string;
  readonly closed: string;
  readonly full: string;
  readonly half: string;
  readonly light: string;
  readonly arrow: string;
  readonly dot: string;
}

export const DRAWN: Glyphs = {
  horizontal: '─',
  vertical: '│',
  corners: ['┌', '┐', '└', '┘'],
  pointer: '▸',
  open: '▾',
  closed: '▸',
  full: '█',
  half: '▒',
  light: '░',
  arrow: '→',
  dot: '·',
};

export const LETTERS: Glyphs = {
  horizontal: '-',
  vertical: '|',
  corners: ['+', '+', '+', '+'],
  pointer: '>',
  open: 'v',
  closed: '>',
  full: '#',
  half: '=',
  light: '.',
  arrow: '>',
  dot: '.',
};

/** A locale that is set and names no UTF-8 means it. */
export function glyphsFor(env: NodeJS.ProcessEnv): Glyphs {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return locale === '' || /utf-?8/i.test(locale) ? DRAWN : LETTERS;
}
