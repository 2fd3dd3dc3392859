import { hash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readPrivate, replacePrivate } from '@standin/store/private-file';

const MOST = 20;

/** One edit that was applied. */
export interface Edit {
  readonly id: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly summary: readonly string[];
  /** The text before. */
  readonly before: string;
  readonly after: string;
}

/** Edits of one config file, newest first: files of the home, mode 0600, since configs hold secrets. */
export interface ConfigHistory {
  list(): readonly Edit[];
  add(edit: Omit<Edit, 'id'>): Edit;
  remove(id: string): void;
}

export function createConfigHistory(home: string, file: string): ConfigHistory {
  const folder = join(home, 'config-history', hash('sha256', file, 'hex').slice(0, 16));
  const names = (): string[] => {
    try {
      return readdirSync(folder)
        .filter((name) => /^h_[0-9a-z]+\.json$/.test(name))
        .toSorted()
        .toReversed();
    } catch {
      return [];
    }
  };
  return {
    list: () => names().flatMap((name) => editIn(readPrivate(join(folder, name)))),
    add(edit) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      // Names sort by time; two of the same millisecond by chance.
      const id = `h_${edit.at.toString(36).padStart(9, '0')}${randomBytes(3).toString('hex')}`;
      const kept = { id, ...edit };
      replacePrivate(join(folder, `${id}.json`), JSON.stringify(kept));
      for (const name of names().slice(MOST)) rmSync(join(folder, name), { force: true });
      return kept;
    },
    remove: (id) => rmSync(join(folder, `${id}.json`), { force: true }),
  };
}

function editIn(text: string | undefined): Edit[] {
  try {
    return text === undefined ? [] : [JSON.parse(text) as Edit];
  } catch {
    return [];
  }
}
