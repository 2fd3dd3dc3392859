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

/**
 * Characters of text that are kept to compare a second answer with: four times the longest answer of today's models. What
 * goes on beyond it can no longer be mended, and a vendor without an end does not fill the memory.
 */
const MOST_KEPT = 2 * 1024 * 1024;

export function createDelivered(): Delivered {
  return new DeliveredText();
}

/** A class, not closures: one is made for every request. */
class DeliveredText implements Delivered {
  openText: number | undefined = undefined;
  #text = '';
  #length = 0;
  #toolCall = false;
  #signed = false;
  #opaque = false;

  get facts(): DeliveredFacts {
    return { textLength: this.#length, toolCall: this.#toolCall, signed: this.#signed, opaque: this.#opaque };
  }

  text(): string {
    return this.#text;
  }

  #forget(): void {
    this.#text = '';
    this.#opaque = true;
  }

  add(events: readonly StreamEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case 'text-delta':
          this.#length += event.text.length;
          // The engine keeps a rope: appending costs no copy.
          if (this.#length <= MOST_KEPT) this.#text += event.text;
          else this.#forget();
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
