import { existsSync } from 'node:fs';
import { appendTo, BitSet, holdOutput, readEarlier, runBatch } from '@standin/batch';
import type { Log } from '@standin/core/spec/log';
import type { KeyRecord } from '@standin/store/keys';
import type { Endpoint } from '../endpoints.ts';
import type { GatewayContext } from '../exchange.ts';
import { endpointAsker } from './asker.ts';
import { checkLines, recordsOf } from './lines.ts';
import { makeOutputs } from './outputs.ts';
import { NOBODYS, type BatchStore, type Owner } from './store.ts';
import { ENDED, type BatchObject, type FileObject } from './types.ts';

/** Batches that one process runs at the same time; the others wait, or other workers take them. */
const MOST_RUNNING = 4;
const CANCEL_LOOK_MS = 500;
const COUNTS_EVERY_MS = 500;
/** A worker on another machine that did not show itself for so long is gone. */
const LEASE_MS = 60_000;
const SWEEP_MS = 600_000;

export interface RunnerOptions {
  readonly store: BatchStore;
  readonly context: GatewayContext;
  /** The key of an owner as it is now. */
  readonly keyOf: (owner: Owner) => KeyRecord | undefined;
  readonly endpointOf: (path: string) => Endpoint | undefined;
  readonly concurrency: number;
  readonly keepMs: number;
  readonly lookMs: number;
}

