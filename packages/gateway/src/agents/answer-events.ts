import type { StreamEvent } from '@standin/core/spec/event';

type Finish = Extract<StreamEvent, { type: 'finish' }>;

export interface AnswerRules {
  /** The answer's own id. */
  readonly id: string;
  /** Names of the caller's tools: calls of these are shown, calls of the agent's own are not. */
  readonly handedBack: ReadonlySet<string>;
  /** Only the last step's text belongs to the answer: it must be one JSON document. */
  readonly lastStepOnly: boolean;
}

/** The events of an agent's model calls as those of one answer: blocks numbered on, one start, one finish. */
export class AnswerEvents {
  readonly #rules: AnswerRules;
  /** Block of this step → block of the answer; absent: not shown, or not yet. */
  readonly #blocks = new Map<number, number>();
  /** Blocks that begin with their first content: a start, or the reason not to show them. */
  readonly #waiting = new Map<number, StreamEvent>();
  #next = 0;
  #held: StreamEvent[] = [];
  /** Told with the first that is shown: until then a failure is a real HTTP status. */
  #start: StreamEvent | undefined;
  #isStarted = false;
  /** Text of an earlier step was shown. */
  #isParted = false;
  #hasText = false;
  finish: Finish | undefined;

  constructor(rules: AnswerRules) {
    this.#rules = rules;
  }

  /** Something that a reader sees was shown. */
  get hasText(): boolean {
    return this.#hasText;
  }

  stepBegins(): void {
    this.#blocks.clear();
    this.#waiting.clear();
    // What a step said beside its calls is no part of a document.
    this.#held = [];
    this.#isParted = this.#hasText;
    this.finish = undefined;
  }

  /** What the caller is sent of one event. */
  push(event: StreamEvent): StreamEvent[] {
    if (event.type === 'finish') {
      this.finish = event;
      return [];
    }
    const shown = this.#shown(event);
    if (!this.#rules.lastStepOnly) return this.#started(shown);
    this.#held.push(...shown);
    return [];
  }

  /** What is left when the run has ended, `finish` last. */
  end(finish: StreamEvent): StreamEvent[] {
    const held = this.#held;
    this.#held = [];
    return this.#started([...held, finish]);
  }

  #started(events: StreamEvent[]): StreamEvent[] {
    if (events.length === 0 || this.#isStarted) return events;
    this.#isStarted = true;
    return [this.#start ?? { type: 'response-start', id: this.#rules.id }, ...events];
  }

  #shown(event: StreamEvent): StreamEvent[] {
    switch (event.type) {
      case 'response-start':
        this.#start ??= { ...event, id: this.#rules.id };
        return [];
      case 'text-start':
      case 'reasoning-start':
        this.#waiting.set(event.index, event);
        return [];
      case 'text-delta':
        return event.text === '' ? [] : this.#text(event);
      case 'reasoning-delta':
        return event.text === '' ? [] : this.#numbered(event);
      case 'text-end':
        return this.#closed(event);
      case 'reasoning-end':
        // A signature vouches for a turn that the caller does not get to see whole.
        return this.#closed({ type: 'reasoning-end', index: event.index });
      case 'tool-call-start':
        if (!this.#rules.handedBack.has(event.name)) return [];
        this.#waiting.set(event.index, event);
        return this.#opened(event.index);
      case 'tool-call-delta':
        return this.#blocks.has(event.index) ? this.#numbered(event) : [];
      case 'tool-call-end':
        return this.#closed(event);
      case 'warning':
      case 'opaque':
      case 'usage':
      case 'finish':
        return [];
    }
  }

  #text(event: Extract<StreamEvent, { type: 'text-delta' }>): StreamEvent[] {
    this.#hasText = true;
    const parted = this.#isParted && !this.#rules.lastStepOnly;
    this.#isParted = false;
    return this.#numbered(parted ? { ...event, text: `\n\n${event.text}` } : event);
  }

  #opened(index: number): StreamEvent[] {
    const start = this.#waiting.get(index);
    if (start === undefined) return [];
    this.#waiting.delete(index);
    const at = this.#next++;
    this.#blocks.set(index, at);
    if (start.type === 'reasoning-start') return [{ type: 'reasoning-start', index: at }];
    return [{ ...start, index: at } as StreamEvent];
  }

  #numbered(event: Extract<StreamEvent, { index: number }>): StreamEvent[] {
    const opened = this.#opened(event.index);
    const index = this.#blocks.get(event.index);
    return index === undefined ? opened : [...opened, { ...event, index }];
  }

  #closed(event: Extract<StreamEvent, { index: number }>): StreamEvent[] {
    this.#waiting.delete(event.index);
    const index = this.#blocks.get(event.index);
    this.#blocks.delete(event.index);
    return index === undefined ? [] : [{ ...event, index }];
  }
}
