/**
 * `npm run batch:redis`: a batch over Redis with four workers and a flaky simulated vendor. Two workers are killed
 * outright, Redis is killed and comes back with nothing, and the batch itself is killed and resumed. Checks that each
 * line is answered exactly once with its own answer, and that a money limit holds, lost answers included.
 *
 *     npm run batch:redis -- --lines 20000
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { checkOutput, NANO_PER_ANSWER, option, peakMb, startVendor, writeConfig, writeInput } from './batch-parts.ts';
import { haveRedis, noRedis, startRedis } from '../packages/batch/test/redis-server.ts';

if (haveRedis === undefined) {
  console.log(noRedis);
  process.exit(1);
}
const LINES = option('lines', 20_000);
const FAULTS = option('faults', 0.03);
const LATENCY_MS = option('latency', 50);
const WORKERS = 4;
const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'standin-redis-'));
const redis = await startRedis();
const running = new Set<ChildProcess>();

function standin(args: readonly string[], name: string): ChildProcess & { text: string } {
  const child = spawn(process.execPath, [join(root, 'packages/standin/bin/standin.js'), ...args], {
    cwd: dir,
    env: { PATH: process.env['PATH'], HOME: dir, STANDIN_HOME: join(dir, 'home') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  const kept = Object.assign(child, { text: '' });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    kept.text += text;
    if (process.argv.includes('--verbose')) process.stderr.write(text.replace(/^(?=.)/gm, `${name}: `));
  });
  return kept;
}

const worker = (name: string) =>
  standin(['batch', 'worker', '--queue', redis.url, '--concurrency', '16', '--log-level', 'error'], name);

const ended = (child: ChildProcess): Promise<number> =>
  new Promise((done) => child.on('exit', (code, signal) => done(signal === null ? (code ?? 1) : -1)));

async function until(what: string, holds: () => boolean, timeoutMs = 120_000): Promise<void> {
  const startedAt = performance.now();
  while (!holds()) {
    if (running.size === 0) throw new Error(`Every process ended before ${what}; --verbose shows what they said.`);
    if (performance.now() - startedAt > timeoutMs) throw new Error(`Waited in vain for ${what}.`);
    await wait(20);
  }
}

interface Run {
  readonly name: string;
  readonly lines: number;
  readonly maxNanoUsd?: number;
}

/** One batch with everything that can go wrong in it. `false`: something is not as it must be. */
async function drive({ name, lines, maxNanoUsd }: Run): Promise<boolean> {
  const vendor = await startVendor({ faults: FAULTS, latencyMs: LATENCY_MS });
  const [input, out] = [join(dir, `${name}.jsonl`), join(dir, `${name}.out`)];
  writeConfig(join(dir, 'standin.toml'), vendor.url);
  await writeInput(input, lines);
  const startedAt = performance.now();
  const workers = Array.from({ length: WORKERS }, (_, at) => worker(`worker ${at}`));
  const args = ['batch', input, '-o', out, '--queue', redis.url, '--log-level', 'error'];
  if (maxNanoUsd !== undefined) args.push('--max-cost', String(maxNanoUsd / 1e9));
  let batch = standin(args, 'batch');
  let peak = 0;
  const watch = setInterval(() => {
    for (const one of running) peak = Math.max(peak, peakMb(one.pid ?? 0));
  }, 200);
  // What stops early by its money may stop before all of this happened to it.
  const goal = maxNanoUsd === undefined ? lines : Math.min(lines, maxNanoUsd / NANO_PER_ANSWER);
  const events: string[] = [];
  let over = false;
  let end = ended(batch).then((code) => {
    over = true;
    return code;
  });
  const at = async (share: number, what: string, act: () => unknown): Promise<void> => {
    await until(what, () => over || vendor.counts.answered >= goal * share);
    if (over) return;
    await act();
    events.push(what);
  };
  await at(0.1, 'a worker killed', () => workers[0]?.kill('SIGKILL'));
  await at(0.3, 'Redis killed, away for 2 s, back without its data', () => redis.restart(2_000));
  await at(0.5, 'another worker killed', () => workers[1]?.kill('SIGKILL'));
  await at(0.7, 'the batch killed and resumed', async () => {
    batch.kill('SIGKILL');
    await end;
    over = false;
    batch = standin([...args, '--resume'], 'batch');
    end = ended(batch).then((code) => {
      over = true;
      return code;
    });
  });
  const code = await end;
  clearInterval(watch);
  for (const one of workers) one.kill('SIGTERM');
  await Promise.all(workers.filter((one) => running.has(one)).map(ended));
  const { missing, twice, wrong, failed, nanoUsd } = await checkOutput(out, lines);
  const { calls, answered, faults } = vendor.counts;
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    `${name}: ${lines} lines, ${WORKERS} workers, ${seconds.toFixed(0)} s; ${events.join('; ')}; peak memory of a process ${peak.toFixed(0)} MB`,
  );
  console.log(
    `  vendor calls ${calls}, answered ${answered}, faults ${faults}; paid for twice ${answered - (lines - missing - failed)}; missing ${missing}, twice ${twice}, wrong ${wrong}, failed ${failed}, exit code ${code}`,
  );
  const isRight = twice + wrong + failed === 0;
  if (maxNanoUsd === undefined) return isRight && missing === 0 && code === 0;
  const billed = answered * NANO_PER_ANSWER;
  console.log(
    `  limit $${(maxNanoUsd / 1e9).toFixed(6)}: billed by the vendor $${(billed / 1e9).toFixed(6)}, in the output $${(nanoUsd / 1e9).toFixed(6)}; ${batch.text.trim().split('\n').slice(-2).join(' ')}`,
  );
  return isRight && code === 1 && billed <= maxNanoUsd && billed > maxNanoUsd * 0.8;
}

let isRight = false;
try {
  isRight = await drive({ name: 'all', lines: LINES });
  isRight =
    (await drive({ name: 'money', lines: LINES, maxNanoUsd: Math.floor(LINES / 2) * NANO_PER_ANSWER })) && isRight;
} finally {
  for (const child of running) child.kill('SIGKILL');
  await redis.stop();
  if (!process.argv.includes('--keep')) rmSync(dir, { recursive: true, force: true });
}
console.log(isRight ? 'All of it held.' : 'NOT all of it held.');
process.exit(isRight ? 0 : 1);
