import type { RecordedRequest } from './records.ts';

/** All requests of one simulator, and those who wait for one. */
export interface Inbox {
  readonly requests: readonly RecordedRequest[];
  /** The number the next request gets. */
  nextSequence(): number;
  add(record: RecordedRequest): void;
  changed(record: RecordedRequest): void;
  clear(): void;
  waitFor(predicate: (request: RecordedRequest) => boolean, timeoutMs: number): Promise<RecordedRequest>;
}

interface Waiter {
  readonly predicate: (request: RecordedRequest) => boolean;
  readonly done: (request: RecordedRequest) => void;
}

/** Holds `keep` requests, and those that are not finished; the oldest go. */
export function createInbox(keep = Number.POSITIVE_INFINITY): Inbox {
  const requests: RecordedRequest[] = [];
  const waiters = new Set<Waiter>();
  let sequence = 0;

  const changed = (record: RecordedRequest): void => {
    for (const waiter of waiters) if (waiter.predicate(record)) waiter.done(record);
  };
  const waitFor: Inbox['waitFor'] = (predicate, timeoutMs) => {
    const found = requests.find((request) => predicate(request));
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiters.delete(waiter);
        const seen = requests.map(({ method, path, model, outcome }) => `${method} ${path} ${model ?? '-'} ${outcome}`);
        reject(new Error(`No fitting request within ${timeoutMs} ms. Seen: ${seen.join('; ') || 'none'}.`));
      }, timeoutMs);
      const waiter: Waiter = {
        predicate,
        done: (request) => {
          clearTimeout(timer);
          waiters.delete(waiter);
          resolve(request);
        },
      };
      waiters.add(waiter);
    });
  };
  return {
    requests,
    nextSequence: () => ++sequence,
    add: (record) => {
      requests.push(record);
      while (requests.length > keep && requests[0]?.finishedAt !== undefined) requests.shift();
      changed(record);
    },
    changed,
    clear: () => {
      requests.length = 0;
      sequence = 0;
    },
    waitFor,
  };
}
