/** What hostile callers do to a gateway; run by `attacker.ts`, in a process of its own. */
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { sleep } from './gateway-process.ts';

export interface Attack {
  readonly name: string;
  /** Goes on until `over`; counts what came back. */
  readonly run: (target: Target) => Promise<void>;
}

export interface Target {
  readonly port: number;
  readonly connections: number;
  readonly over: () => boolean;
  readonly count: (answer: string) => void;
}

const PAUSE_MS = 20;
const MEBIBYTE = 1024 * 1024;
const POST = 'POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n';

/** Opens a connection whose end, or first answer line, is counted. */
function open({ port, count }: Target): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  let first = true;
  socket.on('data', (data: Buffer) => {
    if (first) count(/^HTTP\/1\.1 (\d+)/.exec(data.toString('latin1'))?.[1] ?? 'no HTTP');
    first = false;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    if (first) count('closed');
    first = false;
  });
  return socket;
}

/** Writes when the other side takes it; false when it is gone. */
async function write(socket: Socket, data: string | Buffer): Promise<boolean> {
  if (socket.destroyed || socket.writableEnded) return false;
  if (socket.write(data)) return true;
  const end = performance.now() + 1_000;
  while (socket.writableNeedDrain && !socket.destroyed && performance.now() < end) await sleep(2);
  return !socket.destroyed;
}

async function many(target: Target, each: (socket: Socket, at: number) => Promise<void>): Promise<void> {
  const sockets: Socket[] = [];
  for (let i = 0; i < target.connections && !target.over(); i++) {
    sockets.push(open(target));
    if (i % 100 === 99) await sleep(10);
  }
  const turns = sockets.map(async (socket, at) => each(socket, at));
  await Promise.all(turns);
  for (const socket of sockets) socket.destroy();
}

/** Two attackers, one request after the other. */
async function again(target: Target, once: () => Promise<void>): Promise<void> {
  const attacker = async (): Promise<void> => {
    while (!target.over()) {
      await once();
      await sleep(PAUSE_MS);
    }
  };
  await Promise.all([attacker(), attacker()]);
}

async function until(over: () => boolean): Promise<void> {
  while (!over()) await sleep(100);
}

export const ATTACKS: readonly Attack[] = [
  { name: 'idle connections', run: (target) => many(target, async () => until(target.over)) },
  {
    name: 'slow-loris, headers',
    run: (target) =>
      many(target, async (socket, at) => {
        await write(socket, POST);
        for (let i = 0; !target.over(); i++) {
          await sleep(1_000 + (at % 500));
          if (!(await write(socket, `X-${i}: 1\r\n`))) return;
        }
      }),
  },
  {
    name: 'slow-loris, bodies',
    run: (target) =>
      many(target, async (socket, at) => {
        await write(socket, `${POST}Content-Length: 100000\r\n\r\n{"model":"`);
        while (!target.over()) {
          await sleep(1_000 + (at % 500));
          if (!(await write(socket, 'm'))) return;
        }
      }),
  },
  {
    name: '200 MB, length told',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        await write(socket, `${POST}Content-Length: ${200 * MEBIBYTE}\r\n\r\n`);
        await pour(socket, target, 200);
      }),
  },
  {
    name: '200 MB, in chunks',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        await write(socket, `${POST}Transfer-Encoding: chunked\r\n\r\n`);
        await pour(socket, target, 200, true);
      }),
  },
  {
    name: 'a body of nested lists',
    run: (target) =>
      again(target, async () => {
        const body = `{"model":"m1","messages":${'['.repeat(2 * MEBIBYTE)}`;
        const socket = open(target);
        await write(socket, `${POST}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
        await ended(socket, target);
      }),
  },
  {
    name: 'gzip that unpacks to 500 MB',
    run: (target) => {
      const bomb = gzipSync(Buffer.alloc(500 * MEBIBYTE, 0x20));
      return again(target, async () => {
        const socket = open(target);
        const head = `${POST}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\nConnection: close\r\n\r\n`;
        await write(socket, head);
        await write(socket, bomb);
        await ended(socket, target);
      });
    },
  },
  {
    name: 'headers of 64 KB',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        const lines = Array.from({ length: 60 }, (_, at) => `X-Fill-${at}: ${'a'.repeat(1_000)}\r\n`).join('');
        await write(socket, `${POST}${lines}Content-Length: 2\r\nConnection: close\r\n\r\n{}`);
        await ended(socket, target);
      }),
  },
  {
    name: 'headers without end',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        await write(socket, POST);
        for (let i = 0; i < 2_000 && !target.over(); i++)
          if (!(await write(socket, `X-Fill-${i}: ${'b'.repeat(1_000)}\r\n`))) break;
        socket.destroy();
      }),
  },
  {
    name: 'a line without end',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        await write(socket, 'POST /');
        const piece = Buffer.alloc(65_536, 0x61);
        for (let i = 0; i < 500 && !target.over(); i++) if (!(await write(socket, piece))) break;
        socket.destroy();
      }),
  },
  {
    name: 'no HTTP at all',
    run: (target) =>
      again(target, async () => {
        const socket = open(target);
        await write(socket, Buffer.from(Array.from({ length: 4_096 }, (_, at) => (at * 89 + 7) % 256)));
        await ended(socket, target);
      }),
  },
];

async function pour(socket: Socket, target: Target, mebibytes: number, inChunks = false): Promise<void> {
  const piece = Buffer.alloc(MEBIBYTE, 0x20);
  const chunk = Buffer.concat([Buffer.from(`${MEBIBYTE.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  for (let i = 0; i < mebibytes && !target.over(); i++) if (!(await write(socket, inChunks ? chunk : piece))) break;
  socket.destroy();
}

async function ended(socket: Socket, target: Target): Promise<void> {
  const end = performance.now() + 5_000;
  while (!socket.destroyed && !target.over() && performance.now() < end) await sleep(5);
  socket.destroy();
}
