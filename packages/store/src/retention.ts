import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '@standin/core/spec/clock';

const DAY_MS = 86_400_000;
const EVERY_MS = 3_600_000;
/** Rows deleted at a time: a short pause between answers, not a long one. */
const CHUNK = 2_000;
const GRANTS_KEPT_DAYS = 400;

export interface RetentionOptions {
  readonly keepDays?: number;
  readonly keepRows?: number;
}

/** Deletes what is too old or too many: looks once an hour, and goes on at each call while something is left. */
export function createRetention(db: DatabaseSync, clock: Clock, options: RetentionOptions): () => void {
  const { keepDays = 90, keepRows = 1_000_000 } = options;
  let due = 0;
  const bound = db.prepare('SELECT max(seq) AS seq FROM requests WHERE started_at < ?');
  const last = db.prepare('SELECT max(seq) AS last, min(seq) AS first FROM requests');
  const dropAttempts = db.prepare('DELETE FROM attempts WHERE request <= ?');
  const dropContents = db.prepare('DELETE FROM contents WHERE request <= ?');
  const dropRequests = db.prepare('DELETE FROM requests WHERE seq <= ?');
  const dropGrants = db.prepare('DELETE FROM grants WHERE period < ?');
  return () => {
    const now = clock.wallMs();
    if (now < due) return;
    due = now + EVERY_MS;
    dropGrants.run(new Date(now - GRANTS_KEPT_DAYS * DAY_MS).toISOString().slice(0, 10));
    const ends = last.get();
    const first = Number(ends?.['first'] ?? 0);
    const old = keepDays === 0 ? 0 : Number(bound.get(now - keepDays * DAY_MS)?.['seq'] ?? 0);
    const many = keepRows === 0 ? 0 : Number(ends?.['last'] ?? 0) - keepRows;
    const until = Math.max(old, many);
    if (first === 0 || until < first) return;
    const here = Math.min(until, first + CHUNK - 1);
    dropAttempts.run(here);
    dropContents.run(here);
    dropRequests.run(here);
    if (here < until) due = now;
  };
}
