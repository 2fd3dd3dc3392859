/**
 * `npm run bench:gateway`: the gateway's speed table, measured with the harness in `../shared/perf` (C++ mock and load
 * generator, alternating rounds, medians), beside a byte pipe of node:http and, where it is installed, nginx.
 *
 *     npm run bench:gateway -- --rounds 3 --scen ns64,st-paced
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const perf = resolve(root, '../shared/perf');
const option = (name: string, otherwise: string): string => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? (process.argv[at + 1] ?? otherwise) : otherwise;
};

if (!existsSync(join(perf, 'bench.mjs'))) {
  console.log('Skipped: the measuring harness (../shared/perf) is not beside this checkout.');
  process.exit(0);
}
if (spawnSync('g++', ['--version']).status !== 0) {
  console.log('Skipped: the harness needs g++ and make.');
  process.exit(0);
}

const reference = existsSync('/usr/sbin/nginx') ? 'nginx,pipe-http' : 'pipe-http';
const systems = option('suts', `${reference},standin,standin-translate`);
const scenarios = option('scen', 'ns64,st-paced,st-burst32,st-rate,ns-100k');
const out = join(mkdtempSync(join(tmpdir(), 'standin-bench-')), 'run.jsonl');
const node = process.execPath;
const run = (script: string, args: string[]): void => {
  execFileSync(node, [join(perf, script), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, STANDIN_DIR: root },
  });
};
run('bench.mjs', [
  '--suts',
  systems,
  '--scen',
  scenarios,
  '--rounds',
  option('rounds', '3'),
  '--scale',
  option('scale', '1'),
  '--node',
  node,
  '--max-other',
  option('max-other', '0.2'),
  '--out',
  out,
]);
run('table.mjs', [out, '--ref', reference]);
if (option('rss', 'no') !== 'no') run('rss.mjs', ['--suts', `${reference},standin`, '--n', option('rss', '1000,5000')]);
