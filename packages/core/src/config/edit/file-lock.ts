import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { ConfigError } from '../issue.ts';

/** An edit takes milliseconds; a lock this old was left by a process that died. */
const STALE_MS = 10_000;
const LONGEST_WAIT_MS = 15_000;
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 50;

/**
 * Runs `work` while no other process edits the same file. The lock is a file beside it (`config.toml.lock`), removed
 * afterwards; one whose process is gone is taken over. Throws `ConfigError` when another holds it for 15 seconds.
 */
export async function withFileLock<T>(path: string, work: () => T): Promise<T> {
  const lock = `${meant(path)}.lock`;
  const mark = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
  const since = performance.now();
  while (!take(lock, mark)) {
    if (performance.now() - since > LONGEST_WAIT_MS) throw heldError(path, lock);
    clearStale(lock);
    await wait(SHORTEST_PAUSE_MS + Math.random() * (LONGEST_PAUSE_MS - SHORTEST_PAUSE_MS));
  }
  try {
    return work();
  } finally {
    release(lock, mark);
  }
}

/** The same file through a link has the same lock. */
function meant(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function take(lock: string, mark: string): boolean {
  try {
    const handle = openSync(lock, 'wx', 0o600);
    try {
      writeSync(handle, mark);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

/**
 * Of several who find a dead lock only one may remove it, and never a fresh one that took its place: it is renamed
 * away first, looked at again, and put back when it turns out to be another.
 */
function clearStale(lock: string): void {
  const seen = readMark(lock);
  if (seen === undefined || !isStale(lock, seen)) return;
  const away = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(lock, away);
  } catch {
    return;
  }
  if (readMark(away) !== seen) {
    try {
      renameSync(away, lock);
      return;
    } catch {
      // Its owner is done in the meantime.
    }
  }
  removeQuietly(away);
}

function isStale(lock: string, mark: string): boolean {
  const [pid = '', host = ''] = mark.split(' ');
  const ageMs = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  // A lock is empty for the moment between its creation and its mark.
  if (mark === '' || host !== hostname()) return ageMs > STALE_MS;
  // A holder that was merely paused still writes when it wakes.
  return !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readMark(lock: string): string | undefined {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return undefined;
  }
}

function release(lock: string, mark: string): void {
  if (readMark(lock) === mark) removeQuietly(lock);
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody took it over.
  }
}

function heldError(path: string, lock: string): ConfigError {
  const message = 'another program has been editing this file for 15 seconds';
  return new ConfigError([{ level: 'error', file: path, message, suggestion: `if none is, remove ${lock}` }]);
}
