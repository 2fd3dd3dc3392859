import { setBounded } from './bounded.ts';

/** Token buckets by name: each request earns a share, each use spends one. */
export interface Tokens {
  /** Nothing is spent: there is nothing to earn. */
  readonly full: boolean;
  has(id: string): boolean;
  earn(id: string): void;
  spend(id: string): void;
}

export function createTokens(share: { readonly earned: number; readonly most: number }): Tokens {
  const spent = new Map<string, number>();
  return {
    get full() {
      return spent.size === 0;
    },
    has: (id) => share.most - (spent.get(id) ?? 0) >= 1,
    earn(id) {
      const used = spent.get(id);
      if (used === undefined) return;
      if (used <= share.earned) spent.delete(id);
      else spent.set(id, used - share.earned);
    },
    spend(id) {
      setBounded(spent, id, Math.min(share.most, (spent.get(id) ?? 0) + 1));
    },
  };
}
