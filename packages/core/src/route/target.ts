import type { ErrorDetails } from '../spec/errors.ts';
import type { Provider } from '../spec/provider.ts';
import type { Secret } from '../spec/secret.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { WireClient, WireTarget, VendorError } from '../wires/wire.ts';

/** One credential of an entry. An entry that needs none has one key without a secret and the fingerprint `none`. */
export interface Key {
  readonly fingerprint: string;
  readonly secret?: Secret;
}

/** Everything about one entry that is needed to make a call, except model and key. Built once from config, frozen. */
export interface Endpoint {
  /** `<type>.<alias>`. */
  readonly entry: string;
  /** Catalog slot. */
  readonly slot: string;
  readonly wire: WireClient;
  /** The URL a call to `path` goes to; a query of the configured `uri` is kept. */
  urlFor(path: string): string;
  /** Lower-case headers that carry the key, plus fixed vendor headers and the user's `extra_headers`. */
  headersFor(key: Key): Readonly<Record<string, string>>;
  quirksFor(model: string): Quirks;
  readonly defaults: WireTarget['defaults'];
  /** From a vendor's error answer to a typed error (kind, rule, retryAfterMs, …); headers are lower case. */
  classify(error: VendorError, headers: Readonly<Record<string, string>>): ErrorDetails;
  readonly tlsCaCertPath?: string;
  /** `timeout_secs` of the entry, milliseconds: most time for one attempt. */
  readonly timeoutMs?: number;
}

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
}

/** Limits of one request. Times in milliseconds. */
export interface Limits {
  /** The whole request, waits included. Default 600,000. */
  readonly deadlineMs: number;
  /** All attempts of the request. Default 6; never less than targets × 1 so that each target is reached. */
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
  /** No content by then and another target exists: go on. Default 12,000 with a fallback, 120,000 without. */
  readonly firstContentMs: number;
  readonly firstContentLastMs: number;
  /** Silence between content after the first. Default 20,000. */
  readonly idleMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  deadlineMs: 600_000,
  maxAttempts: 6,
  retriesPerTarget: 2,
  backoffMs: 500,
  backoffCapMs: 10_000,
  retryAfterWaitMs: 5_000,
  connectMs: 10_000,
  firstContentMs: 12_000,
  firstContentLastMs: 120_000,
  idleMs: 20_000,
};

/** The walk of one request, in order, before anything failed. */
export interface Plan {
  /** What the caller asked for, for logs: `requested_model`. */
  readonly requestedModel: string;
  readonly targets: readonly Target[];
  readonly limits: Limits;
  /** Content-policy refusals move on to the next target instead of ending in a clear error. Default false. */
  readonly routeAroundContentPolicy?: boolean;
  /** Spares that were left out and why, for `plan` and the log. */
  readonly warnings: readonly string[];
}
