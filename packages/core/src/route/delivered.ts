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
  let pieces: string[] = [];
  let textLength = 0;
  let toolCall = false;
  let signed = false;
  let opaque = false;
  let openText: number | undefined;
  return {
    get facts() {
      return { textLength, toolCall, signed, opaque };
    },
    get openText() {
      return openText;
    },
    text() {
      if (pieces.length > 1) pieces = [pieces.join('')];
      return pieces[0] ?? '';
    },
    add(events) {
      for (const event of events) {
        switch (event.type) {
          case 'text-start':
            openText = event.index;
            break;
          case 'text-delta':
            pieces.push(event.text);
            textLength += event.text.length;
            break;
          case 'text-end':
            if (openText === event.index) openText = undefined;
            break;
          case 'reasoning-end':
            signed ||= event.signature !== undefined || event.redacted !== undefined;
            break;
          case 'tool-call-start':
            toolCall = true;
            break;
          case 'opaque':
            opaque = true;
            break;
          default:
        }
      }
    },
  };
}
