import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BIN, NODE } from './support.ts';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const ASSETS = fileURLToPath(new URL('../../../docs/assets', import.meta.url));

/** A real terminal of 100 columns (`size`: others) with a shell in which `standin` is the command under test. */
export function openTerminal(
  dir: string,
  env: Readonly<Record<string, string>> = {},
  size: readonly [columns: number, rows: number] = [100, 50],
) {
  const socket = join(dir, 'tmux.sock');
  const bin = join(dir, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'standin'), `#!/bin/sh\nexec '${NODE}' '${BIN}' "$@"\n`, { mode: 0o755 });
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
  const vars = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: dir,
    STANDIN_HOME: join(dir, 'home'),
    STANDIN_KEYRING: 'off',
    TERM: 'screen',
    PS1: '$ ',
    ...env,
  };
  const assignments = Object.entries(vars).map(([name, value]) => `${name}=${value}`);
  tmux(
    'new-session',
    '-d',
    '-x',
    String(size[0]),
    '-y',
    String(size[1]),
    '-c',
    dir,
    'env',
    '-i',
    ...assignments,
    'bash',
    '--norc',
    '--noprofile',
  );
  const screen = (): string => tmux('capture-pane', '-p', '-J').trimEnd();
  const until = async (text: string | RegExp | ((shown: string) => boolean), limitMs = 15_000): Promise<string> => {
    for (const since = performance.now(); performance.now() - since < limitMs; await wait(25)) {
      const shown = screen();
      const isThere =
        typeof text === 'function' ? text(shown) : typeof text === 'string' ? shown.includes(text) : text.test(shown);
      if (isThere) return shown;
    }
    throw new Error(`The terminal never showed ${String(text)}:\n${screen()}`);
  };
  return {
    screen,
    until,
    /** The same key until the screen shows it; each time the last one was taken in. */
    async press(name: string, text: RegExp): Promise<void> {
      for (let shown = screen(); !text.test(shown);) {
        const before = shown;
        tmux('send-keys', name);
        shown = await until((next) => next !== before);
      }
    },
    type: (text: string) => void tmux('send-keys', '-l', text),
    key: (...names: string[]) => void tmux('send-keys', ...names),
    /** With the escape sequences that colour it. */
    coloured: (): string => tmux('capture-pane', '-p', '-e'),
    resize: (columns: number, rows: number) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    /** What tmux knows of the terminal, such as `#{alternate_on}`. */
    fact: (format: string): string => tmux('display-message', '-p', format).trim(),
    /** Keeps what the screen shows as documentation; only when asked, so that a test run changes no file. */
    keep(name: string): void {
      if (process.env['STANDIN_KEEP_SCREENS'] === '1')
        writeFileSync(join(ASSETS, `${name}.txt`), `${screen().replaceAll(dir, '~')}\n`);
    },
    close: () => void spawnSync('tmux', ['-S', socket, 'kill-server']),
  };
}
