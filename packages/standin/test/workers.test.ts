import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { createKeyRates, type KeyRecord } from '@standin/store';
import { Channel } from '../src/serve/workers/channel.ts';
import { countRatesFor, ratesOverChannel } from '../src/serve/workers/shared-rates.ts';
import { configToml, run, start, workspace } from './support.ts';

/** Two ends of one pipe; messages go as JSON, as between processes. */
function pipe(): [Channel, Channel] {
  const ends: Channel[] = [];
  const to = (at: number) => (message: unknown) => {
    const text = JSON.stringify(message);
    setImmediate(() => ends[at]?.receive(JSON.parse(text)));
  };
  ends.push(new Channel(to(1)), new Channel(to(0)));
  return ends as [Channel, Channel];
}

const KEY = { id: 'key_1', name: 'ci', hash: '', createdAt: 0, parallel: 3 } satisfies KeyRecord;

describe('the pipe between supervisor and worker', () => {
  it('answers what is asked, says what went wrong, and knows when nobody is there', async () => {
    const [one, other] = pipe();
    other.on('double', (value) => Number(value) * 2);
    other.on('break', () => {
      throw new Error('no such thing');
    });
    expect(await one.ask('double', 21, 1_000)).toBe(42);
    await expect(one.ask('break', 0, 1_000)).rejects.toThrow('no such thing');
    const [alone] = [new Channel(() => {})];
    await expect(alone.ask('double', 1, 5)).rejects.toThrow('within 5 ms');
    one.receive({ cmd: 'NODE_CLUSTER' });
  });

  it('counts the calls of a key over all workers, and ends those of one that died', async () => {
    const rates = createKeyRates({ now: () => 0, wallMs: () => 0, after: () => 0, clear: () => {} });
    const pipes = [pipe(), pipe()];
    const ends = pipes.map(([, supervisor]) => countRatesFor(supervisor, rates));
    const [first, second] = pipes.map(([worker]) => ratesOverChannel(worker));
    if (first === undefined || second === undefined) throw new Error('two workers');
    const held = [await first.reserve(KEY, 10), await first.reserve(KEY, 10), await second.reserve(KEY, 10)];
    for (const one of held) expect(one).not.toHaveProperty('status');
    expect(await second.reserve(KEY, 10)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    const [, , last] = held;
    if (last !== undefined && 'settle' in last) last.settle(5);
    expect(await first.reserve(KEY, 10)).not.toHaveProperty('status');
    expect(await second.reserve(KEY, 10)).toHaveProperty('status');
    ends[0]?.();
    const again = await Promise.all([1, 2, 3, 4].map(() => second.reserve(KEY, 10)));
    expect(again.filter((one) => 'status' in one).length).toBe(1);
  });
});

describe('serve --workers', () => {
  let vendor: Simulator;
  let files: Awaited<ReturnType<typeof workspace>>;

  beforeAll(async () => {
    vendor = await startSimulator({ script: { defaults: { text: 'served' } } });
    const entries = { 'custom.main': { uri: vendor.url, model: 'm1', api_key: 'planted-key-workers' } };
    files = await workspace({ 'standin.toml': configToml(entries, '[gateway]\nport = 0') });
  });
  afterAll(async () => {
    await Promise.all([vendor.close(), files.remove()]);
  });

  it('shares one port, limits and metrics, replaces a worker that was killed, and drains', async () => {
    const env = { STANDIN_HOME: files.path('home') };
    const made = await run(['keys', 'create', '--name', 'ci', '--parallel', '2', '--json'], { env, cwd: files.dir });
    const key = (JSON.parse(made.stdout) as { key: string }).key;
    const server = start(['serve', '--workers', '2'], { env, cwd: files.dir });
    try {
      const url = /listening on (http:\S+)/.exec(await server.until('Workers: 2'))?.[1] ?? '';
      const ask = () =>
        fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          // A connection each: they are handed to the workers in turn.
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify({ model: 'm1', messages: [{ role: 'user', content: 'hi' }] }),
        });
      for (let i = 0; i < 6; i++) vendor.failNext({ text: 'served', headersMs: 400 });
      const statuses = (await Promise.all([1, 2, 3, 4, 5, 6].map(ask))).map(({ status }) => status);
      expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 429, 429, 429, 429]);
      const scrape = async () => (await fetch(`${url}/metrics`)).text();
      const before = await scrape();
      expect(before).toContain('standin_requests_total{protocol="openai-chat",mode="whole",outcome="ok",error=""} 2');
      expect(before).toMatch(/^standin_workers 2$/m);
      const health = (await (await fetch(`${url}/health`)).json()) as { pid: number };
      process.kill(health.pid, 'SIGKILL');
      await server.until('another takes its place');
      await server.until('Ledger was not closed in order');
      const after = await scrape();
      expect(after).toContain('standin_requests_total{protocol="openai-chat",mode="whole",outcome="ok",error=""} 2');
      expect(after).toMatch(/^standin_worker_restarts_total 1$/m);
      expect((await Promise.all([ask(), ask()])).map(({ status }) => status)).toEqual([200, 200]);
      server.child.kill('SIGTERM');
      expect((await server.done).code).toBe(0);
      const usage = await run(['usage', '--by', 'key', '--json'], { env, cwd: files.dir });
      const { rows } = JSON.parse(usage.stdout) as { rows: { name: string; requests: number; failed: number }[] };
      expect(rows).toMatchObject([{ name: 'ci', failed: 4 }]);
    } finally {
      server.child.kill('SIGKILL');
      await server.done;
    }
  });
});
