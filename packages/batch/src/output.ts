import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  write,
  writeSync,
} from 'node:fs';
import { isJsonObject } from '@standin/core/spec/json';
import { BitSet } from './bits.ts';
import { linesOf } from './lines.ts';
import { BatchInputError, type BatchResult } from './types.ts';

/** What an earlier run left in the output. */
export interface Earlier {
  readonly done: BitSet;
  readonly failed: number;
  /** Nano-USD of the results with a known cost. */
  readonly costNanoUsd: number;
}

const NANO_PER_USD = 1e9;

/**
 * The output file is the journal: a line is in it whole, or its request is asked again. Reads what is there, cuts off a
 * last line that was only half written, and with `retryFailed` drops the failed ones. Throws `BatchInputError` for a
 * file that holds something else.
 */
export async function readEarlier(path: string, options: { readonly retryFailed?: boolean } = {}): Promise<Earlier> {
  const done = new BitSet();
  let failed = 0;
  let costNanoUsd = 0;
  let wholeBytes = 0;
  const size = statSync(path).size;
  const rewrite = options.retryFailed === true ? openSync(`${path}.new`, 'w', 0o600) : undefined;
  try {
    for await (const line of linesOf(createReadStream(path, { highWaterMark: 256 * 1024 }), Infinity)) {
      const result = resultOf(line.text);
      if (result === undefined) {
        // A half line at the end is our own; anything else somebody else's.
        if (line.endByte === size && !endsWithNewline(path, size)) break;
        throw new BatchInputError(
          `Line ${line.number} of ${path} is not a result of a batch; give another file with -o, or move this one away.`,
        );
      }
      wholeBytes = line.endByte;
      const isFailed = result.error !== undefined;
      if (isFailed && rewrite !== undefined) continue;
      if (rewrite !== undefined) writeSync(rewrite, `${line.text}\n`);
      if (!done.add(result.index)) continue;
      if (isFailed) failed += 1;
      if (typeof result.cost_usd === 'number') costNanoUsd += Math.round(result.cost_usd * NANO_PER_USD);
    }
  } catch (error) {
    if (rewrite !== undefined) rmSync(`${path}.new`, { force: true });
    throw error;
  } finally {
    if (rewrite !== undefined) closeSync(rewrite);
  }
  if (rewrite !== undefined) renameSync(`${path}.new`, path);
  else if (wholeBytes < size) truncate(path, wholeBytes);
  else if (size > 0 && !endsWithNewline(path, size)) appendFileSync(path, '\n');
  return { done, failed, costNanoUsd };
}

function endsWithNewline(path: string, size: number): boolean {
  const handle = openSync(path, 'r');
  try {
    const last = Buffer.alloc(1);
    readSync(handle, last, 0, 1, size - 1);
    return last[0] === 10;
  } finally {
    closeSync(handle);
  }
}

function truncate(path: string, bytes: number): void {
  const handle = openSync(path, 'r+');
  try {
    ftruncateSync(handle, bytes);
  } finally {
    closeSync(handle);
  }
}

function resultOf(text: string): BatchResult | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isResult = isJsonObject(value) && Number.isSafeInteger(value['index']) && Number(value['index']) >= 0;
    return isResult ? (value as unknown as BatchResult) : undefined;
  } catch {
    return undefined;
  }
}

/** Where results go, in the order in which they finish. */
export interface ResultWriter {
  /** Resolves when the line is with the operating system: a process that is killed afterwards does not lose it. */
  write(line: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Appends lines to a file, one write under way at a time; lines that come meanwhile leave together with the next one.
 * A write that fails (disk full) rejects every line that was in it.
 */
export function appendTo(path: string): ResultWriter {
  const handle = openSync(path, existsSync(path) ? 'a' : 'ax', 0o600);
  let waiting: { readonly line: string; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let busy = false;
  let idle: (() => void) | undefined;
  const next = (): void => {
    if (busy) return;
    if (waiting.length === 0) return idle?.();
    busy = true;
    const batch = waiting;
    waiting = [];
    writeAll(handle, Buffer.from(batch.map(({ line }) => `${line}\n`).join('')), (error) => {
      busy = false;
      for (const one of batch) {
        if (error === null) one.resolve();
        else one.reject(new Error(`The results cannot be written to ${path}: ${error.message}.`, { cause: error }));
      }
      next();
    });
  };
  return {
    write: (line) =>
      new Promise((resolve, reject) => {
        waiting.push({ line, resolve, reject });
        next();
      }),
    close: async () => {
      await new Promise<void>((resolve) => {
        idle = resolve;
        next();
      });
      closeSync(handle);
    },
  };
}

function writeAll(handle: number, bytes: Uint8Array, done: (error: Error | null) => void): void {
  write(handle, bytes, (error, written) => {
    if (error !== null || written === bytes.length) return done(error);
    writeAll(handle, bytes.subarray(written), done);
  });
}
