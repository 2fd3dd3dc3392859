import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { BitSet } from '../bits.ts';
import type { Asker, Signal, Tried } from '../tried.ts';
import type { BatchItem } from '../types.ts';
import {
  answersOf,
  BEAT_MS,
  BEATS_TO_LIVE,
  heldOf,
  jobIdOf,
  KEPT_S,
  parseBeat,
  PREFIX,
  QUEUE,
  redisNow,
  WORKERS,
} from './names.ts';
import type { Told, TryJob, WorkerBeat } from './names.ts';
import { LOST } from './worker.ts';

export interface CollectorOptions {
  readonly redis: Redis;
  /** Stays the same when a batch is resumed. */
  readonly batch: string;
  /** Selector for lines that name no model; the workers' configs know it. */
  readonly model?: string;
  readonly stream: boolean;
  /** Lines that have a result from an earlier run. */
  readonly done?: BitSet;
  /** Milliseconds; default 2,000. */
  readonly beatMs?: number;
  /** How many tries all live workers take at once; told when it changes, and at the start. */
  readonly onWorkers: (workers: number, capacity: number) => void;
  /** Money that an answer cost which was not needed any more. */
  readonly onLate: (nanoUsd: number) => void;
}

/** A job that is neither in the queue nor with a worker for so many looks is lost. */
const LOOKS_TO_LOSE = 3;
const LOST_FIELD = 'lost';
const READ_COUNT = 200;
const READ_BLOCK_MS = 1_000;

const isFinal = ({ lost, passing }: Tried): boolean => lost !== true && passing === undefined;

interface Waiting {
  readonly number: number;
  readonly heldNanoUsd: number;
  readonly tell: (signal: Signal) => void;
  readonly resolve: (tried: Tried) => void;
  misses: number;
}

/**
 * The side of a batch that reads the input, keeps pace and money, and writes the output. Tries travel through BullMQ to
 * whatever worker is free, one job each; what they came to comes back in a stream, from which it is taken only when it
 * is written. So Redis holds no more than what is under way, may lose all it holds, and any process may be killed.
 */
