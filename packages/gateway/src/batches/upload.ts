import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { RequestError } from '@standin/core/spec/index';
import type { IncomingMessage } from 'node:http';

export interface Uploaded {
  readonly bytes: number;
  readonly filename: string;
  readonly fields: ReadonlyMap<string, string>;
}

const wrong = (message: string, param: string | null = null, status = 400, code = 'invalid_request'): RequestError =>
  new RequestError(message, { status, code, ...(param === null ? {} : { param }) });

/**
 * Writes the form's file to `path` as it comes, so that memory holds a piece of it only; what fails leaves nothing there.
 * Throws `RequestError`: no such form, no file, more than `limitBytes`.
 */
export async function receiveFile(req: IncomingMessage, path: string, limitBytes: number): Promise<Uploaded> {
  const type = req.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;/i.test(type))
    throw wrong('A file is sent as multipart/form-data with the fields purpose and file.');
  if (req.headers['content-encoding'] !== undefined && req.headers['content-encoding'] !== 'identity')
    throw wrong('A file is sent as it is, without Content-Encoding.', null, 415, 'unsupported_encoding');
  const tooLarge = (): RequestError =>
    wrong(`The file is larger than this gateway's limit of ${limitBytes} bytes.`, 'file', 413, 'file_too_large');
  if (Number(req.headers['content-length'] ?? 0) > limitBytes + 64 * 1024) {
    req.resume();
    throw tooLarge();
  }
  const { Busboy } = await import('@fastify/busboy');
  const part = `${path}.part`;
  const fields = new Map<string, string>();
  let filename: string | undefined;
  let bytes = 0;
  let writing: Promise<void> | undefined;
  let isCut = false;
  try {
    const form = new Busboy({
      headers: { 'content-type': type },
      limits: { files: 1, fields: 20, fieldSize: 4_096, fileSize: limitBytes + 1, parts: 30 },
    });
    form.on('field', (name: string, value: string) => void fields.set(name, value));
    form.on('file', (name: string, stream: NodeJS.ReadableStream & { truncated?: boolean }, given: string) => {
      if (name !== 'file') return void stream.resume();
      filename = basename(given === '' ? 'batch.jsonl' : given).slice(0, 255);
      stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
      stream.on('limit', () => (isCut = true));
      writing = pipeline(stream, createWriteStream(part, { mode: 0o600 }));
      // Heard of below; not as a rejection that nobody handles.
      writing.catch(() => {});
    });
    await pipeline(req, form);
    await writing;
  } catch (error) {
    await writing?.catch(() => {});
    await rm(part, { force: true });
    if ((error as NodeJS.ErrnoException).code?.startsWith('E') === true && !req.destroyed) throw error;
    throw wrong('The form is not complete, or no multipart form.');
  }
  if (filename === undefined) throw wrong('The form has no file; send it as the field file.', 'file');
  if (isCut || bytes > limitBytes) {
    await rm(part, { force: true });
    throw tooLarge();
  }
  await rename(part, path);
  return { bytes, filename, fields };
}
