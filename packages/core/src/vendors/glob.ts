const CACHE = new Map<string, RegExp>();

/** Whole-string match without case: `*` is any text, `?` one character, `[a-c]` a set. */
export function globMatches(glob: string, text: string): boolean {
  let pattern = CACHE.get(glob);
  if (pattern === undefined) {
    const source = glob
      .replaceAll(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    pattern = new RegExp(`^${source}$`, 'is');
    CACHE.set(glob, pattern);
  }
  return pattern.test(text);
}
