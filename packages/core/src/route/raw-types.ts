import type { AttemptRecord, ErrorDetails, ProviderError } from '../spec/errors.ts';
import type { Usage } from '../spec/usage.ts';
import type { BodySource } from '../transport/transport.ts';
import type { RunHandle, RunResult } from './run-types.ts';
import type { Target } from './target.ts';

export type RawBody = string | Uint8Array | BodySource | undefined;

/** A call that is passed on as it came: an embedding, a file, anything that is no chat. */
export interface RawCall {
  readonly method: string;
  /** Lower-case headers of the caller that may go on; those of the entry win. */
  readonly headers: Readonly<Record<string, string>>;
  /** Path below the entry's base, with its query. */
  pathFor(target: Target): string;
  /** The body for this target; a source can be sent once, so that nothing is tried again once it was begun. */
  bodyFor(target: Target): RawBody;
  /** The answer is collected and looked at before it is passed on. Absent: it is passed on from its first byte. */
  readonly checkWhole?: (head: RawHead, body: Buffer) => RawFinding;
  /** Reads along with an answer that is passed on; its `end` says what the answer used. */
  readonly tap?: (head: RawHead) => RawTap | undefined;
}

export interface RawHead {
  readonly status: number;
  /** Lower-case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a whole answer says of itself; with `failure` it is none, and the walk goes on. */
export interface RawFinding {
  readonly usage?: Usage;
  readonly failure?: ErrorDetails;
}

export interface RawTap {
  push(chunk: Uint8Array): void;
  end(): Usage | undefined;
}

/** The answer of a vendor that refused the request itself, secrets removed. */
export interface RawRefusal {
  readonly head: RawHead;
  readonly body: string;
}

/** Where the answer goes. `onDone` or `onError` is called exactly once, last; nothing after `cancel()`. */
export interface RawSink {
  onHead(head: RawHead, answering: { readonly target: Target; readonly attempt: number }): void;
  onData(chunk: Uint8Array): void;
  onDone(result: RunResult): void;
  /** `refusal`: the vendor's own words, when the request itself was refused and no other target could do better. */
  onError(error: ProviderError, attempts: readonly AttemptRecord[], refusal?: RawRefusal): void;
}

export type RawHandle = RunHandle;
