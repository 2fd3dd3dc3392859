/** Where the cards of a chain lie, and the lines between them. Pixels. */

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly direction: 'across' | 'down';
  readonly width: number;
  readonly height: number;
  readonly caller: Box;
  readonly cards: readonly Box[];
}

const CARD_HEIGHT = 116;
const CALLER = { width: 76, height: 40 };
const LEAST_CARD = 176;
const MOST_CARD = 260;
const LEAST_GAP = 72;
const MOST_GAP = 132;
const DOWN_GAP = 44;
/** Room beside the cards for lines that pass some of them. */
const GUTTER = 56;

/** Across when all cards fit beside each other, else below each other. `skips`: some traffic passes over a card. */
export function layoutChain(cards: number, width: number, skips: boolean): Layout {
  const across = width - CALLER.width - cards * LEAST_CARD - cards * LEAST_GAP;
  return across >= 0 ? acrossLayout(cards, width, skips) : downLayout(cards, width, skips);
}

function acrossLayout(cards: number, width: number, skips: boolean): Layout {
  const room = (width - CALLER.width) / Math.max(1, cards);
  const gap = Math.min(MOST_GAP, Math.max(LEAST_GAP, room - MOST_CARD));
  const card = Math.min(MOST_CARD, room - gap);
  const boxes = Array.from({ length: cards }, (_, index) => ({
    x: CALLER.width + gap + index * (card + gap),
    y: 0,
    width: card,
    height: CARD_HEIGHT,
  }));
  const height = CARD_HEIGHT + (skips ? GUTTER : 0);
  const caller = { x: 0, y: (CARD_HEIGHT - CALLER.height) / 2, ...CALLER };
  return { direction: 'across', width: CALLER.width + cards * (card + gap), height, caller, cards: boxes };
}

function downLayout(cards: number, width: number, skips: boolean): Layout {
  const x = skips ? GUTTER : 0;
  const boxes = Array.from({ length: cards }, (_, index) => ({
    x,
    y: CALLER.height + DOWN_GAP + index * (CARD_HEIGHT + DOWN_GAP),
    width: Math.min(420, width - x),
    height: CARD_HEIGHT,
  }));
  const last = boxes.at(-1);
  const height = last === undefined ? CALLER.height : last.y + last.height;
  return { direction: 'down', width, height, caller: { x, y: 0, ...CALLER }, cards: boxes };
}

export interface Wire {
  /** An SVG path. */
  readonly d: string;
  /** Where its label stands: the middle of the text. */
  readonly label: { readonly x: number; readonly y: number };
}

/** A line from the caller (-1) or a card to a card further on; one that passes cards bows around them. */
export function wireOf(layout: Layout, from: number, to: number): Wire {
  const start = from < 0 ? layout.caller : layout.cards[from];
  const end = layout.cards[to];
  if (start === undefined || end === undefined) return { d: '', label: { x: 0, y: 0 } };
  const isNext = to === from + 1;
  return layout.direction === 'across' ? wireAcross(start, end, isNext) : wireDown(start, end, isNext);
}

function wireAcross(start: Box, end: Box, isNext: boolean): Wire {
  if (isNext) {
    const y = end.y + end.height / 2;
    const x1 = start.x + start.width;
    return { d: `M${x1} ${y}H${end.x - 7}`, label: { x: (x1 + end.x) / 2 - 3, y: y - 9 } };
  }
  const x1 = start.x + start.width / 2;
  const x2 = end.x + end.width / 2;
  const y1 = start.y + start.height;
  const y2 = end.y + end.height;
  const depth = y2 + GUTTER - 14;
  const d = `M${x1} ${y1}C${x1} ${depth + 12} ${x1 + 40} ${depth} ${x1 + 80} ${depth}H${x2 - 60}Q${x2} ${depth} ${x2} ${y2 + 7}`;
  // Lines that pass cards share their way; near its end each has its own.
  return { d, label: { x: x2 - 42, y: depth - 6 } };
}

function wireDown(start: Box, end: Box, isNext: boolean): Wire {
  if (isNext) {
    const x = start.x + CALLER.width / 2;
    const y1 = start.y + start.height;
    return { d: `M${x} ${y1}V${end.y - 7}`, label: { x: x + 42, y: (y1 + end.y) / 2 + 2 } };
  }
  const y1 = start.y + start.height / 2;
  const y2 = end.y + end.height / 2;
  const x = Math.max(10, start.x - GUTTER + 12);
  return {
    d: `M${start.x} ${y1}Q${x} ${y1} ${x} ${y1 + 24}V${y2 - 24}Q${x} ${y2} ${end.x - 7} ${y2}`,
    label: { x: x + 21, y: y2 - 8 },
  };
}
