import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/spec/clock.ts';
import { systemClock } from '../../src/spec/clock.ts';
import type { HttpTransportOptions } from '../../src/transport/http-transport.ts';
import { createHttpTransport } from '../../src/transport/http-transport.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { RawServer, RequestListener } from './raw-server.ts';
import { rawServer, run, until } from './raw-server.ts';

const transports: Transport[] = [];
const servers: RawServer[] = [];
afterEach(async () => {
  for (const transport of transports.splice(0)) transport.close();
  for (const server of servers.splice(0)) await server.close();
});

function transportOf(options: HttpTransportOptions = {}): Transport {
  const transport = createHttpTransport(options);
  transports.push(transport);
  return transport;
}

async function serving(listener: RequestListener): Promise<RawServer> {
  const server = await rawServer(listener);
  servers.push(server);
  return server;
}

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const answer =
  (bytes: string): RequestListener =>
  (socket) =>
    socket.write(bytes, 'latin1');

/** The system's clock, but `now` can be moved on. */
function movableClock(): Clock & { skip(ms: number): void } {
  let skippedMs = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + skippedMs,
    skip: (ms) => {
      skippedMs += ms;
    },
  };
}

describe('reuse of connections', () => {
  it('serves calls one after the other over one socket', async () => {
    const server = await serving(answer(OK));
    const transport = transportOf();
    for (let call = 0; call < 20; call += 1) expect((await run(transport, { url: server.url })).error).toBeUndefined();
    expect(server.sockets).toHaveLength(1);
    expect(server.requests).toHaveLength(20);
  });

  it('gives a call started in onEnd the connection that just became free', async () => {
    const server = await serving(answer(OK));
    const transport = transportOf();
    await new Promise<void>((resolve) => {
      const next = (left: number): void => {
        if (left === 0) return resolve();
        transport.start(
          { method: 'POST', url: server.url, headers: {}, body: '{}' },
          { onHead() {}, onData() {}, onEnd: () => next(left - 1), onError: (error) => expect.fail(error.message) },
        );
      };
      next(5);
    });
    expect(server.sockets).toHaveLength(1);
  });

  it('runs 200 calls at once and keeps no more idle sockets than allowed', async () => {
    const server = await serving((socket, request) => {
      const id = /"id":(\d+)/.exec(request)?.[1] ?? '';
      setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${id.length}\r\n\r\n${id}`), Number(id) % 7);
    });
    const transport = transportOf({ maxIdlePerOrigin: 10 });
    const calls = Array.from({ length: 200 }, (_, id) => run(transport, { url: server.url, body: `{"id":${id}}` }));
    const answers = await Promise.all(calls);
    expect(answers.map((one) => one.body.toString())).toEqual(Array.from({ length: 200 }, (_, id) => String(id)));
    await until(() => server.sockets.filter((socket) => !socket.destroyed).length === 10, '10 open sockets');
  });

  it('takes the most recently used connection first', async () => {
    const server = await serving((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n${socket.remotePort}`);
    });
    const transport = transportOf();
    await Promise.all([run(transport, { url: server.url }), run(transport, { url: server.url })]);
    const first = (await run(transport, { url: server.url })).body.toString();
    expect((await run(transport, { url: server.url })).body.toString()).toBe(first);
    expect(server.sockets).toHaveLength(2);
  });

  for (const [name, bytes] of Object.entries({
    'Connection: close': 'HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 2\r\n\r\nok',
    'close in a list': 'HTTP/1.1 200 OK\r\nconnection: x, close\r\ncontent-length: 2\r\n\r\nok',
    'HTTP/1.0': 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'bytes after the answer': `${OK}HTTP/1.1 200 OK\r\n`,
    'body bytes after a 204': 'HTTP/1.1 204 x\r\ncontent-length: 2\r\n\r\nok',
    'a hint under the safety margin': 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\ncontent-length: 2\r\n\r\nok',
  })) {
    it(`does not reuse after ${name}`, async () => {
      const server = await serving(answer(bytes));
      const transport = transportOf();
      expect((await run(transport, { url: server.url })).ended).toBe(true);
      expect((await run(transport, { url: server.url })).ended).toBe(true);
      expect(server.sockets).toHaveLength(2);
    });
  }

  it('reuses an HTTP/1.0 connection that asks for it', async () => {
    const server = await serving(answer('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\ncontent-length: 2\r\n\r\nok'));
    const transport = transportOf();
    await run(transport, { url: server.url });
    await run(transport, { url: server.url });
    expect(server.sockets).toHaveLength(1);
  });

  for (const [name, hint, skipMs, sockets] of [
    ['young', '', 29_000, 1],
    ['too old', '', 31_000, 2],
    ['within the hint', 'Keep-Alive: timeout=5, max=100\r\n', 3_500, 1],
    ['close to the hint', 'keep-alive: max=3, timeout=5\r\n', 4_200, 2],
  ] as const) {
    it(`uses an idle connection by its age: ${name}`, async () => {
      const clock = movableClock();
      const server = await serving(answer(`HTTP/1.1 200 OK\r\n${hint}content-length: 2\r\n\r\nok`));
      const transport = transportOf({ clock });
      await run(transport, { url: server.url });
      clock.skip(skipMs);
      await run(transport, { url: server.url });
      expect(server.sockets).toHaveLength(sockets);
    });
  }

  it('closes idle connections by a sweep, and all of them on close', async () => {
    const timers: (() => void)[] = [];
    const clock = movableClock();
    const sweeping: Clock = {
      ...clock,
      after: (ms, run_) => (ms === 5_000 ? timers.push(run_) : clock.after(ms, run_)),
      clear: (handle) => (typeof handle === 'number' ? undefined : clock.clear(handle)),
    };
    const server = await serving(answer(OK));
    const transport = transportOf({ clock: sweeping });
    await run(transport, { url: server.url });
    clock.skip(31_000);
    expect(timers).toHaveLength(1);
    timers.shift()?.();
    await until(() => server.sockets[0]?.destroyed === true, 'swept');
    expect(timers).toHaveLength(0);
    await run(transport, { url: server.url });
    transport.close();
    await until(() => server.sockets[1]?.destroyed === true, 'closed');
  });
});

