import { createHash, randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isJsonObject } from '@standin/core/spec/json';
import { BatchInputError } from './types.ts';

const HEAD_BYTES = 64 * 1024;

/** What an output belongs to, in a file beside it: results of one input are never continued with another. */
interface Journal {
  readonly version: 1;
  readonly input: { readonly bytes: number; readonly head_sha256: string };
  /** Under which a queue knows the batch. */
  readonly batch?: string;
}

export const journalPath = (output: string): string => `${output}.journal`;

/** Notes which input this output belongs to. */
export function beginJournal(output: string, input: string): void {
  const { size } = statSync(input);
  const journal: Journal = {
    version: 1,
    input: { bytes: size, head_sha256: headOf(input, Math.min(size, HEAD_BYTES)) },
  };
  writeJournal(output, journal);
}

function writeJournal(output: string, journal: Journal): void {
  const path = journalPath(output);
  writeFileSync(`${path}.new`, `${JSON.stringify(journal)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The batch's name in a queue: the same whenever it is resumed. The journal must be there. */
export function batchIdOf(output: string): string {
  const journal = readJournal(output);
  if (journal.batch !== undefined) return journal.batch;
  const batch = newBatchId();
  writeJournal(output, { ...journal, batch });
  return batch;
}

export const newBatchId = (): string => randomBytes(9).toString('hex');

function readJournal(output: string): Journal {
  const path = journalPath(output);
  const journal = parse(readFileSync(path, 'utf8'));
  if (journal === undefined) throw new BatchInputError(`${path} cannot be read; remove it to resume all the same.`);
  return journal;
}

/**
 * Throws `BatchInputError` when the output was begun with another input. One that only grew at its end is the same.
 * An output without a journal is trusted: whoever resumes it says that it belongs.
 */
export function checkJournal(output: string, input: string): void {
  const path = journalPath(output);
  if (!existsSync(path)) return beginJournal(output, input);
  const journal = readJournal(output);
  const { bytes, head_sha256: head } = journal.input;
  const isSame = statSync(input).size >= bytes && headOf(input, Math.min(bytes, HEAD_BYTES)) === head;
  if (!isSame)
    throw new BatchInputError(
      `${output} was begun with another input than ${input}, or the input was changed since; resume with that one, or give another output with -o.`,
    );
}

function parse(text: string): Journal | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value) || value['version'] !== 1 || !isJsonObject(value['input'])) return undefined;
    const { bytes, head_sha256: head } = value['input'];
    if (typeof bytes !== 'number' || typeof head !== 'string') return undefined;
    const { batch } = value;
    return { version: 1, input: { bytes, head_sha256: head }, ...(typeof batch === 'string' ? { batch } : {}) };
  } catch {
    return undefined;
  }
}

function headOf(path: string, bytes: number): string {
  const handle = openSync(path, 'r');
  try {
    const head = Buffer.alloc(bytes);
    const length = readSync(handle, head, 0, bytes, 0);
    return createHash('sha256').update(head.subarray(0, length)).digest('hex');
  } finally {
    closeSync(handle);
  }
}
