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
  /** The current attempt is given up: the events that close what it left open. */
  abandon(): StreamEvent[];
}

export function createSplice(): Splice {
  let started = false;
  let offset = 0;
  let next = 0;
  const open = new Set<number>();
  const one = (event: StreamEvent): StreamEvent | undefined => {
    if (event.type === 'response-start') {
      if (started) return undefined;
      started = true;
      return event;
    }
    if (!('index' in event)) return event;
    const index = event.index + offset;
    if (event.type.endsWith('-start')) {
      open.add(index);
      next = Math.max(next, index + 1);
    } else if (event.type.endsWith('-end')) {
      open.delete(index);
    }
    return offset === 0 ? event : { ...event, index };
  };
  return {
    begin() {
      offset = next;
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
