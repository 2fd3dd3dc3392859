/**
 * `npm run bench:gateway`: the gateway's speed table by one command, measured with the mock and the load generator of
 * `../shared/perf` beside a byte pipe of node:http and, where it is installed, nginx. The gateway runs with everything
 * on (`standin`: virtual key with limits, prices, retries and a fallback armed, ledger, metrics, records), with the
 * simplest config (`plain`), and with a vendor of another protocol than the caller's (`translated`).
 *
 *     npm run bench:gateway                     8 rounds, a quarter of an hour or more
 *     npm run bench:gateway -- --quick          2 short rounds, under 3 minutes
 *     npm run bench:gateway -- --scen ns64,memory --suts pipe,standin --rounds 15
 *     npm run bench:gateway -- --scen ns64 --suts standin --profile DIR    a CPU profile of each system into DIR
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { CROWD, foreignLoad, LoadGenerator, SCENARIOS, type Measured } from './gateway/load.ts';
import {
  buildPackage,
  hasHarness,
  hasNginx,
  nativePrograms,
  start,
  startMock,
  type Running,
} from './gateway/systems.ts';
import { median, printTable, ratioOf, type Row } from './gateway/table.ts';

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : undefined;
};
const quick = process.argv.includes('--quick');
const rounds = Number(option('rounds') ?? (quick ? 2 : 8));
const scale = Number(option('scale') ?? (quick ? 0.5 : 1));
/** Cores of foreign load that void a run, which is then repeated once. */
const mostForeign = Number(option('max-other') ?? 0.25);
const firstPort = Number(option('port') ?? 9400);
const profile = option('profile');
const references = [...(hasNginx() && !quick ? ['nginx'] : []), 'pipe'];
const systems = option('suts')?.split(',') ?? [...references, 'standin', ...(quick ? [] : ['plain']), 'translated'];
const wanted = option('scen')?.split(',') ?? [...Object.keys(SCENARIOS), 'crowd', 'memory'];
const pause = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms));

/** Figures of each round, by scenario and system. */
const results = new Map<string, Map<string, Measured[]>>();
const figures = (scenario: string, system: string, of: (one: Measured) => number): number[] =>
  (results.get(scenario)?.get(system) ?? []).map(of);

async function measureLoad(programs: string): Promise<void> {
  const scenarios = wanted.filter((name) => name !== 'memory' && name !== 'crowd');
  if (scenarios.length === 0) return;
  const mock = await startMock(programs, firstPort);
  const running: Running[] = [];
  for (const [at, name] of systems.entries()) running.push(await start(name, firstPort + 1 + at, mock.port, profile));
  const generator = new LoadGenerator(programs, mock);
  for (const name of scenarios) {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) throw new Error(`There is no scenario "${name}".`);
    const bySystem = new Map<string, Measured[]>();
    results.set(name, bySystem);
    // What the mock itself takes to its first token is subtracted.
    const all = name === 'st-rate' ? [{ ...mock, name: 'direct' }, ...running] : running;
    for (const system of all) generator.run(system, { ...scenario, lasts: 1.5 }, 1);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < all.length; turn++) {
        const system = all[(turn + round) % all.length];
        if (system === undefined) continue;
        let measured = generator.run(system, scenario, scale);
        for (let tries = 0; tries < 1 && foreignLoad(measured, system.name === 'direct') > mostForeign; tries++) {
          await pause(1000);
          measured = generator.run(system, scenario, scale);
        }
        const list = bySystem.get(system.name) ?? [];
        list.push(measured);
        bySystem.set(system.name, list);
        console.log(`${name} round ${round + 1} ${system.name.padEnd(10)} ${summary(measured, system.name)}`);
      }
    }
  }
  for (const system of [...running, mock]) system.stop();
  if (profile !== undefined) await pause(5000);
}

