import type { Clock, Random } from '../spec/clock.ts';
import type { AttemptRecord, ProviderError } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { Log } from '../spec/log.ts';
import type { Transport } from '../transport/transport.ts';
import type { CallMode } from '../wires/wire.ts';
import type { Health } from './health.ts';
import type { Target } from './target.ts';

export interface Answering {
  readonly target: Target;
  /** 1 for the first attempt of the request. */
  readonly attempt: number;
  /** The vendor's id of its answer. */
  readonly requestId?: string;
}

/** Where an answer goes. `onDone` or `onError` is called exactly once, last. */
export interface RunSink {
  /** Thinking or content is about to be passed on: from here on the caller hears this target. */
  onAnswering?(answer: Answering): void;
  /** First content is there: this target answers. Everything after is from it. */
  onCommit?(answer: Answering): void;
  /** The answer had broken off and this attempt goes on with it, at this many characters of delivered text. */
  onRescue?(rescue: { readonly target: Target; readonly method: string; readonly at: number }): void;
  /** Events in order; held back until the commit point. */
  onEvents(events: readonly StreamEvent[]): void;
  onDone(result: RunResult): void;
  /** `AllAttemptsFailed` when nothing was delivered, else the error of the attempt that broke (phase `content`). */
  onError(error: ProviderError, attempts: readonly AttemptRecord[]): void;
}

export interface RunResult {
  readonly target: Target;
  readonly attempts: readonly AttemptRecord[];
}

export interface RunOptions {
  readonly mode: CallMode;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly health: Health;
  readonly log: Log;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: AttemptRecord) => void;
}

export interface RunHandle {
  /** Backpressure from a slow caller: the vendor's socket is no longer read. */
  pause(): void;
  resume(): void;
  /** The caller went away: cancels whatever is under way, in every phase; the sink hears nothing more. */
  cancel(): void;
}
