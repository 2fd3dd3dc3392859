import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { once } from 'node:events';
import type { BitSet } from '@standin/batch';
import { linesOf } from '@standin/batch/lines';
import type { JsonObject } from '@standin/core/spec/index';
import { readLine } from './lines.ts';

/** A line as the run wrote it down. */
interface Written {
  readonly index: number;
  readonly id?: string;
  readonly response?: JsonObject;
  readonly error?: { readonly kind: string; readonly message: string };
}

export interface OutputsOptions {
  readonly batchId: string;
  /** What the run wrote; absent file: nothing. */
  readonly results: string;
  readonly output: string;
  readonly errors: string;
  /** Lines of the input that ran out of time, told in the errors. */
  readonly expired?: {
    readonly input: string;
    readonly endpoint: string;
    readonly done: BitSet;
    readonly longestBytes: number;
  };
}

/** Makes both files of an ended batch, whole or not at all. Returns their sizes; 0: there is none. */
export async function makeOutputs(
  options: OutputsOptions,
): Promise<{ readonly output: number; readonly errors: number }> {
  const [good, bad] = [fileAt(options.output), fileAt(options.errors)];
  const { batchId, results, expired } = options;
  if ((await stat(results).catch(() => undefined)) !== undefined)
    for await (const { text } of linesOf(createReadStream(results), Infinity)) {
      if (text === '') continue;
      const { index, id, response, error } = JSON.parse(text) as Written;
      const line = { id: lineId(batchId, index), custom_id: id, response: response ?? null, error: null };
      if (error === undefined) await good.add(line);
      else
        await bad.add(response === undefined ? { ...line, error: { code: error.kind, message: error.message } } : line);
    }
  if (expired !== undefined) {
    let index = -1;
    for await (const { text } of linesOf(createReadStream(expired.input), expired.longestBytes)) {
      if (text.trim() === '') continue;
      index += 1;
      if (expired.done.has(index)) continue;
      const read = readLine(text, expired.endpoint);
      const customId = 'line' in read ? read.line.customId : null;
      const error = { code: 'batch_expired', message: 'This request could not be asked before the batch expired.' };
      await bad.add({ id: lineId(batchId, index), custom_id: customId, response: null, error });
    }
  }
  return { output: await good.close(), errors: await bad.close() };
}

const lineId = (batchId: string, index: number): string =>
  `batch_req_${createHash('sha256').update(`${batchId} ${index}`).digest('hex').slice(0, 24)}`;

function fileAt(path: string) {
  const part = `${path}.part`;
  let stream: ReturnType<typeof createWriteStream> | undefined;
  return {
    async add(line: object): Promise<void> {
      stream ??= createWriteStream(part, { mode: 0o600 });
      if (!stream.write(`${JSON.stringify(line)}\n`)) await once(stream, 'drain');
    },
    async close(): Promise<number> {
      if (stream === undefined) return 0;
      stream.end();
      await once(stream, 'finish');
      await rename(part, path);
      return stream.bytesWritten;
    },
  };
}
