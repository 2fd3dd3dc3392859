/**
 * The nightly form of the simulation: `npm run simulate -- --schedules 1000000 --seed 1`. One process for each core
 * (`--workers N`) plays its share of the seeds. A failure prints its seed and the smallest schedule that still fails; the
 * same seed with `--schedules 1` plays it again.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    most: { type: 'string', default: '5' },
    workers: { type: 'string', default: String(availableParallelism()) },
    brief: { type: 'boolean', default: false },
  },
});

const cli = fileURLToPath(new URL('../packages/core/test/simulation/cli.ts', import.meta.url));
const schedules = Number(values.schedules);
const workers = Math.max(1, Math.min(Number(values.workers), schedules));
const share = Math.ceil(schedules / workers);

function play(worker: number): Promise<number> {
  const count = Math.min(share, schedules - worker * share);
  if (count <= 0) return Promise.resolve(0);
  const seed = Number(values.seed) + worker * share;
  const args = [cli, '--schedules', String(count), '--seed', String(seed), '--most', values.most];
  const child = spawn(process.execPath, values.brief ? [...args, '--brief'] : args, { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

const codes = await Promise.all(Array.from({ length: workers }, (_, worker) => play(worker)));
process.exitCode = codes.some((code) => code !== 0) ? 1 : 0;
