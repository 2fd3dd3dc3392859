import { unusedSpelling } from '../tool-identity.ts';

const LEGAL_ID = /^[a-zA-Z0-9_-]{1,64}$/;
const LEGAL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/**
 * Gives every id or name of one request a legal spelling: legal ones stay as they are, others are spelt out of their
 * own hash, so the same original always gives the same result, and never that of another one.
 */
export interface Renamer {
  rename(original: string): string;
  /** New spelling → original, of those that changed. */
  changed(): Record<string, string>;
}

export function createToolNames(names: Iterable<string>): Renamer {
  return createRenamer(LEGAL_NAME, names);
}

export function createToolIds(ids: Iterable<string>): Renamer {
  return createRenamer(LEGAL_ID, ids);
}

/** `known` holds the originals of the request, so that no made-up spelling meets one of them. */
function createRenamer(legal: RegExp, known: Iterable<string>): Renamer {
  const taken = new Set<string>();
  for (const original of known) if (legal.test(original)) taken.add(original);
  const spelling = new Map<string, string>();
  return {
    rename(original) {
      if (legal.test(original)) return original;
      const earlier = spelling.get(original);
      if (earlier !== undefined) return earlier;
      const made = unusedSpelling(original, taken);
      taken.add(made);
      spelling.set(original, made);
      return made;
    },
    changed: () => Object.fromEntries([...spelling].map(([original, made]) => [made, original])),
  };
}
