import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import type { HttpCall, HttpExchange, HttpHandler, Transport } from '../../src/transport/transport.ts';
import type { RawServer, RequestListener } from './raw-server.ts';
import { closeServer, listen, rawServer, run, until } from './raw-server.ts';

const transports: Transport[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const close of closers.splice(0)) await close();
});

function transportOf(): Transport {
  const transport = createHttpTransport();
  transports.push(transport);
  return transport;
}

async function serving(listener: RequestListener): Promise<RawServer> {
  const server = await rawServer(listener);
  closers.push(server.close);
  return server;
}

const HEAD = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Records what the handler was told, in order. */
function recording(told: string[], during: Partial<HttpHandler> = {}): HttpHandler {
  return {
    onConnected: () => {
      told.push('connected');
      during.onConnected?.();
    },
    onHead: (head) => {
      told.push('head');
      during.onHead?.(head);
    },
    onData: (data) => {
      told.push(`data ${data.length}`);
      during.onData?.(data);
    },
    onEnd: () => told.push('end'),
    onError: (error) => told.push(error.code),
  };
}

const callTo = (url: string): HttpCall => ({ method: 'POST', url, headers: {}, body: '{}' });
const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('abort', () => {
  it('before anything happened: no connection is made', async () => {
    const server = await serving(() => {});
    const told: string[] = [];
    transportOf().start(callTo(server.url), recording(told)).abort();
    await turns();
    expect(told).toEqual([]);
    expect(server.sockets).toHaveLength(0);
  });

  it('while the name is looked up', async () => {
    const told: string[] = [];
    const exchange = transportOf().start(callTo('http://localhost:9'), recording(told));
    await new Promise((resolve) => process.nextTick(resolve));
    exchange.abort();
    await turns(50);
    expect(told).toEqual([]);
  });

  it('during the TLS handshake: the server sees the close', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => void sockets.push(socket.on('error', () => {}).resume()));
    const port = await listen(server, '127.0.0.1');
    closers.push(() => closeServer(server, sockets));
    const told: string[] = [];
    const exchange = transportOf().start(callTo(`https://127.0.0.1:${port}`), recording(told));
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0, 'client hello');
    exchange.abort();
    await until(() => sockets[0]?.destroyed === true, 'server saw the close');
    expect(told).toEqual([]);
  });

  it('in onConnected: nothing is sent', async () => {
    const server = await serving(() => {});
    const told: string[] = [];
    const exchange: HttpExchange = transportOf().start(
      callTo(server.url),
      recording(told, { onConnected: () => exchange.abort() }),
    );
    await until(() => server.sockets[0]?.destroyed === true, 'server saw the close');
    expect(server.requests).toEqual([]);
    expect(told).toEqual(['connected']);
  });

  it('while waiting for the head', async () => {
    const server = await serving(() => {});
    const told: string[] = [];
    const exchange = transportOf().start(callTo(server.url), recording(told));
    await until(() => server.requests.length === 1, 'request');
    exchange.abort();
    await until(() => server.sockets[0]?.destroyed === true, 'server saw the close');
    await turns();
    expect(told).toEqual(['connected']);
  });

  for (const place of ['onHead', 'onData'] as const) {
    it(`in ${place}, with more already read`, async () => {
      const server = await serving((socket) => socket.write(`${HEAD}${chunk('hello')}0\r\n\r\n`));
      const told: string[] = [];
      const exchange: HttpExchange = transportOf().start(
        callTo(server.url),
        recording(told, { [place]: () => exchange.abort() }),
      );
      await until(() => server.sockets[0]?.destroyed === true, 'server saw the close');
      await turns();
      expect(told).toEqual(place === 'onHead' ? ['connected', 'head'] : ['connected', 'head', 'data 5']);
    });
  }

  it('while paused with bytes held back', async () => {
    const server = await serving((socket) => socket.write(`${HEAD}${chunk('hello')}0\r\n\r\n`));
    const told: string[] = [];
    const exchange: HttpExchange = transportOf().start(
      callTo(server.url),
      recording(told, { onHead: () => exchange.pause() }),
    );
    await until(() => told.includes('head'), 'head');
    await turns();
    exchange.abort();
    exchange.resume();
    await turns();
    expect(told).toEqual(['connected', 'head']);
  });

  it('after the end does nothing, and the pooled connection lives on', async () => {
    const server = await serving((socket) => socket.write(`${HEAD}0\r\n\r\n`));
    const transport = transportOf();
    let exchange: HttpExchange | undefined;
    await run(transport, { url: server.url }, (one) => {
      exchange = one;
    });
    exchange?.abort();
    exchange?.finish();
    await run(transport, { url: server.url });
    expect(server.sockets).toHaveLength(1);
  });
});

