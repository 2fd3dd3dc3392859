/**
 * `npm run kills -- --times 20 --seed 1 --workers 1`: kill -9 of a real gateway in the middle of 200 calls at the edge of
 * a budget, and what is left afterwards. Exits 1 with the findings when there are any.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kills } from './service/kills-run.ts';

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
  },
});
const numbers = [values.times, values.seed, values.workers].map(Number);
const [times = 0, seed = 0, workers = 0] = numbers;
if (numbers.some((one) => !Number.isInteger(one) || one < 1) || times > 1_000) {
  process.stderr.write('kills: --times, --seed and --workers take whole numbers above 0\n');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'standin-kills-'));
const report = await kills({ dir, times, seed, workers, tell: (line) => void process.stderr.write(`${line}\n`) });
for (const [name, value] of report.figures) process.stdout.write(`${name.padEnd(28)} ${value}\n`);
process.stdout.write(report.findings.length === 0 ? '\nno finding\n' : `\n${report.findings.length} findings\n`);
for (const finding of report.findings.slice(0, 30)) process.stdout.write(`  ${finding}\n`);
rmSync(dir, { recursive: true, force: true });
process.exit(report.findings.length === 0 ? 0 : 1);
