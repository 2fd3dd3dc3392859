import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import { proxyFor, proxyFromEnvironment } from '../../src/transport/proxy.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { closeServer, listen, rawServer, run, until } from './raw-server.ts';

const transports: Transport[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const close of closers.splice(0)) await close();
});

function transportOf(options = {}): Transport {
  const transport = createHttpTransport(options);
  transports.push(transport);
  return transport;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('connecting', () => {
  it('refused: ECONNREFUSED in the connect phase, by name and by address', async () => {
    const server = await rawServer(() => {});
    await server.close();
    for (const host of ['127.0.0.1', 'localhost']) {
      const { error, connected } = await run(transportOf(), { url: `http://${host}:${server.port}/secret?key=abc` });
      expect(error).toMatchObject({ code: 'ECONNREFUSED', phase: 'connect' });
      expect(error?.message).toContain(`${host}:${server.port}`);
      expect(error?.message).not.toContain('abc');
      expect(connected).toBe(0);
    }
  });

  it('unknown host: ENOTFOUND or EAI_AGAIN in the connect phase', async () => {
    const { error } = await run(transportOf(), { url: 'http://no-such-host.invalid/' });
    expect(error?.code).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
    expect(error?.phase).toBe('connect');
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`localhost reaches a server that listens on ${host} only`, async () => {
      const server = await rawServer((socket) => socket.write(OK), host).catch(() => undefined);
      if (server === undefined) {
        console.log(`${host} is not available here`);
        return;
      }
      closers.push(server.close);
      const answer = await run(transportOf(), { url: `http://localhost:${server.port}/` });
      expect(answer.error).toBeUndefined();
      expect(answer.head?.status).toBe(200);
    });
  }

  it('gives up on a TLS handshake that never ends: CONNECT_TIMEOUT, and the socket is closed', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => {}).resume()));
    const port = await listen(server, '127.0.0.1');
    closers.push(() => closeServer(server, sockets));
    const { error } = await run(transportOf(), { url: `https://127.0.0.1:${port}`, connectTimeoutMs: 400 });
    expect(error).toMatchObject({ code: 'CONNECT_TIMEOUT', phase: 'connect' });
    expect(error?.message).toContain('400 ms');
    await until(() => sockets.length > 0 && sockets.every((socket) => socket.destroyed), 'the server saw the close');
  });

  for (const [url, hint] of [
    ['not a url', 'not valid'],
    ['ftp://host/', 'ftp:'],
    ['http://user:hunter2@host/', 'host'],
  ] as const) {
    it(`refuses the URL ${url} without printing it`, async () => {
      const { error } = await run(transportOf(), { url });
      expect(error).toMatchObject({ code: 'BAD_URL' });
      expect(error?.message).toContain(hint);
      expect(error?.message).not.toContain('hunter2');
    });
  }
});

