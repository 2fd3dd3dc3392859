import type { RequestEntry } from './entry.ts';

export interface Waiting {
  readonly entry: RequestEntry;
  /** How many attempts the request had when all but the last were given up. */
  readonly strippedOf?: number;
}

export interface Queue {
  readonly length: number;
  readonly dropped: { readonly requests: number; readonly attempts: number };
  push(entry: RequestEntry): void;
  /** The oldest, at most `count`; they stay until `done`. */
  peek(count: number): readonly Waiting[];
  /** So many of the oldest are written. */
  done(count: number): void;
}

/** Messages that wait to be written; beyond, a request is kept without its own. */
const MOST_CONTENT = 32 * 1024 * 1024;

function contentSize({ content }: RequestEntry): number {
  return content === undefined ? 0 : content.request.length + content.answer.length;
}

/**
 * Requests that wait to be written, `capacity` at most. When the disk does not keep up, detail is given up before rows:
 * from four fifths of the capacity on each new request costs the oldest one the detail of its attempts, and at the capacity the oldest
 * request is dropped whole. `dropped` counts both.
 */
export function createQueue(capacity: number): Queue {
  const tight = Math.floor(capacity * 0.8);
  let list: (Waiting | undefined)[] = [];
  let head = 0;
  let strip = 0;
  let requests = 0;
  let attempts = 0;
  let contentChars = 0;
  const shift = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const gone = list[head];
      if (gone?.entry.content !== undefined) contentChars -= contentSize(gone.entry);
      list[head++] = undefined;
    }
    if (strip < head) strip = head;
    if (head > 1_024 && head * 2 > list.length) {
      list = list.slice(head);
      strip -= head;
      head = 0;
    }
  };
  const stripOldest = (): void => {
    const waiting = list[strip];
    if (waiting === undefined) return;
    const { entry } = waiting;
    list[strip++] = { entry: { ...entry, attempts: entry.attempts.slice(-1) }, strippedOf: entry.attempts.length };
    attempts += entry.attempts.length;
  };
  return {
    get length() {
      return list.length - head;
    },
    get dropped() {
      return { requests, attempts };
    },
    push(entry) {
      if (list.length - head >= capacity) {
        requests++;
        shift(1);
      }
      const size = contentSize(entry);
      const fits = size === 0 || contentChars + size <= MOST_CONTENT;
      if (fits) contentChars += size;
      list.push({ entry: fits ? entry : { ...entry, content: undefined } });
      if (list.length - head > tight) stripOldest();
    },
    peek: (count) => list.slice(head, head + count) as Waiting[],
    done: (count) => shift(Math.min(count, list.length - head)),
  };
}
