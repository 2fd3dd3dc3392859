import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { textOf } from '@standin/core/spec/message';
import { startSimulator, type Simulator } from '@standin/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configToml, run, start, workspace } from './support.ts';

let vendor: Simulator;
let files: Awaited<ReturnType<typeof workspace>>;
beforeAll(async () => {
  vendor = await startSimulator({
    script: { defaults: { headersMs: 40 } },
    makeText: (request) => `re: ${textOf(request.messages.at(-1)?.content ?? '')}`,
  });
  const entries = { 'custom.main': { uri: vendor.url, model: 'm', api_key: 'planted-key-batches' } };
  const gateway = '[gateway]\nport = 0\nworkers = 2\n[gateway.batches]\nconcurrency = 4';
  files = await workspace({ 'standin.toml': configToml(entries, gateway) });
});
afterAll(async () => {
  await Promise.all([vendor.close(), files.remove()]);
});

const LINES = 120;
const lines = Array.from({ length: LINES }, (_, index) =>
  JSON.stringify({
    custom_id: `c${index}`,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: `c${index}` }] },
  }),
).join('\n');

async function listening(server: ReturnType<typeof start>): Promise<string> {
  return /listening on (http:\S+)/.exec(await server.until('Workers: 2'))?.[1] ?? '';
}

/** The worker that runs the batch, by its lock. */
function runnerOf(id: string): number {
  const home = files.path('home/batches');
  const lock = readdirSync(home, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith(`${id}.lock`));
  return lock === undefined ? 0 : Number(readFileSync(join(home, lock), 'utf8').split(' ')[0]);
}

describe('a batch of a gateway with workers', () => {
  it(
    'is seen by all, outlives the worker that runs it and the whole gateway, and answers each line once',
    { timeout: 90_000 },
    async () => {
      const env = { STANDIN_HOME: files.path('home') };
      const made = await run(['keys', 'create', '--name', 'ci', '--json'], { env, cwd: files.dir });
      const { key: apiKey } = JSON.parse(made.stdout) as { key: string };
      const clientAt = (url: string): OpenAI => new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 3 });
      const first = start(['serve'], { env, cwd: files.dir });
      let second: ReturnType<typeof start> | undefined;
      try {
        let client = clientAt(await listening(first));
        const file = await client.files.create({
          purpose: 'batch',
          file: await toFile(Buffer.from(lines), 'in.jsonl'),
        });
        const { id } = await client.batches.create({
          input_file_id: file.id,
          endpoint: '/v1/chat/completions',
          completion_window: '24h',
        });
        await vendor.waitFor(() => vendor.requests.length > 20, 30_000);
        process.kill(runnerOf(id), 'SIGKILL');
        await vendor.waitFor(() => vendor.requests.length > 60, 30_000);
        expect((await client.batches.retrieve(id)).status).toBe('in_progress');
        // The workers see their supervisor go and end by themselves; one may still be running when the next gateway starts.
        first.child.kill('SIGKILL');
        second = start(['serve'], { env, cwd: files.dir });
        client = clientAt(await listening(second));
        let batch = await client.batches.retrieve(id);
        for (const end = performance.now() + 30_000; batch.status !== 'completed' && performance.now() < end;) {
          batch = await client.batches.retrieve(id);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        expect(batch).toMatchObject({
          status: 'completed',
          request_counts: { total: LINES, completed: LINES, failed: 0 },
        });
        const text = await (await client.files.content(batch.output_file_id ?? '')).text();
        const ids = text.trim().split('\n');
        const custom = ids.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
        expect([custom.length, new Set(custom).size]).toEqual([LINES, LINES]);
        // Only what was under way at the two kills was asked again.
        expect(vendor.requests.length).toBeLessThanOrEqual(LINES + 2 * 4);
      } finally {
        first.child.kill('SIGKILL');
        second?.child.kill('SIGTERM');
        await second?.done;
      }
    },
  );
});
