import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as soon } from 'node:timers/promises';
import { loadConfig } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import type { Standin } from '@standin/core/library/standin-types';
import { textOf } from '@standin/core/spec/message';
import { startSimulator, type Simulator } from '@standin/simulator';
import { pricesOf } from '@standin/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BitSet, inputOf, runBatch, type BatchLive, type BatchResult } from '@standin/batch';
import { Collector, connectQueue, queueAddress, startBatchWorker, type BatchWorker } from '@standin/batch/queue/index';
import { haveRedis, noRedis, startRedis, type RedisServer } from './redis-server.ts';

if (haveRedis === undefined) console.log(noRedis);

const BEAT_MS = 100;
const LOCK_MS = 600;
const NANO_PER_TOKEN = 1_000;
const quiet = { away: () => {}, back: () => {} };

describe('the address of a queue', () => {
  it.each([
    ['redis://:planted@127.0.0.1:1', 'redis://127.0.0.1:1'],
    ['rediss://me:planted@queue.example/3?x=planted', 'rediss://queue.example/3'],
    ['valkey://queue.example:7000', 'redis://queue.example:7000'],
    ['redis://:${SECRET}@queue.example', 'redis://queue.example'],
  ])('%s is shown without its password', (text, shown) => {
    const address = queueAddress(text, { SECRET: 'planted' });
    expect(address.shown).toBe(shown);
    expect(JSON.stringify(address.shown)).not.toContain('planted');
  });

  it.each([
    ['planted', 'redis://HOST'],
    ['http://:planted@x', 'must begin with'],
    ['redis://:planted@x/name', 'by its number'],
    ['redis://${ABSENT}', 'ABSENT'],
  ])('%s is refused', (text, reason) => {
    const attempt = (): unknown => queueAddress(text, {});
    expect(attempt).toThrow(reason);
    expect(attempt).not.toThrow('planted');
  });

  it('that nobody answers at is a mistake, told without its password', async () => {
    const failed = connectQueue(queueAddress('redis://:planted@127.0.0.1:1', {}), quiet);
    await expect(failed).rejects.toThrow(/redis:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED.*Start a Redis/);
    await failed.catch((error: Error) => expect(error.message).not.toContain('planted'));
  });
});

