import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { gunzipIfMarked } from '../../src/transport/body-decoding.ts';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import type { HttpExchange, Transport } from '../../src/transport/transport.ts';
import type { RawServer } from './raw-server.ts';
import { rawServer, run, until } from './raw-server.ts';

const transports: Transport[] = [];
const servers: RawServer[] = [];
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const server of servers.splice(0)) await server.close();
});

function transportOf(): Transport {
  const transport = createHttpTransport();
  transports.push(transport);
  return transport;
}

async function serving(encoding: string, body: Buffer, options: { length?: number } = {}): Promise<RawServer> {
  const server = await rawServer((socket) => {
    const length = options.length ?? body.length;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${length}\r\nx-a: b\r\n\r\n`);
    socket.write(body);
    if (length > body.length) socket.end();
  });
  servers.push(server);
  return server;
}

const text = 'ein langer Text, der sich gut packen lässt '.repeat(5_000);
const packed: Record<string, Buffer> = {
  gzip: gzipSync(text),
  'x-gzip': gzipSync(text),
  GZIP: gzipSync(text),
  deflate: deflateSync(text),
  'deflate ': deflateRawSync(text),
  br: brotliCompressSync(text),
};

describe('content-encoding', () => {
  for (const [encoding, body] of Object.entries(packed)) {
    it(`${JSON.stringify(encoding)} is unpacked, and the head speaks of the unpacked body`, async () => {
      const server = await serving(encoding, body);
      const transport = transportOf();
      const answer = await run(transport, { url: server.url });
      expect(answer.error).toBeUndefined();
      expect(answer.body.toString() === text).toBe(true);
      expect({ ...answer.head?.headers }).toEqual({ 'x-a': 'b' });
      await run(transport, { url: server.url });
      expect(server.sockets).toHaveLength(1);
    });

    it(`${JSON.stringify(encoding)} cut inside the packed data: BODY_CUT after what could be read`, async () => {
      const server = await serving(encoding, body.subarray(0, body.length - 6));
      const answer = await run(transportOf(), { url: server.url });
      expect(answer.ended).toBe(false);
      expect(answer.error).toMatchObject({ code: 'BODY_CUT', phase: 'content' });
      expect(text.startsWith(answer.body.toString())).toBe(true);
    });
  }

  it('cut below HTTP: BODY_CUT too', async () => {
    const body = packed['gzip'] as Buffer;
    const server = await serving('gzip', body.subarray(0, 300), { length: body.length });
    expect((await run(transportOf(), { url: server.url })).error).toMatchObject({ code: 'BODY_CUT', phase: 'content' });
  });

  it('plain bytes under a gzip head: the status is told, then HTTP_PROTOCOL', async () => {
    const server = await serving('gzip', Buffer.from('{"error":"plain"}'));
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.head?.status).toBe(200);
    expect(answer.error).toMatchObject({ code: 'HTTP_PROTOCOL', phase: 'content' });
  });

  it('an empty body is no broken archive', async () => {
    const server = await serving('gzip', Buffer.alloc(0));
    expect(await run(transportOf(), { url: server.url })).toMatchObject({ ended: true, chunks: 0 });
  });

  it('an unknown coding is left alone', async () => {
    const server = await serving('zstd', Buffer.from('abc'));
    const answer = await run(transportOf(), { url: server.url });
    expect(answer.head?.headers['content-encoding']).toBe('zstd');
    expect(answer.body.toString()).toBe('abc');
  });

  it('obeys pause and abort', async () => {
    const server = await serving('gzip', gzipSync(Buffer.alloc(20_000_000)));
    let received = 0;
    const told: string[] = [];
    const exchange: HttpExchange = transportOf().start(
      { method: 'GET', url: server.url, headers: {} },
      {
        onHead: () => {},
        onData: (chunk) => {
          if (received === 0) exchange.pause();
          received += chunk.length;
        },
        onEnd: () => void told.push('end'),
        onError: (error) => void told.push(error.code),
      },
    );
    await until(() => received > 0, 'first data');
    const atPause = received;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toBe(atPause);
    exchange.resume();
    await until(() => received > atPause, 'more data');
    exchange.abort();
    const atAbort = received;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toBe(atAbort);
    expect(told).toEqual([]);
  });
});

describe('gunzipIfMarked', () => {
  it('unpacks marked bytes and returns all others as they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(Buffer.from(gunzipIfMarked(gzipSync(bytes)))).toEqual(Buffer.from(bytes));
        fc.pre(!(bytes[0] === 0x1f && bytes[1] === 0x8b));
        expect(gunzipIfMarked(bytes)).toBe(bytes);
      }),
      { numRuns: 100 },
    );
  });

  it('returns broken and oversized archives as they are', () => {
    const broken = gzipSync('hello').subarray(0, 12);
    expect(gunzipIfMarked(broken)).toBe(broken);
    const bomb = gzipSync(Buffer.alloc(3_000_000));
    expect(gunzipIfMarked(bomb)).toBe(bomb);
  });
});
