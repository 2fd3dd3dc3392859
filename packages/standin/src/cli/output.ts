import type { Writable } from 'node:stream';

type Terminal = Writable & { readonly isTTY?: boolean };

type Paint = (text: string) => string;

export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

/** Where a command prints: answers on `out`, everything else on `err`. */
export interface Output {
  readonly out: Terminal;
  readonly err: Terminal;
  /** `out` shows colours and weights. */
  readonly isStyled: boolean;
  readonly style: Style;
  readonly errorStyle: Style;
  print(line?: string): void;
  /** Text as the model wrote it, made harmless for a terminal. Resolves when a full pipe has drained. */
  write(text: string): Promise<void> | void;
  /** The same for text that is harmless already and carries its own looks. */
  writeDrawn(text: string): Promise<void> | void;
  note(line?: string): void;
}

const paint =
  (on: boolean, open: number, close: number) =>
  (text: string): string =>
    on && text !== '' ? `\u001B[${open}m${text}\u001B[${close}m` : text;

const showsStyle = (stream: Terminal, env: NodeJS.ProcessEnv): boolean =>
  stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';

function styleFor(stream: Terminal, env: NodeJS.ProcessEnv): Style {
  const on = showsStyle(stream, env);
  return {
    bold: paint(on, 1, 22),
    dim: paint(on, 2, 22),
    red: paint(on, 31, 39),
    green: paint(on, 32, 39),
    yellow: paint(on, 33, 39),
    cyan: paint(on, 36, 39),
  };
}

// A model's answer must not move the cursor, retitle the window or write the clipboard.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;

/** Control characters other than newline and tab removed; for terminals only, a pipe gets the exact text. */
export function safeForTerminal(text: string): string {
  return text.replace(CONTROL, '');
}

export function createOutput(
  env: NodeJS.ProcessEnv = process.env,
  out: Terminal = process.stdout,
  err: Terminal = process.stderr,
): Output {
  const send = (text: string): Promise<void> | void => {
    if (text === '') return undefined;
    if (out.write(text) || out.destroyed) return undefined;
    return new Promise((resolve) => {
      out.once('drain', resolve);
      out.once('close', resolve);
    });
  };
  return {
    out,
    err,
    isStyled: showsStyle(out, env),
    style: styleFor(out, env),
    errorStyle: styleFor(err, env),
    print: (line = '') => void out.write(`${line}\n`),
    write: (text) => send(out.isTTY === true ? safeForTerminal(text) : text),
    writeDrawn: send,
    note: (line = '') => void err.write(`${line}\n`),
  };
}
