import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces a file as a whole: a reader, or a power cut, meets the old text or the new one. A symbolic link stays one
 * (the file it means is replaced); mode and owner stay. A new file gets mode 0600, since configs hold keys.
 * Throws the file system's error; the old file is then untouched.
 */
export function writeWhole(path: string, text: string): void {
  const target = meant(path);
  const before = statSync(target, { throwIfNoEntry: false });
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
  const mode = before === undefined ? 0o600 : before.mode & 0o7777;
  let handle: number | undefined;
  try {
    handle = openSync(temporary, 'wx', 0o600);
    writeFileSync(handle, text, 'utf8');
    fsyncSync(handle);
    closeSync(handle);
    handle = undefined;
    if (before !== undefined) keepOwner(temporary, before);
    chmodSync(temporary, mode);
    renameSync(temporary, target);
  } catch (cause) {
    if (handle !== undefined) closeSync(handle);
    removeQuietly(temporary);
    throw cause;
  }
  syncFolder(dirname(target));
}

function meant(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function keepOwner(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  if (process.platform === 'win32' || (uid === process.getuid?.() && gid === process.getgid?.())) return;
  try {
    chownSync(path, uid, gid);
  } catch {
    // Only root may give files away; the writer's own file is the best that others can do.
  }
}

/** The rename itself must survive a power cut. Some systems cannot open a folder; then there is nothing to do. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch {
    // Windows.
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made.
  }
}

/** Removes what writers that were killed have left behind beside this file. */
export function removeLeftovers(path: string, olderThanMs: number, nowMs: number): void {
  const target = meant(path);
  const pattern = new RegExp(`^\\.${escaped(basename(target))}\\.\\d+\\.[0-9a-f]{12}\\.tmp$`);
  for (const name of readdirSync(dirname(target))) {
    if (!pattern.test(name)) continue;
    const full = join(dirname(target), name);
    const stats = statSync(full, { throwIfNoEntry: false });
    if (stats !== undefined && nowMs - stats.mtimeMs > olderThanMs) removeQuietly(full);
  }
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
