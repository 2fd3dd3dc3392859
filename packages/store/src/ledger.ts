import { systemClock, type Clock } from '@standin/core/spec/clock';
import { silentLog, type Log } from '@standin/core/spec/log';
import { createLedgerReader, type LedgerReader } from './reader/reader.ts';
import { openDatabase, type DatabaseSync } from './database.ts';
import type { RequestEntry, RequestLog } from './entry.ts';
import type { PriceOf } from './money.ts';
import { createQueue } from './queue.ts';
import { createRetention } from './retention.ts';
import { openSession, type Session } from './sessions.ts';
import { createWriter } from './writer.ts';

export interface LedgerOptions {
  /** `$STANDIN_HOME/ledger.db`, or `:memory:`. */
  readonly path: string;
  readonly priceOf?: PriceOf;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Longest that a finished request waits to be written, milliseconds. Default 200. */
  readonly flushMs?: number;
  /** Requests of one transaction. Default 256. */
  readonly batch?: number;
  /** Requests that may wait. Default 10,000. */
  readonly capacity?: number;
  /** Days that requests are kept. Default 90; 0: for ever. */
  readonly keepDays?: number;
  /** Requests that are kept. Default 1,000,000; 0: all. */
  readonly keepRows?: number;
  /** Keep the vendors' own error messages, which may quote a prompt. Default false. */
  readonly vendorMessages?: boolean;
}

export interface Ledger extends RequestLog {
  readonly db: DatabaseSync;
  /** Processes that ended without closing the ledger since it was last opened: each may have lost its last batch. */
  readonly unclean: number;
  readonly dropped: { readonly requests: number; readonly attempts: number };
  readonly waiting: number;
  /** Why the last batch could not be written; absent: it was. */
  readonly trouble: string | undefined;
  /** For questions that may take long. */
  readonly reader: LedgerReader;
  /** Writes everything that waits. Throws when the disk refuses. */
  flush(): void;
  /** Writes what waits, and marks the ledger as closed in order. */
  close(): void;
}

/**
 * The record of every request in SQLite, written behind the answers in batches. Opening tells whether the last run was
 * killed; it can have lost what came in its last `flushMs`, `batch` requests at most. Throws `StoreError`.
 */
export function createLedger(options: LedgerOptions): Ledger {
  const { path, clock = systemClock, log = silentLog, flushMs = 200, batch = 256 } = options;
  const { db, putAside } = openDatabase(path);
  if (putAside !== undefined) log('error', 'Ledger was damaged; a new one was begun', { path, putAside });
  const session = openSession(db, clock.wallMs());
  if (session.unclean > 0) {
    const mayMiss = `at most ${batch} requests of the last ${flushMs} ms of each`;
    log('warn', 'Ledger was not closed in order', { processes: session.unclean, mayMiss });
  }
  const writer = new LedgerWriter(db, session, { ...options, clock, log, flushMs, batch });
  const reader = createLedgerReader(path, db, { log });
  return {
    db,
    unclean: session.unclean,
    get dropped() {
      return writer.queue.dropped;
    },
    get waiting() {
      return writer.queue.length;
    },
    get trouble() {
      return writer.trouble;
    },
    reader,
    ended: (entry) => writer.push(entry),
    flush: () => writer.flushAll(),
    close: () => {
      reader.close();
      writer.close();
    },
  };
}

type Settled = LedgerOptions & Required<Pick<LedgerOptions, 'clock' | 'log' | 'flushMs' | 'batch'>>;

/** After a refusal of the disk, so many flushes are left out, doubled each time. */
const MOST_SKIPPED = 64;

class LedgerWriter {
  readonly queue;
  trouble: string | undefined;
  readonly #db: DatabaseSync;
  readonly #session: Session;
  readonly #options: Settled;
  readonly #write;
  readonly #retain;
  #timer: unknown;
  #soon = false;
  #closed = false;
  #failures = 0;

  constructor(db: DatabaseSync, session: Session, options: Settled) {
    this.#db = db;
    this.#session = session;
    this.#options = options;
    this.queue = createQueue(options.capacity ?? 10_000);
    const { priceOf = () => undefined, vendorMessages = false } = options;
    this.#write = createWriter(db, { priceOf, vendorMessages });
    this.#retain = createRetention(db, options.clock, { keepDays: options.keepDays, keepRows: options.keepRows });
  }

  push(entry: RequestEntry): void {
    if (this.#closed) return;
    this.queue.push(entry);
    if (this.queue.length >= this.#options.batch) {
      // The loop's check phase comes after the writes of the answers that end now.
      if (!this.#soon && this.#failures === 0) {
        this.#soon = true;
        setImmediate(this.#tick);
      }
    } else if (this.#timer === undefined) this.#arm();
  }

  readonly #tick = (): void => {
    this.#soon = false;
    this.#timer = undefined;
    if (this.#closed) return;
    try {
      this.flushOne();
      this.#retain();
    } catch (error) {
      this.#refused(error);
    }
    if (this.queue.length === 0) return;
    if (this.queue.length >= this.#options.batch && this.#failures === 0) {
      this.#soon = true;
      setImmediate(this.#tick);
    } else this.#arm();
  };

  #arm(): void {
    const { clock, flushMs } = this.#options;
    if (this.#timer !== undefined) return;
    this.#timer = clock.after(flushMs * Math.min(2 ** this.#failures, MOST_SKIPPED), this.#tick);
    // What waits is written by `close`; it must not keep a process alive by itself.
    if (this.#timer instanceof Object && 'unref' in this.#timer) (this.#timer as NodeJS.Timeout).unref();
  }

  #refused(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#failures++;
    // Another process writes its batch: the next try comes in a moment.
    if (/database is locked/.test(reason) && this.#failures < 4) return;
    this.trouble = reason;
    // One line at the first, then at every doubling: a full disk must not fill the log too.
    if ((this.#failures & (this.#failures - 1)) === 0) {
      const { requests, attempts } = this.queue.dropped;
      const fields = { reason, waiting: this.queue.length, droppedRequests: requests, droppedAttempts: attempts };
      this.#options.log('error', 'Ledger could not be written; answers go on', fields);
    }
  }

  flushOne(): void {
    const rows = this.queue.peek(this.#options.batch);
    if (rows.length === 0) return;
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      this.#write(rows);
      this.#session.flushed(this.#options.clock.wallMs(), this.queue.dropped);
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
    this.queue.done(rows.length);
    this.#failures = 0;
    this.trouble = undefined;
  }

  flushAll(): void {
    while (this.queue.length > 0) this.flushOne();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { clock, log } = this.#options;
    if (this.#timer !== undefined) clock.clear(this.#timer);
    try {
      this.flushAll();
      this.#session.close(clock.wallMs());
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log('error', 'Ledger could not be closed in order', { reason, lost: this.queue.length });
    }
    this.#db.close();
  }
}
