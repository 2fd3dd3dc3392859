import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { HttpCall, HttpExchange, ResponseHead, Transport, TransportError } from '../../src/transport/transport.ts';

export interface RawServer {
  readonly port: number;
  readonly url: string;
  /** Every connection accepted so far. */
  readonly sockets: Socket[];
  /** Whole requests received, as text, over all connections. */
  readonly requests: string[];
  readonly close: () => Promise<void>;
}

export type RequestListener = (socket: Socket, request: string, serial: number) => void;

/** A server that answers each request with whatever bytes the listener writes. */
export async function rawServer(listener: RequestListener, host = '127.0.0.1'): Promise<RawServer> {
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    serveRaw(socket, requests, listener);
  });
  const port = await listen(server, host);
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    sockets,
    requests,
    close: () => closeServer(server, sockets),
  };
}

export function serveRaw(socket: Socket, requests: string[], listener: RequestListener): void {
  let text = '';
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const request = text.slice(0, end + 4 + length);
      text = text.slice(end + 4 + length);
      requests.push(request);
      listener(socket, request, requests.length);
    }
  });
}

export function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}

export function closeServer(server: Server, sockets: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}

export interface Answer {
  head?: ResponseHead;
  body: Buffer;
  chunks: number;
  connected: number;
  ended: boolean;
  error?: TransportError;
}

/** Runs a call to its end and never rejects: the failure is in `error`. */
export function run(
  transport: Transport,
  call: Partial<HttpCall> & { url: string },
  watch: (exchange: HttpExchange) => void = () => {},
): Promise<Answer> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    const answer: Answer = { body: Buffer.alloc(0), chunks: 0, connected: 0, ended: false };
    const settle = (): void => {
      answer.body = Buffer.concat(parts);
      answer.chunks = parts.length;
      resolve(answer);
    };
    const exchange = transport.start(
      { method: 'POST', headers: {}, body: '{}', ...call },
      {
        onConnected: () => {
          answer.connected += 1;
        },
        onHead: (head) => {
          if (answer.head !== undefined) throw new Error('second head');
          answer.head = head;
        },
        onData: (chunk) => parts.push(chunk),
        onEnd: () => {
          answer.ended = true;
          settle();
        },
        onError: (error) => {
          answer.error = error;
          settle();
        },
      },
    );
    watch(exchange);
  });
}

/** Resolves as soon as `test` holds; the deadline is only there for a failing test. */
export async function until(test: () => boolean, what: string, deadlineMs = 4000): Promise<void> {
  const giveUpMs = Date.now() + deadlineMs;
  while (!test()) {
    if (Date.now() > giveUpMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
