import { readFileSync } from 'node:fs';
import type { LookupFunction, Socket } from 'node:net';
import { connect } from 'node:net';
import type { SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../spec/clock.ts';
import type { Origin } from './origin.ts';
import type { ProxyTarget } from './proxy.ts';
import { TransportError } from './transport.ts';
import { fromSocketError } from './transport-errors.ts';
import { openTunnel } from './tunnel.ts';

export interface DialSettings {
  readonly clock: Clock;
  /** DNS, TCP, proxy tunnel and TLS together, milliseconds. */
  readonly timeoutMs: number;
  /** Shared by all connections: what is read must be used or copied within the callback. */
  readonly readBuffer: Buffer;
}

export interface DialEvents {
  /** Only the first `length` bytes count, and only until the callback returns: the buffer is shared. */
  onRead(bytes: Buffer, length: number): void;
  onOpen(socket: Socket): void;
  onFail(error: TransportError): void;
}

type ReadOption = { buffer: Buffer; callback: (length: number) => boolean };

const TCP_KEEP_ALIVE_MS = 30_000;

/** Opens one connection to an origin. The answer cancels: afterwards nothing is called. */
export function dial(origin: Origin, settings: DialSettings, events: DialEvents): () => void {
  const { clock } = settings;
  let socket: Socket | undefined;
  let settled = false;
  const timer = clock.after(settings.timeoutMs, () => {
    const message = `${origin.name}: no connection within ${settings.timeoutMs} ms`;
    fail(new TransportError(message, 'CONNECT_TIMEOUT', 'connect'));
  });
  function settle(): boolean {
    if (settled) return false;
    settled = true;
    clock.clear(timer);
    return true;
  }
  function fail(error: unknown): void {
    if (!settle()) return;
    socket?.destroy();
    // A session the server no longer likes must not spoil the next handshake too.
    origin.session = undefined;
    events.onFail(fromSocketError(error, 'connect', origin.name));
  }
  function opened(): void {
    if (socket === undefined || !settle()) return;
    socket.removeListener('error', fail);
    socket.removeListener('close', closedEarly);
    events.onOpen(socket);
  }
  function closedEarly(): void {
    fail(new TransportError(`${origin.name}: closed while connecting (ECONNRESET)`, 'ECONNRESET', 'connect'));
  }
  function watch(next: Socket, readyEvent: 'connect' | 'secureConnect', ready: () => void): void {
    socket = next;
    // Stays for good: an error after a destroy has nobody else to go to.
    next.on('error', ignore);
    next.on('error', fail);
    next.once('close', closedEarly);
    next.once(readyEvent, ready);
  }
  const read: ReadOption = {
    buffer: settings.readBuffer,
    callback: (length) => {
      events.onRead(settings.readBuffer, length);
      return true;
    },
  };
  try {
    const proxy = origin.proxy;
    if (proxy !== undefined && origin.tls) {
      const raw = proxy.tls ? connectTls(proxy, undefined) : connect(tcpOptions(proxy));
      watch(raw, proxy.tls ? 'secureConnect' : 'connect', () => {
        openTunnel(raw, origin, proxy, (error) => {
          if (error !== undefined) return fail(error);
          if (settled) return;
          raw.removeListener('close', closedEarly);
          const secured = connectTls(origin, undefined, raw);
          // Node does not honour `onread` on a TLS socket over another socket (seen on 24.21).
          secured.on('data', (chunk: Buffer) => events.onRead(chunk, chunk.length));
          watch(secured, 'secureConnect', opened);
        });
      });
    } else if (proxy !== undefined) {
      const next = proxy.tls ? connectTls(proxy, read) : connect({ ...tcpOptions(proxy), onread: read });
      watch(next, proxy.tls ? 'secureConnect' : 'connect', opened);
    } else if (origin.tls) watch(connectTls(origin, read), 'secureConnect', opened);
    else watch(connect({ ...tcpOptions(origin), onread: read }), 'connect', opened);
  } catch (error) {
    fail(error);
  }
  return () => {
    if (settle()) socket?.destroy();
  };
}

function ignore(): void {}

function tcpOptions(to: { readonly host: string; readonly port: number }) {
  const { host, port } = to;
  const lookup = isLocalName(host) ? lookupLoopback : undefined;
  return {
    lookup,
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
}

function isLocalName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

/**
 * RFC 6761 §6.3: these names are loopback without asking anybody. Both families, whatever the hosts file says: a local
 * model server may listen on either one only.
 */
const lookupLoopback: LookupFunction = (_host, options, done) => {
  const all = [
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ];
  if (options.all === true) process.nextTick(done, null, all);
  else process.nextTick(done, null, '127.0.0.1', 4);
};

function connectTls(to: Origin | ProxyTarget, onread: ReadOption | undefined, socket?: Socket): TLSSocket {
  const { connect: tlsConnect } = tlsModule();
  const origin = 'idle' in to ? to : undefined;
  const { host } = to;
  const options = {
    ...tcpOptions(to),
    servername: origin === undefined ? serverNameOf(host) : origin.serverName,
    // Explicit, so that NODE_TLS_REJECT_UNAUTHORIZED cannot turn the check off.
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    secureContext: secureContextFor(origin?.caPath),
    session: origin?.session,
    onread,
    socket,
  };
  const secured = tlsConnect(options);
  if (origin !== undefined) {
    secured.on('session', (session: Buffer) => {
      origin.session = session;
    });
  }
  return secured;
}

function serverNameOf(host: string): string | undefined {
  return /^[0-9.]+$|:/.test(host) ? undefined : host;
}

/** Loaded on first use: tls costs 10 ms of start-up, and local servers do without. */
function tlsModule() {
  return process.getBuiltinModule('node:tls');
}

const contexts = new Map<string, SecureContext>();

/** One context for each extra authority, since each one loads the root certificates. */
function secureContextFor(caPath: string | undefined): SecureContext {
  const key = caPath ?? '';
  let context = contexts.get(key);
  if (context === undefined) {
    const tls = tlsModule();
    context =
      caPath === undefined
        ? tls.createSecureContext()
        : tls.createSecureContext({ ca: [...tls.getCACertificates('default'), readAuthority(caPath)] });
    contexts.set(key, context);
  }
  return context;
}

function readAuthority(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as { code?: string }).code ?? 'unreadable';
    throw new TransportError(`tls_ca_cert_path ${path} cannot be read (${code})`, 'TLS_CA_FILE', 'connect');
  }
  try {
    const { X509Certificate } = process.getBuiltinModule('node:crypto');
    if (new X509Certificate(text).subject === '') throw new Error('no subject');
  } catch {
    throw new TransportError(`tls_ca_cert_path ${path} holds no PEM certificate`, 'TLS_CA_FILE', 'connect');
  }
  return text;
}
