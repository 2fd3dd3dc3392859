import type { BodyDecoder } from './body-decoding.ts';
import { createBodyDecoder, decodedHeaders } from './body-decoding.ts';
import type { Connection, ConnectionUser } from './connection.ts';
import type { UrlTarget } from './origin.ts';
import { requestStart } from './origin.ts';
import type { OpenEvents, Pool } from './pool.ts';
import { headerBlock, writeRequest } from './request-head.ts';
import type { ParsedHead } from './response-head.ts';
import type { HttpCall, HttpExchange, HttpHandler } from './transport.ts';
import { TransportError } from './transport.ts';
import { startUpload } from './upload.ts';

/** How long the end of an unwanted body may take before the connection is closed instead of kept. */
const FINISH_GRACE_MS = 100;

/** One call from start to end: connection, replacement of a stale one, delivery to the handler. */
export class Exchange implements HttpExchange, ConnectionUser, OpenEvents {
  readonly #pool: Pool;
  readonly #call: HttpCall;
  readonly #handler: HttpHandler;
  readonly #connectTimeoutMs: number;
  #target: UrlTarget | undefined;
  #start = '';
  #block = '';
  #connection: Connection | undefined;
  #cancelDial: (() => void) | undefined;
  #stopUpload: (() => void) | undefined;
  /** Nothing more goes to the handler. */
  #over = false;
  #told = false;
  #replaced = false;
  #paused = false;
  #held: Buffer[] | undefined;
  /** How the body ended while the handler was paused. */
  #heldEnd: TransportError | 'ended' | undefined;
  #decoder: BodyDecoder | undefined;

  constructor(pool: Pool, call: HttpCall, handler: HttpHandler, connectTimeoutMs: number) {
    this.#pool = pool;
    this.#call = call;
    this.#handler = handler;
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** Runs after `start` has returned, so the handler is never called from within it. */
  begin(targetOf: (call: HttpCall) => UrlTarget): void {
    if (this.#over) return;
    const call = this.#call;
    try {
      this.#target = targetOf(call);
      this.#start = requestStart(this.#target, call.method);
      this.#block = headerBlock(call.headers);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      return this.#end(error);
    }
    // A body that can be written once must not meet a connection that the server is just closing.
    const connection = call.upload !== undefined ? undefined : this.#pool.take(this.#target.origin);
    if (connection === undefined) this.#dial();
    else this.onOpen(connection);
  }

  #dial(): void {
    const origin = (this.#target as UrlTarget).origin;
    this.#cancelDial = this.#pool.open(origin, this.#call.connectTimeoutMs ?? this.#connectTimeoutMs, this);
  }

  onOpen(connection: Connection): void {
    this.#cancelDial = undefined;
    if (!this.#told) {
      this.#told = true;
      this.#handler.onConnected?.();
      if (this.#over) return connection.destroy();
    }
    this.#connection = connection;
    const { method, body, upload } = this.#call;
    const socket = connection.begin(this, method);
    if (this.#paused) connection.pause();
    if (upload === undefined) return writeRequest(socket, this.#start, this.#block, method, body);
    connection.uploading = true;
    const stop = startUpload(socket, this.#start + this.#block, upload, () => (connection.uploading = false));
    if (this.#connection === connection) this.#stopUpload = stop;
    else stop();
  }

  onFail(error: TransportError): void {
    this.#cancelDial = undefined;
    this.#end(error);
  }

  onHead(head: ParsedHead): void {
    if (this.#over) return;
    const encoding = head.headers['content-encoding'];
    if (encoding !== undefined && encoding !== '' && encoding.toLowerCase() !== 'identity') {
      this.#decoder = createBodyDecoder(encoding, this);
      if (this.#decoder !== undefined) {
        this.#handler.onHead({ status: head.status, headers: decodedHeaders(head.headers) });
        return;
      }
    }
    this.#handler.onHead(head);
  }

  onBody(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#decoder === undefined) this.deliver(chunk);
    else if (!this.#decoder.write(chunk)) this.#connection?.pause();
  }

  onComplete(): void {
    this.#connection = undefined;
    this.#endUpload();
    if (this.#over) return;
    if (this.#decoder === undefined) this.deliverEnd(undefined);
    else this.#decoder.end(undefined);
  }

  onLost(error: TransportError, unused: boolean): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#endUpload();
    if (this.#over) return;
    if (unused && connection?.reused === true && !this.#replaced) {
      // The server closed an idle connection as we took it: no attempt was made yet.
      this.#replaced = true;
      this.#dial();
    } else if (this.#decoder === undefined) this.deliverEnd(error);
    else this.#decoder.end(error);
  }

  /** Decoded or plain body bytes for the handler. */
  deliver(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#paused || this.#held !== undefined) (this.#held ??= []).push(chunk);
    else this.#handler.onData(chunk);
  }

  /** The body ended, well or not; waits behind chunks that are held back. */
  deliverEnd(error: TransportError | undefined): void {
    if (this.#over) return;
    if (this.#held === undefined) this.#end(error);
    else this.#heldEnd = error ?? 'ended';
  }

  /** The decoder can take more. */
  decoderDrained(): void {
    if (!this.#paused) this.#connection?.resume();
  }

  pause(): void {
    if (this.#over || this.#paused) return;
    this.#paused = true;
    this.#connection?.pause();
    this.#decoder?.pause();
  }

  resume(): void {
    if (this.#over || !this.#paused) return;
    this.#paused = false;
    if (this.#held !== undefined) process.nextTick(deliverHeld, this);
    else this.#resumeReading();
  }

  #resumeReading(): void {
    this.#decoder?.resume();
    if (this.#decoder?.full !== true) this.#connection?.resume();
  }

  /** After a resume: what was read before the pause took hold, then on with the socket. */
  deliverHeld(): void {
    while (!this.#over && !this.#paused && this.#held !== undefined) {
      const chunk = this.#held.shift();
      if (chunk === undefined) this.#held = undefined;
      else this.#handler.onData(chunk);
    }
    if (this.#over || this.#paused) return;
    const end = this.#heldEnd;
    if (end === undefined) this.#resumeReading();
    else this.#end(end === 'ended' ? undefined : end);
  }

  abort(): void {
    if (this.#over) return;
    this.#close();
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  finish(): void {
    if (this.#over) return;
    this.#close();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.drain(FINISH_GRACE_MS);
  }

  #endUpload(): void {
    this.#stopUpload?.();
    this.#stopUpload = undefined;
  }

  #close(): void {
    this.#over = true;
    this.#endUpload();
    this.#held = undefined;
    this.#cancelDial?.();
    this.#cancelDial = undefined;
    this.#decoder?.destroy();
    this.#decoder = undefined;
  }

  #end(error: TransportError | undefined): void {
    this.#over = true;
    this.#held = undefined;
    if (error === undefined) this.#handler.onEnd();
    else this.#handler.onError(error);
  }
}

function deliverHeld(exchange: Exchange): void {
  exchange.deliverHeld();
}
