import type { Socket } from 'node:net';
import type { Origin } from './origin.ts';
import type { Pool } from './pool.ts';
import type { ParsedHead } from './response-head.ts';
import { keepAliveHintMs, keepsAlive } from './response-head.ts';
import { ResponseParser } from './response-parser.ts';
import { TransportError } from './transport.ts';
import { fromSocketError } from './transport-errors.ts';

/** Who uses a connection at the moment. */
export interface ConnectionUser {
  onHead(head: ParsedHead): void;
  onBody(chunk: Buffer): void;
  /** The answer is complete; the connection is already back in the pool or closed. */
  onComplete(): void;
  /** `unused`: not one byte of an answer came. */
  onLost(error: TransportError, unused: boolean): void;
}

/** Bytes read and dropped while waiting for the end of a body that nobody wants any more. */
const MAX_DRAINED_BYTES = 65_536;

/** One socket to an origin and the answer that is being read from it. */
export class Connection {
  readonly origin: Origin;
  readonly #pool: Pool;
  readonly #parser: ResponseParser;
  #socket: Socket | undefined;
  #user: ConnectionUser | undefined;
  #paused = false;
  #closed = false;
  #keepAlive = false;
  #headSeen = false;
  #drained = -1;
  #drainTimer: unknown;
  /** Served a request before: the server may have closed it in the meantime. */
  reused = false;
  /** A request body is still being written. */
  uploading = false;
  /** `clock.now()` from which the connection is too old to be used. */
  idleUntilMs = 0;
  #idleLimitMs: number;

  constructor(pool: Pool, origin: Origin) {
    this.#pool = pool;
    this.origin = origin;
    this.#parser = new ResponseParser(pool.settings.maxHeadBytes);
    this.#idleLimitMs = pool.settings.idleMs;
  }

  /** Takes over an open socket. */
  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on('error', (error) => this.#lost(error));
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#lost(undefined));
  }

  get usable(): boolean {
    return !this.#closed && this.#socket !== undefined && this.#socket.writable;
  }

  get idle(): boolean {
    return this.#user === undefined;
  }

  /** Makes the connection ready for one answer; the caller then writes the request to the socket. */
  begin(user: ConnectionUser, method: string): Socket {
    this.#user = user;
    this.#headSeen = false;
    this.#keepAlive = false;
    this.#drained = -1;
    this.#parser.expectAnswer(method);
    return this.#socket as Socket;
  }

  onRead(bytes: Buffer, length: number): void {
    const user = this.#user;
    // Bytes nobody asked for: the connection cannot be trusted with a request.
    if (user === undefined) return this.destroy();
    const parser = this.#parser;
    parser.parse(bytes, length);
    if (parser.head !== undefined) {
      this.#acceptHead(parser.head);
      user.onHead(parser.head);
      if (this.#user !== user) return;
    }
    if (parser.chunk !== undefined) {
      if (this.#drained >= 0) this.#countDrained(parser.chunk.length);
      else user.onBody(parser.chunk);
      if (this.#user !== user) return;
    }
    if (parser.problem !== undefined) this.#fail(this.#protocolError(parser.problem));
    else if (parser.done) this.#complete(user);
  }

  pause(): void {
    if (this.#paused || this.#closed) return;
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    this.#socket?.resume();
  }

  /** The rest of the body is unwanted: keep the connection if the body ends within `graceMs`, else close it. */
  drain(graceMs: number): void {
    if (this.#user === undefined) return;
    this.#drained = 0;
    // The end is in the read being handled: `onRead` completes the exchange next.
    if (this.#parser.done) return;
    this.resume();
    this.#drainTimer = this.#pool.settings.clock.after(graceMs, () => this.destroy());
  }

  /** Closes the socket; the user hears nothing. */
  destroy(): void {
    this.#user = undefined;
    this.#clearDrain();
    if (this.#closed) return;
    this.#closed = true;
    this.#socket?.destroy();
    this.#pool.forget(this);
  }

  /** Idle sockets do not keep the process alive. */
  setIdle(idle: boolean): void {
    if (idle) this.#socket?.unref();
    else this.#socket?.ref();
  }

  get idleLimitMs(): number {
    return this.#idleLimitMs;
  }

  #acceptHead(head: ParsedHead): void {
    this.#headSeen = true;
    this.#keepAlive = keepsAlive(head);
    if (head.headers['keep-alive'] !== undefined) {
      this.#idleLimitMs = this.#pool.idleLimitFor(keepAliveHintMs(head));
    }
  }

  #complete(user: ConnectionUser): void {
    this.#user = undefined;
    this.#clearDrain();
    const socket = this.#socket as Socket;
    // Unsent request bytes or surplus answer bytes would end up in the next exchange.
    const sent = !this.uploading && socket.writableLength === 0;
    const clean = this.#keepAlive && !this.#parser.surplus && sent && socket.writable;
    if (this.#paused) this.resume();
    if (clean && !this.#closed) {
      this.reused = true;
      this.#pool.put(this);
    } else this.destroy();
    user.onComplete();
  }

  #ended(): void {
    const user = this.#user;
    if (user !== undefined && this.#parser.endsWithConnection) {
      this.#keepAlive = false;
      this.#complete(user);
    } else this.#lost(undefined);
  }

  #lost(error: Error | undefined): void {
    if (this.#closed) return;
    const name = this.origin.name;
    if (error !== undefined) return this.#fail(fromSocketError(error, this.#headSeen ? 'content' : 'headers', name));
    if (this.#headSeen) {
      const message = `${name}: the answer was cut off before its end (BODY_CUT)`;
      return this.#fail(new TransportError(message, 'BODY_CUT', 'content'));
    }
    const when = this.#parser.begun ? 'in the middle of the response head' : 'before it answered';
    this.#fail(new TransportError(`${name}: the server closed the connection ${when}`, 'ECONNRESET', 'headers'));
  }

  #fail(error: TransportError): void {
    const user = this.#user;
    const unused = !this.#parser.begun;
    this.destroy();
    user?.onLost(error, unused);
  }

  #protocolError(problem: string): TransportError {
    const message = `${this.origin.name}: not proper HTTP/1.1: ${problem}`;
    return new TransportError(message, 'HTTP_PROTOCOL', this.#headSeen ? 'content' : 'headers');
  }

  #countDrained(bytes: number): void {
    this.#drained += bytes;
    if (this.#drained > MAX_DRAINED_BYTES) this.destroy();
  }

  #clearDrain(): void {
    if (this.#drainTimer === undefined) return;
    this.#pool.settings.clock.clear(this.#drainTimer);
    this.#drainTimer = undefined;
  }
}