function summary(one: Measured, name: string): string {
  const cost = one.cpu_ns_per_event > 0 ? `${(one.cpu_ns_per_event / 1000).toFixed(2)} µs/event` : '';
  const firsts = `first ${(one.ttft_us.p50 / 1000).toFixed(2)}/${(one.ttft_us.p99 / 1000).toFixed(2)} ms`;
  const other = `other load ${foreignLoad(one, name === 'direct').toFixed(2)}`;
  return `${one.cpu_us_per_req.toFixed(1)} µs/request ${cost} ${firsts} ${other}`;
}

/** A fresh process with 5,000 open streams of which each says something every second: the share of its one core. */
async function measureCrowd(programs: string): Promise<void> {
  if (!wanted.includes('crowd')) return;
  const bySystem = new Map<string, Measured[]>();
  results.set('crowd', bySystem);
  for (const [at, name] of systems.filter((one) => one === 'pipe' || one === 'standin').entries()) {
    const mock = await startMock(programs, firstPort + 40 + at * 2);
    const system = await start(name, firstPort + 41 + at * 2, mock.port);
    const one = new LoadGenerator(programs, mock).run(system, CROWD, 1);
    bySystem.set(name, [one]);
    console.log(
      `crowd ${name.padEnd(10)} ${(one.cpu_s / one.secs).toFixed(2)} of a core, ${(one.cpu_ns_per_event / 1000).toFixed(1)} µs/event, peak ${(one.rss_peak_kb / 1024).toFixed(0)} MB, ${one.bad + one.err} failed`,
    );
    for (const ended of [system, mock]) ended.stop();
    await pause(500);
  }
}

interface Memory {
  readonly idleMb: number;
  readonly kbPerStream: number;
}

/** A fresh process: idle, then warmed up, then with many open streams. */
async function measureMemory(programs: string): Promise<Map<string, Memory>> {
  const memory = new Map<string, Memory>();
  if (!wanted.includes('memory')) return memory;
  const streams = Number(option('streams') ?? 5000);
  const measured = systems.filter((one) => one !== 'plain');
  if (measured.includes('standin')) {
    buildPackage();
    measured.push('built');
  }
  for (const [at, name] of measured.entries()) {
    const mock = await startMock(programs, firstPort + 20 + at * 2);
    const system = await start(name, firstPort + 21 + at * 2, mock.port);
    const generator = new LoadGenerator(programs, mock);
    await pause(1500);
    const idleMb = residentKb(system.pid) / 1024;
    generator.warm(system, 300);
    await pause(1500);
    const warmKb = residentKb(system.pid);
    const held = generator.hold(system, streams);
    memory.set(name, { idleMb, kbPerStream: (held.rss_end_kb - warmKb) / streams });
    console.log(
      `memory ${name.padEnd(10)} idle ${idleMb.toFixed(0)} MB, warm ${(warmKb / 1024).toFixed(0)} MB, ${held.firsts} streams open ${(held.rss_end_kb / 1024).toFixed(0)} MB (${held.bad + held.err} failed)`,
    );
    for (const one of [system, mock]) one.stop();
    await pause(500);
  }
  return memory;
}

function residentKb(pid: number): number {
  const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + residentKb(Number(child)), own);
}

const perRequest = (one: Measured): number => one.cpu_us_per_req;
const perEvent = (one: Measured): number => one.cpu_ns_per_event / 1000;

function cpuRow(
  scenario: string,
  system: string,
  label: string,
  unit: string,
  of: (one: Measured) => number,
  target: number,
  stretch?: number,
): Row[] {
  const own = figures(scenario, system, of);
  if (own.length === 0) return [];
  const pipe = figures(scenario, 'pipe', of);
  return [
    {
      scenario: label,
      unit,
      nginx: median(figures(scenario, 'nginx', of)),
      pipe: median(pipe),
      own: median(own),
      ratio: ratioOf(own, pipe),
      target,
      stretch,
    },
  ];
}

