import type { ProviderError } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { RunHandle, RunSink } from './run-types.ts';

/** Events that may wait for a slow reader before the vendor's socket is paused. */
const HIGH_WATER = 512;

/**
 * The pull form of a run. Nothing starts before the first `next()`; leaving early cancels upstream.
 * One reader: a second iteration of the same call is refused.
 */
export function iterateRun(begin: (sink: RunSink) => RunHandle): AsyncIterable<StreamEvent> {
  let taken = false;
  return {
    [Symbol.asyncIterator]() {
      if (taken) throw new TypeError('This answer was already read; call chat() again for another one.');
      taken = true;
      return new RunIterator(begin);
    },
  };
}

class RunIterator implements AsyncIterator<StreamEvent> {
  readonly #begin: (sink: RunSink) => RunHandle;
  #handle: RunHandle | undefined;
  #queue: StreamEvent[] = [];
  #at = 0;
  #ended = false;
  #error: ProviderError | undefined;
  #paused = false;
  #waiting: { resolve: (result: IteratorResult<StreamEvent>) => void; reject: (error: unknown) => void } | undefined;

  constructor(begin: (sink: RunSink) => RunHandle) {
    this.#begin = begin;
  }

  next(): Promise<IteratorResult<StreamEvent>> {
    this.#handle ??= this.#start();
    if (this.#at < this.#queue.length) return Promise.resolve(this.#shift());
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      this.#ended = true;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<StreamEvent>> {
    if (!this.#ended) this.#handle?.cancel();
    this.#ended = true;
    this.#queue = [];
    this.#at = 0;
    this.#error = undefined;
    this.#waiting?.resolve({ value: undefined, done: true });
    this.#waiting = undefined;
    return Promise.resolve({ value: undefined, done: true });
  }

  #start(): RunHandle {
    return this.#begin({
      onEvents: (events) => {
        for (const event of events) this.#queue.push(event);
        this.#wake();
        if (!this.#paused && this.#queue.length - this.#at > HIGH_WATER) {
          this.#paused = true;
          this.#handle?.pause();
        }
      },
      onDone: () => {
        this.#ended = true;
        this.#wake();
      },
      onError: (error) => {
        this.#error = error;
        this.#wake();
      },
    });
  }

  #shift(): IteratorResult<StreamEvent> {
    const value = this.#queue[this.#at++];
    if (this.#at === this.#queue.length) {
      this.#queue = [];
      this.#at = 0;
      if (this.#paused) {
        this.#paused = false;
        this.#handle?.resume();
      }
    }
    return value === undefined ? { value: undefined, done: true } : { value, done: false };
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (this.#at < this.#queue.length) {
      this.#waiting = undefined;
      waiting.resolve(this.#shift());
    } else if (this.#error !== undefined) {
      this.#waiting = undefined;
      const error = this.#error;
      this.#error = undefined;
      this.#ended = true;
      waiting.reject(error);
    } else if (this.#ended) {
      this.#waiting = undefined;
      waiting.resolve({ value: undefined, done: true });
    }
  }
}
