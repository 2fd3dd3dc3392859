/** Gathers, once each and in words, what a request cannot carry to this target. */
export interface Losses {
  add(what: string): void;
  list(): readonly string[];
}

export function createLosses(): Losses {
  const seen = new Set<string>();
  return { add: (what) => void seen.add(what), list: () => [...seen] };
}
