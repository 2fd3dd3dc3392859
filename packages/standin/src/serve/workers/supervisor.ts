import type { Worker } from 'node:cluster';
import type { Log } from '@standin/core/spec/log';
import type * as StoreModule from '@standin/store';
import type { MetricSnapshot } from '@standin/store';
import type { CommandContext } from '../../cli/context.ts';
import { UsageError } from '../../cli/exit.ts';
import { Channel } from './channel.ts';
import { countRatesFor } from './shared-rates.ts';
import { WORKER_VARIABLE } from './worker.ts';

/** A worker that ended is replaced after this wait, doubled each time one lives shortly. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
/** One that lived so long was well. */
const WELL_AFTER_MS = 30_000;
const SNAPSHOT_WITHIN_MS = 2_000;
/** Beyond the limit for draining, until a worker that does not end is killed. */
const LAST_WAIT_MS = 3_000;

interface Slot {
  readonly index: number;
  worker?: Worker;
  channel?: Channel;
  isReady: boolean;
  waitMs: number;
  /** As last told. */
  snapshot: readonly MetricSnapshot[];
}

export interface Supervisor {
  /** The address, once every worker listens. Throws `UsageError` when one cannot. */
  start(): Promise<string>;
  /** Every worker reads the config again. */
  reload(): void;
  /** No more calls; workers end when theirs have, at the latest after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/**
 * N processes on one port. The supervisor takes connections and hands them out in turn, replaces a worker that died,
 * counts the rates of keys for all of them, and adds up their metrics; it makes no call itself.
 */
export async function createSupervisor(count: number, context: CommandContext): Promise<Supervisor> {
  const [{ default: cluster }, store, { systemClock }] = await Promise.all([
    import('node:cluster'),
    import('@standin/store'),
    import('@standin/core/spec/clock'),
  ]);
  cluster.schedulingPolicy = cluster.SCHED_RR;
  return new Workers(count, context.logger().log, store, {
    fork: (index) => cluster.fork({ [WORKER_VARIABLE]: String(index) }),
    rates: store.createKeyRates(systemClock),
  });
}

interface Means {
  readonly fork: (index: number) => Worker;
  readonly rates: StoreModule.KeyRates;
}

class Workers implements Supervisor {
  readonly #slots: Slot[];
  readonly #log: Log;
  readonly #store: typeof StoreModule;
  readonly #means: Means;
  #gone: readonly MetricSnapshot[] = [];
  #restarts = 0;
  #isStopping = false;
  #begun: { resolve: (url: string) => void; reject: (reason: Error) => void } | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(count: number, log: Log, store: typeof StoreModule, means: Means) {
    this.#log = log;
    this.#store = store;
    this.#means = means;
    const slot = (_: unknown, at: number): Slot => ({
      index: at + 1,
      isReady: false,
      waitMs: FIRST_WAIT_MS,
      snapshot: [],
    });
    this.#slots = Array.from({ length: count }, slot);
  }

