import type { Transform } from 'node:stream';
import { TransportError } from './transport.ts';

/** Who gets the decoded bytes. */
export interface DecoderUser {
  deliver(chunk: Buffer): void;
  deliverEnd(error: TransportError | undefined): void;
  decoderDrained(): void;
}

export interface BodyDecoder {
  /** False when enough is waiting: stop until `decoderDrained`. */
  write(chunk: Buffer): boolean;
  /** The encoded body is over; `failure` is told after everything that can still be decoded. */
  end(failure: TransportError | undefined): void;
  pause(): void;
  resume(): void;
  destroy(): void;
  readonly full: boolean;
}

const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br']);

/** A decoder for `content-encoding`, or `undefined` for a coding we do not know (the body then stays as it is). */
export function createBodyDecoder(encoding: string, user: DecoderUser): BodyDecoder | undefined {
  const coding = encoding.trim().toLowerCase();
  if (!CODINGS.has(coding)) return undefined;
  let stream: Transform | undefined;
  let failure: TransportError | undefined;
  let paused = false;
  const open = (first: Buffer): Transform => {
    const created = createStream(coding, first);
    created.on('data', (chunk: Buffer) => user.deliver(chunk));
    created.on('end', () => user.deliverEnd(failure));
    created.on('drain', () => user.decoderDrained());
    created.on('error', (error) => user.deliverEnd(failure ?? decodingError(error, coding)));
    if (paused) created.pause();
    return created;
  };
  return {
    write(chunk) {
      stream ??= open(chunk);
      return stream.write(chunk);
    },
    end(error) {
      failure = error;
      // An empty body is no broken archive.
      if (stream === undefined) user.deliverEnd(error);
      else stream.end();
    },
    pause() {
      paused = true;
      stream?.pause();
    },
    resume() {
      paused = false;
      stream?.resume();
    },
    destroy: () => void stream?.destroy(),
    get full() {
      return stream?.writableNeedDrain === true;
    },
  };
}

/** The head as it is for the decoded body. */
export function decodedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const copy: Record<string, string> = Object.assign(Object.create(null) as Record<string, string>, headers);
  delete copy['content-encoding'];
  delete copy['content-length'];
  return copy;
}

function createStream(coding: string, first: Buffer): Transform {
  // Loaded on first use: we ask for identity, so compressed answers are rare.
  const zlib = process.getBuiltinModule('node:zlib');
  if (coding === 'br') return zlib.createBrotliDecompress();
  if (coding !== 'deflate') return zlib.createGunzip();
  // RFC 9110 §8.4.1.2: some servers send raw deflate under this name; a zlib header has 8 in its low four bits.
  return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
}

function decodingError(error: Error & { code?: string }, encoding: string): TransportError {
  // Brotli has its own name for the same thing.
  if (error.code === 'Z_BUF_ERROR' || /unexpected end/.test(error.message)) {
    return new TransportError(`the ${encoding} body was cut off before its end`, 'BODY_CUT', 'content', error);
  }
  const message = `the body is not ${encoding} although its head says so (${error.code ?? error.message})`;
  return new TransportError(message, 'HTTP_PROTOCOL', 'content', error);
}

const MAX_INFLATED_BYTES = 1_048_576;

/**
 * Some vendors send gzip error bodies without saying so. Bytes that begin with the gzip magic are unpacked (at most
 * 1 MiB), all others are returned as they are, also when unpacking fails.
 */
export function gunzipIfMarked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return process.getBuiltinModule('node:zlib').gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch {
    return bytes;
  }
}