describe('the request', () => {
  async function sent(call: Parameters<typeof run>[1]): Promise<string> {
    const server = await rawServer((socket) => socket.write(OK));
    closers.push(server.close);
    await run(transportOf(), { ...call, url: `${server.url}${call.url}` });
    return (server.requests[0] ?? '').replaceAll(String(server.port), 'PORT');
  }

  it('is written as HTTP/1.1 with the right length in bytes', async () => {
    expect(await sent({ url: '/v1/x?a=b', headers: { 'X-Api-Key': 'k', accept: '*/*' }, body: '{"t":"é𝄞"}' })).toBe(
      [
        'POST /v1/x?a=b HTTP/1.1',
        'host: 127.0.0.1:PORT',
        'connection: keep-alive',
        'x-api-key: k',
        'accept: */*',
        'accept-encoding: identity',
        'content-length: 14',
        '',
        Buffer.from('{"t":"é𝄞"}').toString('latin1'),
      ].join('\r\n'),
    );
  });

  it('leaves framing headers to the transport and lets accept-encoding be chosen', async () => {
    const headers = {
      host: 'evil',
      'content-length': '3',
      'transfer-encoding': 'chunked',
      connection: 'close',
      'Accept-Encoding': 'gzip',
    };
    const text = await sent({ url: '/', headers, body: '12345' });
    expect(text).toContain('content-length: 5\r\n');
    expect(text).toContain('accept-encoding: gzip\r\n');
    expect(text).not.toMatch(/evil|transfer-encoding|connection: close|identity/);
  });

  it('has no body and no length for GET', async () => {
    expect(await sent({ url: '/models', method: 'GET', body: undefined })).not.toContain('content-length');
  });

  it('says length 0 for a POST without body', async () => {
    expect(await sent({ url: '/', body: undefined })).toContain('content-length: 0');
  });

  for (const size of [100, 16_000, 17_000, 3_000_000]) {
    for (const letter of ['a', 'é']) {
      it(`carries ${size} × ${letter}, as text and as bytes`, async () => {
        const body = letter.repeat(size);
        const ofText = await sent({ url: '/', headers: { 'x-bin': 'caf\xe9' }, body });
        const ofBytes = await sent({ url: '/', headers: { 'x-bin': 'caf\xe9' }, body: Buffer.from(body) });
        expect(
          ofText.endsWith(
            `x-bin: caf\xe9\r\naccept-encoding: identity\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${Buffer.from(body).toString('latin1')}`,
          ),
        ).toBe(true);
        expect(ofBytes === ofText).toBe(true);
      });
    }
  }

  for (const value of ['sk-secret\n', 'sk-sec\r\nx: ret', 'sk-secret\0', 'sk-secret…']) {
    it(`refuses the header value ${JSON.stringify(value)} and never prints it`, async () => {
      for (const headers of [{ authorization: value }, Object.freeze({ authorization: value })]) {
        const { error, connected } = await run(transportOf(), { url: 'http://127.0.0.1:9', headers });
        expect(error).toMatchObject({ code: 'BAD_HEADER', phase: 'connect' });
        expect(error?.message).toContain('authorization');
        expect(error?.message).not.toMatch(/sk-|sec|ret\b/);
        expect(connected).toBe(0);
      }
    });
  }

  it('refuses a bad header name', async () => {
    const { error } = await run(transportOf(), { url: 'http://127.0.0.1:9', headers: { 'x y': '1' } });
    expect(error).toMatchObject({ code: 'BAD_HEADER' });
  });

  it('never calls the handler from within start', async () => {
    const server = await rawServer((socket) => socket.write(OK));
    closers.push(server.close);
    const transport = transportOf();
    await run(transport, { url: server.url });
    for (const call of [{ url: server.url }, { url: 'nonsense' }, { url: server.url, headers: { 'x-a': '\n' } }]) {
      let inside = true;
      await new Promise<void>((resolve) => {
        const check = (): void => {
          expect(inside).toBe(false);
        };
        const settle = (): void => (check(), resolve());
        transport.start(
          { method: 'POST', headers: {}, ...call },
          { onConnected: check, onHead: check, onData: check, onEnd: settle, onError: settle },
        );
        inside = false;
      });
    }
  });
});

