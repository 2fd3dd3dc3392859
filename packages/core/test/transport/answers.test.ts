import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import type { RawServer } from './raw-server.ts';
import { rawServer, run } from './raw-server.ts';

const transports: { close(): void }[] = [];
const servers: RawServer[] = [];
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const server of servers.splice(0)) await server.close();
});

function transportOf(options = {}) {
  const transport = createHttpTransport(options);
  transports.push(transport);
  return transport;
}

async function answering(bytes: string, then: 'keep' | 'end' | 'reset' = 'keep'): Promise<RawServer> {
  const server = await rawServer((socket) => {
    if (then === 'keep') socket.write(bytes, 'latin1');
    else if (then === 'end') socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1', () => setTimeout(() => socket.resetAndDestroy(), 10));
  });
  servers.push(server);
  return server;
}

const head = (...lines: string[]): string => `${['HTTP/1.1 200 OK', ...lines].join('\r\n')}\r\n\r\n`;

describe('a proper answer', () => {
  const cases: Record<string, { bytes: string; body: string; status?: number; end?: boolean }> = {
    'with content-length': { bytes: `${head('Content-Length: 5')}hello`, body: 'hello' },
    'with the same content-length twice': {
      bytes: `${head('Content-Length: 5', 'content-length: 5')}hello`,
      body: 'hello',
    },
    'with an empty body': { bytes: head('Content-Length: 0'), body: '' },
    'in chunks': { bytes: `${head('Transfer-Encoding: chunked')}3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n`, body: 'hello' },
    'with Chunked in capitals': {
      bytes: `${head('Transfer-Encoding: Chunked')}5\r\nhello\r\n0\r\n\r\n`,
      body: 'hello',
    },
    'with chunk extensions': {
      bytes: `${head('transfer-encoding: chunked')}5;a=b;c="d"\r\nhello\r\n0;x\r\n\r\n`,
      body: 'hello',
    },
    'with padded chunk sizes': {
      bytes: `${head('transfer-encoding: chunked')}05  \r\nhello\r\n0 \r\n\r\n`,
      body: 'hello',
    },
    'with trailers': {
      bytes: `${head('transfer-encoding: chunked')}5\r\nhello\r\n0\r\nX-A: b\r\nX-C: d\r\n\r\n`,
      body: 'hello',
    },
    'delimited by the close': { bytes: `${head('X: y')}hello`, body: 'hello', end: true },
    'of HTTP/1.0': { bytes: 'HTTP/1.0 200 OK\r\n\r\nhello', body: 'hello', end: true },
    'without a reason phrase': { bytes: 'HTTP/1.1 200\r\ncontent-length: 5\r\n\r\nhello', body: 'hello' },
    'after 100, 102 and 103': {
      bytes: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\na: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${head('content-length: 5')}hello`,
      body: 'hello',
    },
    '204 that names a length': { bytes: 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', body: '', status: 204 },
    '304 that names chunks': { bytes: 'HTTP/1.1 304 x\r\ntransfer-encoding: chunked\r\n\r\n', body: '', status: 304 },
    'with a folded header': { bytes: `${head('x-a: b', '  c', 'content-length: 5')}hello`, body: 'hello' },
  };
  for (const [name, { bytes, body, status = 200, end = false }] of Object.entries(cases)) {
    it(`${name}, whole`, async () => {
      const server = await answering(bytes, end ? 'end' : 'keep');
      const answer = await run(transportOf(), { url: server.url });
      expect(answer.error).toBeUndefined();
      expect(answer.head?.status).toBe(status);
      expect(answer.body.toString()).toBe(body);
    });
  }

  it('is the same byte by byte', async () => {
    const { bytes, body } = cases['after 100, 102 and 103'] as { bytes: string; body: string };
    const chunked = cases['with trailers'] as { bytes: string; body: string };
    const drip = (socket: Socket, text: string, at = 0): void => {
      if (at >= text.length) return;
      socket.write(text.slice(at, at + 1), 'latin1');
      setImmediate(drip, socket, text, at + 1);
    };
    const server = await rawServer((socket, _request, serial) => drip(socket, serial === 1 ? bytes : chunked.bytes));
    servers.push(server);
    const transport = transportOf();
    expect((await run(transport, { url: server.url })).body.toString()).toBe(body);
    expect((await run(transport, { url: server.url })).body.toString()).toBe(chunked.body);
    expect(server.sockets).toHaveLength(1);
  });

  it('lower-cases names and joins repeated headers', async () => {
    const server = await answering(
      head('Retry-After: 120', 'X-Long:   spaced \t', 'retry-after: 60', 'X-Bin: caf\xe9', 'Content-Length: 0'),
    );
    const { head: got } = await run(transportOf(), { url: server.url });
    expect({ ...got?.headers }).toEqual({
      'retry-after': '120, 60',
      'x-long': 'spaced',
      'x-bin': 'caf\xe9',
      'content-length': '0',
    });
  });

  it('has no body after HEAD', async () => {
    const server = await answering(head('content-length: 5'));
    const answer = await run(transportOf(), { url: server.url, method: 'HEAD', body: undefined });
    expect(answer).toMatchObject({ ended: true, chunks: 0 });
  });

  it('hands over what one read brought as one chunk', async () => {
    const server = await answering(`${head('transfer-encoding: chunked')}${'3\r\nabc\r\n'.repeat(50)}0\r\n\r\n`);
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.body.length).toBe(150);
    expect(answer.chunks).toBeLessThanOrEqual(2);
  });
});

describe('an answer that breaks HTTP', () => {
  const cases: Record<string, string> = {
    'bad status line': 'HTTP/1.1 2000 OK\r\n\r\n',
    'other protocol': 'SSH-2.0-OpenSSH_9.6\r\n',
    'HTTP/2 preface': 'HTTP/2.0 200\r\n\r\n',
    'TLS alert': '\x15\x03\x01\x00\x02\x02\x46',
    'line feeds only': 'HTTP/1.1 200 OK\ncontent-length: 5\n\nhello\r\n\r\n',
    'bare line feed': head('x-a: b\nx-c: d', 'content-length: 0'),
    'bare carriage return': head('x-a: b\rx-c: d', 'content-length: 0'),
    'header without colon': head('nonsense', 'content-length: 0'),
    'blank before the colon': head('content-length : 0'),
    'empty header name': head(': x', 'content-length: 0'),
    'NUL in a value': head('x-a: \0', 'content-length: 0'),
    'fold before any header': head(' x', 'content-length: 0'),
    'lengths that differ': `${head('content-length: 5', 'content-length: 6')}hello`,
    'negative length': head('content-length: -1'),
    'length with a sign': head('content-length: +5'),
    'hex length': head('content-length: 0x5'),
    'both lengths': `${head('content-length: 5', 'transfer-encoding: chunked')}5\r\nhello\r\n0\r\n\r\n`,
    'unknown transfer coding': head('transfer-encoding: gzip, chunked'),
    'chunked twice': head('transfer-encoding: chunked', 'transfer-encoding: chunked'),
    'chunked in HTTP/1.0': 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'unsolicited 101': 'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'bad chunk size': `${head('transfer-encoding: chunked')}xyz\r\n`,
    'empty chunk size': `${head('transfer-encoding: chunked')}\r\n`,
    'signed chunk size': `${head('transfer-encoding: chunked')}-5\r\n`,
    'huge chunk size': `${head('transfer-encoding: chunked')}ffffffffffffffff\r\n`,
    'chunk longer than said': `${head('transfer-encoding: chunked')}3\r\nhello\r\n`,
    'chunk line with LF only': `${head('transfer-encoding: chunked')}3\nabc\r\n`,
    'trailer with LF only': `${head('transfer-encoding: chunked')}0\r\nx: y\n\r\n`,
    'endless 1xx': 'HTTP/1.1 102 x\r\n\r\n'.repeat(100),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    it(`${name}: HTTP_PROTOCOL, socket closed`, async () => {
      const server = await answering(bytes);
      const { error, ended } = await run(transportOf(), { url: server.url });
      expect(error).toMatchObject({ name: 'TransportError', code: 'HTTP_PROTOCOL' });
      expect(ended).toBe(false);
      await new Promise((resolve) => {
        const socket = server.sockets[0];
        if (socket === undefined || socket.destroyed) resolve(undefined);
        else socket.once('close', resolve);
      });
    });
  }

  it('a head over the limit', async () => {
    const server = await answering(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(5000)}\r\n\r\n`);
    const { error } = await run(transportOf({ maxHeadBytes: 4096 }), { url: server.url });
    expect(error).toMatchObject({ code: 'HTTP_PROTOCOL', phase: 'headers' });
    expect(error?.message).toContain('4096');
  });

  it('delivers the good chunks before a bad one', async () => {
    const server = await answering(`${head('transfer-encoding: chunked')}5\r\nhello\r\nzz\r\n`);
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.body.toString()).toBe('hello');
    expect(answer.error).toMatchObject({ code: 'HTTP_PROTOCOL', phase: 'content' });
  });
});

