import { BatchInputError } from './types.ts';

/** A line of text and where it stood. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** Bytes read up to and with this line. */
  readonly endByte: number;
}

/** A line longer than this is not read: 64 MiB. */
export const LONGEST_LINE_BYTES = 64 * 1024 * 1024;

const LF = 10;

/**
 * Lines of a byte stream, one at a time, so that memory is bounded by the longest line. LF and CRLF end a line; a byte
 * order mark is dropped; invalid UTF-8 becomes U+FFFD. Throws `BatchInputError` for a line above `longestBytes`.
 */
export async function* linesOf(
  source: AsyncIterable<Uint8Array>,
  longestBytes = LONGEST_LINE_BYTES,
): AsyncGenerator<Line> {
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  let number = 0;
  let endByte = 0;
  const take = (last: Uint8Array): Line => {
    const bytes = kept.length === 0 ? last : Buffer.concat([...kept, last]);
    kept = [];
    keptBytes = 0;
    number += 1;
    return { number, text: textOf(bytes, number === 1), endByte };
  };
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      endByte += at + 1 - from;
      const piece = chunk.subarray(from, at);
      from = at + 1;
      yield take(piece);
    }
    if (from === chunk.length) continue;
    endByte += chunk.length - from;
    kept.push(from === 0 ? chunk : chunk.slice(from));
    keptBytes += chunk.length - from;
    if (keptBytes > longestBytes)
      throw new BatchInputError(
        `Line ${number + 1} is longer than ${longestBytes} bytes; a batch line holds one request.`,
      );
  }
  if (keptBytes > 0) yield take(new Uint8Array(0));
}

function textOf(bytes: Uint8Array, isFirst: boolean): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = isFirst && buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  const end = buffer.at(-1) === 13 ? buffer.length - 1 : buffer.length;
  return buffer.toString('utf8', start, Math.max(start, end));
}
