import type { Provider } from '../spec/provider.ts';
import type { RescuePolicy } from './decide-rescue.ts';
import type { Range } from './pace.ts';
import type { Endpoint, Key } from '../vendors/endpoint-types.ts';

export type { Endpoint, Key, OutgoingCall } from '../vendors/endpoint-types.ts';

/** One stop of a walk: a model at an entry, with the keys it may use. */
export interface Target {
  /** `<type>.<alias>`, or the name of a hand-written provider. */
  readonly entry: string;
  readonly slot: string;
  readonly model: string;
  readonly keys: readonly Key[];
  /** How the call is made: over a wire, or by a hand-written provider. */
  readonly via: { readonly endpoint: Endpoint } | { readonly provider: Provider };
  /** Tokens the model can read, when known. */
  readonly contextWindow?: number;
  readonly vision?: boolean;
  readonly nativeTools?: boolean;
  /** Asked when neither the entry nor the request names a model that this vendor serves. */
  readonly defaultModel?: string;
  /** Overrides of the plan's limits for this target alone (a `retry()` inside a `fallback()`). */
  readonly retries?: number;
  readonly backoffMs?: number;
  readonly backoffCapMs?: number;
  /** A model known to think long before it says anything: its own limit for first content, milliseconds. */
  readonly firstContentMs?: number;
}

/** Limits of one request. Times in milliseconds. */
export interface Limits {
  /** The whole request, waits included. Default 600,000. */
  readonly deadlineMs: number;
  /** All attempts of the request. Default 6, raised by `attemptBudget()` so that every key of every target is reached. */
  readonly maxAttempts: number;
  /** Retries of one target after its first attempt. Default 2. */
  readonly retriesPerTarget: number;
  /** First backoff, doubled each time, full jitter. Default 500. */
  readonly backoffMs: number;
  /** Default 10,000. */
  readonly backoffCapMs: number;
  /** A `Retry-After` up to this long is waited for on the same key. Default 5,000. */
  readonly retryAfterWaitMs: number;
  /** Default 10,000. */
  readonly connectMs: number;
  /** No content by then and another target exists: it is asked too, and the first content wins. Default 8,000. */
  readonly hedgeMs: number;
  /** No content by then and another target exists: go on. Default 12,000 with a fallback, 120,000 without. */
  readonly firstContentMs: number;
  readonly firstContentLastMs: number;
  /** A whole (not streamed) answer says nothing until it is complete. Default 120,000 with a fallback. */
  readonly wholeAnswerMs: number;
  /** The same without a fallback. Default 600,000. */
  readonly wholeAnswerLastMs: number;
  /** Silence between content after the first. Default 20,000. */
  readonly idleMs: number;
  /**
   * Bounds, milliseconds, within which `hedgeMs` and `firstContentMs` follow the model's own first-content times once
   * enough of them were seen. Absent: they are fixed. Default 3,000 to 11,000 and 8,000 to 25,000.
   */
  readonly hedgeRangeMs?: Range;
  readonly firstContentRangeMs?: Range;
  /** Fewer characters a second than this, over `throughputWindowMs`, count as a stall. Default 0: off. */
  readonly minCharsPerSecond?: number;
  /** Default 10,000. */
  readonly throughputWindowMs?: number;
}

export const DEFAULT_LIMITS: Limits = {
  deadlineMs: 600_000,
  maxAttempts: 6,
  retriesPerTarget: 2,
  backoffMs: 500,
  backoffCapMs: 10_000,
  retryAfterWaitMs: 5_000,
  connectMs: 10_000,
  hedgeMs: 8_000,
  firstContentMs: 12_000,
  firstContentLastMs: 120_000,
  wholeAnswerMs: 120_000,
  wholeAnswerLastMs: 600_000,
  idleMs: 20_000,
  // The longest still keep "an answer within 15 s" after headers, and "within 30 s" of a silent first target.
  hedgeRangeMs: [3_000, 11_000],
  firstContentRangeMs: [8_000, 25_000],
  minCharsPerSecond: 0,
  throughputWindowMs: 10_000,
};

/** The walk of one request, in order, before anything failed. */
export interface Plan {
  /** What the caller asked for, for logs: `requested_model`. */
  readonly requestedModel: string;
  readonly targets: readonly Target[];
  readonly limits: Limits;
  /** Content-policy refusals move on to the next target instead of ending in a clear error. Default false. */
  readonly routeAroundContentPolicy?: boolean;
  /** What may mend a stream that broke after delivery began. Default `verified`. */
  readonly rescue?: RescuePolicy;
  /** System prompt of the agent that was asked for; stands before the request's own messages. */
  readonly system?: string;
  /** Alias of the agent that was asked for. */
  readonly agent?: string;
  /** Spares that were left out and why, for `plan` and the log. */
  readonly warnings: readonly string[];
}
