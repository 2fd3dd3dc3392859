import { execFile, execFileSync, type ExecFileOptionsWithStringEncoding } from 'node:child_process';

import type { Environment } from '../expand.ts';
import type { Refusal } from './key-file.ts';

const LIMIT_MS = 10_000;

export type Reading = { readonly value: string } | Refusal;

/** Reads `op://vault/item/field` with the 1Password command, at most 10 seconds. Its own messages are not passed on. */
export function readReference(reference: string, env: Environment): Reading {
  try {
    return readingOf(execFileSync('op', ['read', '--no-newline', reference], options(env)).toString());
  } catch (cause) {
    return refusal(cause);
  }
}

/** The same without holding up the process: for a gateway that reloads while it serves. */
export function readReferenceLater(reference: string, env: Environment): Promise<Reading> {
  return new Promise((resolve) => {
    const child = execFile('op', ['read', '--no-newline', reference], options(env), (cause, stdout) => {
      resolve(cause === null ? readingOf(stdout) : refusal(cause));
    });
    child.stdin?.end();
  });
}

function options(env: Environment): ExecFileOptionsWithStringEncoding & { stdio: ['ignore', 'pipe', 'ignore'] } {
  return {
    env,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  };
}

function readingOf(output: string): Reading {
  const value = output.trim();
  if (value !== '') return { value };
  return { problem: 'is a 1Password reference to an empty field', next: 'fill the item in 1Password' };
}

interface ExecFailure {
  readonly code?: string | number | null;
  readonly status?: number | null;
  readonly signal?: string | null;
  readonly killed?: boolean;
}

function refusal(cause: unknown): Refusal {
  const { code, status, signal, killed } = cause as ExecFailure;
  const what = 'is a 1Password reference';
  if (code === 'ENOENT') {
    return { problem: `${what}, but the command "op" is not installed`, next: 'install the 1Password CLI' };
  }
  if (code === 'ETIMEDOUT' || killed === true || signal === 'SIGKILL') {
    const next = 'sign in and try "op read" with it';
    return { problem: `${what}, but "op" did not answer within ${LIMIT_MS / 1000} seconds`, next };
  }
  const exit = typeof status === 'number' ? status : code;
  return { problem: `${what}, which "op" could not read (exit ${String(exit)})`, next: '"op read" with it says why' };
}
