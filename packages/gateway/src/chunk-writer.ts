import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

/**
 * Writes the body of a streamed answer. `ServerResponse.write` makes four pieces of a chunk (length, line end, bytes,
 * line end) and gathers them a tick later; here a chunk is one piece and one system call. Head, trailers and end stay
 * the response's own business, and so does everything while the response is not the one its socket is answering with
 * (a caller that sent its requests ahead), or speaks HTTP/1.0, which knows no chunks.
 */
export class ChunkWriter {
  readonly #res: ServerResponse;
  readonly #knowsChunks: boolean;
  /** Set once the head is out and nothing of the answer waits in the response. */
  #socket: Socket | undefined;

  constructor({ req, res }: Exchange) {
    this.#res = res;
    this.#knowsChunks = req.httpVersionMajor === 1 && req.httpVersionMinor >= 1 && req.method !== 'HEAD';
  }

  /** False: the caller reads slowly; see `onceDrained`. */
  write(data: string | Uint8Array): boolean {
    // A chunk of nothing would end the answer.
    if (data.length === 0) return true;
    const socket = this.#socket;
    if (socket !== undefined) {
      if (socket.destroyed) return true;
      return typeof data === 'string' ? writeText(socket, data) : socket.write(chunkOf(data), 'latin1');
    }
    const res = this.#res;
    const isRoomy = res.write(data);
    // A response without a socket keeps its bytes, and those before them, until its turn comes.
    // Somebody who keeps the answer (`recordBody`) listens to the response, and would miss what passes it by.
    if (this.#knowsChunks && res.socket !== null && !Object.hasOwn(res, 'write')) this.#socket = res.socket;
    return isRoomy;
  }

  onceDrained(run: () => void): void {
    (this.#socket ?? this.#res).once('drain', run);
  }
}

/** Each byte a character: such a text is written as it stands, without a buffer of its own. */
function chunkOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return `${bytes.byteLength.toString(16)}\r\n${buffer.toString('latin1')}\r\n`;
}

function writeText(socket: Socket, text: string): boolean {
  const size = Buffer.byteLength(text);
  // As many bytes as characters: plain ASCII, which latin1 writes fastest.
  return socket.write(`${size.toString(16)}\r\n${text}\r\n`, size === text.length ? 'latin1' : 'utf8');
}
