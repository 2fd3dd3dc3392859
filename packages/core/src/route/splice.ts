import type { StreamEvent } from '../spec/event.ts';

/**
 * Keeps what the caller sees one well-formed stream when an attempt is replaced after something was passed on:
 * one `response-start`, blocks numbered 0, 1, 2 … without a gap, and no block left open.
 */
export interface Splice {
  /** A new attempt begins: its blocks are numbered after those the caller has. */
  begin(): void;
  /** Events of the current attempt as the caller shall see them. */
  pass(events: readonly StreamEvent[]): readonly StreamEvent[];
  /** The current attempt's block `own` continues the caller's open block `callers`: one block for the caller. */
  adopt(own: number, callers: number): void;
  /** The current attempt is given up: the events that close what it left open. */
  abandon(): StreamEvent[];
  /** A mending attempt takes over: text stays open for it, thinking was the broken attempt's own. */
  closeReasoning(): StreamEvent[];
}

type Kind = 'text' | 'reasoning' | 'tool-call';

export function createSplice(): Splice {
  return new BlockSplice();
}

class BlockSplice implements Splice {
  #started = false;
  #offset = 0;
  #next = 0;
  readonly #open = new Set<number>();
  #adopted: Map<number, number> | undefined;

  begin(): void {
    this.#offset = this.#next;
    this.#adopted = undefined;
  }

  adopt(own: number, callers: number): void {
    (this.#adopted ??= new Map()).set(own, callers);
  }

  pass(events: readonly StreamEvent[]): readonly StreamEvent[] {
    // The usual answer comes from one attempt: nothing has to be renumbered or left out.
    if (this.#offset === 0 && this.#adopted === undefined) {
      const dropped = this.#started && events.some((event) => event.type === 'response-start');
      for (const event of events) this.#note(event);
      return dropped ? events.filter((event) => event.type !== 'response-start') : events;
    }
    const passed: StreamEvent[] = [];
    for (const event of events) {
      if (event.type === 'response-start' && this.#started) continue;
      const index = 'index' in event ? (this.#adopted?.get(event.index) ?? event.index + this.#offset) : -1;
      const own = 'index' in event && index !== event.index ? { ...event, index } : event;
      this.#note(own);
      passed.push(own);
    }
    return passed;
  }

  abandon(): StreamEvent[] {
    const closing = [...this.#open].map((index): StreamEvent => ({ type: 'reasoning-end', index }));
    this.#open.clear();
    return closing;
  }

  #note(event: StreamEvent): void {
    switch (event.type) {
      case 'response-start':
        this.#started = true;
        break;
      case 'text-start':
      case 'reasoning-start':
      case 'tool-call-start':
        this.#open.add(event.index);
        if (event.index >= this.#next) this.#next = event.index + 1;
        break;
      case 'text-end':
      case 'reasoning-end':
      case 'tool-call-end':
        this.#open.delete(event.index);
        break;
      default:
    }
  }
}
