import { crc32 } from 'node:zlib';
import { ProviderError } from '../spec/errors.ts';

/** One message of `application/vnd.amazon.eventstream`. */
export interface AwsFrame {
  /** Headers whose value is text; others are read over. */
  readonly headers: Readonly<Record<string, string>>;
  /** A copy of its own: it outlives the bytes it came in. */
  readonly payload: Buffer;
}

export type AwsFrameSink = (frame: AwsFrame) => void;

export interface AwsEventStreamDecoder {
  /** Throws `ProviderError` kind `protocol` for a wrong checksum, an impossible length or a frame over the limit. */
  push(bytes: Uint8Array, onFrame: AwsFrameSink): void;
  /** Bytes of a frame that is not complete yet. */
  readonly pendingBytes: number;
}

/** Most a frame may hold; the services stay below 16 MiB of payload and 128 KiB of headers. */
export const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024 + 128 * 1024 + 16;

/** Total length, length of the headers, checksum of these two. */
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
const SMALLEST_FRAME = PRELUDE_BYTES + CHECKSUM_BYTES;
const STRING_TYPE = 7;

function broken(message: string): ProviderError {
  return new ProviderError({ kind: 'protocol', message: `AWS event stream: ${message}.` });
}

/**
 * Decodes AWS event-stream frames from bytes cut anywhere (Amazon Transcribe and S3 Select developer guides, "Event
 * stream encoding", read 2026-11). The prelude is checked before anything is kept for its length, so a foreign answer
 * fails with its first bytes.
 */
export function createAwsEventStreamDecoder(options: { readonly maxFrameBytes?: number } = {}): AwsEventStreamDecoder {
  const maxFrameBytes = options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  /** Pieces of the frame that is still open, joined once it is complete. */
  let pieces: Buffer[] = [];
  let have = 0;
  /** Bytes until something can be read: first the prelude, then the whole frame. */
  let need = PRELUDE_BYTES;

  /** The frame's length, once its prelude is whole and right. */
  const readPrelude = (bytes: Buffer, at: number): number => {
    const total = bytes.readUInt32BE(at);
    const headers = bytes.readUInt32BE(at + 4);
    if (crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8))
      throw broken('the checksum of a frame’s prelude is wrong');
    if (total < SMALLEST_FRAME || headers > total - SMALLEST_FRAME) throw broken('a frame states an impossible length');
    if (total > maxFrameBytes) throw broken(`one frame is larger than ${maxFrameBytes} bytes`);
    return total;
  };

  /** Reads complete frames of `bytes` and returns where the first incomplete one begins. */
  const readFrames = (bytes: Buffer, onFrame: AwsFrameSink): number => {
    let at = 0;
    while (bytes.length - at >= PRELUDE_BYTES) {
      const total = readPrelude(bytes, at);
      need = total;
      if (bytes.length - at < total) return at;
      onFrame(readFrame(bytes.subarray(at, at + total)));
      at += total;
      need = PRELUDE_BYTES;
    }
    return at;
  };

  return {
    push(bytes, onFrame) {
      if (bytes.length === 0) return;
      const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (have + chunk.length < need) {
        // A copy: the transport may reuse its read buffer.
        pieces.push(Buffer.from(chunk));
        have += chunk.length;
        return;
      }
      const joined = have === 0 ? chunk : Buffer.concat([...pieces, chunk], have + chunk.length);
      pieces = [];
      have = 0;
      const rest = joined.subarray(readFrames(joined, onFrame));
      if (rest.length === 0) return;
      pieces.push(Buffer.from(rest));
      have = rest.length;
    },
    get pendingBytes() {
      return have;
    },
  };
}

function readFrame(frame: Buffer): AwsFrame {
  const bodyEnd = frame.length - CHECKSUM_BYTES;
  if (crc32(frame.subarray(0, bodyEnd)) !== frame.readUInt32BE(bodyEnd))
    throw broken('the checksum of a frame is wrong');
  const headersEnd = PRELUDE_BYTES + frame.readUInt32BE(4);
  const headers = readHeaders(frame.subarray(PRELUDE_BYTES, headersEnd));
  return { headers, payload: Buffer.from(frame.subarray(headersEnd, bodyEnd)) };
}

/** Bytes of the values of fixed size, by type: true, false, byte, short, int, long, …, timestamp, uuid. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16 };
/** Byte arrays and text state their own length. */
const BYTES_TYPE = 6;

function readHeaders(bytes: Buffer): Record<string, string> {
  // Without a prototype: a header may be called anything.
  const headers = Object.create(null) as Record<string, string>;
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > bytes.length) throw broken('the headers of a frame are cut short');
    at += count;
    return bytes.subarray(at - count, at);
  };
  while (at < bytes.length) {
    const name = take(take(1).readUInt8()).toString('utf8');
    const type = take(1).readUInt8();
    if (type === STRING_TYPE || type === BYTES_TYPE) {
      const value = take(take(2).readUInt16BE());
      if (type === STRING_TYPE) headers[name] = value.toString('utf8');
      continue;
    }
    const size = FIXED_BYTES[type];
    if (size === undefined) throw broken(`a header has the unknown type ${type}`);
    take(size);
  }
  return headers;
}

/** One frame with text headers. Throws `RangeError` for a header longer than the format can say. */
export function encodeAwsFrame(headers: Readonly<Record<string, string>>, payload: Uint8Array | string): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const body = typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload;
  const total = PRELUDE_BYTES + head.length + body.length + CHECKSUM_BYTES;
  const frame = Buffer.alloc(total);
  frame.writeUInt32BE(total, 0);
  frame.writeUInt32BE(head.length, 4);
  frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
  frame.set(head, PRELUDE_BYTES);
  frame.set(body, PRELUDE_BYTES + head.length);
  frame.writeUInt32BE(crc32(frame.subarray(0, total - CHECKSUM_BYTES)), total - CHECKSUM_BYTES);
  return frame;
}

function encodeHeader(name: string, value: string): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  const valueBytes = Buffer.from(value, 'utf8');
  if (nameBytes.length > 0xff || valueBytes.length > 0x7fff) throw new RangeError(`Header ${name} is too long.`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(valueBytes.length);
  return Buffer.concat([Buffer.of(nameBytes.length), nameBytes, Buffer.of(STRING_TYPE), length, valueBytes]);
}
