import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Malformed } from './malformed.ts';

/** A session that says nothing this long is let go, milliseconds. */
const IDLE_MS = 65_000;

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** Sessions under way, for a shutdown. */
export interface Http2Callers {
  /** No new streams; a session ends with its last answer. */
  drain(): void;
  destroy(): void;
}

/**
 * Callers that open an HTTP/2 session on the plain port without asking first, as AWS clients do (RFC 9113, 3.3). The
 * HTTP/1.1 parser stops at their opening and its socket is handed on, so nobody else pays for them; the module is
 * loaded with the first of them.
 */
export function serveHttp2(server: Server, handle: Handler, { refuse }: Malformed): Http2Callers {
  const sessions = new Set<ServerHttp2Session>();
  let draining = false;
  let http2: ReturnType<typeof createHttp2> | undefined;

  const takeOver = async (socket: Socket, first: Buffer): Promise<void> => {
    const bridge = bridgeOver(socket, first);
    try {
      http2 ??= createHttp2(handle, sessions);
      (await http2).emit('connection', bridge);
    } catch {
      socket.destroy();
    }
  };

  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, stream: Duplex) => {
    const socket = stream as Socket;
    if (error.code !== 'HPE_PAUSED_H2_UPGRADE' || error.rawPacket === undefined || draining)
      return refuse(error, socket);
    void takeOver(socket, error.rawPacket);
  });

  return {
    drain() {
      draining = true;
      for (const session of sessions) session.close();
    },
    destroy() {
      for (const session of sessions) session.destroy();
    },
  };
}

async function createHttp2(handle: Handler, sessions: Set<ServerHttp2Session>) {
  const { createServer } = await import('node:http2');
  const server = createServer((req: Http2ServerRequest, res: Http2ServerResponse) => {
    req.headers['host'] ??= req.authority;
    // What the gateway uses of both is the same.
    handle(req as unknown as IncomingMessage, res as unknown as ServerResponse);
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
    // Ends when its last answer has ended.
    session.setTimeout(IDLE_MS, () => session.close());
  });
  return server;
}

/** The socket with what was read of it put back in front. */
function bridgeOver(socket: Socket, first: Buffer): Duplex {
  for (const name of ['data', 'readable', 'end', 'close', 'drain', 'error', 'timeout']) socket.removeAllListeners(name);
  socket.setTimeout(0);
  const bridge = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (chunk: Buffer) => {
    if (!bridge.push(chunk)) socket.pause();
  });
  socket.on('end', () => bridge.push(null));
  socket.on('close', () => bridge.destroy());
  socket.on('error', () => bridge.destroy());
  bridge.push(first);
  // Who may see what depends on where a caller is.
  Object.defineProperty(bridge, 'remoteAddress', { value: socket.remoteAddress });
  return bridge;
}
