import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './database.ts';

/** Changing such a file takes a millisecond; a lock this old was left by a process that died. */
const STALE_MS = 5_000;
const LONGEST_WAIT_MS = 250;
const PAUSE_MS = 5;

/** The text of a file of ours; `undefined` when there is none. Throws `StoreError` when it cannot be read. */
export function readPrivate(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StoreError(`${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}

/** Replaces a file as a whole, mode 0600: a reader, or a power cut, meets the old text or the new one. */
export function replacePrivate(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new StoreError(`${path} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

/** Reads, changes and replaces a file while no other process does. Throws `StoreError` when another holds it too long. */
export function changePrivate(path: string, edit: (text: string | undefined) => string): void {
  const lock = `${path}.lock`;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const held = take(lock);
  try {
    replacePrivate(path, edit(readPrivate(path)));
  } finally {
    closeSync(held);
    rmSync(lock, { force: true });
  }
}

function take(lock: string): number {
  const since = performance.now();
  for (;;) {
    try {
      return openSync(lock, 'wx', 0o600);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'EEXIST' || performance.now() - since > LONGEST_WAIT_MS)
        throw new StoreError(`${lock} is held by another process; try again, or remove it when none runs.`, { cause });
    }
    const seen = statSync(lock, { throwIfNoEntry: false });
    if (seen !== undefined && Date.now() - seen.mtimeMs > STALE_MS) rmSync(lock, { force: true });
    // Nobody holds it for more than a millisecond, and a file of sessions changes a few times a day.
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** What stands in for a file's content: it changes when the file was replaced. */
export function stampOf(path: string): string | undefined {
  const seen = statSync(path, { throwIfNoEntry: false });
  return seen === undefined ? undefined : `${seen.ino} ${seen.size} ${seen.mtimeMs}`;
}
