import { writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import { isTlsCode } from '../../src/transport/transport-errors.ts';
import type { HttpExchange, Transport } from '../../src/transport/transport.ts';
import type { TestCertificates } from './certificates.ts';
import { makeCertificates } from './certificates.ts';
import type { RequestListener } from './raw-server.ts';
import { closeServer, listen, rawServer, run, serveRaw, until } from './raw-server.ts';

const transports: Transport[] = [];
const closers: (() => Promise<void>)[] = [];
const made = makeCertificates();
if (made === undefined) console.log('openssl is missing: the TLS tests have nothing to run on');

afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const close of closers.splice(0)) await close();
});
afterAll(() => made?.remove());

function transportOf(options = {}): Transport {
  const transport = createHttpTransport(options);
  transports.push(transport);
  return transport;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

interface TlsServer {
  readonly url: string;
  readonly port: number;
  readonly secured: TLSSocket[];
  /** For each connection: whether its handshake was a short one. */
  readonly resumed: boolean[];
  readonly requests: string[];
}

async function tlsServer(
  certificates: TestCertificates,
  listener: RequestListener = (socket) => void socket.write(OK),
  identity: { key: string; cert: string } = certificates.good,
): Promise<TlsServer> {
  const secured: TLSSocket[] = [];
  const resumed: boolean[] = [];
  const sockets: Socket[] = [];
  const requests: string[] = [];
  const server = createServer({ ...identity, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    secured.push(socket);
    resumed.push(socket.isSessionReused());
    serveRaw(socket, requests, listener);
  });
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.on('tlsClientError', () => {});
  const port = await listen(server, '127.0.0.1');
  closers.push(() => closeServer(server, sockets));
  return { url: `https://localhost:${port}`, port, secured, resumed, requests };
}

describe.runIf(made !== undefined)('TLS', () => {
  const certificates = made as TestCertificates;
  const tlsCaCertPath = certificates?.caPath;

  it('trusts the extra authority, speaks HTTP/1.1 only, names the host and reuses the connection', async () => {
    const server = await tlsServer(certificates);
    const transport = transportOf();
    for (let call = 0; call < 3; call += 1) {
      const answer = await run(transport, { url: server.url, tlsCaCertPath });
      expect(answer.error).toBeUndefined();
      expect(answer.body.toString()).toBe('ok');
    }
    expect(server.secured).toHaveLength(1);
    expect(server.secured[0]).toMatchObject({ alpnProtocol: 'http/1.1', servername: 'localhost' });
  });

  it('works with an address, which has no server name', async () => {
    const server = await tlsServer(certificates);
    const answer = await run(transportOf(), { url: `https://127.0.0.1:${server.port}`, tlsCaCertPath });
    expect(answer.head?.status).toBe(200);
    expect(server.secured[0]?.servername).toBe(false);
  });

  it('resumes the session on the next connection', async () => {
    const server = await tlsServer(
      certificates,
      (socket) => void socket.end(OK.replace('200 OK', '200 OK\r\nconnection: close')),
    );
    const transport = transportOf();
    for (let call = 0; call < 3; call += 1) await run(transport, { url: server.url, tlsCaCertPath });
    expect(server.resumed).toEqual([false, true, true]);
  });

  it('never downgrades: an unknown authority is a TLS failure in the connect phase, also when Node was told to look away', async () => {
    const server = await tlsServer(certificates);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const { error } = await run(transportOf(), { url: server.url });
      expect(error?.code).toMatch(/^(SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/);
      expect(error?.phase).toBe('connect');
      expect(isTlsCode(error?.code ?? '')).toBe(true);
      expect(server.requests).toEqual([]);
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('refuses a certificate for another host', async () => {
    const server = await tlsServer(certificates, undefined, certificates.otherName);
    const { error } = await run(transportOf(), { url: server.url, tlsCaCertPath });
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', phase: 'connect' });
  });

  it('an https URL on a plain server is a TLS failure; an http URL on a TLS server says so', async () => {
    const plain = await rawServer((socket) => void socket.write(OK));
    plain.sockets.length = 0;
    closers.push(plain.close);
    const server = await tlsServer(certificates);
    const chatty = await rawServer(() => {});
    closers.push(chatty.close);
    const first = run(transportOf(), { url: `https://127.0.0.1:${chatty.port}` });
    await until(() => chatty.sockets.length === 1, 'connection');
    chatty.sockets[0]?.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    const wrongVersion = (await first).error;
    expect(wrongVersion?.phase).toBe('connect');
    expect(isTlsCode(wrongVersion?.code ?? '')).toBe(true);
    const { error } = await run(transportOf(), { url: `http://127.0.0.1:${server.port}` });
    expect(error?.phase).toBe('headers');
    expect(error?.code).toMatch(/^(HTTP_PROTOCOL|ECONNRESET)$/);
  });

  for (const [name, text] of [
    ['missing', undefined],
    ['empty', ''],
    ['no certificate', 'hello'],
    ['broken', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ] as const) {
    it(`names the authority file that is ${name}`, async () => {
      const path = join(certificates.folder, `${name.replaceAll(' ', '-')}.pem`);
      if (text !== undefined) writeFileSync(path, text);
      const { error } = await run(transportOf(), { url: 'https://127.0.0.1:9', tlsCaCertPath: path });
      expect(error).toMatchObject({ code: 'TLS_CA_FILE', phase: 'connect' });
      expect(error?.message).toContain(path);
    });
  }

  it('a large answer arrives whole and holds still while paused', async () => {
    const body = 'tls '.repeat(1_000_000);
    const server = await tlsServer(certificates, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    let paused = false;
    let pauses = 0;
    const parts: Uint8Array[] = [];
    await new Promise<void>((resolve, reject) => {
      const exchange: HttpExchange = transportOf().start(
        { method: 'POST', url: server.url, headers: {}, body: '{}', tlsCaCertPath },
        {
          onHead: () => {},
          onData: (chunk) => {
            if (paused) reject(new Error('data while paused'));
            parts.push(chunk);
            if (pauses >= 5) return;
            pauses += 1;
            paused = true;
            exchange.pause();
            setTimeout(() => {
              paused = false;
              exchange.resume();
            }, 3);
          },
          onEnd: resolve,
          onError: reject,
        },
      );
    });
    expect(pauses).toBe(5);
    expect(Buffer.concat(parts).toString() === body).toBe(true);
  });

  it('abort closes the connection under way', async () => {
    const server = await tlsServer(certificates, () => {});
    const exchange = transportOf().start(
      { method: 'POST', url: server.url, headers: {}, body: '{}', tlsCaCertPath },
      { onHead() {}, onData() {}, onEnd() {}, onError: (error) => expect.fail(error.message) },
    );
    await until(() => server.requests.length === 1, 'request');
    exchange.abort();
    await until(() => server.secured[0]?.destroyed === true, 'server saw the close');
  });

  it('goes through a CONNECT tunnel, and checks the certificate of the origin', async () => {
    const server = await tlsServer(certificates);
    const proxy = await rawServer((socket, request) => {
      const port = Number(/CONNECT vendor\.example:(\d+)/.exec(request)?.[1]);
      socket.removeAllListeners('data');
      const through = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      through.on('error', () => socket.destroy());
    });
    closers.push(proxy.close);
    const transport = transportOf({ proxy: { https: `http://127.0.0.1:${proxy.port}` } });
    const { error } = await run(transport, { url: `https://vendor.example:${server.port}`, tlsCaCertPath });
    // The certificate is for localhost: the tunnel stood, and the name was checked end to end.
    expect(error).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', phase: 'connect' });
    expect(proxy.requests).toHaveLength(1);

    const named = await tlsServer(certificates, undefined, certificates.otherName);
    const tunnel = await rawServer((socket) => {
      socket.removeAllListeners('data');
      const through = connect(named.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        through.pipe(socket).pipe(through);
      });
      through.on('error', () => socket.destroy());
    });
    closers.push(tunnel.close);
    const second = transportOf({ proxy: { https: `http://127.0.0.1:${tunnel.port}` } });
    for (let call = 0; call < 2; call += 1) {
      const answer = await run(second, { url: 'https://elsewhere.example/v1', tlsCaCertPath });
      expect(answer.error).toBeUndefined();
      expect(answer.body.toString()).toBe('ok');
    }
    expect(tunnel.requests).toHaveLength(1);
    expect(named.secured[0]).toMatchObject({ servername: 'elsewhere.example' });
  });
});
