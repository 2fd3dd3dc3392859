/**
 * Feeds damaged streams, cut anywhere, to the decoder of every wire: `npm run fuzz -- --per-wire 100000 --seed N`.
 * A decoder must finish or throw a typed error, quickly, without growing, and must never call a broken answer finished.
 * Prints a table; exits 1 with the first findings when there are any. `--wire NAME` runs one wire only.
 */
import { parseArgs } from 'node:util';
import { fuzzWire } from '../packages/core/test/testkit/fuzz/run.ts';
import { FUZZ_WIRES, seedsOf } from '../packages/core/test/testkit/fuzz/seeds.ts';

const MAX_HEAP_GROWTH_BYTES = 8 * 1024 * 1024;

const { values } = parseArgs({
  options: {
    'per-wire': { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    wire: { type: 'string' },
  },
});
const cases = Number(values['per-wire']);
const seed = Number(values.seed);
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  process.stderr.write('fuzz: --per-wire and --seed take whole numbers, for example --per-wire 100000 --seed 1\n');
  process.exit(2);
}
const wires = FUZZ_WIRES.filter((wire) => values.wire === undefined || wire === values.wire);
if (wires.length === 0) {
  process.stderr.write(`fuzz: no wire ${values.wire}; there are ${FUZZ_WIRES.join(', ')}\n`);
  process.exit(2);
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
process.stdout.write(`seed ${seed}\n\n`);
process.stdout.write(
  row(['wire', 'streams', 'cases', 'finished', 'typed errors', 'findings', 'slowest', 'heap', 'took']),
);
process.stdout.write(row(['---', '--:', '--:', '--:', '---', '--:', '--:', '--:', '--:']));
let bad = false;
for (const wire of wires) {
  const report = fuzzWire(wire, seedsOf(wire), cases, seed);
  const grew = report.heapGrowthBytes > MAX_HEAP_GROWTH_BYTES;
  bad ||= grew || report.findings.length > 0;
  const failed = Object.entries(report.failed)
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${kind} ${count}`);
  process.stdout.write(
    row([
      wire,
      String(report.seeds),
      String(report.cases),
      String(report.finished),
      failed.join(', '),
      String(report.findings.length),
      `${report.slowestMs.toFixed(1)} ms`,
      `${(report.heapGrowthBytes / 2 ** 20).toFixed(1)} MiB${grew ? ' (grew)' : ''}`,
      `${(report.tookMs / 1000).toFixed(1)} s`,
    ]),
  );
  const shown = new Set<string>();
  for (const finding of report.findings) {
    const line = `${finding.what} (${finding.mutation} of ${finding.seed}, case ${finding.caseSeed})`;
    if (shown.size < 8 && !shown.has(finding.what)) process.stderr.write(`${wire}: ${line}\n`);
    shown.add(finding.what);
  }
}
process.exit(bad ? 1 : 0);
