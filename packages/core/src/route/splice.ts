import type { StreamEvent } from '../spec/event.ts';

/**
 * Keeps what the caller sees one well-formed stream when an attempt is replaced after thinking was passed on:
 * one `response-start`, block numbers that go on, and no block left open.
 */
export interface Splice {
  /** A new attempt begins. */
  begin(): void;
  /** Events of the current attempt as the caller shall see them. */
  pass(events: readonly StreamEvent[]): readonly StreamEvent[];
  /** The current attempt's block `own` continues the caller's open block `callers`: one block for the caller. */
  adopt(own: number, callers: number): void;
  /** The current attempt is given up: the events that close what it left open. */
  abandon(): StreamEvent[];
}

export function createSplice(): Splice {
  let started = false;
  let offset = 0;
  let next = 0;
  const open = new Set<number>();
  const adopted = new Map<number, number>();
  const numbered = (own: number): number => adopted.get(own) ?? own + offset;
  const one = (event: StreamEvent): StreamEvent | undefined => {
    if (event.type === 'response-start') {
      if (started) return undefined;
      started = true;
      return event;
    }
    if (!('index' in event)) return event;
    const index = numbered(event.index);
    if (event.type.endsWith('-start')) {
      open.add(index);
      next = Math.max(next, index + 1);
    } else if (event.type.endsWith('-end')) {
      open.delete(index);
    }
    return index === event.index ? event : { ...event, index };
  };
  return {
    begin() {
      offset = next;
      adopted.clear();
    },
    adopt(own, callers) {
      adopted.set(own, callers);
    },
    pass(events) {
      const passed: StreamEvent[] = [];
      for (const event of events) {
        const seen = one(event);
        if (seen !== undefined) passed.push(seen);
      }
      return passed;
    },
    abandon() {
      const closing = [...open].map((index): StreamEvent => ({ type: 'reasoning-end', index }));
      open.clear();
      return closing;
    },
  };
}
