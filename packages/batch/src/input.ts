import { createReadStream, statSync } from 'node:fs';
import { extname } from 'node:path';
import { elementsOf } from './json-array.ts';
import { linesOf, type Line } from './lines.ts';
import { jsonRecord, textRecord } from './request.ts';
import { BatchInputError, type BatchRecord, type ReadProgress } from './types.ts';

export type InputFormat = 'jsonl' | 'json' | 'text';

export interface BatchInput {
  readonly format: InputFormat;
  /** Reads the input from its beginning, one record at a time. */
  records(): AsyncGenerator<BatchRecord>;
  progress(): ReadProgress;
}

const FORMATS: ReadonlyMap<string, InputFormat> = new Map([
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.json', 'json'],
  ['.txt', 'text'],
  ['.text', 'text'],
  ['.md', 'text'],
]);

/**
 * Opens a file of prompts: `.jsonl`, `.json` (one array) or `.txt` (a prompt per line; blank lines and those that begin
 * with `#` are none). Throws `BatchInputError` for a file that is not there or of another kind.
 */
export function openInput(path: string): BatchInput {
  const format = FORMATS.get(extname(path).toLowerCase());
  if (format === undefined)
    throw new BatchInputError(
      `The input ${path} must end in .jsonl, .json or .txt, so that it is clear how to read it.`,
    );
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new BatchInputError(`The input ${path} does not exist.`);
  if (!stat.isFile()) throw new BatchInputError(`The input ${path} is not a file.`);
  return inputOf(() => createReadStream(path, { highWaterMark: 256 * 1024 }), format, stat.size);
}

/** The same over any bytes. */
export function inputOf(open: () => AsyncIterable<Uint8Array>, format: InputFormat, totalBytes?: number): BatchInput {
  let bytes = 0;
  async function* records(): AsyncGenerator<BatchRecord> {
    bytes = 0;
    let index = 0;
    const lines = format === 'json' ? elementsOf(open()) : linesOf(open());
    for await (const line of lines) {
      bytes = line.endByte;
      if (isNothing(line, format)) continue;
      yield format === 'text' ? textRecord(line, index) : jsonRecord(line, index);
      index += 1;
    }
  }
  return { format, records, progress: () => ({ bytes, totalBytes }) };
}

function isNothing({ text }: Line, format: InputFormat): boolean {
  const trimmed = text.trim();
  return trimmed === '' || (format === 'text' && trimmed.startsWith('#'));
}
