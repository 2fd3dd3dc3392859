import type { Clock } from '../spec/clock.ts';
import type { ErrorDetails } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { OutputGuard } from '../tools/output/index.ts';
import type { Transport } from '../transport/transport.ts';
import type { CallMode } from '../wires/wire.ts';
import type { AttemptFacts } from './failures.ts';
import type { Frames } from './run-types.ts';
import type { Key, Target } from './target.ts';
import type { RescueMethod } from './walk-state.ts';
import type { WatchLimits } from './watch.ts';

export interface AttemptInput {
  readonly target: Target;
  readonly key: Key;
  readonly request: ChatRequest;
  readonly mode: CallMode;
  /** Parameters this target rejected before. */
  readonly repairs: readonly string[];
  /** The credential was refused a moment ago and is renewed first. */
  readonly renew?: boolean;
  readonly limits: WatchLimits & { readonly connectMs: number };
  readonly clock: Clock;
  readonly transport: Transport;
  /** What is left of the request's attempt budget, this attempt included. */
  readonly attemptsLeft?: number;
  /** Pass the vendor's own bytes on beside the events, when it speaks this protocol. */
  readonly relay?: WireId;
  /** Watches over the request's structured output. */
  readonly guard?: OutputGuard;
  /** How the attempt mends an answer that broke off. */
  readonly mends?: RescueMethod;
}

/** Callbacks of one attempt: events, then exactly one of `onDone` and `onFail`. Nothing after `abort()`. */
export interface AttemptSink {
  onEvents(events: readonly StreamEvent[], frames?: Frames): void;
  onDone(): void;
  onFail(error: ErrorDetails): void;
}

export interface AttemptHandle {
  readonly facts: AttemptFacts;
  pause(): void;
  resume(): void;
  abort(): void;
}
