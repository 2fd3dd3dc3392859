import type { DatabaseSync } from 'node:sqlite';

/** Money handed out to processes, durable before any of it is spent. */
export interface Grants {
  /** Nano-USD handed out in this period: spent, or in the hands of a process. */
  granted(scope: string, period: string): number;
  /** Hands out `amount` unless that would pass `limit`. */
  take(scope: string, period: string, amount: number, limit: number): boolean;
  /** Back, or, when negative, more was spent than was handed out. */
  giveBack(scope: string, period: string, amount: number): void;
}

export function createGrants(db: DatabaseSync): Grants {
  const read = db.prepare('SELECT granted_nano_usd AS n FROM grants WHERE scope = ? AND period = ?');
  const insert = db.prepare(
    'INSERT INTO grants (scope, period, granted_nano_usd) VALUES (?, ?, 0) ON CONFLICT DO NOTHING',
  );
  const take = db.prepare(
    `UPDATE grants SET granted_nano_usd = granted_nano_usd + ?1
      WHERE scope = ?2 AND period = ?3 AND granted_nano_usd + ?1 <= ?4`,
  );
  const give = db.prepare(
    'UPDATE grants SET granted_nano_usd = max(0, granted_nano_usd - ?) WHERE scope = ? AND period = ?',
  );
  return {
    granted: (scope, period) => Number(read.get(scope, period)?.['n'] ?? 0),
    take(scope, period, amount, limit) {
      const most = Math.min(limit, Number.MAX_SAFE_INTEGER);
      if (take.run(amount, scope, period, most).changes > 0) return true;
      return insert.run(scope, period).changes > 0 && take.run(amount, scope, period, most).changes > 0;
    },
    giveBack: (scope, period, amount) => void give.run(amount, scope, period),
  };
}

/** The money of one scope in one period, as far as this process holds it. Nano-USD. */
export interface Purse {
  readonly reserved: number;
  /** Spent and reserved, by everybody; as last seen. */
  readonly used: number;
  /** Taken from the journal, and neither spent nor reserved. */
  readonly held: number;
  /** Reserves `worst`; when nothing else is reserved and `expected` fits, whatever is left. 0 limit: nothing. */
  reserve(worst: number, expected: number, limit: number): number | undefined;
  /** A reservation ends: so much of it was spent. */
  settle(reserved: number, spent: number): void;
  /** Gives back what is held unspent. */
  close(): void;
}

/** What a process may hold beyond what it reserved; a kill costs at most so much of the budget. */
const LEASE_SHARE = 0.01;

/**
 * Money is taken from the journal before it is reserved, in small leases, so that most reservations write nothing. What
 * a killed process held stays taken: its reservations count as spent, and the budget is never handed out twice.
 */
export function createPurse(grants: Grants, scope: string, period: string): Purse {
  let held = 0;
  let reserved = 0;
  let open = 0;
  let seen = grants.granted(scope, period);
  let lease = 0;
  const take = (amount: number, limit: number): boolean => {
    if (!grants.take(scope, period, amount, limit)) return false;
    held += amount;
    seen += amount;
    return true;
  };
  const giveBack = (amount: number): void => {
    grants.giveBack(scope, period, amount);
    held -= amount;
    seen -= amount;
  };
  const began = (amount: number): number => {
    held -= amount;
    reserved += amount;
    open++;
    return amount;
  };
  return {
    get reserved() {
      return reserved;
    },
    get held() {
      return held;
    },
    get used() {
      return seen - held;
    },
    reserve(worst, expected, limit) {
      if (limit <= 0) return undefined;
      if (held >= worst) return began(worst);
      const share = Number.isFinite(limit) ? Math.floor(limit * LEASE_SHARE) : worst * 8;
      // One that is good for less than a few calls saves no writes, and could be missing to another process.
      lease = share >= worst * 4 ? share : 0;
      const need = worst - held;
      if (take(need + lease, limit) || take(need, limit)) return began(worst);
      if (open > 0) return undefined;
      seen = grants.granted(scope, period);
      const left = Math.max(0, limit - seen);
      if (held + left <= 0 || held + left < expected || (left > 0 && !take(left, limit))) return undefined;
      return began(Math.min(worst, held));
    },
    settle(amount, spent) {
      open--;
      reserved -= amount;
      held += amount - spent;
      const surplus = open === 0 || held < 0 ? held : held > lease * 2 ? held - lease : 0;
      if (surplus !== 0) giveBack(surplus);
    },
    close: () => {
      if (held !== 0) giveBack(held);
    },
  };
}
