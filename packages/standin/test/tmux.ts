import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BIN, NODE } from './support.ts';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const ASSETS = fileURLToPath(new URL('../../../docs/assets', import.meta.url));

/** A real terminal of 100 columns with a shell in which `standin` is the command under test. */
export function openTerminal(dir: string, env: Readonly<Record<string, string>> = {}) {
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
    '100',
    '-y',
    '50',
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
  return {
    screen,
    type: (text: string) => void tmux('send-keys', '-l', text),
    key: (name: string) => void tmux('send-keys', name),
    async until(text: string | RegExp, limitMs = 15_000): Promise<string> {
      for (const since = performance.now(); performance.now() - since < limitMs; await wait(50)) {
        const shown = screen();
        if (typeof text === 'string' ? shown.includes(text) : text.test(shown)) return shown;
      }
      throw new Error(`The terminal never showed ${String(text)}:\n${screen()}`);
    },
    /** Keeps what the screen shows as documentation; only when asked, so that a test run changes no file. */
    keep(name: string): void {
      if (process.env['STANDIN_KEEP_SCREENS'] === '1')
        writeFileSync(join(ASSETS, `${name}.txt`), `${screen().replaceAll(dir, '~')}\n`);
    },
    close: () => void spawnSync('tmux', ['-S', socket, 'kill-server']),
  };
}
