import type { Standin } from '@standin/core/library/standin-types';
import { systemClock, type Clock } from '@standin/core/spec/clock';
import type { PriceOf } from '@standin/store/money';
import { ask } from './ask.ts';
import type { BitSet } from './bits.ts';
import type { ResultWriter } from './output.ts';
import { Pace } from './pace.ts';
import { createSpend } from './spend.ts';
import { askerHere, type Asker } from './tried.ts';
import { BatchInputError, type BadLine, type BatchItem, type BatchRecord, type BatchResult } from './types.ts';

export interface RunBatchOptions {
  /** Needed where nothing else asks, and for a money limit. */
  readonly standin?: Standin;
  /** Asks the lines; absent: this process does, through `standin`. */
  readonly asker?: Asker;
  readonly records: AsyncIterable<BatchRecord>;
  readonly writer: ResultWriter;
  readonly priceOf: PriceOf;
  /** Selector for lines that name no model. */
  readonly model?: string;
  /** Default false: the vendor is asked for whole answers. */
  readonly stream?: boolean;
  /** Most calls under way at once. Default 16. */
  readonly concurrency?: number;
  /** A known rate limit, calls per second; absent: learned. */
  readonly perSecond?: number;
  /** How often a line whose whole chain failed for a passing reason is asked again. Default 3. */
  readonly retries?: number;
  readonly maxNanoUsd?: number;
  /** Of an earlier run. */
  readonly done?: BitSet;
  readonly alreadyNanoUsd?: number;
  /** No further line is begun; those under way end. */
  readonly stop?: AbortSignal;
  /** Calls under way are cancelled too; their lines have no result. */
  readonly abort?: AbortSignal;
  readonly clock?: Clock;
  readonly onBad?: (bad: BadLine) => void | Promise<void>;
  readonly onResult?: (result: BatchResult) => void;
  /** Told once running numbers may be read. */
  readonly onStart?: (live: BatchLive) => void;
}

/** Numbers of a running batch, for a display. */
export interface BatchLive {
  readonly underWay: number;
  readonly perSecond: number | undefined;
  readonly spentNanoUsd: number;
  /** Results whose cost is not known. */
  readonly unknownCosts: number;
  /** Another bound of the calls under way at once. */
  setConcurrency(most: number): void;
  /** Money that went without a result of this run. */
  addSpent(nanoUsd: number): void;
}

export interface BatchSummary {
  readonly answered: number;
  readonly failed: number;
  readonly bad: number;
  /** Results that were there before. */
  readonly earlier: number;
  readonly spentNanoUsd: number;
  readonly unknownCosts: number;
  readonly ended: 'done' | 'stopped' | 'max-cost';
}

export const DEFAULT_CONCURRENCY = 16;
const DEFAULT_RETRIES = 3;

/**
 * Asks every record once and writes each result as it comes. Memory is bounded by the calls under way. Throws
 * `BatchInputError` for an input that cannot be read on, and what the writer throws; calls under way are cancelled then.
 */
export async function runBatch(options: RunBatchOptions): Promise<BatchSummary> {
  return new BatchRun(options).run();
}

class BatchRun {
  readonly #options: RunBatchOptions;
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #spend: ReturnType<typeof createSpend>;
  readonly #abort = new AbortController();
  readonly #slots: Slots;
  readonly #asker: Asker;
  /** Lets go of lines that were not begun yet. */
  readonly #halt: AbortSignal;
  readonly #running = new Set<Promise<void>>();
  #answered = 0;
  #failed = 0;
  #bad = 0;
  #isMoneyGone = false;
  #broken: unknown;

  constructor(options: RunBatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    this.#pace = new Pace({ clock: this.#clock, concurrency, perSecond: options.perSecond });
    this.#slots = new Slots(concurrency);
    this.#spend = createSpend(options);
    this.#asker = options.asker ?? this.#askerHere();
    const { stop } = options;
    this.#halt = stop === undefined ? this.#abort.signal : AbortSignal.any([stop, this.#abort.signal]);
  }

