import type { StreamEvent } from '../spec/event.ts';
import { leadingOverlap } from './overlap.ts';
import type { RescueMethod } from './walk-state.ts';

/** What a new attempt's events mean for a caller who already has the beginning of the answer. */
export interface Mender {
  /** Events to pass on (numbered by the new attempt), or why they do not continue the answer. */
  take(events: readonly StreamEvent[]): { readonly pass: readonly StreamEvent[] } | { readonly diverged: string };
  /** The number, in the new attempt, of the text block that continues the open one; known once text passes. */
  readonly continued: number | undefined;
}

/** `echoes`: the server repeats the prefill at the start of its answer. */
export function createMender(method: RescueMethod, delivered: string, hasOpenText: boolean, echoes = false): Mender {
  if (method === 'replay') return new Replay(delivered, hasOpenText);
  return new Continuation(delivered, hasOpenText, method, echoes || delivered.length >= LONG_ENOUGH);
}

/** Withholds a fresh answer while it reproduces what was delivered; passes on what comes after an exact match. */
class Replay implements Mender {
  readonly #expected: string;
  readonly #continues: boolean;
  #matched = 0;
  #first = true;
  continued: number | undefined;

  constructor(expected: string, continues: boolean) {
    this.#expected = expected;
    this.#continues = continues;
  }

  take(events: readonly StreamEvent[]): { pass: StreamEvent[] } | { diverged: string } {
    const pass: StreamEvent[] = [];
    for (const event of events) {
      if (this.#matched === this.#expected.length && !this.#first) {
        pass.push(event);
        continue;
      }
      switch (event.type) {
        case 'text-delta': {
          const rest = this.#compare(event.text);
          if (rest === undefined) return { diverged: `the new answer differs after ${this.#matched} characters` };
          if (this.#matched < this.#expected.length) break;
          this.#first = false;
          if (this.#continues) this.continued = event.index;
          else pass.push({ type: 'text-start', index: event.index });
          if (rest !== '') pass.push({ type: 'text-delta', index: event.index, text: rest });
          break;
        }
        case 'finish':
          return {
            diverged: `the new answer ends after ${this.#matched} of ${this.#expected.length} delivered characters`,
          };
        case 'tool-call-start':
        case 'opaque':
          return { diverged: 'the new answer turns to a tool before it reproduced the delivered text' };
        case 'usage':
          pass.push(event);
          break;
        default:
      }
    }
    return { pass };
  }

  /** What follows the delivered text, or nothing when the text differs. */
  #compare(text: string): string | undefined {
    const length = Math.min(text.length, this.#expected.length - this.#matched);
    if (!this.#expected.startsWith(text.slice(0, length), this.#matched)) {
      for (let i = 0; i < length && text[i] === this.#expected[this.#matched]; i++) this.#matched++;
      return undefined;
    }
    this.#matched += length;
    return text.slice(length);
  }
}

/** From this length on a continuation that begins with the whole delivered text repeats it; shorter is chance. */
const LONG_ENOUGH = 16;

/** Characters of a continuation held back to see whether it repeats the end, or the whole, of what was delivered. */
const HOLD = 400;

/** A continuation: the model was given the delivered text and goes on from there. */
class Continuation implements Mender {
  readonly #delivered: string;
  readonly #continues: boolean;
  readonly #method: RescueMethod;
  readonly #echoes: boolean;
  #held = '';
  #index = -1;
  /** The block that is held has ended. */
  #ended = false;
  #flowing = false;
  continued: number | undefined;

  constructor(delivered: string, continues: boolean, method: RescueMethod, echoes: boolean) {
    this.#echoes = echoes;
    this.#delivered = delivered;
    this.#continues = continues;
    this.#method = method;
  }

  take(events: readonly StreamEvent[]): { pass: StreamEvent[] } | { diverged: string } {
    const pass: StreamEvent[] = [];
    for (const event of events) {
      if (this.#flowing) {
        pass.push(event);
        continue;
      }
      switch (event.type) {
        case 'text-delta':
          this.#index = event.index;
          this.#held += event.text;
          this.#ended = false;
          if (this.#decided()) this.#flow(pass);
          break;
        case 'text-end':
          this.#ended = true;
          break;
        case 'tool-call-start':
          // Perhaps the text was complete, perhaps not: for a verified replay to tell.
          if (this.#fresh() === '' || this.#echoing()) return { diverged: 'the continuation turns to a tool at once' };
          this.#flow(pass);
          pass.push(event);
          break;
        case 'finish':
          // Whether nothing is left to say is for a verified replay to tell.
          if (this.#fresh() === '' || this.#echoing()) return { diverged: 'the continuation is empty' };
          this.#flow(pass);
          pass.push(event);
          break;
        case 'usage':
          pass.push(event);
          break;
        default:
      }
    }
    return { pass };
  }

  /** Enough is held to tell a repetition from a continuation. */
  #decided(): boolean {
    if (this.#echoing()) return false;
    if (this.#method === 'instructed') return this.#held.length >= HOLD;
    return this.#withoutEcho().trimStart() !== '';
  }

  #flow(pass: StreamEvent[]): void {
    this.#flowing = true;
    const text = this.#fresh();
    if (this.#index < 0) return;
    if (this.#continues) this.continued = this.#index;
    else pass.push({ type: 'text-start', index: this.#index });
    if (text !== '') pass.push({ type: 'text-delta', index: this.#index, text });
    if (this.#ended) pass.push({ type: 'text-end', index: this.#index });
  }

  /** The held text without what the caller already has. */
  #fresh(): string {
    let held = this.#withoutEcho();
    if (this.#method === 'instructed') {
      const overlap = leadingOverlap(this.#delivered, held);
      if (overlap > 0) return held.slice(overlap);
      held = held.slice(leadingOverlap(this.#delivered.trimEnd(), held));
    }
    // A prefill loses its trailing white space on some servers, and the model writes it again.
    const trailing = /\s*$/.exec(this.#delivered)?.[0] ?? '';
    if (trailing.startsWith(held)) return '';
    return held.startsWith(trailing) ? held.slice(trailing.length) : held;
  }

  /** What is held so far may be no more than the beginning of a repetition. */
  #echoing(): boolean {
    const sent = this.#delivered.trimEnd();
    return this.#echoes && this.#held !== '' && this.#held.length < sent.length && sent.startsWith(this.#held);
  }

  /** Servers repeat the turn as it was sent: without the white space at its end. */
  #withoutEcho(): string {
    const sent = this.#delivered.trimEnd();
    return this.#echoes && sent !== '' && this.#held.startsWith(sent) ? this.#held.slice(sent.length) : this.#held;
  }
}