/** Runs the batches that nobody else runs, to their end or until this process stops; whoever comes next goes on. */
export class BatchRunner {
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  readonly #abort = new AbortController();
  #timer: unknown;
  #graceTimer: unknown;
  #looking: Promise<void> | undefined;
  #sweptAt = -Infinity;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#arm(0);
  }

  get #log(): Log {
    return this.#options.context.log;
  }

  #arm(ms: number): void {
    const { clock } = this.#options.context;
    clock.clear(this.#timer);
    this.#timer = clock.after(ms, () => this.wake());
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Looks for batches to run, now. */
  wake(): void {
    if (this.#stop.signal.aborted || this.#looking !== undefined) return;
    this.#looking = this.#look()
      .catch((error: unknown) => this.#log('warn', 'Batches cannot be looked at', { error }))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#stop.signal.aborted) this.#arm(this.#options.lookMs);
      });
  }

  async #look(): Promise<void> {
    const { store, keepMs, context } = this.#options;
    const now = context.clock.wallMs();
    if (now - this.#sweptAt > SWEEP_MS) {
      this.#sweptAt = now;
      await store.sweep(now, keepMs);
    }
    for (const { owner, id } of await store.open()) {
      if (this.#stop.signal.aborted || this.#running.size >= MOST_RUNNING) return;
      if (this.#running.has(id)) continue;
      let release: () => void;
      try {
        release = holdOutput(store.batchPath(owner, id), LEASE_MS);
      } catch {
        // Another process runs it.
        continue;
      }
      this.#running.set(id, this.#hold(owner, id, release));
    }
  }

  async #hold(owner: Owner, id: string, release: () => void): Promise<void> {
    let isDone = false;
    try {
      await this.#run(owner, id);
      isDone = true;
    } catch (error) {
      // A full disk, say: tried again with the next look, not at once.
      this.#log('error', 'A batch was interrupted; it is gone on with', { batch: id, error });
    }
    release();
    this.#running.delete(id);
    if (isDone) this.wake();
  }

  /**
   * No further line is begun; calls under way that have not ended after `graceMs` are cancelled, and their lines asked
   * again by whoever goes on. Resolves when nothing is written any more. A second call with a smaller grace shortens it.
   */
  async close(graceMs: number): Promise<void> {
    const { clock } = this.#options.context;
    this.#stop.abort();
    clock.clear(this.#timer);
    clock.clear(this.#graceTimer);
    this.#graceTimer = clock.after(graceMs, () => this.#abort.abort());
    await this.#looking;
    await Promise.all(this.#running.values());
    clock.clear(this.#graceTimer);
  }

  async #run(owner: Owner, id: string): Promise<void> {
    const { store, context } = this.#options;
    const batch = await store.batch(owner, id);
    if (batch === undefined || ENDED.has(batch.status)) {
      if (batch !== undefined) await store.closeBatch(owner, id);
      return;
    }
    // A batch that stands as cancelling does so by its mark alone.
    const state = new BatchState(store, owner, batch, () => Math.floor(context.clock.wallMs() / 1_000));
    const input = store.filePath(owner, batch.input_file_id);
    if (batch.output_file_id === null && batch.finalizing_at === null && !existsSync(input))
      return this.#fail(state, [
        { code: 'input_file_missing', message: 'The input file is gone.', param: 'input_file_id', line: null },
      ]);
    if (batch.in_progress_at === null) {
      const { total, errors } = await checkLines(input, batch.endpoint, context.bodyLimitBytes);
      if (errors.length > 0) return this.#fail(state, errors);
      await state.set({
        status: 'in_progress',
        in_progress_at: state.now(),
        request_counts: { total, completed: 0, failed: 0 },
      });
    }
    await this.#ask(state, input);
  }

  async #fail(state: BatchState, errors: NonNullable<BatchObject['errors']>['data']): Promise<void> {
    await state.set({ status: 'failed', failed_at: state.now(), errors: { object: 'list', data: errors } });
    await this.#options.store.closeBatch(state.owner, state.batch.id);
  }

  async #ask(state: BatchState, input: string): Promise<void> {
    const { store, context, concurrency, keyOf, endpointOf } = this.#options;
    const { owner } = state;
    const { id, endpoint } = state.batch;
    const { clock } = context;
    const results = `${store.batchPath(owner, id)}.results`;
    const earlier = existsSync(results) ? await readEarlier(results) : { done: new BitSet(), failed: 0 };
    const { total } = state.batch.request_counts;
    let { failed } = earlier;
    let completed = earlier.done.count - failed;
    const stop = new AbortController();
    let why: 'cancelled' | 'expired' | undefined;
    const end = (reason: typeof why): void => {
      why ??= reason;
      stop.abort();
    };
    const leftMs = state.batch.expires_at * 1_000 - clock.wallMs();
    const expiry = clock.after(Math.max(0, leftMs), () => end('expired'));
    if (leftMs <= 0) end('expired');
    const looker = setInterval(() => {
      store.isToCancel(owner, id).then(
        (isAsked) => isAsked && end('cancelled'),
        () => {},
      );
    }, CANCEL_LOOK_MS);
    if (await store.isToCancel(owner, id)) end('cancelled');
    const counter = setInterval(() => {
      state.set({ request_counts: { total, completed, failed } }).catch(() => {});
    }, COUNTS_EVERY_MS);
    const route = endpointOf(endpoint);
    if (route === undefined) throw new Error(`There is no endpoint ${endpoint}.`);
    const writer = appendTo(results);
    const done = earlier.done;
    try {
      if (state.batch.finalizing_at === null && why === undefined)
        await runBatch({
          asker: endpointAsker({
            context,
            endpoint: route,
            path: endpoint,
            ...(owner === NOBODYS ? {} : { caller: () => keyOf(owner) }),
          }),
          records: recordsOf(input, endpoint, context.bodyLimitBytes),
          writer,
          priceOf: () => undefined,
          concurrency,
          clock,
          done,
          stop: AbortSignal.any([stop.signal, this.#stop.signal]),
          abort: this.#abort.signal,
          onResult: (result) => {
            done.add(result.index);
            if (result.error === undefined) completed += 1;
            else failed += 1;
          },
        });
    } finally {
      clock.clear(expiry);
      clearInterval(looker);
      clearInterval(counter);
      await writer.close();
      await state.set({ request_counts: { total, completed, failed } });
    }
    // Stopped with the process: another goes on. What was ended meanwhile is finished by it too.
    if (done.count < total && why === undefined) return;
    await this.#finish(state, results, why === 'expired' && done.count < total ? done : undefined, why, {
      total,
      completed,
      failed,
    });
  }

  async #finish(
    state: BatchState,
    results: string,
    expiredButDone: BitSet | undefined,
    why: 'cancelled' | 'expired' | undefined,
    counts: BatchObject['request_counts'],
  ): Promise<void> {
    const { store, keepMs, context } = this.#options;
    const { owner } = state;
    const { id, endpoint, input_file_id: inputId } = state.batch;
    const now = state.now();
    const isWhole = counts.completed + counts.failed >= counts.total;
    await state.set({ status: 'finalizing', finalizing_at: state.batch.finalizing_at ?? now });
    // The same names whenever this is begun again.
    const [output, errors] = [`file-${id.slice(6)}aa`, `file-${id.slice(6)}ee`];
    const sizes = await makeOutputs({
      batchId: id,
      results,
      output: store.filePath(owner, output),
      errors: store.filePath(owner, errors),
      ...(expiredButDone === undefined
        ? {}
        : {
            expired: {
              input: store.filePath(owner, inputId),
              endpoint,
              done: expiredButDone,
              longestBytes: context.bodyLimitBytes,
            },
          }),
    });
    const add = async (fileId: string, bytes: number, name: string): Promise<string | null> => {
      if (bytes === 0) return null;
      const file: FileObject = {
        id: fileId,
        object: 'file',
        bytes,
        created_at: now,
        expires_at: now + Math.floor(keepMs / 1_000),
        filename: `${id}_${name}.jsonl`,
        purpose: 'batch_output',
        status: 'processed',
      };
      await store.addFile(owner, file);
      return fileId;
    };
    const made = {
      output_file_id: await add(output, sizes.output, 'output'),
      error_file_id: await add(errors, sizes.errors, 'error'),
    };
    const status = isWhole || why === undefined ? 'completed' : why;
    const at = state.now();
    const times = {
      completed: { completed_at: at },
      cancelled: { cancelled_at: at },
      expired: { expired_at: at },
    }[status];
    const asked = await store.batch(owner, id);
    await state.set({ ...made, status, ...times, cancelling_at: asked?.cancelling_at ?? null, request_counts: counts });
    await store.closeBatch(owner, id);
    this.#log('info', 'A batch has ended', { batch: id, status, ...counts });
  }
}

/** The batch as who runs it writes it, one write after the other. */
class BatchState {
  readonly owner: Owner;
  batch: BatchObject;
  readonly now: () => number;
  readonly #store: BatchStore;
  #writing: Promise<void> = Promise.resolve();

  constructor(store: BatchStore, owner: Owner, batch: BatchObject, now: () => number) {
    this.#store = store;
    this.owner = owner;
    this.batch =
      batch.status === 'cancelling'
        ? { ...batch, status: batch.in_progress_at === null ? 'validating' : 'in_progress', cancelling_at: null }
        : batch;
    this.now = now;
  }

  set(change: Partial<BatchObject>): Promise<void> {
    this.batch = { ...this.batch, ...change };
    this.#writing = this.#writing.catch(() => {}).then(() => this.#store.writeBatch(this.owner, this.batch));
    return this.#writing;
  }
}
