/**
 * `npm run bench:dashboards`: what ten open dashboards cost a busy gateway. The same load is measured with and without
 * them in alternating rounds, with the mock and the load generator of `../shared/perf`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { get } from 'node:http';
import { join, resolve } from 'node:path';
import { LoadGenerator, SCENARIOS } from './gateway/load.ts';
import { hasHarness, LOAD_CPU, nativePrograms, start, startMock, type Running } from './gateway/systems.ts';
import { median } from './gateway/table.ts';

const [, , role, ...rest] = process.argv;
const DASHBOARDS = 10;
const ROUNDS = Number(process.env['ROUNDS'] ?? 4);

if (role === '--look') look(rest[0] ?? '', rest[1] ?? '');
else if (!hasHarness()) console.log('The harness ../shared/perf is not here; nothing is measured.');
else await measure();

/** In a process of its own: the load generator's run stops the event loop of the one that waits for it. */
function look(url: string, cookie: string): void {
  let bytes = 0;
  for (let i = 0; i < DASHBOARDS; i++)
    get(`${url}/api/live`, { headers: { cookie }, agent: false }, (response) =>
      response.on('data', (chunk: Buffer) => (bytes += chunk.length)),
    ).on('error', () => {});
  process.removeAllListeners('SIGTERM');
  process.on('SIGTERM', () => {
    console.log(bytes);
    process.exit(0);
  });
  setTimeout(() => process.exit(1), 60_000);
}

async function measure(): Promise<void> {
  const programs = await nativePrograms();
  const mock = await startMock(programs, 9450);
  const gateway = await start('standin', 9451, mock.port);
  const cookie = await paired(gateway);
  const generator = new LoadGenerator(programs, mock);
  for (const name of ['ns64', 'st-paced']) {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) continue;
    generator.run(gateway, { ...scenario, lasts: 1.5 }, 1);
    const rates: Record<'none' | 'ten', number[]> = { none: [], ten: [] };
    const costs: Record<'none' | 'ten', number[]> = { none: [], ten: [] };
    let told = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const which of round % 2 === 0 ? (['none', 'ten'] as const) : (['ten', 'none'] as const)) {
        const stop = which === 'ten' ? await open(gateway, cookie) : async () => 0;
        const measured = generator.run(gateway, scenario, 1);
        told += await stop();
        rates[which].push(measured.ok / measured.secs);
        costs[which].push(measured.cpu_us_per_req);
      }
    }
    const less = (1 - median(rates.ten) / median(rates.none)) * 100;
    const more = (median(costs.ten) / median(costs.none) - 1) * 100;
    console.log(
      `${name}: ${median(rates.none).toFixed(0)} requests/s alone, ${median(rates.ten).toFixed(0)} with ${DASHBOARDS} dashboards (${less.toFixed(1)} % less); CPU per request ${median(costs.none).toFixed(1)} → ${median(costs.ten).toFixed(1)} µs (${more.toFixed(1)} % more); ${(told / ROUNDS / 1024).toFixed(0)} KiB told in a round`,
    );
  }
  gateway.stop();
  mock.stop();
}

async function paired({ port, env }: Running): Promise<string> {
  const command = resolve(import.meta.dirname, '../packages/standin/bin/standin.js');
  const out = execFileSync(process.execPath, [command, 'pair', '--json'], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const { code } = JSON.parse(out) as { code: string };
  const answer = await fetch(`http://127.0.0.1:${port}/api/pair`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

async function open({ port }: Running, cookie: string): Promise<() => Promise<number>> {
  const own = join(import.meta.dirname, 'dashboards.ts');
  const args = ['-c', LOAD_CPU, process.execPath, own, '--look', `http://127.0.0.1:${port}`, cookie];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((done) => setTimeout(done, 500));
  return async () => {
    const closed = new Promise((done) => child.once('close', done));
    child.kill('SIGTERM');
    await closed;
    return Number(out);
  };
}