describe('an answer that is cut', () => {
  const cut: Record<string, string> = {
    'short content-length': `${head('content-length: 10')}hello`,
    'no terminal chunk': `${head('transfer-encoding: chunked')}5\r\nhello\r\n`,
    'no end of the trailers': `${head('transfer-encoding: chunked')}5\r\nhello\r\n0\r\n`,
    'inside a chunk': `${head('transfer-encoding: chunked', 'connection: close')}9\r\nhello`,
  };
  for (const [name, bytes] of Object.entries(cut)) {
    it(`${name}: BODY_CUT after what came`, async () => {
      const server = await answering(bytes, 'end');
      const answer = await run(transportOf(), { url: server.url });
      expect(answer.body.toString()).toBe('hello');
      expect(answer.error).toMatchObject({ code: 'BODY_CUT', phase: 'content' });
    });
  }

  it('reset in the body: ECONNRESET, content', async () => {
    const server = await answering(`${head('content-length: 10')}hello`, 'reset');
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.error).toMatchObject({ code: 'ECONNRESET', phase: 'content' });
  });

  it('reset of a close-delimited body is no end', async () => {
    const server = await answering(`${head('x: y')}hello`, 'reset');
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.error).toMatchObject({ code: 'ECONNRESET', phase: 'content' });
  });

  for (const [name, bytes] of Object.entries({ nothing: '', 'half a head': 'HTTP/1.1 200 OK\r\nx:' })) {
    it(`closed after ${name}: ECONNRESET, headers`, async () => {
      const server = await answering(bytes, 'end');
      const { error } = await run(transportOf(), { url: server.url });
      expect(error).toMatchObject({ code: 'ECONNRESET', phase: 'headers' });
    });
  }
});
