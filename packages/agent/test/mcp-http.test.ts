import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectMcp, parseServers, type McpTools } from '@standin/agent';

const everything = createRequire(import.meta.url).resolve('@modelcontextprotocol/server-everything/dist/index.js');
const SECRET = 'Bearer sk-planted-mcp';

/** The public server of one transport, on a port that was free a moment ago. */
class Everything {
  readonly port: number;
  readonly #mode: string;
  #process: ChildProcess | undefined;

  constructor(mode: string, port: number) {
    this.#mode = mode;
    this.port = port;
  }

  async start(): Promise<void> {
    const env = { ...process.env, PORT: String(this.port) };
    const started = spawn(process.execPath, [everything, this.#mode], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = started;
    await new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer): void => {
        if (/listening|running on port/i.test(chunk.toString())) resolve();
      };
      started.stdout.on('data', look);
      started.stderr.on('data', look);
      started.once('exit', () => reject(new Error('it ended at once')));
    });
  }

  async kill(): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  }
}

/** Stands before a server: passes everything on, keeps the headers, and can answer otherwise. */
interface Gate {
  readonly url: string;
  readonly seen: IncomingMessage['headers'][];
  redirectTo: string | undefined;
  close(): void;
}

async function gateTo(port: number): Promise<Gate> {
  const seen: IncomingMessage['headers'][] = [];
  const gate = { seen, redirectTo: undefined as string | undefined, url: '', close: () => {} };
  const server = createServer((req, res) => {
    seen.push(req.headers);
    if (gate.redirectTo !== undefined) return void res.writeHead(307, { location: gate.redirectTo }).end();
    const onward = request({ port, path: req.url, method: req.method, headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on('error', () => res.destroy());
      answer.pipe(res);
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
  gate.url = `http://127.0.0.1:${await listening(server)}`;
  gate.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return gate;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.each([
  ['streamableHttp', '/mcp', undefined],
  ['sse', '/sse', 'sse'],
])('a public MCP server over %s', (mode, path, type) => {
  let server: Everything;
  let gate: Gate;
  let open: McpTools | undefined;
  beforeAll(async () => {
    server = new Everything(mode, await freePort());
    await server.start();
    gate = await gateTo(server.port);
  }, 20_000);
  afterEach(async () => {
    await open?.close();
    gate.redirectTo = undefined;
  });
  afterAll(async () => {
    gate.close();
    await server.kill();
  });
  const connect = async (): Promise<McpTools> => {
    const headers = { authorization: SECRET, 'x-tenant': 'seven' };
    const list = { web: { url: `${gate.url}${path}`, headers, ...(type === undefined ? {} : { type }), timeout: 5 } };
    open = await connectMcp(parseServers(list, 'x', {}), { version: '0' });
    return open;
  };
  const add = async ({ tools }: McpTools, a: number): Promise<string> => {
    const tool = tools.find(({ name }) => name === 'get-sum');
    return JSON.stringify(await tool?.run({ a, b: 1 }, { signal: new AbortController().signal }));
  };

  it('is used with the headers of the config, on every request', async () => {
    const mcp = await connect();
    expect(mcp.problems).toEqual([]);
    expect(await add(mcp, 41)).toContain('42');
    for (const headers of gate.seen) expect(headers).toMatchObject({ authorization: SECRET, 'x-tenant': 'seven' });
    expect(gate.seen.length).toBeGreaterThan(2);
  });

  it('may die in the middle of a call and come back: the call ends in words, not at its time-out', async () => {
    const mcp = await connect();
    const long = mcp.tools.find(({ name }) => name === 'trigger-long-running-operation');
    const before = gate.seen.length;
    const call = long?.run({ duration: 30, steps: 30 }, { signal: new AbortController().signal });
    const ended = expect(call).rejects.toThrow(/\w{6}/);
    await expect.poll(() => gate.seen.length, { interval: 2 }).toBeGreaterThan(before);
    await server.kill();
    await ended;
    await expect(add(mcp, 2)).rejects.toThrow(/\w{6}/);
    await server.start();
    await expect.poll(async () => add(mcp, 3).catch(String), { timeout: 8_000, interval: 50 }).toContain('4');
  }, 20_000);

  it('is not followed elsewhere: no header leaves for another address', async () => {
    const elsewhere = await gateTo(server.port);
    gate.redirectTo = `${elsewhere.url}${path}`;
    const mcp = await connect();
    expect(mcp.tools).toEqual([]);
    expect(mcp.problems).toEqual([expect.stringContaining('redirects')]);
    expect(mcp.problems[0]).not.toContain('planted');
    expect(elsewhere.seen).toEqual([]);
    elsewhere.close();
  });
});
