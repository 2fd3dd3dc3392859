import type { ParsedHead } from './response-head.ts';
import { bodyFraming, HttpSyntaxError, parseResponseHead } from './response-head.ts';

const HEAD = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const CHUNK_SIZE = 3;
const CHUNK_EXTENSION = 4;
const CHUNK_SIZE_LF = 5;
const CHUNK_DATA = 6;
const CHUNK_DATA_CR = 7;
const CHUNK_DATA_LF = 8;
const TRAILER = 9;
const TRAILER_LF = 10;
const DONE = 11;

const CR = 0x0d;
const LF = 0x0a;
const MAX_CHUNK_SIZE_DIGITS = 13;
const MAX_INTERIM_HEADS = 32;

/**
 * One answer at a time, fed with what the socket read. `parse` calls nobody: it leaves what the read brought in its
 * fields, so the read buffer can be shared by all connections. All payload of one read comes as one chunk.
 */
export class ResponseParser {
  /** The final head, when it was completed by this read. */
  head: ParsedHead | undefined;
  /** Copied payload bytes of this read. */
  chunk: Buffer | undefined;
  /** The answer broke HTTP; nothing more is parsed. */
  problem: string | undefined;
  /** At least one byte of the answer was seen. */
  begun = false;
  /** Bytes came after the end of the answer: the connection cannot be used again. */
  surplus = false;
  state = DONE;
  readonly maxHeadBytes: number;
  #toHeadRequest = false;
  #remaining = 0;
  #digits = 0;
  #lineBytes = 0;
  #trailerBytes = 0;
  #interimHeads = 0;
  #partial: Buffer | undefined;
  #partialLength = 0;

  constructor(maxHeadBytes: number) {
    this.maxHeadBytes = maxHeadBytes;
  }

  /** Call before the request is written. */
  expectAnswer(method: string): void {
    this.head = undefined;
    this.chunk = undefined;
    this.problem = undefined;
    this.begun = false;
    this.surplus = false;
    this.state = HEAD;
    this.#toHeadRequest = method === 'HEAD';
    this.#interimHeads = 0;
    this.#partialLength = 0;
  }

  get done(): boolean {
    return this.state === DONE;
  }

  /** True when the end of the connection is the end of the body. */
  get endsWithConnection(): boolean {
    return this.state === UNTIL_CLOSE;
  }

  parse(bytes: Buffer, length: number): void {
    this.head = undefined;
    this.chunk = undefined;
    if (length === 0) return;
    this.begun = true;
    try {
      let at = 0;
      while (this.state === HEAD && at < length) at = this.#readHead(bytes, at, length);
      if (at < length && this.state !== DONE) at = this.#readBody(bytes, at, length);
      if (at < length) this.surplus = true;
    } catch (error) {
      if (!(error instanceof HttpSyntaxError)) throw error;
      this.problem = error.message;
    }
  }

  #readHead(bytes: Buffer, at: number, length: number): number {
    if (this.#partialLength > 0) return this.#readSplitHead(bytes, at, length);
    if (bytes[at] !== 0x48) throw new HttpSyntaxError(notHttp(bytes[at] ?? 0));
    const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
    // Bytes from `length` on are left over from an earlier read.
    if (end < 0 || end + 4 > length) {
      this.#keepPartial(bytes, at, length);
      return length;
    }
    if (end - at > this.maxHeadBytes) throw this.#headTooLarge();
    this.#acceptHead(bytes.toString('latin1', at, end));
    return end + 4;
  }

  #readSplitHead(bytes: Buffer, at: number, length: number): number {
    const before = this.#partialLength;
    this.#keepPartial(bytes, at, length);
    const partial = this.#partial as Buffer;
    const end = partial.indexOf('\r\n\r\n', Math.max(0, before - 3), 'latin1');
    if (end < 0 || end + 4 > this.#partialLength) {
      if (this.#partialLength > this.maxHeadBytes + 4) throw this.#headTooLarge();
      return length;
    }
    if (end > this.maxHeadBytes) throw this.#headTooLarge();
    this.#partialLength = 0;
    this.#acceptHead(partial.toString('latin1', 0, end));
    if (this.#partialLength === 0) this.#partial = undefined;
    return at + (end + 4 - before);
  }

  #keepPartial(bytes: Buffer, at: number, length: number): void {
    const needed = this.#partialLength + (length - at);
    if (this.#partial === undefined || this.#partial.length < needed) {
      const grown = Buffer.alloc(Math.max(1024, needed * 2));
      this.#partial?.copy(grown, 0, 0, this.#partialLength);
      this.#partial = grown;
    }
    bytes.copy(this.#partial, this.#partialLength, at, length);
    this.#partialLength = needed;
    if (needed > this.maxHeadBytes + 4 && needed === length - at) throw this.#headTooLarge();
  }

  #headTooLarge(): HttpSyntaxError {
    return new HttpSyntaxError(`response head longer than ${this.maxHeadBytes} bytes`);
  }

