/**
 * `npm run batch:kills`: a batch over a flaky simulated vendor, killed outright every few seconds and resumed until it
 * ends. Checks that each line is answered exactly once with its own answer, and prints the peak of its memory.
 *
 *     npm run batch:kills -- --lines 100000 --every 4
 */
import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};
const LINES = option('lines', 100_000);
const EVERY_S = option('every', 4);
const FAULTS = option('faults', 0.03);
const root = resolve(import.meta.dirname, '..');
const dir = mkdtempSync(join(tmpdir(), 'standin-kills-'));

/** Answers with the prompt itself; one in so many calls is refused, broken off or answered with an error. */
function startVendor() {
  const counts = { calls: 0, answered: 0, faults: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      counts.calls += 1;
      if (Math.random() < FAULTS) {
        counts.faults += 1;
        const kind = Math.floor(Math.random() * 4);
        if (kind === 0) return void request.socket.destroy();
        if (kind === 1)
          return void response
            .writeHead(429, { 'retry-after-ms': '30' })
            .end('{"error":{"message":"Rate limit reached"}}');
        if (kind === 2) return void response.writeHead(503).end('{"error":{"message":"overloaded"}}');
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' });
        return void response.write('{"id":"x","choices":[{"index":0,"mes', () => response.destroy());
      }
      counts.answered += 1;
      const { messages } = JSON.parse(Buffer.concat(chunks).toString()) as { messages: { content: string }[] };
      const message = { role: 'assistant', content: `re: ${messages.at(-1)?.content}` };
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage,
        }),
      );
    });
  });
  return new Promise<{ counts: typeof counts; url: string }>((done) => {
    server.listen(0, '127.0.0.1', () =>
      done({ counts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }),
    );
  });
}

function peakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}

const vendor = await startVendor();
const input = join(dir, 'in.jsonl');
const out = join(dir, 'out.jsonl');
writeFileSync(
  join(dir, 'standin.toml'),
  `schema_version = 3\n[providers.models.custom.flaky]\nuri = "${vendor.url}"\napi_key = "sk-kills"\nmodel = "m"\npricing = { "m" = { input = 1.0, output = 2.0 } }\n[agents.default]\nmodel_provider = "custom.flaky"\n`,
);
const file = createWriteStream(input);
for (let line = 0; line < LINES; line++)
  file.write(`${JSON.stringify({ custom_id: `id-${line}`, prompt: `line ${line}` })}\n`);
await new Promise<void>((done) => void file.end(done));

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

const seen = new Uint8Array(LINES);
let [wrong, twice, failed, nano] = [0, 0, 0, 0];
for await (const text of createInterface({ input: createReadStream(out) })) {
  const result = JSON.parse(text) as {
    index: number;
    id: string;
    response?: string;
    error?: unknown;
    cost_usd: number;
  };
  if (seen[result.index] === 1) twice += 1;
  seen[result.index] = 1;
  if (result.error !== undefined) failed += 1;
  else if (result.response !== `re: line ${result.index}` || result.id !== `id-${result.index}`) wrong += 1;
  nano += Math.round(result.cost_usd * 1e9);
}
const missing = LINES - seen.reduce((sum, one) => sum + one, 0);
const { calls, answered, faults } = vendor.counts;
console.log(
  `${LINES} lines, ${kills} kills, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s; peak memory ${peak.toFixed(0)} MB; vendor calls ${calls}, answered ${answered}, faults ${faults}; answers paid for and lost by kills ${answered - LINES}; spend ${(nano / 1e9).toFixed(6)} USD`,
);
console.log(`missing ${missing}, twice ${twice}, wrong ${wrong}, failed ${failed}, last exit code ${code}`);
rmSync(dir, { recursive: true, force: true });
process.exit(missing + twice + wrong + failed === 0 && code === 0 ? 0 : 1);