describe('a stale pooled connection', () => {
  it('is replaced unseen when the server closed it meanwhile', async () => {
    const server = await serving((socket, _request, serial) => {
      if (serial === 1) socket.end(OK);
      else socket.write(OK);
    });
    const transport = transportOf();
    await run(transport, { url: server.url });
    const second = await run(transport, { url: server.url });
    expect(second).toMatchObject({ ended: true, connected: 1 });
  });

  for (const kind of ['closed', 'reset'] as const) {
    it(`is replaced once when it is ${kind} as the request arrives`, async () => {
      const server = await serving((socket, _request, serial) => {
        if (serial !== 2) socket.write(OK);
        else if (kind === 'closed') socket.end();
        else socket.resetAndDestroy();
      });
      const transport = transportOf();
      await run(transport, { url: server.url });
      const second = await run(transport, { url: server.url, body: '{"n":2}' });
      expect(second).toMatchObject({ ended: true, connected: 1 });
      expect(second.error).toBeUndefined();
      expect(server.sockets).toHaveLength(2);
      expect(server.requests.slice(1).every((request) => request.endsWith('{"n":2}'))).toBe(true);
    });
  }

  it('is not replaced twice: the fresh connection failing is an error', async () => {
    const server = await serving((socket, _request, serial) => {
      if (serial === 1) socket.write(OK);
      else socket.resetAndDestroy();
    });
    const transport = transportOf();
    await run(transport, { url: server.url });
    expect((await run(transport, { url: server.url })).error).toMatchObject({ code: 'ECONNRESET', phase: 'headers' });
    expect(server.requests).toHaveLength(3);
  });

  it('is not replaced once a byte of the answer came', async () => {
    const server = await serving((socket, _request, serial) => {
      if (serial === 1) socket.write(OK);
      else socket.end('H');
    });
    const transport = transportOf();
    await run(transport, { url: server.url });
    expect((await run(transport, { url: server.url })).error).toMatchObject({ code: 'ECONNRESET', phase: 'headers' });
    expect(server.requests).toHaveLength(2);
  });

  it('a fresh connection that dies is never repeated', async () => {
    const server = await serving((socket) => socket.resetAndDestroy());
    expect((await run(transportOf(), { url: server.url })).error).toMatchObject({ code: 'ECONNRESET' });
    expect(server.requests).toHaveLength(1);
  });

  it('is dropped when the server speaks unasked', async () => {
    const server = await serving(answer(OK));
    const transport = transportOf();
    await run(transport, { url: server.url });
    server.sockets[0]?.write('HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n');
    await until(() => server.sockets[0]?.destroyed === true, 'dropped');
    expect((await run(transport, { url: server.url })).head?.status).toBe(200);
  });
});

describe('resources', () => {
  it('leaves no socket behind over 500 calls that end in all ways', async () => {
    const kinds = [
      (call: string) => `${OK}${call}`,
      () => 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok',
      () => 'nonsense',
      () => 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      () => '',
    ];
    const server = await serving((socket, _request, serial) => {
      const bytes = (kinds[serial % kinds.length] as (call: string) => string)('');
      if (serial % 2 === 0) socket.end(bytes);
      else if (serial % kinds.length === 1 || bytes === '') socket.write(bytes, () => socket.resetAndDestroy());
      else socket.write(bytes);
    });
    const transport = transportOf();
    const handles = () => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    const before = handles();
    let failed = 0;
    for (let batch = 0; batch < 10; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => run(transport, { url: server.url })));
      failed += answers.filter((one) => one.error !== undefined).length;
    }
    expect(failed).toBeGreaterThan(100);
    expect(failed).toBeLessThan(400);
    transport.close();
    await until(() => server.sockets.every((socket) => socket.destroyed), 'all closed');
    await until(() => handles() <= before, 'handles released');
  });
});
