import type { DatabaseSync } from 'node:sqlite';

export interface Session {
  /** Processes found dead that had not closed. */
  readonly unclean: number;
  flushed(now: number, dropped: { readonly requests: number; readonly attempts: number }): void;
  close(now: number): void;
}

/** Marks the ledger as in use by this process, and counts those that died over it. */
export function openSession(db: DatabaseSync, now: number): Session {
  db.exec('BEGIN IMMEDIATE');
  let unclean = 0;
  let id: number | bigint;
  try {
    const open = db.prepare('SELECT id, pid FROM sessions WHERE closed_at IS NULL AND unclean = 0').all();
    const mark = db.prepare('UPDATE sessions SET unclean = 1 WHERE id = ?');
    for (const row of open) {
      if (isAlive(Number(row['pid']))) continue;
      mark.run(Number(row['id']));
      unclean++;
    }
    id = db.prepare('INSERT INTO sessions (pid, opened_at) VALUES (?, ?)').run(process.pid, now).lastInsertRowid;
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
  const update = db.prepare(
    'UPDATE sessions SET flushed_at = ?, dropped_requests = ?, dropped_attempts = ? WHERE id = ?',
  );
  const end = db.prepare('UPDATE sessions SET closed_at = ? WHERE id = ?');
  return {
    unclean,
    flushed: (at, dropped) => void update.run(at, dropped.requests, dropped.attempts, id),
    close: (at) => void end.run(at, id),
  };
}

/** Whether another process runs under this id. Its own id found in the table is an earlier life's (containers: pid 1). */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
