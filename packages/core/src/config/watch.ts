import { statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

import { systemClock, type Clock } from '../spec/clock.ts';

export interface WatchOptions {
  /** Called once after a burst of changes; also by `poke()`. It is never called again while it runs. */
  readonly onChange: () => void | Promise<void>;
  /** Quiet time after the last event, milliseconds. Default 150. */
  readonly settleMs?: number;
  /** Looks at the file itself this often, for file systems without events, milliseconds. Default 2000. */
  readonly pollMs?: number;
  readonly clock?: Clock;
}

export interface Watch {
  /** As if the file had changed (SIGHUP). */
  poke(): void;
  close(): void;
}

/**
 * Watches files through their folders, since an editor or an atomic replace puts a new file in the old one's place.
 * What changed is for the caller to find out.
 */
export function watchFiles(paths: readonly string[], options: WatchOptions): Watch {
  const clock = options.clock ?? systemClock;
  const { settleMs = 150, pollMs = 2000 } = options;
  let seen = stamp(paths);
  let settling: unknown;
  let polling: unknown;
  let running = false;
  let again = false;
  let closed = false;

  const run = async (): Promise<void> => {
    if (closed) return;
    if (running) {
      again = true;
      return;
    }
    running = true;
    seen = stamp(paths);
    try {
      await options.onChange();
    } finally {
      running = false;
      if (again) settle();
      again = false;
    }
  };
  const settle = (): void => {
    if (settling !== undefined) clock.clear(settling);
    settling = closed ? undefined : clock.after(settleMs, () => void run());
  };
  const look = (): void => {
    if (closed) return;
    if (stamp(paths) !== seen) settle();
    polling = clock.after(pollMs, look);
  };
  const watchers = foldersOf(paths).flatMap(([folder, names]) => watchFolder(folder, names, settle));
  polling = clock.after(pollMs, look);
  return {
    poke: () => void run(),
    close() {
      closed = true;
      for (const watcher of watchers) watcher.close();
      if (settling !== undefined) clock.clear(settling);
      clock.clear(polling);
    },
  };
}

function foldersOf(paths: readonly string[]): [string, Set<string>][] {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    const names = folders.get(dirname(path)) ?? new Set();
    folders.set(dirname(path), names.add(basename(path)));
  }
  return [...folders];
}

/** No event source is no failure: the file is looked at regularly anyway. */
function watchFolder(folder: string, names: ReadonlySet<string>, changed: () => void): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null || names.has(name)) changed();
    });
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

function stamp(paths: readonly string[]): string {
  return paths
    .map((path) => {
      const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
      return stats === undefined ? 'none' : `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
    })
    .join('|');
}
