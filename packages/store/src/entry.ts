import type { AttemptRecord } from '@standin/core/spec/errors';

/** What a caller said and got, cut at the size that is kept. */
export interface EntryContent {
  readonly request: string;
  readonly requestTruncated: boolean;
  readonly answer: string;
  readonly answerTruncated: boolean;
}

/** Where a call stands in a distributed trace (W3C trace context, ids in lower-case hex). */
export interface TraceContext {
  readonly traceId: string;
  /** Of the call itself. */
  readonly spanId: string;
  /** The caller's; absent: the trace begins here. */
  readonly parentId?: string;
  readonly isSampled: boolean;
  /** `tracestate`, as it came. */
  readonly state?: string;
}

/** One finished call as its gateway knows it: plain fields; prompt and answer only where they are to be kept. */
export interface RequestEntry {
  readonly id: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly tookMs: number;
  /** First content, milliseconds since the start. */
  readonly firstContentMs?: number;
  /** `left`: the caller went away before the answer was complete. */
  readonly outcome: 'ok' | 'failed' | 'left';
  /** HTTP status that the caller got; 0: none. */
  readonly status: number;
  readonly errorKind?: string;
  readonly errorCode?: string;
  /** The caller's protocol. */
  readonly protocol: string;
  readonly mode: 'stream' | 'whole';
  readonly requestedModel: string;
  /** Who answered, or was asked last. */
  readonly provider?: string;
  readonly model?: string;
  /** Id of the caller's virtual key. */
  readonly callerKey?: string;
  readonly agent?: string;
  /** Answered from the cache, without asking a vendor. */
  readonly isCached?: boolean;
  readonly attempts: readonly AttemptRecord[];
  /** Model calls that one request made, as an agent does between its tools; each can have several attempts. Default 1. */
  readonly steps?: number;
  /** Absent: nobody traces. */
  readonly trace?: TraceContext;
  /** Nano-USD of all attempts; absent: not known. */
  readonly costNanoUsd?: number;
  /** Absent unless `[ledger] content` is on. */
  readonly content?: EntryContent;
}

/** Where finished calls go. Called on the way of the answer: it keeps the object and works later. */
export interface RequestLog {
  ended(entry: RequestEntry): void;
}
