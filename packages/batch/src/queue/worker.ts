import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Standin } from '@standin/core/library/standin-types';
import { systemClock } from '@standin/core/spec/clock';
import type { PriceOf } from '@standin/store/money';
import { Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import { jsonRecord } from '../request.ts';
import { askerHere, type Tried } from '../tried.ts';
import { answersOf, BEAT_MS, KEPT_S, LOCK_MS, PREFIX, QUEUE, redisNow, WORKERS } from './names.ts';
import type { Told, TryJob, WorkerBeat } from './names.ts';

export interface BatchWorkerOptions {
  readonly redis: Redis;
  readonly standin: Standin;
  readonly priceOf: PriceOf;
  /** Tries at once. */
  readonly concurrency: number;
  /** Milliseconds; default 2,000 and 10,000. */
  readonly beatMs?: number;
  readonly lockMs?: number;
  readonly onTried?: (tried: Tried) => void;
  /** Something of the queue itself went wrong; it goes on. */
  readonly onTrouble?: (reason: string) => void;
}

export interface BatchWorker {
  readonly underWay: number;
  /** Takes no further line; resolves when those under way are answered and handed back. */
  close(): Promise<void>;
  /** Cancels what is under way: their batches ask those lines again. */
  abort(): void;
  /** For tests: stops as a killed process does, without a word. */
  vanish(): Promise<void>;
}

/** Answers lines of whatever batches wait in the queue. */
export async function startBatchWorker(options: BatchWorkerOptions): Promise<BatchWorker> {
  const { redis, beatMs = BEAT_MS, lockMs = LOCK_MS } = options;
  const id = randomUUID();
  const abort = new AbortController();
  const jobs = new Set<string>();
  let isGone = false;

  const say = async (job: TryJob, told: Pick<Told, 'signal' | 'tried'>): Promise<void> => {
    if (isGone) return;
    const key = answersOf(job.batch);
    const text = JSON.stringify({ index: job.index, number: job.number, ...told } satisfies Told);
    await redis.multi().xadd(key, '*', 'told', text).expire(key, KEPT_S).exec();
  };

  const answer = async (job: Job<TryJob>): Promise<void> => {
    const { data } = job;
    // Somebody had it before and is gone: whether it was asked, and what it cost, nobody knows. Its batch decides.
    if (job.attemptsStarted > 1) return say(data, { tried: LOST });
    const record = jsonRecord({ number: 1, text: data.source, endByte: 0 }, data.index);
    if (!('item' in record)) return say(data, { tried: unusable(record.bad.reason) });
    const asker = askerHere({
      standin: options.standin,
      model: data.model,
      stream: data.stream,
      priceOf: options.priceOf,
      now: () => systemClock.now(),
    });
    let tried: Tried;
    try {
      tried = await asker.once(
        { ...record.item, ...(data.id === undefined ? {} : { id: data.id }) },
        data.number,
        (signal) => {
          // An answer says by itself that it was accepted.
          if (signal.kind !== 'accepted') say(data, { signal }).catch(() => {});
        },
        abort.signal,
        0,
      );
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      tried = LOST;
    }
    await say(data, { tried });
    options.onTried?.(tried);
  };

  const worker = new Worker<TryJob>(
    QUEUE,
    async (job) => {
      const jobId = job.id ?? '';
      jobs.add(jobId);
      try {
        await answer(job);
      } finally {
        jobs.delete(jobId);
      }
    },
    {
      connection: redis,
      prefix: PREFIX,
      concurrency: options.concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs / 2,
      maxStalledCount: 100,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
      drainDelay: 2,
    },
  );
  worker.on('error', (error) => {
    // A job whose answer is handed back already may be gone with the server's memory.
    if (!/ECONN|EPIPE|ETIMEDOUT|Connection is closed|Missing (key|lock)|could not renew lock/i.test(error.message))
      options.onTrouble?.(error.message);
  });

  const beat = async (): Promise<void> => {
    const now = await redisNow(redis);
    if (isGone) return;
    const state: WorkerBeat = {
      at: now,
      capacity: options.concurrency,
      jobs: [...jobs],
      host: hostname(),
      pid: process.pid,
    };
    await redis.hset(WORKERS, id, JSON.stringify(state));
  };
  let isBeating = false;
  const timer = setInterval(() => {
    if (isBeating) return;
    isBeating = true;
    beat()
      .catch(() => {})
      .finally(() => (isBeating = false));
  }, beatMs);
  await worker.waitUntilReady();
  await beat();

  const leave = async (force: boolean): Promise<void> => {
    await worker.close(force);
    clearInterval(timer);
    isGone = true;
  };
  return {
    get underWay() {
      return jobs.size;
    },
    close: async () => {
      await leave(false);
      await redis.hdel(WORKERS, id);
    },
    abort: () => abort.abort(),
    vanish: async () => {
      isGone = true;
      clearInterval(timer);
      redis.disconnect();
      await worker.close(true).catch(() => {});
    },
  };
}

const NOBODY = { model: null, provider: null, usage: null, attempts: 0, durationMs: 0 } as const;

/** The line's try had begun somewhere, and its end was not seen. */
export const LOST: Tried = {
  ...NOBODY,
  error: {
    kind: 'lost',
    message: 'The workers that asked this line died while they did; look at what it makes them do, or at their memory.',
  },
  lost: true,
};

function unusable(reason: string): Tried {
  return { ...NOBODY, costNanoUsd: 0, error: { kind: 'invalid-request', message: reason } };
}
