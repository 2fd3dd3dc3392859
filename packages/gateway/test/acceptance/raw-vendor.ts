import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Wire } from './wire.ts';

/** One request as it stood on the wire. */
export interface Received {
  readonly at: number;
  readonly path: string;
  readonly authorization: string;
  readonly body: { readonly messages?: readonly Turn[]; readonly input?: unknown; readonly stream?: boolean };
  /** The assistant's turn that the answer shall go on from, when the request ends in one. */
  readonly prefill: string | undefined;
}

interface Turn {
  readonly role: string;
  readonly content: unknown;
}

/** How a vendor misbehaves, in bytes. */
export type Act =
  | { readonly do: 'status'; readonly status: number; readonly headers?: readonly string[]; readonly body: string }
  | { readonly do: 'reset' }
  | { readonly do: 'silent' }
  | {
      readonly do: 'stream';
      readonly chunks: readonly Uint8Array[];
      /** Milliseconds between the headers and the first byte of the body. */
      readonly waitMs?: number;
      /** What happens after the last chunk. */
      readonly end: 'clean' | 'cut' | 'reset' | 'stall';
    };

export interface RawVendor {
  readonly url: string;
  readonly received: readonly Received[];
  close(): Promise<void>;
}

/** A vendor on a bare socket: it writes its own HTTP, so that no server library tidies up what it breaks. */
export async function startRawVendor(wire: Wire, act: (received: Received, index: number) => Act): Promise<RawVendor> {
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.setNoDelay(true);
    readRequests(socket, (path, authorization, text) => {
      const body = JSON.parse(text) as Received['body'];
      const one = { at: performance.now(), path, authorization, body, prefill: prefillOf(body, wire) };
      received.push(one);
      void perform(socket, act(one, received.length - 1));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Requests one after the other on a kept connection; bodies by `content-length`, which is what the gateway sends. */
function readRequests(socket: Socket, onRequest: (path: string, authorization: string, body: string) => void): void {
  let buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const end = buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = buffer.subarray(0, end).toString('latin1');
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (buffer.length < end + 4 + length) return;
      const body = buffer.subarray(end + 4, end + 4 + length).toString('utf8');
      buffer = buffer.subarray(end + 4 + length);
      const key = /\r\n(?:authorization: *bearer|x-api-key:) *([^\r]+)/i.exec(head)?.[1] ?? '';
      onRequest(head.split(' ')[1] ?? '', key, body);
    }
  });
}

function prefillOf(body: Received['body'], wire: Wire): string | undefined {
  const last = (wire === 'responses' ? (body.input as readonly Turn[] | undefined) : body.messages)?.at?.(-1);
  if (last?.role !== 'assistant') return undefined;
  const { content } = last;
  if (typeof content === 'string') return content;
  return (content as { text?: string }[]).map(({ text = '' }) => text).join('');
}

async function perform(socket: Socket, act: Act): Promise<void> {
  if (act.do === 'silent') return;
  if (act.do === 'reset') {
    socket.resetAndDestroy();
    return;
  }
  if (act.do === 'status') {
    const bytes = Buffer.byteLength(act.body);
    const headers = ['content-type: application/json', `content-length: ${bytes}`, ...(act.headers ?? [])];
    socket.write(`HTTP/1.1 ${act.status} Whatever\r\n${headers.join('\r\n')}\r\n\r\n${act.body}`);
    return;
  }
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
  if (act.waitMs !== undefined) await new Promise((resolve) => setTimeout(resolve, act.waitMs).unref());
  for (const chunk of act.chunks) {
    if (socket.destroyed) return;
    socket.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]));
    // A packet of its own for each chunk, as far as the kernel lets us.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (act.end === 'clean') socket.write('0\r\n\r\n');
  else if (act.end === 'cut') socket.end();
  else if (act.end === 'reset') socket.resetAndDestroy();
}
