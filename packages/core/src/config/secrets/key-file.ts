import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { hexBytes, KEY_BYTES } from './sealed.ts';

export const KEY_FILE = '.secret_key';
/** The key before the last rotation; other files may still be sealed with it. */
export const PREVIOUS_KEY_FILE = '.secret_key.previous';
/** The key of a rotation under way: the files are sealed with it first, then it takes its place. */
export const NEXT_KEY_FILE = '.secret_key.next';

/** A finding about a file, and the command that mends it. */
export interface Refusal {
  readonly problem: string;
  readonly next: string;
}

export type KeyFile = { readonly key: Buffer } | Refusal | undefined;

/**
 * The key of a file: 64 hex digits. `undefined` when there is none. A symbolic link, and a file that others can read,
 * is refused: whoever may replace or read it owns every secret.
 */
export function readKeyFile(path: string): KeyFile {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    return unreadable(path, cause);
  }
  try {
    const stats = fstatSync(handle);
    if (!stats.isFile()) return { problem: `${path} is no regular file`, next: `remove it: rm -r ${quoted(path)}` };
    // Windows has no such bits.
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
      return { problem: `${path} can be used by other users (mode ${mode})`, next: `chmod 600 ${quoted(path)}` };
    }
    const key = hexBytes(readFileSync(handle, 'utf8'));
    if (key?.length === KEY_BYTES) return { key };
    return { problem: `${path} does not hold a key of 64 hex digits`, next: 'restore it from a backup' };
  } finally {
    closeSync(handle);
  }
}

function unreadable(path: string, cause: unknown): KeyFile {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return undefined;
    case 'ELOOP':
    case 'EMLINK': {
      const next = `put the file itself there: cp --remove-destination "$(readlink -f ${quoted(path)})" ${quoted(path)} && chmod 600 ${quoted(path)}`;
      return { problem: `${path} is a symbolic link`, next };
    }
    case 'EACCES':
    case 'EPERM':
      return { problem: `${path} cannot be read: permission denied`, next: `chown "$USER" ${quoted(path)}` };
    default:
      return {
        problem: `${path} cannot be read (${String((cause as NodeJS.ErrnoException).code)})`,
        next: 'check the disk',
      };
  }
}

export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * Writes a key file, mode 0600, that is whole from the moment it is there. When another process was first, its key
 * is the one: `undefined` is returned and nothing changed. Throws the file system's error.
 */
export function createKeyFile(path: string, key: Buffer = randomBytes(KEY_BYTES)): Buffer | undefined {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  const handle = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(handle, `${key.toString('hex')}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    // Unlike a rename, a link never replaces a key that somebody else has just begun to use.
    linkSync(temporary, path);
    return key;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw cause;
  } finally {
    unlinkSync(temporary);
  }
}
