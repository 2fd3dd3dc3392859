import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import { createCanvas, difference, type Canvas } from './canvas.ts';
import { listenToKeys, type Key } from './keys.ts';
import type { Glyphs } from './style.ts';

// The other screen, no cursor, no wrapping at the edge, pastes told apart from keys.
const ENTER = '\u001B[?1049h\u001B[?25l\u001B[?7l\u001B[?2004h\u001B[0m\u001B[2J';
const LEAVE = '\u001B[?2026l\u001B[0m\u001B[?2004l\u001B[?7h\u001B[?25h\u001B[?1049l';
/** A stop that nobody can act on (no shell above) is over at once. */
const STOP_MS = 200;

/** Where nobody says how large it is. */
const USUAL = { columns: 80, rows: 24 };

export interface TerminalOptions {
  readonly input: ReadStream;
  readonly out: WriteStream & { readonly fd?: number };
  readonly hasColour: boolean;
  readonly glyphs: Glyphs;
  readonly onKey: (key: Key) => void;
  /** Another size, or back after a stop: everything is to be drawn. */
  readonly onRedraw: () => void;
}

/** The terminal in full: entered, drawn on, and left as it was, whatever happens. */
export interface Terminal {
  draw(paint: (canvas: Canvas) => void): void;
  /** Ctrl-Z: the shell's turn; comes back with `fg`. */
  suspend(): void;
  leave(): void;
}

export function enterTerminal(options: TerminalOptions): Terminal {
  const { input, out, hasColour, glyphs, onKey, onRedraw } = options;
  let shown: Canvas | undefined;
  let isIn = false;
  let timer: NodeJS.Timeout | undefined;

  const enter = (): void => {
    clearTimeout(timer);
    if (isIn) return;
    isIn = true;
    shown = undefined;
    input.setRawMode(true);
    input.resume();
    out.write(ENTER);
  };
  /** In one go and at once: nothing may be lost when the process ends right after. */
  const giveBack = (): void => {
    if (!isIn) return;
    isIn = false;
    try {
      writeAll(out.fd ?? 1, LEAVE);
      input.setRawMode(false);
    } catch {
      // The terminal is gone; there is nothing to give back.
    }
  };
  const resumed = (): void => {
    process.on('SIGTSTP', stopped);
    enter();
    onRedraw();
  };
  const stopped = (): void => {
    giveBack();
    process.off('SIGTSTP', stopped);
    // Nobody's handler now: the whole job stops, the launcher of an old Node included.
    process.kill(0, 'SIGTSTP');
    timer = setTimeout(resumed, STOP_MS);
  };
  const continued = (): void => {
    clearTimeout(timer);
    if (!process.listeners('SIGTSTP').includes(stopped)) process.on('SIGTSTP', stopped);
    // Whoever had the terminal meanwhile may have left it in any state.
    isIn = false;
    enter();
    onRedraw();
  };
  const stopKeys = listenToKeys(input, onKey);
  out.on('resize', onRedraw);
  process.on('SIGTSTP', stopped);
  process.on('SIGCONT', continued);
  // Before anybody prints what went wrong, and when the process ends by any other way.
  process.prependListener('uncaughtException', giveBack);
  process.on('exit', giveBack);
  enter();

  return {
    draw(paint) {
      if (!isIn) return;
      const next = createCanvas(out.columns || USUAL.columns, out.rows || USUAL.rows, glyphs);
      paint(next);
      const change = difference(shown, next, hasColour);
      shown = next;
      if (change !== '') out.write(change);
    },
    suspend: stopped,
    leave() {
      stopKeys();
      out.off('resize', onRedraw);
      process.off('SIGTSTP', stopped);
      process.off('SIGCONT', continued);
      process.off('uncaughtException', giveBack);
      process.off('exit', giveBack);
      clearTimeout(timer);
      giveBack();
      input.pause();
    },
  };
}

function writeAll(fd: number, text: string): void {
  for (let tries = 0, rest = Buffer.from(text); rest.length > 0 && tries < 50; tries++) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
