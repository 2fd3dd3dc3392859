import { createHash } from 'node:crypto';
import type { StreamEvent } from '../../spec/event.ts';
import type { Tool } from '../../spec/request.ts';
import { createBlockBuilder, type BlockBuilder } from '../../stream/block-builder.ts';
import type { Found } from './found-call.ts';
import { createTextMachine, type MachineSink, type TextMachine } from './text-machine.ts';

export interface GuidedTransform {
  /** Events as they come from a decoder, in any portions; returns what the caller shall see, renumbered. */
  push(events: readonly StreamEvent[]): StreamEvent[];
}

export interface GuidedOptions {
  /** Ids of calls in the conversation so far: a new call never gets one of them. */
  readonly usedIds?: Iterable<string>;
  /** Mixed into ids, so that equal calls of two answers differ. Default: the answer's own id. */
  readonly salt?: string;
}

/**
 * Turns the calls that a prompt-guided model writes into its text into tool-call events. Text is passed on as it comes;
 * no part of a call ever shows in it, and nothing but the calls is taken out of it.
 */
export function createGuidedTransform(tools: readonly Tool[], options: GuidedOptions = {}): GuidedTransform {
  return new Transform(tools, options);
}

type Finish = Extract<StreamEvent, { type: 'finish' }>;

class Transform implements GuidedTransform {
  readonly #tools: readonly Tool[];
  readonly #builder: BlockBuilder = createBlockBuilder();
  readonly #usedIds: Set<string>;
  readonly #salt: string;
  readonly #sink: MachineSink;
  readonly #native = new Map<number, number>();
  readonly #refusals = new Set<number>();
  #answerId = '';
  #machine: TextMachine | undefined;
  #calls = 0;

  constructor(tools: readonly Tool[], options: GuidedOptions) {
    this.#tools = tools;
    this.#usedIds = new Set(options.usedIds);
    this.#salt = options.salt ?? '';
    const builder = this.#builder;
    this.#sink = {
      text: (piece) => builder.text(piece),
      reasoning: (piece) => builder.reasoning(piece),
      reasoningEnd: () => builder.closeReasoning(),
      found: (found) => this.#addCalls(found),
      warning: (code, message) => builder.warning(code, message),
    };
  }

  push(events: readonly StreamEvent[]): StreamEvent[] {
    for (const event of events) this.#one(event);
    return this.#builder.take();
  }

  #one(event: StreamEvent): void {
    const builder = this.#builder;
    switch (event.type) {
      case 'response-start':
        this.#answerId = event.id ?? '';
        return builder.start(event);
      case 'text-start':
        if (event.refusal !== true) {
          if (this.#machine?.idle === true) builder.closeText();
          return;
        }
        this.#endText(false);
        this.#refusals.add(event.index);
        return;
      case 'text-delta':
        if (this.#refusals.has(event.index)) return builder.refusal(event.text);
        this.#machine ??= createTextMachine(this.#tools, this.#sink);
        return this.#machine.push(event.text);
      case 'text-end':
        if (this.#refusals.has(event.index)) builder.closeText();
        // What is held back may go on in the next block: some servers cut a text into several.
        return;
      case 'usage':
        return builder.usage(event.usage);
      case 'warning':
        return builder.warning(event.code, event.message);
      case 'opaque':
        return builder.opaque(event.wire, event.value);
      case 'finish':
        return this.#finish(event);
      default:
        return this.#passOn(event);
    }
  }

  /** Thinking and calls of the vendor's own, between which a text begins anew. */
  #passOn(event: Extract<StreamEvent, { type: `reasoning-${string}` | `tool-call-${string}` }>): void {
    const builder = this.#builder;
    switch (event.type) {
      case 'reasoning-start':
        return this.#endText(false);
      case 'reasoning-delta':
        return builder.reasoning(event.text);
      case 'reasoning-end':
        return builder.closeReasoning(event);
      case 'tool-call-start':
        this.#endText(false);
        this.#usedIds.add(event.id);
        this.#native.set(event.index, builder.toolStart(event.id, event.name));
        return;
      case 'tool-call-delta':
        return builder.toolDelta(this.#native.get(event.index) ?? -1, event.json);
      case 'tool-call-end':
        return builder.toolEnd(this.#native.get(event.index) ?? -1, event.signature);
      default:
        return event satisfies never;
    }
  }

  #endText(truncated: boolean): void {
    this.#machine?.end(truncated);
    this.#machine = undefined;
  }

  #addCalls({ calls }: Found): void {
    for (const { name, arguments: json, id } of calls) {
      const index = this.#builder.toolStart(this.#idFor(name, json, id), name);
      this.#builder.toolDelta(index, json);
      this.#builder.toolEnd(index);
      this.#calls += 1;
    }
  }

  #idFor(name: string, json: string, own: string | undefined): string {
    let id = own ?? '';
    for (let round = 0; id === '' || this.#usedIds.has(id); round += 1) {
      const parts = [this.#salt, this.#answerId, this.#calls, round, name, json].join('\n');
      id = `call_${createHash('sha256').update(parts).digest('hex').slice(0, 24)}`;
    }
    this.#usedIds.add(id);
    return id;
  }

  #finish(event: Finish): void {
    const { reason, rawReason, stopSequence, usage } = event;
    this.#endText(reason !== 'stop' && reason !== 'tool-calls');
    const called = this.#calls > 0 && (reason === 'stop' || reason === 'other');
    this.#builder.finish(called ? 'tool-calls' : reason, { rawReason, stopSequence, usage });
  }
}
