import { createServer, connect, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { RateHold, SharedRates } from '@standin/store';
import { createKey, createKeyring, createLedger, createLimits, type RequestEntry } from '@standin/store';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChainStandin } from './helpers/chain-standin.ts';
import { startGateway, until } from './helpers/running-gateway.ts';

/** A vendor on bare sockets: what it heard, and which of its connections are still open. */
interface Vendor {
  readonly url: string;
  readonly sockets: Set<Socket>;
  connections: number;
  heard: string;
}

async function vendorThat(answer: (socket: Socket, count: number) => void, scheme = 'http'): Promise<Vendor> {
  const vendor: Vendor & { url: string } = { url: '', sockets: new Set(), connections: 0, heard: '' };
  const server: Server = createServer((socket) => {
    vendor.connections++;
    vendor.sockets.add(socket);
    socket.on('close', () => vendor.sockets.delete(socket));
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      const before = vendor.heard;
      vendor.heard += chunk.toString('latin1');
      // The request is complete when its body has come.
      if (!/"messages":/.test(before) && /"messages":/.test(vendor.heard)) answer(socket, vendor.connections);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vendor.url = `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    for (const socket of vendor.sockets) socket.destroy();
    server.close();
  });
  return vendor;
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const delta = (content: string): string =>
  chunk(
    `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"${content}"}}]}\n\n`,
  );
const UNAVAILABLE = 'HTTP/1.1 503 Busy\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

/** Where the call is when its caller leaves: what its vendor does, and what shows that it has come so far. */
const PHASES = {
  'while connecting': { scheme: 'https', answer: () => {}, isThere: ({ connections }: Vendor) => connections === 1 },
  'while waiting for headers': { answer: () => {}, isThere: ({ heard }: Vendor) => heard.includes('"messages":') },
  'in back-off': {
    answer: (socket: Socket) => void socket.write(UNAVAILABLE),
    isThere: (_vendor: Vendor, attempts: number) => attempts === 1,
  },
  'before the first content': {
    answer: (socket: Socket) => void socket.write(HEAD),
    isThere: ({ heard }: Vendor) => heard.includes('"messages":'),
  },
  'in the body': {
    answer: (socket: Socket) => void socket.write(HEAD + delta('half a sent')),
    isThere: ({ heard }: Vendor) => heard.includes('"messages":'),
    hearsFirst: 'half a sent',
  },
} as const;

/** How a caller's connection ends. */
const WAYS: Record<string, (socket: Socket) => void> = {
  'by closing': (socket) => void socket.destroy(),
  'by a reset': (socket) => void socket.resetAndDestroy(),
  'by closing its half': (socket) => void socket.end(),
};

async function bench(vendor: Vendor) {
  const ended: RequestEntry[] = [];
  const standin = createChainStandin([{ url: vendor.url, wire: 'openai-chat' }], {
    backoffMs: 600_000,
    backoffCapMs: 600_000,
    retriesPerTarget: 3,
  });
  const { port, gateway } = await startGateway({
    standin,
    accounting: { logs: [{ ended: (entry) => void ended.push(entry) }] },
  });
  onTestFinished(() => standin.close());
  return { port, gateway, ended, standin };
}

/** A caller on a bare socket. */
function callerOf(port: number, path: string, stream: boolean, key = ''): Socket & { heard?: string } {
  const socket: Socket & { heard?: string } = connect(port, '127.0.0.1');
  socket.heard = '';
  socket.on('data', (data) => (socket.heard += data.toString('latin1')));
  socket.on('error', () => {});
  const body = JSON.stringify({ model: 'm', max_tokens: 9, stream, messages: [{ role: 'user', content: 'hi' }] });
  const auth = key === '' ? '' : `authorization: Bearer ${key}\r\n`;
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${auth}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  onTestFinished(() => void socket.destroy());
  return socket;
}

describe.each(Object.entries(PHASES))('a caller who leaves %s', (_phase, phase) => {
  const { scheme, hearsFirst } = { scheme: undefined, hearsFirst: undefined, ...phase };
  const cases = Object.keys(WAYS).flatMap((way) =>
    (hearsFirst === undefined ? [true, false] : [true]).map((stream) => [way, stream] as const),
  );
  test.each(cases)('%s, stream %s: its vendor is let go at once, and the row says so', async (way, stream) => {
    const vendor = await vendorThat(phase.answer, scheme);
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      const { port, gateway, ended, standin } = await bench(vendor);
      Object.assign(vendor, { connections: 0, heard: '' });
      const caller = callerOf(port, path, stream);
      await until('the call has come so far', () => phase.isThere(vendor, standin.attempts.length));
      if (hearsFirst !== undefined) await until('it hears', () => caller.heard?.includes(hearsFirst) === true);
      WAYS[way]?.(caller);
      await until('the call is over', () => ended.length === 1 && gateway.load().openCalls === 0);
      expect(ended[0]).toMatchObject({ outcome: 'left' });
      // A connection that is idle, after an answer that was read whole, may be kept.
      if (!_phase.includes('back-off')) await until('the vendor is let go', () => vendor.sockets.size === 0);
      expect(vendor.connections).toBe(1);
      expect(gateway.load()).toMatchObject({ openStreams: 0 });
      const record = standin.records.list(1)[0];
      expect(record?.outcome).toBe('cancelled');
      standin.close();
      await until('nothing is open', () => vendor.sockets.size === 0);
    }
  });
});

test('a caller who leaves while its admission is asked about elsewhere gives back what was held, and no vendor is asked', async () => {
  const vendor = await vendorThat(() => {});
  const standin = createChainStandin([{ url: vendor.url, wire: 'openai-chat' }]);
  const dir = mkdtempSync(join(tmpdir(), 'standin-leaving-'));
  const ledger = createLedger({ path: join(dir, 'ledger.db') });
  const path = join(dir, 'keys.json');
  const { key } = createKey(path, { name: 'me', now: 1, parallel: 1 });
  const asked: ((hold: RateHold) => void)[] = [];
  const sharedRates: SharedRates = {
    limits: () => true,
    reserve: async () => new Promise((resolve) => void asked.push(resolve)),
  };
  const limits = createLimits({ db: ledger.db, priceOf: () => undefined });
  const ended: RequestEntry[] = [];
  const { port, gateway } = await startGateway({
    standin,
    keys: createKeyring({ path, required: true }),
    accounting: { limits, sharedRates, logs: [{ ended: (entry) => void ended.push(entry) }] },
  });
  onTestFinished(() => {
    standin.close();
    limits.close();
    ledger.close();
    rmSync(dir, { recursive: true });
  });
  const caller = callerOf(port, '/v1/chat/completions', true, key);
  await until('it is asked about', () => asked.length === 1);
  caller.resetAndDestroy();
  await until('the call is over', () => gateway.load().openCalls === 0);
  const given: string[] = [];
  asked[0]?.({ settle: (tokens) => void given.push(`settled ${tokens}`), release: () => void given.push('released') });
  await until('it is given back', () => given.length === 1);
  expect(vendor.connections).toBe(0);
  expect(ended).toMatchObject([{ outcome: 'left', attempts: [] }]);
});

test('a caller who sent half a body, or waits behind another with the same question, leaves nothing behind', async () => {
  const vendor = await vendorThat(() => {});
  const standin = createChainStandin([{ url: vendor.url, wire: 'openai-chat' }]);
  onTestFinished(() => standin.close());
  const { port, gateway } = await startGateway({ standin, cache: { ttlMs: 60_000 } });
  const half = connect(port, '127.0.0.1');
  half.on('error', () => {});
  half.write('POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 500\r\n\r\n{"model":');
  await until('it is read', () => gateway.load().openCalls === 1);
  half.resetAndDestroy();
  await until('it is over', () => gateway.load().openCalls === 0);
  expect(vendor.connections).toBe(0);
  const leader = callerOf(port, '/v1/chat/completions', true);
  await until('the first asks', () => vendor.heard.includes('"messages":'));
  const waiting = callerOf(port, '/v1/chat/completions', true);
  await until('both are there', () => gateway.load().openCalls === 2);
  waiting.resetAndDestroy();
  await until('the second left', () => gateway.load().openCalls === 1);
  expect(vendor.sockets.size).toBe(1);
  leader.resetAndDestroy();
  await until('the vendor is let go', () => vendor.sockets.size === 0);
});

test('a caller who reads nothing and is reset lets go of a vendor that was held back', async () => {
  const flood = delta('x'.repeat(60_000));
  const vendor = await vendorThat((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(flood));
    };
    socket.write(HEAD);
    socket.on('drain', more);
    more();
  });
  const { port, gateway, ended } = await bench(vendor);
  const caller = callerOf(port, '/v1/messages', true);
  caller.pause();
  await until('the vendor is held back', () => [...vendor.sockets].some((socket) => socket.writableNeedDrain));
  caller.resetAndDestroy();
  await until('the vendor is let go', () => vendor.sockets.size === 0);
  await until('it is over', () => ended.length === 1 && gateway.load().openStreams === 0);
});
