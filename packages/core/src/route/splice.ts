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
  /** The caller's next block number. */
  #next = 0;
  /** Open blocks, by the caller's number. */
  #open: Map<number, Kind> | undefined;
  /** Own number → the caller's; only once an attempt follows another one. */
  #numbers: Map<number, number> | undefined;

  begin(): void {
    this.#numbers = this.#next > 0 || this.#started ? new Map() : undefined;
  }

  adopt(own: number, callers: number): void {
    (this.#numbers ??= new Map()).set(own, callers);
  }

  pass(events: readonly StreamEvent[]): readonly StreamEvent[] {
    if (this.#numbers === undefined) {
      // The usual answer comes from one attempt, whose decoder numbers blocks as the caller shall see them.
      for (const event of events) this.#note(event);
      return events;
    }
    const passed: StreamEvent[] = [];
    for (const event of events) {
      if (event.type === 'response-start' && this.#started) continue;
      const own = this.#renumbered(event, this.#numbers);
      if (own === undefined) continue;
      this.#note(own);
      passed.push(own);
    }
    return passed;
  }

  abandon(): StreamEvent[] {
    const closing = [...(this.#open ?? [])].map(([index, kind]) => endOf(kind, index));
    this.#open?.clear();
    return closing;
  }

  closeReasoning(): StreamEvent[] {
    const closing: StreamEvent[] = [];
    for (const [index, kind] of this.#open ?? []) {
      if (kind !== 'reasoning') continue;
      closing.push(endOf(kind, index));
      this.#open?.delete(index);
    }
    return closing;
  }

  #renumbered(event: StreamEvent, numbers: Map<number, number>): StreamEvent | undefined {
    if (!('index' in event)) return event;
    let index = numbers.get(event.index);
    if (index === undefined) {
      // The rest of a block whose beginning was withheld.
      if (!event.type.endsWith('-start')) return undefined;
      index = this.#next;
      numbers.set(event.index, index);
    }
    return index === event.index ? event : { ...event, index };
  }

  #note(event: StreamEvent): void {
    switch (event.type) {
      case 'response-start':
        this.#started = true;
        break;
      case 'text-start':
        this.#opened(event.index, 'text');
        break;
      case 'reasoning-start':
        this.#opened(event.index, 'reasoning');
        break;
      case 'tool-call-start':
        this.#opened(event.index, 'tool-call');
        break;
      case 'text-end':
      case 'reasoning-end':
      case 'tool-call-end':
        this.#open?.delete(event.index);
        break;
      default:
    }
  }

  #opened(index: number, kind: Kind): void {
    (this.#open ??= new Map<number, Kind>()).set(index, kind);
    if (index >= this.#next) this.#next = index + 1;
  }
}

function endOf(kind: Kind, index: number): StreamEvent {
  return kind === 'text' ? { type: 'text-end', index } : { type: 'reasoning-end', index };
}
