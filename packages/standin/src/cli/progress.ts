import type { Output } from './output.ts';

const REDRAW_MS = 100;
const FRAMES = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/** A line on the terminal that is drawn again in place; nothing at all elsewhere. */
export interface ProgressLine {
  /** Something changed; it is drawn at most ten times a second. */
  touch(): void;
  /** Removes the line, for good or until the next `touch`. */
  clear(): void;
  close(): void;
}

const NOTHING: ProgressLine = { touch: () => {}, clear: () => {}, close: () => {} };

/** `compose` is asked for the text when it is drawn, with the columns there are. */
export function createProgressLine(output: Output, compose: (columns: number) => string): ProgressLine {
  const terminal = output.err as Output['err'] & { readonly columns?: number };
  if (terminal.isTTY !== true) return NOTHING;
  let timer: NodeJS.Timeout | undefined;
  let isShown = false;
  const clear = (): void => {
    if (isShown) terminal.write('\r\u001B[2K');
    isShown = false;
  };
  const draw = (): void => {
    timer = undefined;
    terminal.write(`\r\u001B[2K${compose((terminal.columns ?? 80) - 1)}`);
    isShown = true;
  };
  return {
    touch: () => {
      timer ??= setTimeout(draw, REDRAW_MS);
      timer.unref();
    },
    clear,
    close: () => {
      clearTimeout(timer);
      clear();
    },
  };
}

/** How much of a known number of things is done. */
export interface CountedProgress {
  show(done: number, of: number): void;
  close(): void;
}

/** `███▌      42 %  21 of 50 calls · 12 s left`, on a terminal only. `words`: what is counted. */
export function createCountedProgress(output: Output, words: string): CountedProgress {
  const startedAt = performance.now();
  let [done, of] = [0, 0];
  const line = createProgressLine(output, (columns) =>
    countedLine({ done, of, words, tookMs: performance.now() - startedAt }, columns),
  );
  return {
    show(nowDone, nowOf) {
      [done, of] = [nowDone, nowOf];
      line.touch();
    },
    close: () => line.close(),
  };
}

interface Counted {
  readonly done: number;
  readonly of: number;
  readonly words: string;
  readonly tookMs: number;
}

export function countedLine({ done, of, words, tookMs }: Counted, columns: number): string {
  const share = of === 0 ? 0 : done / of;
  const left = done === 0 || done >= of ? '' : ` · ${durationText((tookMs / done) * (of - done))} left`;
  const text = `${done.toLocaleString('en')} of ${of.toLocaleString('en')} ${words}${left}`;
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const width = Math.min(30, columns - text.length - percent.length - 2);
  return (width < 5 ? `${percent}  ${text}` : `${bar(share, width)}${percent}  ${text}`).slice(0, columns);
}

/** `█████▌    ` for a share between 0 and 1. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = Math.floor(eighths / 8);
  const rest = eighths % 8 === 0 ? '' : (FRAMES[(eighths % 8) - 1] ?? '');
  return ('█'.repeat(full) + rest).padEnd(width);
}

/** `45 s`, `3:07`, `2:15:40`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}
