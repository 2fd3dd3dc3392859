import { closeSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import type * as Sqlite from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import { createTables } from './tables.ts';

export type { DatabaseSync };

/** The store could not be opened; the message says which file and what to do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

export interface OpenedDatabase {
  readonly db: DatabaseSync;
  /** A file that was no database was put aside under this name. */
  readonly putAside?: string;
}

/**
 * Opens (or makes, mode 0600) the database at `path` with write-ahead logging. `busyMs`: how long a statement waits for
 * another process, default 50. A damaged file is put aside, so that a bad disk block never stops the service.
 */
export function openDatabase(path: string, busyMs = 50): OpenedDatabase {
  try {
    return { db: open(path, busyMs) };
  } catch (cause) {
    if (!isDamaged(cause)) throw notOpened(path, cause);
  }
  const putAside = `${path}.damaged-${Date.now()}`;
  try {
    renameSync(path, putAside);
    return { db: open(path, busyMs), putAside };
  } catch (cause) {
    throw notOpened(path, cause);
  }
}

/** For commands that only look. Throws `StoreError` when there is none or it cannot be read. */
export function readDatabase(path: string): DatabaseSync {
  const sqlite = loadSqlite();
  try {
    const db = new sqlite.DatabaseSync(path, { readOnly: true });
    db.exec('PRAGMA busy_timeout = 2000');
    return db;
  } catch (cause) {
    throw notOpened(path, cause);
  }
}

function open(path: string, busyMs: number): DatabaseSync {
  const sqlite = loadSqlite();
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made before SQLite would make it readable for all; its side files take over the mode.
    closeSync(openSync(path, 'a', 0o600));
  }
  const db = new sqlite.DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`);
    createTables(db);
    db.exec(`PRAGMA busy_timeout = ${Math.floor(busyMs)}`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function isDamaged(cause: unknown): boolean {
  return /not a database|malformed/.test(cause instanceof Error ? cause.message : '');
}

function notOpened(path: string, cause: unknown): StoreError {
  const words = cause instanceof Error ? cause.message : 'unknown reason';
  return new StoreError(`The ledger ${path} cannot be opened: ${words}. Check the path and its permissions.`, {
    cause,
  });
}

/**
 * Loaded when it is needed. Node 24 calls the module experimental on stderr, which is no news for our users; its other
 * warnings go through.
 */
function loadSqlite(): typeof Sqlite {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  Object.defineProperty(process, 'emitWarning', { configurable: true, writable: true, value: () => {} });
  try {
    return process.getBuiltinModule('node:sqlite');
  } finally {
    if (own === undefined) Reflect.deleteProperty(process, 'emitWarning');
    else Object.defineProperty(process, 'emitWarning', own);
  }
}
