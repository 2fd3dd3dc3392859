/**
 * What one call costs, our transport beside `http.request` with a keep-alive agent, in one process run in alternating
 * rounds. Prints microseconds of process CPU for each request, the vendor's side subtracted by running it in a child.
 *
 *     node bench/transport.ts [calls per round]
 */
import { fork } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHttpTransport } from '../packages/core/src/transport/http-transport.ts';

const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(400) }] });
const ANSWER = JSON.stringify({ choices: [{ message: { role: 'assistant', content: 'y'.repeat(400) } }] });
const EVENT = `data: {"choices":[{"delta":{"content":"word "}}]}\n\n`;
const EVENTS = 200;

function serve(): void {
  const server = createServer((incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => {
      if (incoming.url === '/stream') {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        let left = EVENTS;
        const next = (): void => {
          if (left === 0) outgoing.end();
          else {
            left -= 1;
            outgoing.write(EVENT);
            setImmediate(next);
          }
        };
        next();
      } else outgoing.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'r' }).end(ANSWER);
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
  process.on('disconnect', () => process.exit());
}

type Call = (path: string, done: () => void) => void;

function ours(port: number): Call {
  const transport = createHttpTransport();
  const headers = Object.freeze({ 'content-type': 'application/json', authorization: 'Bearer test', accept: '*/*' });
  return (path, done) => {
    let bytes = 0;
    transport.start(
      { method: 'POST', url: `http://127.0.0.1:${port}${path}`, headers, body: BODY },
      {
        onHead: () => {},
        onData: (chunk) => {
          bytes += chunk.length;
        },
        onEnd: () => (bytes > 0 ? done() : process.exit(1)),
        onError: (error) => {
          throw error;
        },
      },
    );
  };
}

function nodeHttp(port: number): Call {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const headers = { 'content-type': 'application/json', authorization: 'Bearer test', accept: '*/*' };
  const length = { 'content-length': Buffer.byteLength(BODY) };
  return (path, done) => {
    const options = { agent, host: '127.0.0.1', port, path, method: 'POST', headers: { ...headers, ...length } };
    const outgoing = request(options, (incoming) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      incoming.on('end', () => (bytes > 0 ? done() : process.exit(1)));
    });
    outgoing.end(BODY);
  };
}

/** CPU microseconds for each call. */
async function measure(call: Call, path: string, calls: number, parallel: number): Promise<number> {
  const before = process.cpuUsage();
  await new Promise<void>((resolve) => {
    let started = 0;
    let ended = 0;
    const next = (): void => {
      if (started >= calls) return;
      started += 1;
      call(path, () => {
        ended += 1;
        if (ended === calls) resolve();
        else next();
      });
    };
    for (let lane = 0; lane < parallel; lane += 1) next();
  });
  const used = process.cpuUsage(before);
  return (used.user + used.system) / calls;
}

async function main(): Promise<void> {
  const calls = Number(process.argv[2] ?? 4000);
  const child = fork(new URL(import.meta.url), ['serve']);
  const port = await new Promise<number>((resolve) => child.once('message', (value) => resolve(value as number)));
  const contenders = { 'own client': ours(port), 'http.request': nodeHttp(port) };
  for (const [what, path, count, parallel, unit] of [
    ['plain, 64 at once', '/', calls, 64, 1],
    ['plain, one at a time', '/', calls, 1, 1],
    ['stream, per event', '/stream', Math.ceil(calls / 100), 16, EVENTS],
  ] as const) {
    const results: Record<string, number[]> = {};
    for (let round = 0; round < 4; round += 1) {
      for (const [name, call] of Object.entries(contenders)) {
        const cost = (await measure(call, path, count, parallel)) / unit;
        if (round > 0) (results[name] ??= []).push(cost);
      }
    }
    const medians = Object.entries(results).map(
      ([name, costs]) => [name, costs.sort((a, b) => a - b)[1] ?? 0] as const,
    );
    const base = medians.at(-1)?.[1] ?? 1;
    for (const [name, cost] of medians) {
      console.log(
        `${what.padEnd(22)} ${name.padEnd(14)} ${cost.toFixed(2).padStart(8)} µs  × ${(cost / base).toFixed(2)}`,
      );
    }
  }
  child.disconnect();
  process.exit();
}

if (process.argv[2] === 'serve') serve();
else await main();
