/**
 * Sends damaged and odd requests over raw sockets to a gateway with everything on: `npm run fuzz:http -- --cases 100000
 * --seed N`. Prints the answers by status; exits 1 with the first findings when there are any.
 */
import { parseArgs } from 'node:util';
import { fuzzedGateway } from '../packages/gateway/test/fuzz/fuzzed-gateway.ts';
import { fuzzHttp } from '../packages/gateway/test/fuzz/http-fuzz.ts';

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '20000' }, seed: { type: 'string', default: '1' } },
});
const cases = Number(values.cases);
const seed = Number(values.seed);
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  process.stderr.write('fuzz-http: --cases and --seed take whole numbers, for example --cases 100000 --seed 1\n');
  process.exit(2);
}
const startedAt = performance.now();
const { gateway, port, complaints, close } = await fuzzedGateway();
const report = await fuzzHttp({ port, cases, seed });
const left = gateway.load();
await close();
const counts = Object.entries(report.statuses).toSorted((one, other) => other[1] - one[1]);
process.stdout.write(`seed ${seed}, ${cases} requests in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s\n`);
process.stdout.write(`${counts.map(([status, count]) => `${status}: ${count}`).join(', ')}\n`);
process.stdout.write(
  `findings: ${report.findings.length}, errors logged: ${complaints.length}, calls left: ${left.openCalls}\n`,
);
const shown = new Set<string>();
for (const { caseNumber, what, request, answer } of report.findings) {
  if (shown.size >= 6 || shown.has(what)) continue;
  shown.add(what);
  process.stderr.write(`\n${what} (case ${caseNumber})\n--- request\n${request}\n--- answer\n${answer}\n`);
}
for (const complaint of complaints.slice(0, 6)) process.stderr.write(`\nlogged: ${complaint}\n`);
process.exit(report.findings.length > 0 || complaints.length > 0 || left.openCalls > 0 ? 1 : 0);
