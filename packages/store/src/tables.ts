import type { DatabaseSync } from 'node:sqlite';

const VERSION = 1;

/**
 * Money in nano-USD, times in milliseconds; NULL is "not known", never 0. `attempts_dropped`: the queue was full and the
 * request's attempts were given up. `grants`: money handed out to processes, by scope and period.
 */
const TABLES = `
CREATE TABLE requests (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, started_at INTEGER NOT NULL, took_ms INTEGER NOT NULL,
  first_content_ms INTEGER, outcome TEXT NOT NULL, status INTEGER NOT NULL, error_kind TEXT, error_code TEXT,
  protocol TEXT NOT NULL, mode TEXT NOT NULL, requested_model TEXT NOT NULL, provider TEXT, model TEXT,
  caller_key TEXT, agent TEXT, attempts INTEGER NOT NULL, attempts_dropped INTEGER NOT NULL, rescue TEXT,
  input_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, output_tokens INTEGER,
  reasoning_tokens INTEGER, cost_nano_usd INTEGER
) STRICT;
CREATE INDEX requests_started ON requests (started_at);
CREATE INDEX requests_id ON requests (id);
CREATE TABLE attempts (
  request INTEGER NOT NULL, attempt INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, wire TEXT,
  key TEXT, outcome TEXT NOT NULL, status INTEGER, code TEXT, phase TEXT, reason TEXT NOT NULL, rule TEXT, rescue TEXT,
  vendor_request_id TEXT, message TEXT, started_ms INTEGER NOT NULL, first_content_ms INTEGER, ended_ms INTEGER NOT NULL,
  waited_ms INTEGER NOT NULL, retry_after_ms INTEGER, input_tokens INTEGER, cache_read_tokens INTEGER,
  cache_write_tokens INTEGER, output_tokens INTEGER, reasoning_tokens INTEGER, cost_nano_usd INTEGER, bytes INTEGER,
  vendor_attempts INTEGER, lost TEXT, PRIMARY KEY (request, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, opened_at INTEGER NOT NULL, flushed_at INTEGER, closed_at INTEGER,
  dropped_requests INTEGER NOT NULL DEFAULT 0, dropped_attempts INTEGER NOT NULL DEFAULT 0, unclean INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE grants (
  scope TEXT NOT NULL, period TEXT NOT NULL, granted_nano_usd INTEGER NOT NULL, PRIMARY KEY (scope, period)
) STRICT, WITHOUT ROWID;
`;

/** Messages of requests, kept only where that was switched on. It came after the first format; older programs do without. */
const CONTENTS = `
CREATE TABLE IF NOT EXISTS contents (
  request INTEGER PRIMARY KEY, body TEXT NOT NULL, body_cut INTEGER NOT NULL, answer TEXT NOT NULL, answer_cut INTEGER NOT NULL
) STRICT;
`;

/** Makes what is missing. Throws when a newer version of Standin made the file. */
export function createTables(db: DatabaseSync): void {
  if (versionOf(db) === VERSION) {
    db.exec(CONTENTS);
    return addLater(db);
  }
  db.exec('BEGIN IMMEDIATE');
  try {
    // Another process may have made them while this one waited.
    const found = versionOf(db);
    if (found > VERSION) throw new Error(`it was made by a later version of Standin (format ${found})`);
    if (found < VERSION) db.exec(`${TABLES} ${CONTENTS} PRAGMA user_version = ${VERSION}`);
    if (found < VERSION) addLater(db);
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** Came after the first format too: `cached`, 1 for an answer that no vendor was asked for; `steps`, model calls of an agent. */
const LATER_COLUMNS = { cached: 'INTEGER NOT NULL DEFAULT 0', steps: 'INTEGER NOT NULL DEFAULT 1' } as const;

function addLater(db: DatabaseSync): void {
  for (const [name, type] of Object.entries(LATER_COLUMNS)) {
    const has = (): boolean =>
      db
        .prepare('PRAGMA table_info(requests)')
        .all()
        .some((column) => column['name'] === name);
    if (has()) continue;
    try {
      db.exec(`ALTER TABLE requests ADD COLUMN ${name} ${type}`);
    } catch (error) {
      // Another process may have been first.
      if (!has()) throw error;
    }
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}