  start(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#begun = { resolve, reject };
      for (const slot of this.#slots) this.#fork(slot);
    });
  }

  reload(): void {
    for (const { channel } of this.#slots) channel?.tell('reload');
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    const ended = new Promise<void>((resolve) => (this.#onEmpty = resolve));
    for (const { channel } of this.#slots) channel?.tell('drain');
    const kill = (): void => {
      for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
    };
    const timer = setTimeout(kill, graceMs + LAST_WAIT_MS);
    if (this.#slots.some(({ worker }) => worker !== undefined)) await ended;
    clearTimeout(timer);
  }

  #fork(slot: Slot): void {
    const worker = this.#means.fork(slot.index);
    const channel = new Channel((message) => {
      if (worker.isConnected()) worker.send(message as object);
    });
    const startedMs = performance.now();
    let problem: string | undefined;
    const endRates = countRatesFor(channel, this.#means.rates);
    Object.assign(slot, { worker, channel, isReady: false });
    worker.on('message', (message) => channel.receive(message));
    // A pipe that breaks is heard of through `exit`.
    worker.on('error', () => {});
    channel.on('ready', (url) => this.#ready(slot, String(url)));
    channel.on('failed', (message) => void (problem = String(message)));
    channel.on('metrics', () => this.#metrics());
    channel.on('farewell', (snapshot) => void (slot.snapshot = snapshot as readonly MetricSnapshot[]));
    worker.once('exit', (code, signal) => {
      channel.close();
      endRates();
      this.#ended(slot, performance.now() - startedMs, { code, signal, problem });
    });
  }

  #ready(slot: Slot, url: string): void {
    slot.isReady = true;
    if (!this.#slots.every(({ isReady }) => isReady)) return;
    this.#begun?.resolve(url);
    this.#begun = undefined;
  }

  #ended(slot: Slot, livedMs: number, how: { code: number | null; signal: string | null; problem?: string }): void {
    const { index, snapshot } = slot;
    slot.worker = undefined;
    slot.channel = undefined;
    slot.snapshot = [];
    this.#keepCounts(snapshot).catch((error: unknown) => this.#log('warn', 'Metrics of a worker are lost', { error }));
    if (this.#isStopping) {
      if (this.#slots.every(({ worker }) => worker === undefined)) this.#onEmpty?.();
      return;
    }
    if (this.#begun !== undefined) return this.#gaveUp(how);
    slot.waitMs = livedMs > WELL_AFTER_MS ? FIRST_WAIT_MS : Math.min(LONGEST_WAIT_MS, slot.waitMs * 2);
    this.#restarts++;
    const { code, signal, problem } = how;
    const fields = { worker: index, code, signal, reason: problem, waitMs: slot.waitMs };
    this.#log('error', 'Worker ended; another takes its place', fields);
    setTimeout(() => {
      if (!this.#isStopping) this.#fork(slot);
    }, slot.waitMs);
  }

  /** One could not begin: neither would the next. */
  #gaveUp({ code, signal, problem }: { code: number | null; signal: string | null; problem?: string }): void {
    const begun = this.#begun;
    this.#begun = undefined;
    this.#isStopping = true;
    for (const { worker } of this.#slots) worker?.process.kill('SIGKILL');
    begun?.reject(
      new UsageError(problem ?? `A worker ended before it could serve (${signal ?? `exit code ${code}`}).`),
    );
  }

  /** A sum must not go back because one of its parts died. */
  async #keepCounts(snapshot: readonly MetricSnapshot[]): Promise<void> {
    if (snapshot.length > 0)
      this.#gone = await this.#store.mergeSnapshots([this.#gone, this.#store.countsOf(snapshot)]);
  }

  async #metrics(): Promise<string> {
    await Promise.all(
      this.#slots.map(async (slot) => {
        const { channel } = slot;
        if (channel === undefined) return;
        try {
          const told = await channel.ask('snapshot', undefined, SNAPSHOT_WITHIN_MS);
          // It may have ended, and been counted, meanwhile.
          if (slot.channel === channel) slot.snapshot = told as readonly MetricSnapshot[];
        } catch {
          // A worker that is too busy to tell counts as last told.
        }
      }),
    );
    return this.#store.prometheusText([...this.#slots.map(({ snapshot }) => snapshot), this.#gone, this.#own()]);
  }

  #own(): readonly MetricSnapshot[] {
    const alive = this.#slots.filter(({ isReady, worker }) => isReady && worker !== undefined).length;
    const metrics = this.#store.createMetrics();
    metrics.gauge('standin_workers', 'Workers that serve.', [], () => [[alive]]);
    metrics.counted('standin_worker_restarts_total', 'Workers that ended and were replaced.', [], () => [
      [this.#restarts],
    ]);
    return [...metrics.all.values()].map((snapshot) => snapshot());
  }
}
