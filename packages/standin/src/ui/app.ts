import { drawHelp } from './help.ts';
import type { Link, LinkState } from './gateway/link.ts';
import type { Pane } from './panes/pane.ts';
import type { Canvas } from './screen/canvas.ts';
import type { Key } from './screen/keys.ts';
import { BOLD, CYAN, DIM, GREEN, RED, REVERSE, YELLOW, type Look } from './screen/style.ts';
import { widthOf } from '../cli/terminal-text.ts';

const FEWEST_COLUMNS = 50;
const FEWEST_ROWS = 12;
const TICK_MS = 1_000;
/** So many pictures a second at most, however much happens. */
const PAUSE_MS = 40;

export interface Screen {
  draw(paint: (canvas: Canvas) => void): void;
  suspend(): void;
}

/** What is seen and which keys do what; draws on whatever it is given. */
export interface App {
  /** Draws soon; several wishes are one picture. */
  redraw(): void;
  /** Draws now. */
  draw(): void;
  say(text: string, tone?: 'good' | 'bad'): void;
  key(key: Key): void;
  /** The panes and the link, as soon as they are loaded. */
  load(panes: readonly Pane[], link: Link): void;
  linked(): void;
  close(): void;
}

export function createApp(screen: Screen, titles: readonly string[], onQuit: () => void): App {
  let panes: readonly Pane[] = [];
  let link: Link | undefined;
  let at = 0;
  let message: { readonly text: string; readonly look: Look } | undefined;
  let help: number | undefined;
  let drawnAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const draw = (): void => {
    clearTimeout(timer);
    timer = undefined;
    drawnAt = performance.now();
    screen.draw(paint);
  };
  const redraw = (): void => {
    timer ??= setTimeout(draw, Math.max(0, PAUSE_MS - (performance.now() - drawnAt)));
  };
  const show = (index: number): void => {
    const isOther = index !== at;
    at = index;
    panes[at]?.look?.(isOther);
  };
  const ticks = setInterval(() => {
    panes[at]?.look?.(false);
    redraw();
  }, TICK_MS);

  const paint = (canvas: Canvas): void => {
    const { columns, rows } = canvas;
    if (columns < FEWEST_COLUMNS || rows < FEWEST_ROWS) {
      canvas.put(0, 0, `This window is ${columns}x${rows};`);
      canvas.put(0, 1, `${FEWEST_COLUMNS}x${FEWEST_ROWS} is needed.`);
      return;
    }
    drawTabs(canvas);
    const area = { x: 0, y: 1, width: columns, height: rows - 3 };
    const pane = panes[at];
    if (pane === undefined) canvas.put(1, 2, 'Loading …', DIM);
    else pane.draw(canvas, area);
    if (help !== undefined) {
      canvas.cursor = undefined;
      canvas.blank(area);
      const lines = drawHelp(canvas, area, help);
      help = Math.max(0, Math.min(help, lines - area.height + 2));
    }
    if (message !== undefined) canvas.put(1, rows - 2, message.text, message.look, columns - 2);
    drawHints(canvas, pane);
  };

  const drawTabs = (canvas: Canvas): void => {
    let x = 1;
    titles.forEach((title, index) => {
      x += canvas.put(x, 0, ` ${index + 1} ${title} `, index === at ? REVERSE | BOLD : DIM) + 1;
    });
    if (link === undefined) return;
    const [text, look] = stateText(link.state, link.base);
    const room = canvas.columns - x - 2;
    canvas.put(Math.max(x + 1, canvas.columns - 1 - widthOf(text)), 0, text, look, room);
  };

  const drawHints = (canvas: Canvas, pane: Pane | undefined): void => {
    const own =
      help === undefined
        ? (pane?.hints() ?? [])
        : ([
            ['↑↓', 'scroll'],
            ['Esc', 'close'],
          ] as const);
    const common =
      pane?.isTyping === true || help !== undefined
        ? []
        : ([
            ['?', 'help'],
            ['q', 'quit'],
          ] as const);
    let x = 1;
    for (const [name, words] of [...own, ...common]) {
      const width = widthOf(name) + widthOf(words) + 1;
      if (x + width > canvas.columns) break;
      x += canvas.put(x, canvas.rows - 1, name, CYAN | BOLD);
      x += canvas.put(x + 1, canvas.rows - 1, words, DIM) + 3;
    }
  };

  const key = (pressed: Key): void => {
    const { name } = pressed;
    const pane = panes[at];
    if (name === 'ctrl-c') return onQuit();
    if (name === 'ctrl-z') return screen.suspend();
    message = undefined;
    if (help !== undefined) {
      if (name === 'down' || name === 'j') help++;
      else if (name === 'up' || name === 'k') help = Math.max(0, help - 1);
      else help = undefined;
    } else if (pane?.isTyping === true) pane.key(pressed);
    else if (name === 'q') return onQuit();
    else if (name === '?') help = 0;
    else if (/^[1-9]$/.test(name) && Number(name) <= titles.length) show(Number(name) - 1);
    else if (name === 'tab') show((at + 1) % titles.length);
    else if (name === 'shift-tab') show((at + titles.length - 1) % titles.length);
    else pane?.key(pressed);
    redraw();
  };

  return {
    redraw,
    draw,
    say(text, tone) {
      message = { text, look: tone === 'good' ? GREEN : tone === 'bad' ? RED | BOLD : DIM };
      redraw();
    },
    key,
    load(list, to) {
      panes = list;
      link = to;
      panes[at]?.look?.(true);
      for (const pane of panes) pane.linked?.();
      redraw();
    },
    linked() {
      for (const pane of panes) pane.linked?.();
      redraw();
    },
    close() {
      clearInterval(ticks);
      clearTimeout(timer);
    },
  };
}

function stateText(state: LinkState, base: URL): [string, Look] {
  switch (state.kind) {
    case 'looking':
      return [`${base.host} …`, DIM];
    case 'away':
      return [`${base.host} not connected`, YELLOW];
    case 'live': {
      const { status } = state;
      if (!status.ready) return [`${base.host} not ready: ${status.reason ?? ''}`, RED | BOLD];
      const what = status.simulated ? 'simulated vendors' : 'live';
      return [`${base.host} ${what}`, status.simulated ? YELLOW : GREEN];
    }
  }
}
