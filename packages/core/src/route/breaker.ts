import { setBounded } from './bounded.ts';

export type BreakerState = 'closed' | 'open' | 'half-open' | 'probing';

interface Subject {
  readonly entry: string;
  readonly fingerprint: string;
  readonly model: string;
}

export interface BreakerRow extends Subject {
  /** Times of the failures in the last minute, clock milliseconds. */
  failures: number[];
  lastFailureAt: number;
  /** 0: closed. Else the time from which one probe is let through. */
  openUntil: number;
  /** Length of the present open time; doubles with each failed probe. */
  openMs: number;
  probing: boolean;
  probeStartedAt: number;
  reason: string;
}

/** Opens on this many failures … */
const FAILURES_TO_OPEN = 5;
/** … within this time. */
const WINDOW_MS = 60_000;
const FIRST_OPEN_MS = 5_000;
/** Keeps "back on the primary within 30 s of its recovery" true. */
const LONGEST_OPEN_MS = 25_000;
const LEAST_OPEN_MS = 1_000;
/** A probe that never reports (a lost handle) must not keep the target shut. */
const PROBE_LOST_MS = 120_000;

/** Breakers by (entry, key, model). A row exists only after a failure and goes with the next success. */
export interface Breakers {
  readonly size: number;
  /** Time until which nothing may be sent; far away while another request's probe is under way. */
  shutUntil(id: string): number;
  /** Failures remembered since the last success. */
  failures(id: string): number;
  /** True when this call is the probe of a half-open breaker. */
  began(id: string, now: number): boolean;
  /** `probe`: the failed call was the probe. */
  failed(id: string, subject: Subject, now: number, reason: string, probe: boolean): void;
  /** A request used its retries up on this target and moved on: opens at once. */
  exhausted(id: string, now: number): void;
  /** True when it had been open. */
  succeeded(id: string): boolean;
  released(id: string): void;
  stateOf(id: string, now: number): BreakerState;
  entries(): IterableIterator<[string, BreakerRow]>;
}

export function createBreakers(): Breakers {
  const rows = new Map<string, BreakerRow>();
  return {
    get size() {
      return rows.size;
    },
    shutUntil(id) {
      const row = rows.get(id);
      if (row === undefined || row.openUntil === 0) return 0;
      return row.probing ? Math.max(row.openUntil, row.probeStartedAt + PROBE_LOST_MS) : row.openUntil;
    },
    failures: (id) => rows.get(id)?.failures.length ?? 0,
    began(id, now) {
      const row = rows.get(id);
      if (row === undefined || row.openUntil === 0 || now < row.openUntil || row.probing) return false;
      row.probing = true;
      row.probeStartedAt = now;
      return true;
    },
    failed(id, subject, now, reason, probe) {
      let row = rows.get(id);
      if (row === undefined) {
        const fresh = { failures: [], lastFailureAt: 0, openUntil: 0, openMs: 0, probing: false, probeStartedAt: 0 };
        row = { ...subject, ...fresh, reason };
        setBounded(rows, id, row);
      }
      row.lastFailureAt = now;
      row.reason = reason;
      if (row.failures.length >= 64) row.failures.shift();
      row.failures.push(now);
      while (row.failures.length > 1 && (row.failures[0] ?? now) < now - WINDOW_MS) row.failures.shift();
      if (row.openUntil > 0) {
        // Late failures of calls that began before it opened change nothing; a failed probe doubles the time.
        if (!probe) return;
        row.probing = false;
        row.openMs = Math.min(row.openMs * 2, LONGEST_OPEN_MS);
        // Counted from the probe's start: a silent target must not add its silence to the wait.
        row.openUntil = Math.max(now + LEAST_OPEN_MS, row.probeStartedAt + row.openMs);
      } else if (row.failures.length >= FAILURES_TO_OPEN) {
        row.openMs = FIRST_OPEN_MS;
        row.openUntil = now + row.openMs;
      }
    },
    exhausted(id, now) {
      const row = rows.get(id);
      // A success in between took the row away: the target serves others.
      if (row === undefined || row.openUntil > 0 || row.failures.length < 2) return;
      row.openMs = FIRST_OPEN_MS;
      row.openUntil = now + row.openMs;
    },
    succeeded(id) {
      const open = (rows.get(id)?.openUntil ?? 0) > 0;
      rows.delete(id);
      return open;
    },
    released(id) {
      const row = rows.get(id);
      if (row !== undefined) row.probing = false;
    },
    stateOf(id, now) {
      const row = rows.get(id);
      if (row === undefined || row.openUntil === 0) return 'closed';
      if (row.probing) return 'probing';
      return now < row.openUntil ? 'open' : 'half-open';
    },
    entries: () => rows.entries(),
  };
}
