import type { Change } from '../api/config-types.ts';

/** Edits that are not applied yet: at most one for each path. */
export type Draft = ReadonlyMap<string, Change>;

export function withChange(draft: Draft, change: Change): Draft {
  const next = new Map(draft);
  next.set(change.path, change);
  return next;
}

export function without(draft: Draft, path: string): Draft {
  const next = new Map(draft);
  next.delete(path);
  return next;
}

export const changesOf = (draft: Draft): Change[] => [...draft.values()];

/** A value compared with the one in force: an edit that changes nothing is none. */
export function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'place';
  readonly text: string;
}

/** A unified diff as lines; the file names at its head say nothing here. */
export function diffLines(diff: string): DiffLine[] {
  return diff
    .split('\n')
    .filter(
      (line, index, all) =>
        !line.startsWith('--- ') && !line.startsWith('+++ ') && !(line === '' && index === all.length - 1),
    )
    .map((line) => {
      if (line.startsWith('@@')) return { kind: 'place', text: line };
      if (line.startsWith('+')) return { kind: 'added', text: line.slice(1) };
      if (line.startsWith('-')) return { kind: 'removed', text: line.slice(1) };
      return { kind: 'same', text: line.replace(/^ /, '') };
    });
}
