import { Worker } from 'node:worker_threads';
import { silentLog, type Log } from '@standin/core/spec/log';
import { StoreError, type DatabaseSync } from '../database.ts';
import { read, type ReadAnswered, type ReadArgs, type ReadAsked, type ReadName, type ReadResult } from './reads.ts';

/** Questions to the ledger that may take long. */
export interface LedgerReader {
  /** Rejects with `StoreError` when the ledger cannot be read. What waits in the queue is not seen: flush before. */
  ask<N extends ReadName>(name: N, ...args: ReadArgs<N>): Promise<ReadResult<N>>;
  close(): void;
}

export interface ReaderOptions {
  /** The thread ends when nobody has asked for so long. Default 30,000. */
  readonly idleMs?: number;
  readonly log?: Log;
}

interface Waiting {
  readonly asked: ReadAsked;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A thread costs some 10 MB; it ends when nobody has asked for so long. */
const IDLE_MS = 30_000;
/** Questions that wait; more are refused. */
const MOST_WAITING = 200;

/**
 * Answers from a thread of its own, begun at the first question: sums over the rows of a month take seconds, in which no
 * call would go on. A ledger in memory, and one whose thread cannot be started, is read here.
 */
export function createLedgerReader(path: string, db: DatabaseSync, options: ReaderOptions = {}): LedgerReader {
  const { idleMs = IDLE_MS, log = silentLog } = options;
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let isHere = path === ':memory:';
  let isClosed = false;
  let ids = 0;
  let idle: NodeJS.Timeout | undefined;

  const here = ({ asked, resolve, reject }: Waiting): void => {
    try {
      resolve(read(db, asked.name, asked.args));
    } catch (error) {
      reject(unread(path, error instanceof Error ? error.message : String(error)));
    }
  };
  const end = (): void => {
    const ended = thread;
    thread = undefined;
    void ended?.terminate();
  };
  const start = (): Worker => {
    const started = new Worker(threadFile(), { workerData: { path }, execArgv: [] });
    started.unref();
    started.on('message', ({ id, result, error }: ReadAnswered) => {
      const one = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) idle = setTimeout(end, idleMs).unref();
      if (error === undefined) one?.resolve(result);
      else one?.reject(unread(path, error));
    });
    started.on('error', (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      log('warn', 'The ledger is read beside the calls from now on: large lists and sums keep them waiting', {
        reason,
      });
      // Better late than not at all.
      isHere = true;
      end();
      const left = [...waiting.values()];
      waiting.clear();
      for (const one of left) here(one);
    });
    return started;
  };

  return {
    ask<N extends ReadName>(name: N, ...args: ReadArgs<N>) {
      return new Promise<ReadResult<N>>((resolve, reject) => {
        const asked: ReadAsked = { id: ids++, name, args };
        const one: Waiting = { asked, resolve: resolve as (result: unknown) => void, reject };
        if (isClosed) return reject(unread(path, 'it is closed'));
        if (isHere) return here(one);
        if (waiting.size >= MOST_WAITING) return reject(unread(path, `${MOST_WAITING} questions wait already`));
        clearTimeout(idle);
        waiting.set(asked.id, one);
        thread ??= start();
        thread.postMessage(asked);
      });
    },
    close() {
      isClosed = true;
      clearTimeout(idle);
      end();
      for (const { reject } of waiting.values()) reject(unread(path, 'it was closed'));
      waiting.clear();
    },
  };
}

/** In the built package this module lies among the parts, and the thread beside their folder. */
function threadFile(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : '../ledger-reader.js', import.meta.url);
}

function unread(path: string, reason: string): StoreError {
  return new StoreError(
    `The ledger ${path} cannot be read: ${reason}. Ask again in a moment; if it stays so, check the file and its permissions.`,
  );
}
