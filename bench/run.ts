/**
 * `npm run bench`: what Standin costs beside a plain byte pipe, the official SDK and an empty Node, in one run.
 * Ratios hold on any machine; absolute figures are this one's, now.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const here = import.meta.dirname;
const root = resolve(here, '..');
const node = process.execPath;
const EVENTS = 2000;
const ROUNDS = 3;
const children: ChildProcess[] = [];
process.on('exit', () => children.forEach((child) => child.kill('SIGTERM')));

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const us = (value: number): string => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} µs`;

function start(
  args: string[],
  ready: RegExp,
  env: Record<string, string> = {},
): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  children.push(child);
  return new Promise((done, fail) => {
    let text = '';
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      const port = ready.exec(text)?.[1];
      if (port !== undefined) done({ child, port: Number(port) });
    });
    child.on('exit', (code) => fail(new Error(`${args[0]} ended with ${code}: ${text}`)));
  });
}

/** CPU of a process so far, microseconds, from the kernel. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function load(port: number, stream: boolean, count: number, parallel: number, model: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const body = JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'hello' }],
    ...(stream ? { stream: true } : {}),
  });
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  let left = count;
  const one = (): Promise<void> =>
    new Promise((done, fail) => {
      const call = request(
        { host: '127.0.0.1', port, method: 'POST', path: '/v1/chat/completions', agent, headers },
        (answer) => {
          if (answer.statusCode !== 200) fail(new Error(`status ${answer.statusCode}`));
          answer
            .on('data', () => {})
            .on('end', done)
            .on('error', fail);
        },
      );
      call.on('error', fail);
      call.end(body);
    });
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) await one();
    }),
  );
  agent.destroy();
}

async function gateways(mock: number): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'standin-bench-'));
  const config = join(home, 'standin.toml');
  const spare = '[providers.models.custom.spare]\nuri = "http://127.0.0.1:9/v1"\napi_key = "sk-b"\nmodel = "mock"\n';
  writeFileSync(
    config,
    `schema_version = 3\n[providers.models.custom.mock]\nuri = "http://127.0.0.1:${mock}/v1"\napi_key = "sk-a"\nmodel = "mock"\nfallback = ["custom.spare"]\n${spare}[agents.default]\nmodel_provider = "custom.mock"\n`,
  );
  const pipe = await start([join(here, 'pipe-worker.ts'), String(mock)], /^(\d+)/);
  const bin = join(root, 'packages/standin/bin/standin.js');
  const gateway = await start([bin, '--config', config, 'serve', '--port', '0'], /http:\/\/127\.0\.0\.1:(\d+)/, {
    STANDIN_HOME: home,
  });
  const systems = [
    { name: 'byte pipe (node:http)', ...pipe, model: 'mock' },
    { name: 'standin gateway', ...gateway, model: 'custom.mock' },
  ];
  const results = systems.map(() => ({ request: [] as number[], event: [] as number[] }));
  for (let round = -1; round < ROUNDS; round++) {
    for (const [index, { child, port, model }] of systems.entries()) {
      const measured = async (stream: boolean, count: number): Promise<number> => {
        const before = cpuOf(child.pid ?? 0);
        await load(port, stream, count, 16, model);
        return cpuOf(child.pid ?? 0) - before;
      };
      const perRequest = (await measured(false, 6000)) / 6000;
      const perEvent = (await measured(true, 160)) / (160 * EVENTS);
      if (round < 0) continue;
      results[index]?.request.push(perRequest);
      results[index]?.event.push(perEvent);
    }
  }
  rmSync(home, { recursive: true });
  const base = results[0];
  console.log('\nGateway (CPU of its process; retry and fallback armed; events 32 per write)');
  for (const [index, { name }] of systems.entries()) {
    const own = results[index];
    if (own === undefined || base === undefined) continue;
    const ratio = (kind: 'request' | 'event') =>
      `${us(median(own[kind]))} (${(median(own[kind]) / median(base[kind])).toFixed(2)} ×)`;
    console.log(`  ${name.padEnd(24)} per request ${ratio('request').padEnd(20)} per event ${ratio('event')}`);
  }
}

function libraries(mock: number): void {
  const kinds = ['openai', 'standin', 'standin-stack'];
  const results = new Map(kinds.map((kind) => [kind, { call: [] as number[], event: [] as number[] }]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of kinds) {
      const out = execFileSync(
        node,
        [join(here, 'library-worker.ts'), kind, `http://127.0.0.1:${mock}/v1`, '2000', String(EVENTS)],
        { encoding: 'utf8' },
      );
      const { perCall, perEvent } = JSON.parse(out) as { perCall: number; perEvent: number };
      results.get(kind)?.call.push(perCall);
      results.get(kind)?.event.push(perEvent);
    }
  }
  const base = results.get('openai');
  console.log('\nLibrary (CPU of the calling process; one call at a time)');
  for (const [kind, { call, event }] of results) {
    const ratio = (own: number[], of: number[] = []) =>
      `${us(median(own))} (${(median(own) / median(of)).toFixed(2)} ×)`;
    console.log(
      `  ${kind.padEnd(24)} plain call ${ratio(call, base?.call).padEnd(20)} per event ${ratio(event, base?.event)}`,
    );
  }
}

function starts(): void {
  const bin = join(root, 'packages/standin/dist/package/bin/standin.js');
  const index = join(root, 'packages/standin/dist/index.js');
  const sdk = join(root, 'node_modules/openai/index.mjs');
  const importing = (file: string) => ['--input-type=module', '-e', `await import(${JSON.stringify(file)})`];
  const commands: Record<string, string[]> = {
    'node -e 0': ['-e', '0'],
    'standin --version': [bin, '--version'],
    'import standin (built)': importing(index),
    'import openai': importing(sdk),
    'node -e (module)': importing('node:path'),
  };
  const times = new Map(Object.keys(commands).map((name) => [name, [] as number[]]));
  for (let round = -1; round < 15; round++) {
    for (const [name, args] of Object.entries(commands)) {
      const before = process.hrtime.bigint();
      const { status } = spawnSync(node, args);
      if (status !== 0) throw new Error(`${name} ended with ${status}`);
      if (round >= 0) times.get(name)?.push(Number(process.hrtime.bigint() - before) / 1e6);
    }
  }
  const empty = median(times.get('node -e 0') ?? []);
  const module = median(times.get('node -e (module)') ?? []);
  console.log('\nStarts (wall time of a whole process)');
  for (const [name, values] of times) {
    const own = median(values);
    const extra = name.startsWith('import') ? `, import alone ${(own - module).toFixed(0)} ms` : '';
    console.log(`  ${name.padEnd(24)} ${own.toFixed(0)} ms (${(own / empty).toFixed(2)} ×${extra})`);
  }
}

console.log('Building what is published …');
execFileSync(node, [join(root, 'scripts/build.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
const { port } = await start([join(here, 'mock-worker.ts'), String(EVENTS)], /^(\d+)/);
libraries(port);
await gateways(port);
starts();
process.exit(0);