export class Collector implements Asker {
  readonly #options: CollectorOptions;
  readonly #redis: Redis;
  readonly #reader: Redis;
  readonly #queue: Queue<TryJob>;
  readonly #waiting = new Map<number, Waiting>();
  /** Results of an earlier run that nobody wrote. */
  readonly #early = new Map<number, Tried>();
  /** Entries of the stream, to be taken out once the line's result is written. */
  readonly #entries = new Map<number, string[]>();
  /** Lines whose end is known, written or about to be. */
  readonly #ended = new BitSet();
  readonly #held = new Set<number>();
  /** Money of lost tries and of answers that nobody needed: in no result, so it is kept beside what is set aside. */
  #lostNanoUsd = 0;
  #from = '0';
  #isClosed = false;
  #isStarting = true;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #known = '';
  #reading: Promise<void> = Promise.resolve();

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#redis = options.redis;
    this.#queue = new Queue<TryJob>(QUEUE, {
      connection: options.redis,
      prefix: PREFIX,
      streams: { events: { maxLen: 100 } },
    });
    this.#queue.on('error', () => {});
    this.#reader = options.redis.duplicate();
    this.#reader.on('error', () => {});
    // What was in the stream may be gone, and its numbers begin anew.
    this.#reader.on('ready', () => (this.#from = '0'));
    this.#reader.on('ready', () => {
      if (this.#isStarting) return;
      this.#keepLost();
      this.#quietly(this.#removeStrays());
    });
  }

  /**
   * Reads what an earlier run left. Returns the money that it had set aside for lines of which nothing is known any more.
   */
  async start(): Promise<number> {
    await this.#queue.waitUntilReady();
    for (;;) {
      const found = await this.#read();
      if (found === 0) break;
    }
    this.#isStarting = false;
    const lost = await this.#lostMoney();
    await this.#removeStrays();
    await this.#look();
    this.#timer = setInterval(() => {
      if (this.#isLooking) return;
      this.#isLooking = true;
      this.#look()
        .catch(() => {})
        .finally(() => (this.#isLooking = false));
    }, this.#options.beatMs ?? BEAT_MS);
    this.#reading = this.#readOn();
    return lost;
  }

  once(
    item: BatchItem,
    number: number,
    tell: (signal: Signal) => void,
    signal: AbortSignal,
    heldNanoUsd: number,
  ): Promise<Tried> {
    const early = this.#early.get(item.index);
    this.#early.delete(item.index);
    if (early !== undefined) {
      this.#ended.add(item.index);
      return Promise.resolve(early);
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(item.index);
        reject(new DOMException('The batch was stopped.', 'AbortError'));
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.set(item.index, {
        number,
        heldNanoUsd,
        tell,
        misses: 0,
        resolve: (tried) => {
          if (tried.lost === true) this.#lose(heldNanoUsd);
          signal.removeEventListener('abort', leave);
          this.#waiting.delete(item.index);
          if (tried.error === undefined) tell({ kind: 'accepted' });
          resolve(tried);
        },
      });
      this.#send(item, number, heldNanoUsd).catch((error: unknown) => {
        signal.removeEventListener('abort', leave);
        if (this.#waiting.delete(item.index)) reject(error);
      });
    });
  }

  async #send(item: BatchItem, number: number, heldNanoUsd: number): Promise<void> {
    const { batch, model, stream } = this.#options;
    if (heldNanoUsd > 0) {
      this.#held.add(item.index);
      await this.#redis
        .multi()
        .hset(heldOf(batch), String(item.index), String(heldNanoUsd))
        .expire(heldOf(batch), KEPT_S)
        .exec();
    }
    const { index, id, source } = item;
    const job: TryJob = {
      batch,
      index,
      number,
      source,
      stream,
      ...(id === undefined ? {} : { id }),
      ...(model === undefined ? {} : { model }),
    };
    // A job of this id that is there already, from an earlier run, stays: its answer is waited for.
    await this.#queue.add('try', job, {
      jobId: jobIdOf(batch, index, number),
      removeOnComplete: true,
      removeOnFail: true,
    });
  }

  written(index: number): void {
    this.#ended.add(index);
    this.#takeOut(index);
    if (this.#held.delete(index)) this.#quietly(this.#redis.hdel(heldOf(this.#options.batch), String(index)));
  }

  #takeOut(index: number, ...entries: string[]): void {
    const ids = [...entries, ...(this.#entries.get(index) ?? [])];
    if (entries.length === 0) this.#entries.delete(index);
    else ids.length = entries.length;
    if (ids.length > 0) this.#quietly(this.#redis.xdel(answersOf(this.#options.batch), ...ids));
  }

  #quietly(task: Promise<unknown>): void {
    task.catch(() => {});
  }

  #isDone(index: number): boolean {
    return this.#ended.has(index) || this.#options.done?.has(index) === true;
  }

  async #readOn(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#read(READ_BLOCK_MS);
      } catch {
        // The connection comes back by itself; until then its commands wait.
        if (!this.#isClosed) await new Promise((resolve) => void setTimeout(resolve, 50));
      }
    }
  }

  /** How many entries there were. */
  async #read(blockMs?: number): Promise<number> {
    const key = answersOf(this.#options.batch);
    const from = this.#from;
    const got =
      blockMs === undefined
        ? await this.#reader.xread('COUNT', READ_COUNT, 'STREAMS', key, from)
        : await this.#reader.xread('COUNT', READ_COUNT, 'BLOCK', blockMs, 'STREAMS', key, from);
    const entries = got?.[0]?.[1] ?? [];
    for (const [entry, fields] of entries) this.#hear(entry, fields[1] ?? '');
    const last = entries.at(-1)?.[0];
    // Not when the connection began anew meanwhile.
    if (last !== undefined && this.#from === from) this.#from = last;
    return entries.length;
  }

  #hear(entry: string, text: string): void {
    let told: Told;
    try {
      told = JSON.parse(text) as Told;
    } catch {
      return this.#quietly(this.#redis.xdel(answersOf(this.#options.batch), entry));
    }
    const { index, number, signal, tried } = told;
    const waiting = this.#waiting.get(index);
    const known = this.#entries.get(index) ?? [];
    if (known.includes(entry)) return;
    if (signal !== undefined) waiting?.tell(signal);
    if (tried !== undefined && !this.#isDone(index)) {
      if (isFinal(tried)) {
        // It stays in the stream until the line's result is written.
        this.#entries.set(index, [...known, entry]);
        if (waiting === undefined) this.#early.set(index, tried);
        else {
          this.#ended.add(index);
          waiting.resolve(tried);
        }
        return;
      }
      this.#takeOut(index, entry);
      if (waiting?.number === number) return waiting.resolve(tried);
    } else this.#takeOut(index, entry);
    // Nobody needs this answer any more, but it was paid for.
    if (tried?.costNanoUsd === undefined || tried.costNanoUsd <= 0) return;
    this.#lose(tried.costNanoUsd);
    this.#options.onLate(tried.costNanoUsd);
  }

  #lose(nanoUsd: number): void {
    if (nanoUsd <= 0) return;
    this.#lostNanoUsd += nanoUsd;
    this.#keepLost();
  }

  #keepLost(): void {
    const held = heldOf(this.#options.batch);
    if (this.#lostNanoUsd > 0)
      this.#quietly(this.#redis.multi().hset(held, LOST_FIELD, String(this.#lostNanoUsd)).expire(held, KEPT_S).exec());
  }

  async #workers(): Promise<WorkerBeat[]> {
    const [now, all] = await Promise.all([redisNow(this.#redis), this.#redis.hgetall(WORKERS)]);
    const oldest = now - BEATS_TO_LIVE * (this.#options.beatMs ?? BEAT_MS);
    const live: WorkerBeat[] = [];
    for (const [id, text] of Object.entries(all)) {
      const beat = parseBeat(text);
      if (beat !== undefined && beat.at >= oldest) live.push(beat);
      else if (beat === undefined || beat.at < oldest - 60_000) this.#quietly(this.#redis.hdel(WORKERS, id));
    }
    return live;
  }

  /** Whether jobs are still in the queue. */
  async #areThere(jobIds: readonly string[]): Promise<boolean[]> {
    if (jobIds.length === 0) return [];
    const pipeline = this.#redis.pipeline();
    for (const id of jobIds) pipeline.exists(`${PREFIX}:${QUEUE}:${id}`);
    const found = (await pipeline.exec()) ?? [];
    return jobIds.map((_, at) => found[at]?.[0] === null && found[at]?.[1] === 1);
  }

  /** Who lives, and whether every line that is waited for is still somewhere. */
  async #look(): Promise<void> {
    const live = await this.#workers();
    const capacity = live.reduce((sum, one) => sum + one.capacity, 0);
    const known = `${live.length} ${capacity}`;
    if (known !== this.#known) this.#options.onWorkers(live.length, capacity);
    this.#known = known;
    const { batch } = this.#options;
    const waiting = [...this.#waiting].map(([index, one]) => ({ one, id: jobIdOf(batch, index, one.number) }));
    const claimed = new Set(live.flatMap(({ jobs }) => jobs));
    const there = await this.#areThere(waiting.map(({ id }) => id));
    waiting.forEach(({ one, id }, at) => {
      one.misses = there[at] === true || claimed.has(id) ? 0 : one.misses + 1;
      if (one.misses >= LOOKS_TO_LOSE) one.resolve(LOST);
    });
  }

  /** Jobs of this batch that wait in the queue and that nobody waits for: an earlier run's, or an old memory's. */
  async #removeStrays(): Promise<void> {
    const { batch } = this.#options;
    for (const job of await this.#queue.getJobs(['waiting', 'delayed', 'prioritized'])) {
      if (job?.data?.batch !== batch || this.#waiting.get(job.data.index)?.number === job.data.number) continue;
      await job.remove().catch(() => {});
    }
  }

  async #lostMoney(): Promise<number> {
    const { batch, done } = this.#options;
    const { [LOST_FIELD]: before = '0', ...held } = await this.#redis.hgetall(heldOf(batch));
    const live = await this.#workers();
    const claimed = new Set(live.flatMap(({ jobs }) => jobs.map((id) => id.replace(/-\d+$/, ''))));
    const queued = new Set(
      (await this.#queue.getJobs(['active', 'waiting'])).map((job) => `${job?.data?.batch}-${job?.data?.index}`),
    );
    let sum = 0;
    for (const [field, nanoUsd] of Object.entries(held)) {
      const index = Number(field);
      const name = `${batch}-${index}`;
      const isKnown = done?.has(index) === true || this.#early.has(index) || claimed.has(name) || queued.has(name);
      if (isKnown) continue;
      sum += Number(nanoUsd);
      await this.#redis.hdel(heldOf(batch), field);
    }
    sum += Number(before);
    // Answers that were read just now and are not needed are told on their own.
    this.#lostNanoUsd += sum;
    this.#keepLost();
    return sum;
  }

  /** `ended`: every line has its result, nothing of the batch has to be kept. */
  async close(ended: boolean): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#reader.disconnect();
    await this.#reading;
    if (this.#redis.status === 'ready') {
      await this.#removeStrays().catch(() => {});
      const { batch } = this.#options;
      if (ended) await this.#redis.del(answersOf(batch), heldOf(batch)).catch(() => {});
    }
    await this.#queue.close().catch(() => {});
  }
}
