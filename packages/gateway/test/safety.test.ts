import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createGateway, ListenError } from '../src/index.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { CHAT, startGateway } from './helpers/running-gateway.ts';

const answering = () => createFakeStandin((run) => run.answer('hello'));

async function ask(port: number, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { port, host: '127.0.0.1', method: 'POST', path: '/v1/chat/completions', headers };
    const req = httpRequest(options, (res) => {
      res.resume();
      resolve(res.statusCode);
    });
    req.on('error', reject);
    req.end(JSON.stringify(CHAT));
  });
}

describe('web pages of other sites', () => {
  test.each(['evil.example', 'evil.example:8787', '127.0.0.1.evil.example'])(
    'cannot reach a loopback gateway under the name %s',
    async (host) => {
      const standin = answering();
      const { port } = await startGateway({ standin });
      expect(await ask(port, { host })).toBe(421);
      expect(standin.runs).toHaveLength(0);
    },
  );

  test.each(['https://evil.example', 'http://localhost.evil.example', 'null'])(
    'cannot post from the origin %s',
    async (origin) => {
      const { port } = await startGateway({ standin: answering() });
      expect(await ask(port, { origin })).toBe(400);
    },
  );

  test.each(['localhost:8787', '127.0.0.1', '[::1]:8787', 'host.docker.internal:8787', 'my.host'])(
    'do not keep local callers of %s out',
    async (host) => {
      const { port } = await startGateway({ standin: answering(), allowedHosts: ['my.host'] });
      expect(await ask(port, { host })).toBe(200);
    },
  );

  test.each(['http://localhost:3000', 'http://127.0.0.1:5173', 'vscode-webview://abc', 'https://my.host'])(
    'do not keep the local origin %s out',
    async (origin) => {
      const { port } = await startGateway({ standin: answering(), allowedHosts: ['my.host'] });
      expect(await ask(port, { origin })).toBe(200);
    },
  );
});

describe('listening', () => {
  test('on a port in use is one clear error', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    try {
      const listening = createGateway({ standin: answering() }).listen({ port });
      await expect(listening).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE' });
      await expect(listening).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    } finally {
      blocker.close();
    }
  });

  test.each(['0.0.0.0', '::', '192.168.1.10', 'example.com'])(
    'on %s is refused while callers are not checked',
    async (host) => {
      const listening = createGateway({ standin: answering() }).listen({ host, port: 0 });
      await expect(listening).rejects.toBeInstanceOf(ListenError);
      await expect(listening).rejects.toMatchObject({ code: 'PUBLIC_HOST' });
    },
  );

  test('on every address works when it was asked for in so many words', async () => {
    const gateway = createGateway({ standin: answering(), allowPublic: true });
    const { port } = await gateway.listen({ host: '0.0.0.0', port: 0 });
    expect(await ask(port, { host: 'gateway.example' })).toBe(200);
    gateway.server.closeAllConnections();
    await gateway.close({ graceMs: 0 });
  });

  test('ends at once when nothing is under way, and closing twice is fine', async () => {
    const gateway = createGateway({ standin: answering() });
    const { url } = await gateway.listen({ port: 0 });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    await Promise.all([gateway.close(), gateway.close({ graceMs: 0 })]);
    expect(gateway.server.listening).toBe(false);
  });
});
