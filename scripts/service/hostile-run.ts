import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startSimulator } from '../../packages/simulator/src/index.ts';
import { call } from './callers.ts';
import { quantile, residentMb, sleep, startGateway } from './gateway-process.ts';

export interface HostileOptions {
  readonly dir: string;
  /** Of each attack, and of the quiet before it. */
  readonly seconds: number;
  /** Connections of the attacks that only wait. */
  readonly connections: number;
  /** Names of attacks. Default: all. */
  readonly only?: readonly string[];
  readonly tell?: (line: string) => void;
}

export interface HostileRow {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly beforeP99Ms: number;
  readonly mostMb: number;
  /** What the attackers got. */
  readonly answers: string;
}

/** Others' p99 may grow so much; below the floor a difference says nothing about the gateway. */
export const MOST_GROWTH = 2;
export const FLOOR_MS = 8;

interface Attack {
  readonly name: string;
  /** Goes on until `over`; counts what came back. */
  readonly run: (target: Target) => Promise<void>;
}

interface Target {
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

const ATTACKS: readonly Attack[] = [
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

/** What one after the other does to the calls of others. */
export async function hostile(options: HostileOptions): Promise<readonly HostileRow[]> {
  const { dir, seconds, connections, only, tell = () => {} } = options;
  const vendor = await startSimulator({ script: { defaults: { text: 'served' } }, keepRequests: 10 });
  const config = `schema_version = 3
[providers.models.custom.main]
uri = "${vendor.url}/v1"
model = "m1"
api_key = "hostile-key-of-the-vendor"
[agents.default]
model_provider = "custom.main"
`;
  const gateway = await startGateway({ dir, config });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const body = { model: 'm1', messages: [{ role: 'user', content: 'hi' }] };
  const others = async (span: number): Promise<{ took: number[]; failed: number; mostMb: number }> => {
    const end = performance.now() + span * 1_000;
    const took: number[] = [];
    let failed = 0;
    let mostMb = 0;
    const caller = async (): Promise<void> => {
      while (performance.now() < end) {
        const seen = await call({ url: gateway.url, path: '/v1/chat/completions', body, agent });
        took.push(seen.tookMs);
        if (seen.how !== 'whole') failed++;
        await sleep(10);
      }
    };
    const watch = async (): Promise<void> => {
      while (performance.now() < end) {
        mostMb = Math.max(mostMb, residentMb(gateway.pid));
        await sleep(100);
      }
    };
    await Promise.all([caller(), caller(), caller(), caller(), watch()]);
    return { took, failed, mostMb };
  };
  const rows: HostileRow[] = [];
  try {
    await others(Math.max(1, seconds / 2));
    for (const { name, run } of ATTACKS.filter((attack) => only?.includes(attack.name) !== false)) {
      const before = await others(seconds);
      const answers = new Map<string, number>();
      const state = { isOver: false };
      const attack = run({
        port: gateway.port,
        connections,
        over: () => state.isOver,
        count: (answer) => void (state.isOver || answers.set(answer, (answers.get(answer) ?? 0) + 1)),
      });
      await sleep(Math.min(1_000, seconds * 200));
      const during = await others(seconds);
      state.isOver = true;
      await attack;
      rows.push({
        name,
        calls: during.took.length,
        failed: during.failed,
        p50Ms: quantile(during.took, 0.5),
        p99Ms: quantile(during.took, 0.99),
        beforeP99Ms: quantile(before.took, 0.99),
        mostMb: during.mostMb,
        answers: [...answers].map(([answer, count]) => `${answer} × ${count}`).join(', '),
      });
      tell(`${name}: done`);
      await sleep(Math.min(200, seconds * 100));
    }
    return rows;
  } finally {
    agent.destroy();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await vendor.close();
  }
}