describe('finish', () => {
  for (const [name, when] of [
    ['in the same read', 0],
    ['soon after', 20],
  ] as const) {
    it(`keeps the connection when the end comes ${name}`, async () => {
      const server = await serving((socket) => {
        if (when === 0) socket.write(`${HEAD}${chunk('[DONE]')}0\r\n\r\n`);
        else {
          socket.write(`${HEAD}${chunk('[DONE]')}`);
          setTimeout(() => socket.write(`${chunk('rest')}0\r\n\r\n`), when);
        }
      });
      const transport = transportOf();
      const told: string[] = [];
      const exchange: HttpExchange = transport.start(
        callTo(server.url),
        recording(told, { onData: () => exchange.finish() }),
      );
      await until(() => told.length === 3, 'data');
      await new Promise((resolve) => setTimeout(resolve, when + 20));
      await run(transport, { url: server.url });
      expect(told).toEqual(['connected', 'head', 'data 6']);
      expect(server.sockets).toHaveLength(1);
    });
  }

  it('closes the connection when the end does not come', async () => {
    const server = await serving((socket) => socket.write(`${HEAD}${chunk('[DONE]')}`));
    const told: string[] = [];
    const exchange: HttpExchange = transportOf().start(
      callTo(server.url),
      recording(told, { onData: () => exchange.finish() }),
    );
    await until(() => server.sockets[0]?.destroyed === true, 'closed');
    expect(told).toEqual(['connected', 'head', 'data 6']);
  });

  it('closes the connection when a flood comes instead of the end', async () => {
    const server = await serving((socket) => {
      socket.write(`${HEAD}${chunk('[DONE]')}`);
      const flood = (): void => {
        if (!socket.destroyed) socket.write(chunk('x'.repeat(60_000)), () => setImmediate(flood));
      };
      setTimeout(flood, 5);
    });
    const exchange: HttpExchange = transportOf().start(
      callTo(server.url),
      recording([], { onData: () => exchange.finish() }),
    );
    await until(() => server.sockets[0]?.destroyed === true, 'closed');
  });
});

describe('backpressure', () => {
  it('stops reading from the socket while paused and loses nothing', async () => {
    const piece = 'z'.repeat(65_536);
    const total = 32 * 1_048_576;
    let written = 0;
    let blocked = false;
    const server = await serving((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
      const fill = (): void => {
        while (written < total) {
          written += piece.length;
          if (!socket.write(piece)) {
            blocked = true;
            socket.once('drain', () => {
              blocked = false;
              fill();
            });
            return;
          }
        }
      };
      fill();
    });
    let received = 0;
    let seenWhilePaused = 0;
    let paused = false;
    let atPause = 0;
    const told: string[] = [];
    const exchange: HttpExchange = transportOf().start(callTo(server.url), {
      onHead: () => {},
      onData: (data) => {
        if (paused) seenWhilePaused += 1;
        received += data.length;
        if (atPause === 0 && received > 1_048_576) {
          paused = true;
          atPause = received;
          exchange.pause();
        }
      },
      onEnd: () => void told.push('end'),
      onError: (error) => void told.push(error.code),
    });
    await until(() => paused, 'paused');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(blocked).toBe(true);
    const writtenThen = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(written).toBe(writtenThen);
    expect(written).toBeLessThan(total);
    expect(received).toBe(atPause);
    paused = false;
    exchange.resume();
    await until(() => told.length > 0, 'end', 10_000);
    expect(told).toEqual(['end']);
    expect(received).toBe(total);
    expect(seenWhilePaused).toBe(0);
  });

  it('holds back what came in the same read as the head, and the end too', async () => {
    const server = await serving((socket) => socket.write(`${HEAD}${chunk('hello')}0\r\n\r\n`));
    const transport = transportOf();
    const told: string[] = [];
    const exchange: HttpExchange = transport.start(
      callTo(server.url),
      recording(told, { onHead: () => exchange.pause() }),
    );
    await until(() => told.includes('head'), 'head');
    await turns();
    expect(told).toEqual(['connected', 'head']);
    exchange.resume();
    expect(told).toEqual(['connected', 'head']);
    await turns(3);
    expect(told).toEqual(['connected', 'head', 'data 5', 'end']);
  });

  it('never pools a connection that stays paused', async () => {
    const server = await serving((socket) => socket.write(`${HEAD}${chunk('hello')}0\r\n\r\n`));
    const transport = transportOf();
    for (let call = 0; call < 3; call += 1) {
      const answer = await run(transport, { url: server.url }, (exchange) => {
        exchange.pause();
        setTimeout(() => exchange.resume(), 5);
      });
      expect(answer.body.toString()).toBe('hello');
    }
  });
});