  #askerHere(): Asker {
    const { model, stream, priceOf } = this.#options;
    return askerHere({ standin: this.#standin, model, stream: stream === true, priceOf, now: () => this.#clock.now() });
  }

  get #standin(): Standin {
    if (this.#options.standin === undefined) throw new Error('A batch that asks, or limits money, needs a Standin.');
    return this.#options.standin;
  }

  async run(): Promise<BatchSummary> {
    const { abort, onStart, done } = this.#options;
    const onAbort = (): void => this.#abort.abort();
    if (abort?.aborted === true) onAbort();
    abort?.addEventListener('abort', onAbort);
    const onHalt = (): void => this.#slots.open();
    this.#halt.addEventListener('abort', onHalt);
    const [pace, spend, slots] = [this.#pace, this.#spend, this.#slots];
    const earlier = done?.count ?? 0;
    onStart?.({
      get underWay() {
        return pace.underWay;
      },
      get perSecond() {
        return pace.perSecond;
      },
      get spentNanoUsd() {
        return spend.spentNanoUsd;
      },
      get unknownCosts() {
        return spend.unknown;
      },
      setConcurrency(most) {
        pace.concurrency = most;
        slots.resize(most);
      },
      addSpent: (nanoUsd) => spend.settle(0, nanoUsd),
    });
    let ended: BatchSummary['ended'] = 'done';
    try {
      ended = await this.#feed();
    } catch (error) {
      this.#break(error);
    }
    await Promise.all(this.#running);
    abort?.removeEventListener('abort', onAbort);
    this.#halt.removeEventListener('abort', onHalt);
    if (this.#broken !== undefined) throw this.#broken;
    return {
      answered: this.#answered,
      failed: this.#failed,
      bad: this.#bad,
      earlier,
      spentNanoUsd: this.#spend.spentNanoUsd,
      unknownCosts: this.#spend.unknown,
      ended: this.#isStopped ? 'stopped' : this.#isMoneyGone ? 'max-cost' : ended,
    };
  }

  get #isStopped(): boolean {
    return this.#options.stop?.aborted === true || this.#abort.signal.aborted;
  }

  async #feed(): Promise<'done' | 'max-cost'> {
    const { records, done, onBad } = this.#options;
    for await (const record of records) {
      if (this.#isStopped) return 'done';
      if ('bad' in record) {
        this.#bad += 1;
        await onBad?.(record.bad);
        continue;
      }
      if (done?.has(record.item.index) === true) continue;
      // A line is read only when there is room for it: memory stays bounded whatever the file's size.
      await this.#slots.take();
      if (this.#isStopped) return 'done';
      const reserved = await this.#reserve(record.item);
      if (reserved === undefined) return this.#isStopped ? 'done' : 'max-cost';
      const task = this.#one(record.item, reserved).finally(() => {
        this.#running.delete(task);
        this.#slots.free();
      });
      this.#running.add(task);
    }
    return 'done';
  }

  /** Sets the line's money aside; `undefined`: there is none left. */
  async #reserve(item: BatchItem): Promise<number | undefined> {
    if (this.#options.maxNanoUsd === undefined) return 0;
    const { request, routing } = item.decoded;
    const plan = this.#standin.plan({ model: request.model ?? this.#options.model, routing });
    const nanoUsd = this.#spend.estimate(request, plan);
    for (;;) {
      const answer = this.#spend.reserve(nanoUsd);
      if (answer === 'yes') return nanoUsd;
      if (answer === 'no' || this.#isStopped) return undefined;
      await Promise.race(this.#running);
    }
  }

  async #one(item: BatchItem, first: number): Promise<void> {
    const { writer, onResult, retries } = this.#options;
    let reserved = first;
    try {
      const answered = await ask(item, {
        asker: this.#asker,
        pace: this.#pace,
        now: () => this.#clock.now(),
        retries: retries ?? DEFAULT_RETRIES,
        signal: this.#abort.signal,
        halt: this.#halt,
        held: () => reserved,
        onLost: async () => {
          this.#spend.settle(reserved, undefined);
          reserved = (await this.#reserve(item)) ?? -1;
          return reserved >= 0;
        },
      });
      if (answered === undefined) {
        this.#isMoneyGone = true;
        return;
      }
      const { result, costNanoUsd } = answered;
      this.#spend.settle(reserved, costNanoUsd);
      await writer.write(JSON.stringify(result));
      this.#asker.written?.(item.index);
      if (result.error === undefined) this.#answered += 1;
      else this.#failed += 1;
      onResult?.(result);
    } catch (error) {
      const isHalted = this.#halt.aborted && error instanceof Error && error.name === 'AbortError';
      if (!this.#abort.signal.aborted && !isHalted) this.#break(error);
    }
  }

  /** Nothing can go on: the disk is full, the input ends in the middle. */
  #break(error: unknown): void {
    this.#broken ??= error instanceof Error ? error : new BatchInputError(String(error));
    this.#abort.abort();
  }
}

/** So many at once; the next waits. */
class Slots {
  #most: number;
  #free: number;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#free = most;
  }

  /** Fewer hold once enough of those taken are free again. */
  resize(most: number): void {
    this.#free += most - this.#most;
    this.#most = most;
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free -= 1;
      this.#waiting.shift()?.();
    }
  }

  take(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#free > 0) {
        this.#free -= 1;
        resolve();
      } else this.#waiting.push(resolve);
    });
  }

  free(): void {
    const next = this.#free < 0 ? undefined : this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }

  /** Lets everybody through: whoever waits looks at why by itself. */
  open(): void {
    this.#free = Infinity;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
