import { ProviderError } from '../spec/errors.ts';
import { DEFAULT_MAX_EVENT_BYTES } from './sse.ts';

export interface NdjsonDecoder {
  /** Calls `onLine` with each non-blank line. Throws `ProviderError` kind `protocol` when a line is over the limit. */
  push(bytes: Uint8Array, onLine: (line: string) => void): void;
  /** A last line without its line feed is delivered as it is; whether it is whole is for the reader to judge. */
  end(onLine: (line: string) => void): void;
}

/** Newline-delimited JSON from bytes cut anywhere; text is decoded from whole lines only. */
export function createNdjsonDecoder(options: { readonly maxLineBytes?: number } = {}): NdjsonDecoder {
  const maxLineBytes = options.maxLineBytes ?? DEFAULT_MAX_EVENT_BYTES;
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let firstLine = true;

  const deliver = (text: string, onLine: (line: string) => void): void => {
    const line = (firstLine && text.startsWith('\uFEFF') ? text.slice(1) : text).trim();
    firstLine = false;
    if (line !== '') onLine(line);
  };

  const close = (chunk: Buffer, start: number, end: number, onLine: (line: string) => void): void => {
    if (pieceBytes === 0) return deliver(chunk.toString('utf8', start, end), onLine);
    pieces.push(chunk.subarray(start, end));
    const line = Buffer.concat(pieces, pieceBytes + end - start);
    pieces = [];
    pieceBytes = 0;
    deliver(line.toString('utf8'), onLine);
  };

  return {
    push(bytes, onLine) {
      const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let position = 0;
      for (let lineEnd = chunk.indexOf(10); lineEnd !== -1; lineEnd = chunk.indexOf(10, position)) {
        close(chunk, position, lineEnd, onLine);
        position = lineEnd + 1;
      }
      if (position === chunk.length) return;
      const rest = chunk.length - position;
      if (pieceBytes + rest > maxLineBytes) {
        throw new ProviderError({ kind: 'protocol', message: `One stream line is larger than ${maxLineBytes} bytes.` });
      }
      // A copy: the transport may reuse its read buffer.
      pieces.push(Buffer.from(chunk.subarray(position)));
      pieceBytes += rest;
    },
    end(onLine) {
      if (pieceBytes > 0) close(Buffer.alloc(0), 0, 0, onLine);
    },
  };
}