describe('proxies', () => {
  const OPEN = 'HTTP/1.1 200 Connection established\r\n\r\n';

  it('sends plain http calls to the proxy in absolute form, with its credentials', async () => {
    const proxy = await rawServer((socket) => socket.write(OK));
    closers.push(proxy.close);
    const transport = transportOf({ proxy: { http: `http://me:p%40ss@127.0.0.1:${proxy.port}` } });
    expect((await run(transport, { url: 'http://vendor.invalid:81/v1/x' })).head?.status).toBe(200);
    expect(proxy.requests[0]).toContain('POST http://vendor.invalid:81/v1/x HTTP/1.1\r\nhost: vendor.invalid:81\r\n');
    expect(proxy.requests[0]).toContain(`proxy-authorization: Basic ${btoa('me:p@ss')}\r\n`);
  });

  for (const [name, reply, hint] of [
    ['refused', 'HTTP/1.1 403 Forbidden\r\n\r\n', '403'],
    ['without credentials', 'HTTP/1.1 407 x\r\nproxy-authenticate: Basic\r\n\r\n', '407'],
    ['answered with nonsense', 'SSH-2.0\r\n\r\n', 'status line'],
  ] as const) {
    it(`a tunnel ${name}: PROXY_REFUSED`, async () => {
      const proxy = await rawServer((socket) => socket.write(reply));
      closers.push(proxy.close);
      const transport = transportOf({ proxy: { https: `http://me:hunter2@127.0.0.1:${proxy.port}` } });
      const { error } = await run(transport, { url: 'https://vendor.invalid/' });
      expect(error).toMatchObject({ code: 'PROXY_REFUSED', phase: 'connect' });
      expect(error?.message).toContain(hint);
      expect(error?.message).not.toContain('hunter2');
      expect(proxy.requests[0]).toContain('CONNECT vendor.invalid:443 HTTP/1.1\r\n');
    });
  }

  it('a proxy that closes or falls silent is a connect failure', async () => {
    const closing = await rawServer((socket) => socket.end());
    const silent = await rawServer((socket) => socket.write(OPEN));
    closers.push(closing.close, silent.close);
    const call = { url: 'https://vendor.invalid/', connectTimeoutMs: 80 };
    const first = await run(transportOf({ proxy: { https: `http://127.0.0.1:${closing.port}` } }), call);
    expect(first.error).toMatchObject({ code: 'ECONNRESET', phase: 'connect' });
    const second = await run(transportOf({ proxy: { https: `127.0.0.1:${silent.port}` } }), call);
    expect(second.error).toMatchObject({ code: 'CONNECT_TIMEOUT' });
  });

  it('reads the environment, lower case first', () => {
    expect(proxyFromEnvironment({})).toBeUndefined();
    expect(proxyFromEnvironment({ HTTPS_PROXY: 'http://a', https_proxy: 'http://b', NO_PROXY: 'x' })).toEqual({
      http: undefined,
      https: 'http://b',
      noProxy: 'x',
    });
    expect(proxyFromEnvironment({ ALL_PROXY: 'http://c' })).toMatchObject({ http: 'http://c', https: 'http://c' });
  });

  it('bypasses by NO_PROXY', () => {
    const goesDirect = (noProxy: string, host: string, port = 443): boolean =>
      proxyFor(true, host, port, { https: 'http://proxy:1', noProxy }) === undefined;
    expect(goesDirect('', 'api.x.com')).toBe(false);
    expect(goesDirect('*', 'api.x.com')).toBe(true);
    expect(goesDirect('a.com, x.com', 'api.x.com')).toBe(true);
    expect(goesDirect('.x.com', 'api.x.com')).toBe(true);
    expect(goesDirect('*.x.com', 'API.X.com')).toBe(true);
    expect(goesDirect('x.com', 'notx.com')).toBe(false);
    expect(goesDirect('x.com:443', 'x.com')).toBe(true);
    expect(goesDirect('x.com:8443', 'x.com')).toBe(false);
    expect(goesDirect('10.0.0.0/8', '10.1.2.3')).toBe(true);
    expect(goesDirect('10.0.0.0/8', '11.1.2.3')).toBe(false);
    expect(goesDirect('10.1.2.3', '10.1.2.3')).toBe(true);
    expect(goesDirect('fd00::/8', 'fd12::1')).toBe(true);
    expect(goesDirect('[fd12::1]:443', 'fd12::1')).toBe(true);
    expect(goesDirect('fd12::1', 'fd12::1')).toBe(true);
    for (const local of ['localhost', '127.0.0.1', '127.9.9.9', '::1']) expect(goesDirect('', local)).toBe(true);
    expect(proxyFor(true, 'x.com', 443, { https: 'http://me:50%@h:1' })?.authorization).toBe(`Basic ${btoa('me:50%')}`);
    expect(() => proxyFor(true, 'x.com', 443, { https: 'socks5://me:hunter2@h:1' })).toThrow(/socks5:/);
  });
});
