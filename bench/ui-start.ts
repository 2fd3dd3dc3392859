/**
 * How long `standin ui` takes from the start of its process to the first picture and to the config being there, on a
 * pseudo terminal of util-linux's `script`; beside it what `standin --version` takes. Medians in milliseconds.
 *
 *   npm run bench:ui [-- RUNS]
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNS = Number(process.argv[2] ?? 11);
const BIN = fileURLToPath(new URL('../packages/standin/bin/standin.js', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'standin-ui-'));
writeFileSync(
  join(dir, 'standin.toml'),
  'schema_version = 3\n[providers.models.custom.main]\nuri = "http://127.0.0.1:9/v1"\nmodel = "m"\n[gateway]\nport = 9\n',
);
const env = { PATH: process.env['PATH'] ?? '', HOME: dir, STANDIN_HOME: join(dir, 'home'), TERM: 'xterm-256color' };

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Milliseconds until each text was seen. */
function timesUntil(texts: readonly string[]): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const since = performance.now();
    const child = spawn('script', ['-qfc', `'${process.execPath}' '${BIN}' ui`, '/dev/null'], { cwd: dir, env });
    const times: number[] = [];
    let seen = '';
    let isLeaving = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      while (times.length < texts.length && seen.includes(texts[times.length] ?? ''))
        times.push(performance.now() - since);
      if (times.length === texts.length && !isLeaving) {
        isLeaving = true;
        child.stdin.write('q');
      }
    });
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('exit', () => (times.length === texts.length ? resolve(times) : reject(new Error(seen))));
  });
}

function versionMs(): number {
  const since = performance.now();
  spawnSync(process.execPath, [BIN, '--version'], { cwd: dir, env });
  return performance.now() - since;
}

try {
  const frames: number[] = [];
  const configs: number[] = [];
  const versions: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [frame = 0, config = 0] = await timesUntil(['Config', 'Sections']);
    frames.push(frame);
    configs.push(config);
    versions.push(versionMs());
  }
  const shown = (values: readonly number[]): string =>
    `${median(values).toFixed(0)} (most ${Math.max(...values).toFixed(0)})`;
  console.log(
    `runs ${RUNS}; first picture ${shown(frames)} ms; config shown ${shown(configs)} ms; --version ${shown(versions)} ms`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