describe.runIf(haveRedis !== undefined)('a batch over Redis', { timeout: 60_000 }, () => {
  let redis: RedisServer;
  let vendor: Simulator;
  let standin: Standin;
  let priceOf: ReturnType<typeof pricesOf>;
  const dir = mkdtempSync(join(tmpdir(), 'standin-queue-'));
  const closing: (() => Promise<unknown> | void)[] = [];

  beforeAll(async () => {
    redis = await startRedis({ password: 'open-sesame' });
    vendor = await startSimulator({
      makeText: (request) => `re: ${textOf(request.messages.at(-1)?.content ?? '')}`,
    });
    const config = join(dir, 'standin.toml');
    const entry = `uri = "${vendor.url}/v1"\napi_key = "sk-planted"\nmodel = "m"\npricing = { m = { input = 1, output = 1 } }`;
    writeFileSync(config, `schema_version = 3\n[providers.models.custom.main]\n${entry}\n`);
    const loaded = loadConfig({ configPath: config, env: {} });
    standin = await createStandin({ config: loaded, env: {} });
    priceOf = pricesOf(loaded.entries.values());
  });
  beforeEach(() => vendor.reset());
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });
  afterAll(async () => {
    standin.close();
    await Promise.all([redis.stop(), vendor.close()]);
    rmSync(dir, { recursive: true });
  });

  const connect = async () => {
    const connection = await connectQueue(
      queueAddress(redis.url.replace('//', '//:${PASSWORD}@'), { PASSWORD: 'open-sesame' }),
      quiet,
    );
    closing.push(() => connection.disconnect());
    return connection;
  };
  const work = async (concurrency = 4): Promise<BatchWorker> => {
    const options = { standin, priceOf, concurrency, beatMs: BEAT_MS, lockMs: LOCK_MS };
    const worker = await startBatchWorker({ redis: await connect(), ...options });
    closing.push(() => Promise.race([worker.vanish(), soon(1_000)]));
    return worker;
  };

  interface Begun {
    readonly results: BatchResult[];
    readonly done: BitSet;
    readonly stop: AbortController;
    readonly abort: AbortController;
    readonly ended: Promise<{ readonly ended: string; readonly spentNanoUsd: number }>;
  }

  const begin = async (
    batch: string,
    lines: number,
    options: { maxNanoUsd?: number; done?: BitSet; perSecond?: number } = {},
  ): Promise<Begun> => {
    let live: BatchLive | undefined;
    let capacity = 0;
    let late = 0;
    const collector = new Collector({
      redis: await connect(),
      batch,
      stream: false,
      beatMs: BEAT_MS,
      ...(options.done === undefined ? {} : { done: options.done }),
      onWorkers: (_, now) => {
        capacity = now;
        live?.setConcurrency(now);
      },
      onLate: (nanoUsd) => (live === undefined ? void (late += nanoUsd) : live.addSpent(nanoUsd)),
    });
    const lost = await collector.start();
    const results: BatchResult[] = [];
    const done = new BitSet();
    const [stop, abort] = [new AbortController(), new AbortController()];
    async function* source() {
      for (let line = 0; line < lines; line++)
        yield Buffer.from(`${JSON.stringify({ prompt: `l${line}`, max_tokens: 10 })}\n`);
    }
    const already = results.reduce((sum, one) => sum + Math.round((one.cost_usd ?? 0) * 1e9), 0);
    const run = runBatch({
      standin,
      asker: collector,
      records: inputOf(source, 'jsonl').records(),
      writer: {
        write: async (line) => {
          const result = JSON.parse(line) as BatchResult;
          results.push(result);
          done.add(result.index);
        },
        close: async () => {},
      },
      priceOf,
      concurrency: capacity,
      ...options,
      alreadyNanoUsd: already + lost + late,
      stop: stop.signal,
      abort: abort.signal,
      onStart: (given) => {
        live = given;
        given.setConcurrency(capacity);
      },
    });
    const endOf = async () => {
      try {
        return await run;
      } finally {
        await collector.close(false);
      }
    };
    const ended = endOf();
    return { results, done, stop, abort, ended };
  };
  const indexes = (results: readonly BatchResult[]): number[] =>
    results.map(({ index }) => index).toSorted((one, two) => one - two);
  const all = (lines: number): number[] => Array.from({ length: lines }, (_, index) => index);
  const until = async (holds: () => boolean): Promise<void> => {
    for (const end = performance.now() + 15_000; !holds();) {
      if (performance.now() > end) throw new Error('Waited in vain.');
      await soon(10);
    }
  };

  it('answers each line exactly once, though workers die, Redis forgets all, and the vendor has its moods', async () => {
    vendor.setScript({ rules: [] });
    vendor.failNext('429-afterms20', 3);
    vendor.failNext('reset', 3);
    const workers = await Promise.all([work(), work(), work(), work()]);
    const begun = await begin('deaths', 120, { perSecond: 80 });
    await until(() => begun.results.length > 15);
    void workers[0]?.vanish();
    await until(() => begun.results.length > 40);
    await redis.restart(100);
    await until(() => begun.results.length > 70);
    void workers[1]?.vanish();
    const { ended } = await begun.ended;
    expect(ended).toBe('done');
    expect(indexes(begun.results)).toEqual(all(120));
    for (const { index, response } of begun.results) expect(response).toBe(`re: l${index}`);
  });

  it('holds its money limit, counting what dead workers may have spent', async () => {
    const workers = await Promise.all([work(), work()]);
    const maxNanoUsd = 1_500 * NANO_PER_TOKEN;
    const begun = await begin('money', 500, { maxNanoUsd, perSecond: 150 });
    await until(() => begun.results.length > 10);
    void workers[0]?.vanish();
    const { ended, spentNanoUsd } = await begun.ended;
    expect(ended).toBe('max-cost');
    const costs = begun.results.map(({ cost_usd: cost }) => Math.round((cost ?? 0) * 1e9));
    const dearest = Math.max(...costs);
    // Every call that the vendor saw, whoever heard of its answer.
    expect(vendor.requests.length * dearest).toBeLessThanOrEqual(maxNanoUsd);
    expect(spentNanoUsd).toBeLessThanOrEqual(maxNanoUsd);
    expect(indexes(begun.results)).toEqual([...new Set(indexes(begun.results))]);
    expect(begun.results.length).toBeGreaterThan(20);
  });

  it('is resumed with what came meanwhile, and waits for workers where there are none', async () => {
    const first = await begin('resumed', 60, { perSecond: 200 });
    await soon(3 * BEAT_MS);
    expect(vendor.requests).toHaveLength(0);
    await work();
    await until(() => first.results.length > 10);
    // As after a kill: what is under way is answered while nobody collects.
    first.abort.abort();
    await first.ended;
    await soon(2 * BEAT_MS);
    const second = await begin('resumed', 60, { done: first.done });
    await second.ended;
    expect(indexes([...first.results, ...second.results])).toEqual(all(60));
    expect(vendor.requests.length).toBe(60);
  });

  it('leaves next to nothing behind in Redis', async () => {
    await work();
    const begun = await begin('tidy', 40);
    await begun.ended;
    const connection = await connect();
    await until(() => vendor.requests.length === 40);
    const keys = await connection.keys('*');
    const jobs = keys.filter((key) => /batch:tidy-/.test(key));
    expect(jobs).toEqual([]);
    expect(await connection.xlen('{standin}:batch-answers:tidy')).toBe(0);
    const sizes = await Promise.all(keys.map(async (key) => connection.call('MEMORY', 'USAGE', key)));
    expect(sizes.reduce<number>((sum, size) => sum + Number(size), 0)).toBeLessThan(100_000);
  });
});
