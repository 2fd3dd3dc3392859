import type { Clock } from '@standin/core/spec/clock';

/** Time that passes only when it is told to; what is due runs in order, with promises settled in between. */
export class VirtualClock implements Clock {
  #now = 0;
  #next = 0;
  readonly #due = new Map<number, { readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#now;
  }

  after(ms: number, run: () => void): number {
    this.#next += 1;
    this.#due.set(this.#next, { at: this.#now + Math.max(0, ms), run });
    return this.#next;
  }

  clear(handle: unknown): void {
    this.#due.delete(handle as number);
  }

  async until(endMs: number): Promise<void> {
    for (;;) {
      await settled();
      let first: [number, { readonly at: number; readonly run: () => void }] | undefined;
      for (const one of this.#due) if (first === undefined || one[1].at < first[1].at) first = one;
      if (first === undefined || first[1].at > endMs) break;
      this.#due.delete(first[0]);
      this.#now = first[1].at;
      first[1].run();
    }
    this.#now = endMs;
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
