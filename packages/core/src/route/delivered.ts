import type { StreamEvent } from '../spec/event.ts';
import type { DeliveredFacts } from './decide-rescue.ts';

/** What the caller has received: enough to compare, continue, and never more than once. */
export interface Delivered {
  readonly facts: DeliveredFacts;
  /** All text, in order. */
  text(): string;
  /** The caller's number of the text block that is still open. */
  readonly openText: number | undefined;
  add(events: readonly StreamEvent[]): void;
}

export function createDelivered(): Delivered {
  return new DeliveredText();
}

/** A class, not closures: one is made for every request. */
class DeliveredText implements Delivered {
  openText: number | undefined = undefined;
  #text = '';
  #toolCall = false;
  #signed = false;
  #opaque = false;

  get facts(): DeliveredFacts {
    return { textLength: this.#text.length, toolCall: this.#toolCall, signed: this.#signed, opaque: this.#opaque };
  }

  text(): string {
    return this.#text;
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'text-delta':
          // The engine keeps a rope: appending costs no copy.
          this.#text += event.text;
          break;
        case 'text-start':
          this.openText = event.index;
          break;
        case 'text-end':
          if (this.openText === event.index) this.openText = undefined;
          break;
        case 'reasoning-end':
          this.#signed ||= event.signature !== undefined || event.redacted !== undefined;
          break;
        case 'tool-call-start':
          this.#toolCall = true;
          break;
        case 'opaque':
          this.#opaque = true;
          break;
        default:
      }
    }
  }
}
