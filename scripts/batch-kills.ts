/**
 * `npm run batch:kills`: a batch over a flaky simulated vendor, killed outright every few seconds and resumed until it
 * ends. Checks that each line is answered exactly once with its own answer, and prints the peak of its memory.
 *
 *     npm run batch:kills -- --lines 100000 --every 4
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkOutput, option, peakMb, startVendor, writeConfig, writeInput } from './batch-parts.ts';

const LINES = option('lines', 100_000);
const EVERY_S = option('every', 4);
const FAULTS = option('faults', 0.03);
const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'standin-kills-'));

const vendor = await startVendor({ faults: FAULTS });
const input = join(dir, 'in.jsonl');
const out = join(dir, 'out.jsonl');
writeConfig(join(dir, 'standin.toml'), vendor.url);
await writeInput(input, LINES);

let [kills, peak, code] = [0, 0, -1];
const startedAt = performance.now();
while (code !== 0 && kills < 1_000) {
  const args = [
    join(root, 'packages/standin/bin/standin.js'),
    'batch',
    input,
    '-o',
    out,
    '--concurrency',
    '32',
    // Known, so that every start does not begin by learning it: this is about what a kill loses, not about speed.
    '--rate',
    '2000/s',
    '--log-level',
    'error',
  ];
  const child = spawn(process.execPath, kills === 0 ? args : [...args, '--resume'], {
    cwd: dir,
    env: { PATH: process.env['PATH'], HOME: dir, STANDIN_HOME: join(dir, 'home') },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const watch = setInterval(() => void (peak = Math.max(peak, peakMb(child.pid ?? 0))), 200);
  const killer = setTimeout(() => child.kill('SIGKILL'), EVERY_S * 1_000 * (0.6 + Math.random() * 0.8));
  code = await new Promise<number>((done) =>
    child.on('exit', (status, signal) => done(signal === null ? (status ?? 1) : -1)),
  );
  clearInterval(watch);
  clearTimeout(killer);
  if (code === -1) kills += 1;
  else if (code !== 0) break;
}

const { missing, twice, wrong, failed, nanoUsd } = await checkOutput(out, LINES);
const { calls, answered, faults } = vendor.counts;
console.log(
  `${LINES} lines, ${kills} kills, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s; peak memory ${peak.toFixed(0)} MB; vendor calls ${calls}, answered ${answered}, faults ${faults}; answers paid for and lost by kills ${answered - LINES}; spend ${(nanoUsd / 1e9).toFixed(6)} USD`,
);
console.log(`missing ${missing}, twice ${twice}, wrong ${wrong}, failed ${failed}, last exit code ${code}`);
rmSync(dir, { recursive: true, force: true });
process.exit(missing + twice + wrong + failed === 0 && code === 0 ? 0 : 1);
