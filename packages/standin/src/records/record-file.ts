import { appendFile, mkdir, readFile, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RecordStore, RequestRecord } from '@standin/core/route/record';
import type { Clock } from '@standin/core/spec/index';

export const RECORD_FILE = 'records.jsonl';

/** Written at most so often, milliseconds. */
const WRITE_EVERY_MS = 500;
/** A file of this size becomes `records.jsonl.1`, and the one before it goes. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Requests that may wait for the disk; beyond, the oldest are left out. */
const MOST_WAITING = 2_000;

export interface RecordFile extends RecordStore {
  /** A request ended. Costs the request nothing: its record is read and written later. */
  note(id: string, isRoutine: boolean): void;
  /** Writes what is waiting. */
  flush(): Promise<void>;
}

export interface RecordFileOptions {
  /** Folder, made when it is missing. */
  readonly home: string;
  readonly clock: Clock;
  /** The record of a request that ended; routine ones are not asked for. */
  readonly recordOf: (id: string) => RequestRecord | undefined;
  /** The disk failed: told once. */
  readonly onError?: (error: unknown) => void;
  readonly mostBytes?: number;
}

/**
 * Attempt records as lines of JSON in `$STANDIN_HOME`, for `standin explain` after the gateway has gone. Requests in which
 * nothing was decided are left out; size is bounded; only the owner can read it.
 */
export function createRecordFile(options: RecordFileOptions): RecordFile {
  const { home, clock, recordOf, mostBytes = MOST_BYTES } = options;
  const path = join(home, RECORD_FILE);
  let waiting: string[] = [];
  let timer: unknown;
  let writing: Promise<void> = Promise.resolve();
  let failed = false;
  const write = async (): Promise<void> => {
    const ids = waiting;
    waiting = [];
    const lines = ids.flatMap((id) => recordOf(id) ?? []).map((record) => `${JSON.stringify(record)}\n`);
    if (lines.length === 0) return;
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      if ((await sizeOf(path)) > mostBytes) await rename(path, `${path}.1`);
      await appendFile(path, lines.join(''), { mode: 0o600 });
    } catch (error) {
      if (!failed) options.onError?.(error);
      failed = true;
    }
  };
  const flush = (): Promise<void> => {
    if (timer !== undefined) clock.clear(timer);
    timer = undefined;
    writing = writing.then(write);
    return writing;
  };
  return {
    note(id, isRoutine) {
      if (isRoutine || failed) return;
      waiting.push(id);
      if (waiting.length > MOST_WAITING) waiting.shift();
      timer ??= clock.after(WRITE_EVERY_MS, () => void flush());
    },
    flush,
    ...readRecords(home),
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

/** The records that a gateway of this home has written. */
export function readRecords(home: string): RecordStore {
  const all = async (): Promise<RequestRecord[]> => {
    const path = join(home, RECORD_FILE);
    const texts = await Promise.all([`${path}.1`, path].map((name) => readFile(name, 'utf8').catch(() => '')));
    return texts.join('').split('\n').flatMap(parsed).toReversed();
  };
  return {
    get: async (id) => (await all()).find((record) => record.id === id),
    list: async (limit = 1_000) => (await all()).slice(0, limit),
  };
}

/** A line that was cut by a crash is passed over. */
function parsed(line: string): RequestRecord[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as RequestRecord];
  } catch {
    return [];
  }
}
