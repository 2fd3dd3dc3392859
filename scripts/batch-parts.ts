/** What the scripts that try batches hard share: a flaky vendor, an input, and the check of an output. */
import { createReadStream, createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

export const option = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? Number(process.argv[at + 1]) : otherwise;
};

/** Nano-USD of every answer, by the config's prices. */
export const NANO_PER_ANSWER = 20_000;

export interface VendorOptions {
  /** Share of calls that are refused, broken off or answered with an error. */
  readonly faults: number;
  /** Default 0. */
  readonly latencyMs?: number;
}

/** Answers with the prompt itself. */
export function startVendor({ faults, latencyMs = 0 }: VendorOptions) {
  const counts = { calls: 0, answered: 0, faults: 0, mostInASecond: 0 };
  const times: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      counts.calls += 1;
      const now = performance.now();
      times.push(now);
      while ((times[0] ?? now) <= now - 1_000) times.shift();
      counts.mostInASecond = Math.max(counts.mostInASecond, times.length);
      if (Math.random() < faults) {
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
      const body = {
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      };
      const end = (): void => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (latencyMs > 0) setTimeout(end, latencyMs);
      else end();
    });
  });
  return new Promise<{ counts: typeof counts; url: string }>((done) => {
    server.listen(0, '127.0.0.1', () =>
      done({ counts, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }),
    );
  });
}

/** A config whose only vendor is that one. */
export function writeConfig(path: string, url: string): void {
  const entry = `[providers.models.custom.flaky]\nuri = "${url}"\napi_key = "sk-kills"\nmodel = "m"\npricing = { "m" = { input = 1.0, output = 2.0 } }`;
  writeFileSync(path, `schema_version = 3\n${entry}\n[agents.default]\nmodel_provider = "custom.flaky"\n`);
}

export async function writeInput(path: string, lines: number): Promise<void> {
  const file = createWriteStream(path);
  for (let line = 0; line < lines; line++)
    file.write(`${JSON.stringify({ custom_id: `id-${line}`, prompt: `line ${line}`, max_tokens: 5 })}\n`);
  await new Promise<void>((done) => void file.end(done));
}

export interface Checked {
  /** Lines without a result. */
  readonly missing: number;
  /** Lines with more than one. */
  readonly twice: number;
  /** Results that belong to another line. */
  readonly wrong: number;
  readonly failed: number;
  readonly nanoUsd: number;
}

/** Whether each line has exactly one result, its own. */
export async function checkOutput(path: string, lines: number): Promise<Checked> {
  const seen = new Uint8Array(lines);
  let [wrong, twice, failed, nanoUsd] = [0, 0, 0, 0];
  if (existsSync(path))
    for await (const text of createInterface({ input: createReadStream(path) })) {
      const result = JSON.parse(text) as {
        index: number;
        id: string;
        response?: string;
        error?: unknown;
        cost_usd: number | null;
      };
      if (seen[result.index] === 1) twice += 1;
      seen[result.index] = 1;
      if (result.error !== undefined) failed += 1;
      else if (result.response !== `re: line ${result.index}` || result.id !== `id-${result.index}`) wrong += 1;
      nanoUsd += Math.round((result.cost_usd ?? 0) * 1e9);
    }
  return { missing: lines - seen.reduce((sum, one) => sum + one, 0), twice, wrong, failed, nanoUsd };
}

/** Peak memory of a process, MB. */
export function peakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
