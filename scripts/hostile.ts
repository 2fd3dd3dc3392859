/**
 * `npm run hostile -- --seconds 6 --connections 10000`: what idle and slow connections, endless headers and lines, 200 MB
 * bodies and packed ones do to the calls of others on a real gateway. Exits 1 when others fail, or when their p99 grows
 * to more than twice what it was just before (and more than a few milliseconds). `--only NAME`, repeatable, takes single
 * attacks.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ATTACKS } from './service/attacks.ts';
import { FLOOR_MS, hostile, MOST_GROWTH } from './service/hostile-run.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    connections: { type: 'string', default: '10000' },
    only: { type: 'string', multiple: true },
  },
});
const unknown = values.only?.find((name) => !ATTACKS.some((attack) => attack.name === name));
if (unknown !== undefined) {
  const names = ATTACKS.map(({ name }) => `"${name}"`).join(', ');
  process.stderr.write(`hostile: there is no attack "${unknown}"; there are ${names}\n`);
  process.exit(2);
}
const [seconds, connections] = [Number(values.seconds), Number(values.connections)];
if (!(seconds > 0 && seconds <= 600) || !(connections > 0 && connections <= 100_000)) {
  process.stderr.write('hostile: --seconds takes 1 to 600, --connections 1 to 100000\n');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'standin-hostile-'));
const rows = await hostile({
  dir,
  seconds,
  connections,
  only: values.only,
  tell: (line) => void process.stderr.write(`${line}\n`),
});
let isBad = false;
process.stdout.write(
  `| attack | others' calls | failed | p50 ms | p99 ms | p99 before | growth | most MB | attackers got |\n|---|--:|--:|--:|--:|--:|--:|--:|---|\n`,
);
for (const { name, calls, failed, p50Ms, p99Ms, beforeP99Ms, mostMb, answers } of rows) {
  const growth = p99Ms / beforeP99Ms;
  const isWorse = failed > 0 || (growth > MOST_GROWTH && p99Ms > FLOOR_MS);
  if (isWorse) isBad = true;
  const cells = [name, calls, failed, p50Ms.toFixed(1), p99Ms.toFixed(1), beforeP99Ms.toFixed(1)];
  process.stdout.write(
    `| ${[...cells, `${growth.toFixed(1)} ×${isWorse ? ' !' : ''}`, mostMb.toFixed(0), answers].join(' | ')} |\n`,
  );
}
rmSync(dir, { recursive: true, force: true });
process.exit(isBad ? 1 : 0);
