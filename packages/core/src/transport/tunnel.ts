import type { Socket } from 'node:net';
import type { Origin } from './origin.ts';
import type { ProxyTarget } from './proxy.ts';
import { HttpSyntaxError, parseResponseHead } from './response-head.ts';
import { TransportError } from './transport.ts';

const MAX_REPLY_BYTES = 16_384;

/** Asks a proxy for a CONNECT tunnel; `done` gets the failure, or nothing once the socket leads to the origin. */
export function openTunnel(socket: Socket, origin: Origin, proxy: ProxyTarget, done: (error?: Error) => void): void {
  const host = origin.host.includes(':') ? `[${origin.host}]` : origin.host;
  const authority = `${host}:${origin.port}`;
  let reply = '';
  const onData = (chunk: Buffer): void => {
    reply += chunk.toString('latin1');
    const end = reply.indexOf('\r\n\r\n');
    if (end < 0 && reply.length <= MAX_REPLY_BYTES) return;
    socket.removeListener('data', onData);
    done(end < 0 ? refused(proxy, 'its answer is too long') : judge(reply, end, proxy));
  };
  socket.on('data', onData);
  const authorization = proxy.authorization === undefined ? '' : `proxy-authorization: ${proxy.authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${authorization}\r\n`, 'latin1');
}

function judge(reply: string, end: number, proxy: ProxyTarget): Error | undefined {
  try {
    const { status } = parseResponseHead(reply.slice(0, end));
    if (status === 407) return refused(proxy, 'it wants a user name and password (407)');
    if (status < 200 || status > 299) return refused(proxy, `status ${status}`);
    return reply.length > end + 4 ? refused(proxy, 'bytes before the tunnel') : undefined;
  } catch (error) {
    if (error instanceof HttpSyntaxError) return refused(proxy, error.message);
    throw error;
  }
}

function refused(proxy: ProxyTarget, why: string): TransportError {
  return new TransportError(`the proxy ${proxy.name} refused the tunnel: ${why}`, 'PROXY_REFUSED', 'connect');
}
