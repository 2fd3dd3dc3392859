import type { ErrorPhase } from '../spec/errors.ts';

/** Where a body goes that is sent while it comes in. */
export interface BodySink {
  /** False: enough for now, `onDrain` runs when there is room again. */
  write(chunk: Uint8Array): boolean;
  onDrain(run: () => void): void;
  /** The body is complete. */
  end(): void;
}

/** A body that is sent while it comes in. It can be written once: a call with one is not repeated behind the scenes. */
export interface BodySource {
  /** Bytes in all; absent: not known, and the body goes out chunked. */
  readonly lengthBytes?: number;
  /** The connection is ready. Called at most once; what it returns is called when nothing more is wanted. */
  start(sink: BodySink): () => void;
}

export function isBodySource(body: string | Uint8Array | BodySource | undefined): body is BodySource {
  return typeof body === 'object' && 'start' in body;
}

/** One HTTP call. The transport follows no redirect, decodes nothing but gzip/br/deflate, and keeps no cookies. */
export interface HttpCall {
  readonly method: string;
  /** Absolute http(s) URL. */
  readonly url: string;
  /** Lower-case names; `host`, `content-length` and `connection` are the transport's own. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** In place of `body`: one that is still coming in. */
  readonly upload?: BodySource;
  /** Milliseconds to a usable connection (DNS, TCP, TLS). Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** PEM file of an extra certificate authority. */
  readonly tlsCaCertPath?: string;
}

export interface ResponseHead {
  readonly status: number;
  /** Lower-case name → value; repeated headers are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Failure below HTTP: refused, reset, DNS, TLS, protocol. `code` is Node's (`ECONNRESET`, `ENOTFOUND`, …) or our own. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly code: string;
  readonly phase: ErrorPhase;
  constructor(message: string, code: string, phase: ErrorPhase, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.phase = phase;
  }
}

/** Callbacks of one call. After `onEnd` or `onError` nothing more is called; after `abort()` nothing at all. */
export interface HttpHandler {
  /** A connection is usable and the request is about to be written. */
  onConnected?(): void;
  onHead(head: ResponseHead): void;
  /** The bytes are the handler's own: they stay as they are. */
  onData(chunk: Uint8Array): void;
  /** The body ended as HTTP says it should. A cut body is `onError` wherever HTTP can tell. */
  onEnd(): void;
  onError(error: TransportError): void;
}

export interface HttpExchange {
  /** Backpressure towards the vendor: stops reading from the socket. */
  pause(): void;
  resume(): void;
  /** Closes the connection; nothing is called afterwards. */
  abort(): void;
  /** The body is complete for us (terminal marker seen): return the socket to the pool if it ends by itself soon, else close it. */
  finish(): void;
}

/** Injected everywhere, so that simulations need no socket. */
export interface Transport {
  start(call: HttpCall, handler: HttpHandler): HttpExchange;
  /** Closes idle connections; calls in flight go on. */
  close(): void;
}
