import { IncomingMessage, ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http';
import { Socket } from 'node:net';
import type { KeyRecord } from '@standin/store/keys';
import type { Endpoint } from '../endpoints.ts';
import { failureOfThrown } from '../caller-errors.ts';
import { sendFailure, type Exchange, type GatewayContext } from '../exchange.ts';

export interface LineAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Asks one of this gateway's own endpoints without a connection: the call that a caller with this key would make, with
 * its limits, budgets, models and record. Rejects with an `AbortError`; the vendor's call is cancelled then.
 */
export function callHere(
  context: GatewayContext,
  endpoint: Endpoint,
  call: { readonly path: string; readonly body: string; readonly caller: KeyRecord | undefined; readonly id: string },
  signal: AbortSignal,
): Promise<LineAnswer> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(abortError());
    const { path, body, caller, id } = call;
    const req = requestOf(path, body);
    const res = new CollectedResponse(req, (answer) => {
      signal.removeEventListener('abort', leave);
      resolve(answer);
    });
    const leave = (): void => {
      res.leave();
      reject(abortError());
    };
    signal.addEventListener('abort', leave, { once: true });
    const dialect = endpoint.dialect;
    if (dialect === undefined) return reject(new TypeError(`${path} has no protocol of its own.`));
    const exchange: Exchange = { context, req, res, requestId: id, dialect, parameter: '' };
    try {
      endpoint.run(caller === undefined ? exchange : { ...exchange, caller }, {} as Parameters<Endpoint['run']>[1]);
    } catch (thrown) {
      sendFailure(exchange, failureOfThrown(thrown));
    }
  });
}

function requestOf(path: string, body: string): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  req.method = 'POST';
  req.url = path;
  req.httpVersion = '1.1';
  req.httpVersionMajor = 1;
  req.httpVersionMinor = 1;
  req.headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  req.push(body);
  req.push(null);
  return req;
}

/** An answer that stays here. */
class CollectedResponse extends ServerResponse {
  readonly #done: (answer: LineAnswer) => void;
  #status = 200;
  #headers = new Map<string, string>();
  #chunks: Buffer[] = [];
  #sent = false;
  #over = false;

  constructor(req: IncomingMessage, done: (answer: LineAnswer) => void) {
    super(req);
    this.#done = done;
    Object.defineProperty(this, 'headersSent', { get: () => this.#sent });
  }

  override writeHead(status: number, ...rest: unknown[]): this {
    this.#status = status;
    this.#sent = true;
    const given = rest.at(-1) as OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;
    const pairs = Array.isArray(given)
      ? given.flatMap((name, at) => (at % 2 === 0 ? [[String(name), given[at + 1]] as const] : []))
      : Object.entries(given ?? {});
    for (const [name, value] of pairs) this.#headers.set(name.toLowerCase(), String(value));
    return this;
  }

  override flushHeaders(): void {
    this.#sent = true;
  }

  override write(chunk: unknown, encoding?: unknown): boolean {
    this.#sent = true;
    this.#take(chunk, encoding);
    return true;
  }

  override end(chunk?: unknown, encoding?: unknown): this {
    if (this.#over) return this;
    this.#sent = true;
    this.#take(chunk, encoding);
    this.#over = true;
    const body = Buffer.concat(this.#chunks).toString('utf8');
    // After whoever wrote has done its own counting: an ended answer is no caller who left.
    setImmediate(() => {
      this.emit('finish');
      this.emit('close');
      this.#done({ status: this.#status, headers: this.#headers, body });
    });
    return this;
  }

  override destroy(): this {
    if (!this.#over) {
      this.#over = true;
      this.destroyed = true;
      this.emit('close');
      const body = '{"error":{"message":"The answer broke off.","code":"answer_broken"}}';
      this.#done({ status: 502, headers: new Map(), body });
    }
    return this;
  }

  /** The caller goes away. */
  leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.destroyed = true;
    this.emit('close');
  }

  #take(chunk: unknown, encoding: unknown): void {
    if (typeof chunk === 'string') this.#chunks.push(Buffer.from(chunk, encoding === 'latin1' ? 'latin1' : 'utf8'));
    else if (chunk instanceof Uint8Array) this.#chunks.push(Buffer.from(chunk));
  }
}

function abortError(): Error {
  return new DOMException('The batch was stopped.', 'AbortError');
}