/** Milliseconds to the first token beyond what the mock itself takes. */
function firstTokenRow(quantile: 'p50' | 'p99', target: number): Row[] {
  const direct = figures('st-rate', 'direct', (one) => one.ttft_us[quantile]);
  const added = (system: string) =>
    median(
      figures('st-rate', system, (one) => one.ttft_us[quantile]).map((us, at) => (us - (direct[at] ?? NaN)) / 1000),
    );
  if (figures('st-rate', 'standin', perEvent).length === 0) return [];
  const scenario = `st-rate, first token added, ${quantile}`;
  return [{ scenario, unit: 'ms', nginx: added('nginx'), pipe: added('pipe'), own: added('standin'), target }];
}

function crowdRow(): Row[] {
  const share = (one: Measured): number => one.cpu_s / one.secs;
  const [own] = figures('crowd', 'standin', share);
  const [pipe] = figures('crowd', 'pipe', share);
  return own === undefined ? [] : [{ scenario: '5,000 paced streams', unit: 'cores', pipe, own, target: 1 }];
}

function memoryRows(memory: ReadonlyMap<string, Memory>): Row[] {
  const own = memory.get('standin');
  if (own === undefined) return [];
  const [nginx, pipe] = [memory.get('nginx'), memory.get('pipe')];
  const perStream = pipe === undefined ? NaN : own.kbPerStream / pipe.kbPerStream;
  const idle = { unit: 'MB', nginx: nginx?.idleMb, pipe: pipe?.idleMb, target: 90 };
  return [
    { scenario: 'memory, idle, as installed', ...idle, own: memory.get('built')?.idleMb ?? NaN },
    { scenario: 'memory, idle, from source', ...idle, own: own.idleMb },
    {
      scenario: 'memory, per open stream',
      unit: 'KB',
      nginx: nginx?.kbPerStream,
      pipe: pipe?.kbPerStream,
      own: own.kbPerStream,
      ratio: perStream,
      target: 2,
    },
  ];
}

function rows(memory: ReadonlyMap<string, Memory>): Row[] {
  return [
    ...cpuRow('ns64', 'standin', 'ns64', 'CPU µs/request', perRequest, 1, 0.7),
    ...cpuRow('ns64', 'plain', 'ns64, simplest config', 'CPU µs/request', perRequest, 1, 0.7),
    ...cpuRow('st-paced', 'standin', 'st-paced', 'CPU µs/event', perEvent, 1, 0.8),
    ...cpuRow('st-paced', 'plain', 'st-paced, simplest config', 'CPU µs/event', perEvent, 1, 0.8),
    ...cpuRow('st-burst32', 'standin', 'st-burst32', 'CPU µs/event', perEvent, 1, 0.5),
    ...cpuRow('st-burst32', 'plain', 'st-burst32, simplest config', 'CPU µs/event', perEvent, 1, 0.5),
    ...firstTokenRow('p50', 0.3),
    ...firstTokenRow('p99', 2),
    ...cpuRow('ns-100k', 'standin', 'ns-100k', 'CPU µs/request', perRequest, 3),
    ...cpuRow('ns64', 'translated', 'ns64, translated', 'CPU µs/request', perRequest, 2),
    ...cpuRow('st-paced', 'translated', 'st-paced, translated', 'CPU µs/event', perEvent, 2),
    ...cpuRow('st-burst32', 'translated', 'st-burst32, translated', 'CPU µs/event', perEvent, 2),
    ...crowdRow(),
    ...memoryRows(memory),
  ];
}

if (!hasHarness()) {
  console.log('Skipped: the measuring harness (../shared/perf) is not beside this checkout.');
  process.exit(0);
}
if (spawnSync('g++', ['--version']).status !== 0) {
  console.log('Skipped: the harness needs g++ and make.');
  process.exit(0);
}
const programs = await nativePrograms();
await measureLoad(programs);
await measureCrowd(programs);
printTable(rows(await measureMemory(programs)));
process.exit(0);