  #acceptHead(text: string): void {
    const head = parseResponseHead(text);
    if (head.status < 200) {
      if (head.status === 101) throw new HttpSyntaxError('status 101 without an upgrade asked for');
      this.#interimHeads += 1;
      if (this.#interimHeads > MAX_INTERIM_HEADS) throw new HttpSyntaxError('too many 1xx answers');
      return;
    }
    const framing = bodyFraming(head, this.#toHeadRequest);
    this.head = head;
    if (framing === 'chunked') this.#startChunkSize();
    else if (framing === 'close') this.state = UNTIL_CLOSE;
    else {
      this.#remaining = framing;
      this.state = framing === 0 ? DONE : LENGTH;
    }
  }

  #startChunkSize(): void {
    this.state = CHUNK_SIZE;
    this.#remaining = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
  }

  #readBody(bytes: Buffer, at: number, length: number): number {
    if (this.state === UNTIL_CLOSE) {
      this.chunk = copied(bytes, at, length);
      return length;
    }
    if (this.state === LENGTH) {
      const end = Math.min(length, at + this.#remaining);
      this.chunk = copied(bytes, at, end);
      this.#remaining -= end - at;
      if (this.#remaining === 0) this.state = DONE;
      return end;
    }
    return this.#readChunks(bytes, at, length);
  }

  #readChunks(bytes: Buffer, start: number, length: number): number {
    let at = start;
    // Most reads bring one chunk: it is copied once, exactly. Several are gathered.
    let only = -1;
    let onlyEnd = -1;
    let payload: Buffer | undefined;
    let used = 0;
    try {
      while (at < length && this.state !== DONE) {
        if (this.state === CHUNK_DATA) {
          const end = Math.min(length, at + this.#remaining);
          if (only < 0) {
            only = at;
            onlyEnd = end;
          } else {
            if (payload === undefined) {
              payload = Buffer.allocUnsafe(length - only);
              used = bytes.copy(payload, 0, only, onlyEnd);
            }
            used += bytes.copy(payload, used, at, end);
          }
          this.#remaining -= end - at;
          at = end;
          if (this.#remaining === 0) this.state = CHUNK_DATA_CR;
        } else {
          this.#readFraming(bytes[at] as number);
          at += 1;
        }
      }
    } finally {
      if (payload !== undefined) this.chunk = payload.subarray(0, used);
      else if (only >= 0) this.chunk = copied(bytes, only, onlyEnd);
    }
    return at;
  }

  /** One byte of a chunk's frame: size line, line end after the data, trailers. */
  #readFraming(byte: number): void {
    switch (this.state) {
      case CHUNK_SIZE:
        this.#readChunkSize(byte);
        return;
      case CHUNK_EXTENSION:
        this.#lineBytes += 1;
        if (byte === CR) this.state = CHUNK_SIZE_LF;
        else if (byte === LF || this.#lineBytes > this.maxHeadBytes) throw new HttpSyntaxError('bad chunk extension');
        return;
      case CHUNK_SIZE_LF:
        if (byte !== LF) throw new HttpSyntaxError('chunk size line not ended by CRLF');
        this.#trailerBytes = 0;
        this.#lineBytes = 0;
        this.state = this.#remaining > 0 ? CHUNK_DATA : TRAILER;
        return;
      case CHUNK_DATA_CR:
        if (byte !== CR) throw new HttpSyntaxError('chunk longer than its size');
        this.state = CHUNK_DATA_LF;
        return;
      case CHUNK_DATA_LF:
        if (byte !== LF) throw new HttpSyntaxError('chunk not ended by CRLF');
        this.#startChunkSize();
        return;
      default:
        this.#readTrailer(byte);
    }
  }

  #readChunkSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits += 1;
      if (this.#digits > MAX_CHUNK_SIZE_DIGITS) throw new HttpSyntaxError('chunk size out of range');
      this.#remaining = this.#remaining * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new HttpSyntaxError('bad chunk size');
    if (byte === CR) this.state = CHUNK_SIZE_LF;
    // Some old servers pad the size with blanks.
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.state = CHUNK_EXTENSION;
    else throw new HttpSyntaxError('bad chunk size');
  }

  #readTrailer(byte: number): void {
    this.#trailerBytes += 1;
    if (this.#trailerBytes > this.maxHeadBytes) throw new HttpSyntaxError('trailers too long');
    if (this.state === TRAILER_LF) {
      if (byte !== LF) throw new HttpSyntaxError('trailer line not ended by CRLF');
      this.state = this.#lineBytes === 0 ? DONE : TRAILER;
      this.#lineBytes = 0;
    } else if (byte === CR) this.state = TRAILER_LF;
    else if (byte === LF) throw new HttpSyntaxError('trailer line not ended by CRLF');
    else this.#lineBytes += 1;
  }
}

function copied(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from);
  bytes.copy(copy, 0, from, to);
  return copy;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function notHttp(first: number): string {
  // 0x15 begins a TLS alert, 0x16 a handshake.
  if (first === 0x15 || first === 0x16) return 'the server speaks TLS: the URL should begin with https';
  return 'the answer does not begin with HTTP/1';
}
