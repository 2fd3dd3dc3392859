/**
 * Mixed load on a real gateway for a time: `npm run soak -- --minutes 30 --rate 12 --seed 1 --workers 1`. Streams, tools,
 * big bodies, callers who leave or read slowly, vendors that fail. Afterwards: memory flat after the first five minutes,
 * no file left open, every call at the vendor ended, a row for each request, money as the simulator counts it. Exits 1
 * with the findings when there are any.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { soak } from './service/soak-run.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '2' },
    rate: { type: 'string', default: '12' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
  },
});
const numbers = [values.minutes, values.rate, values.seed, values.workers].map(Number);
const [minutes = 0, rate = 0, seed = 0, workers = 0] = numbers;
if (numbers.some((one) => !Number.isFinite(one) || one <= 0) || minutes > 24 * 60) {
  process.stderr.write('soak: --minutes, --rate, --seed and --workers take numbers above 0\n');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'standin-soak-'));
const report = await soak({
  dir,
  seconds: minutes * 60,
  rate,
  seed,
  workers,
  tell: (line) => void process.stderr.write(`${line}\n`),
});
for (const [name, value] of report.figures) process.stdout.write(`${name.padEnd(26)} ${value}\n`);
process.stdout.write('\nhow calls ended\n');
for (const [name, count] of [...report.ends].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  process.stdout.write(`  ${name.padEnd(44)} ${count}\n`);
process.stdout.write(report.findings.length === 0 ? '\nno finding\n' : `\n${report.findings.length} findings\n`);
for (const finding of report.findings.slice(0, 30)) process.stdout.write(`  ${finding}\n`);
rmSync(dir, { recursive: true, force: true });
process.exit(report.findings.length === 0 ? 0 : 1);
