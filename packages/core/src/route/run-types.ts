import type { Clock, Random } from '../spec/clock.ts';
import type { AttemptRecord, ProviderError } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { Log } from '../spec/log.ts';
import type { SchemaValidator } from '../spec/provider.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Transport } from '../transport/transport.ts';
import type { CallMode } from '../wires/wire.ts';
import type { Health } from './health.ts';
import type { Recorder } from './recorder.ts';
import type { Target } from './target.ts';

export interface Answering {
  readonly target: Target;
  /** 1 for the first attempt of the request. */
  readonly attempt: number;
  /** The vendor's id of its answer. */
  readonly requestId?: string;
}

/** The vendor's bytes behind some events. */
export interface Frames {
  readonly bytes: readonly Uint8Array[];
  /** The finish reason is among what was passed so far. */
  readonly complete: boolean;
  /** The protocol's end marker is too. */
  readonly ended: boolean;
  /** These bytes hold nothing that vendors write in different ways; see `StreamDecoder.plain` and `AboutWhole.plain`. */
  readonly plain: boolean;
}

/** Where an answer goes. `onDone` or `onError` is called exactly once, last. */
export interface RunSink {
  /** Thinking or content is about to be passed on: from here on the caller hears this target. */
  onAnswering?(answer: Answering): void;
  /** First content is there: this target answers. Everything after is from it. */
  onCommit?(answer: Answering): void;
  /** The answer had broken off and this attempt goes on with it, at this many characters of delivered text. */
  onRescue?(rescue: { readonly target: Target; readonly method: string; readonly at: number }): void;
  /**
   * Events in order; held back until the commit point. `frames`: the vendor's own bytes that say the same, whole events
   * only, when `relay` asked for them and nothing had to be rewritten. With `frames` the list of events may be empty.
   */
  onEvents(events: readonly StreamEvent[], frames?: Frames): void;
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
  /** The caller's protocol: a vendor of the same one is relayed byte for byte where nothing must be rewritten. */
  readonly relay?: WireId;
  /** Checks structured answers against their schema. Absent: they are only checked for being JSON. */
  readonly validateSchema?: SchemaValidator;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: AttemptRecord) => void;
  /** Keeps the attempt record of this request, under `requestId`. */
  readonly recorder?: Recorder;
  readonly requestId?: string;
}

export interface RunHandle {
  /** Backpressure from a slow caller: the vendor's socket is no longer read. */
  pause(): void;
  resume(): void;
  /** The caller went away: cancels whatever is under way, in every phase; the sink hears nothing more. */
  cancel(): void;
}
