/** Events of several tasks as one iterable. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  #error: unknown;

  push(item: T): void {
    this.#items.push(item);
    this.#wake?.();
  }

  closeAfter(work: Promise<unknown>): void {
    const end = (error?: unknown): void => {
      this.#error = error;
      this.#closed = true;
      this.#wake?.();
    };
    work.then(() => end(), end);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) yield item;
      else if (this.#closed) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else await new Promise<void>((resolve) => void (this.#wake = resolve));
    }
  }
}
