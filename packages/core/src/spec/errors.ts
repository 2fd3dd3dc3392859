import type { Usage } from './usage.ts';

/**
 * What went wrong, in words the walk can act on (DESIGN: "kind decides everything"). The table that maps a kind to
 * what happens next is `route/policy.ts`.
 */
export const ERROR_KINDS = [
  'network', // refused, reset, DNS, closed early
  'tls', // certificate or handshake: never retried, never downgraded
  'timeout', // see `phase`: connect, headers, first-content, idle, total
  'rate-limit', // 429 that passes by itself
  'quota', // used-up money, plan or daily allowance
  'auth', // 401: key missing, wrong, expired
  'permission', // 403: key lacks a right, region blocked
  'model-not-found',
  'context-window',
  'request-too-large',
  'content-policy',
  'unsupported', // a known parameter or feature the target rejects
  'invalid-request',
  'overloaded', // 503/529
  'server', // other 5xx, 408, 409, 425
  'protocol', // an answer that is not the wire's: HTML, broken JSON, wrong type
  'empty', // 200 without any content
  'truncated', // ended without the wire's terminal marker
  'config', // wrong base URL, unusable entry, missing credential
  'cancelled', // the caller went away
  'deadline', // the request's own deadline or attempt budget is used up
] as const;
export type ErrorKind = (typeof ERROR_KINDS)[number];

export const ERROR_PHASES = ['connect', 'headers', 'first-content', 'content', 'total'] as const;
/** How far the attempt had come. `content` means: after the first content was delivered. */
export type ErrorPhase = (typeof ERROR_PHASES)[number];

export interface ErrorDetails {
  readonly kind: ErrorKind;
  /** One clear sentence; secrets already removed. */
  readonly message: string;
  /** `<type>.<alias>` or the name of a hand-written provider. */
  readonly provider?: string;
  readonly model?: string;
  readonly phase?: ErrorPhase;
  /** HTTP status of the vendor's answer, also a pseudo status of an in-band error. */
  readonly status?: number;
  /** The vendor's own code or type. */
  readonly code?: string;
  /** The vendor's own words, secrets removed, cut at 2,000 characters. */
  readonly vendorMessage?: string;
  readonly requestId?: string;
  /** Wait the vendor asked for, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The vendor's `x-should-retry`, when sent. */
  readonly shouldRetry?: boolean;
  /** Name of the classification rule that decided. */
  readonly rule?: string;
  /** The request parameter a vendor complained about, for one-shot repairs. */
  readonly parameter?: string;
  readonly cause?: unknown;
}

const MARKER = Symbol.for('standin.error.provider');

/** A failed model call. Thrown from the iterator, never sent in-band; `kind` decides everything. */
export class ProviderError extends Error implements ErrorDetails {
  override readonly name: string = 'ProviderError';
  readonly kind: ErrorKind;
  readonly provider?: string;
  readonly model?: string;
  readonly phase?: ErrorPhase;
  readonly status?: number;
  readonly code?: string;
  readonly vendorMessage?: string;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly shouldRetry?: boolean;
  readonly rule?: string;
  readonly parameter?: string;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = details.kind;
    this.provider = details.provider;
    this.model = details.model;
    this.phase = details.phase;
    this.status = details.status;
    this.code = details.code;
    this.vendorMessage = details.vendorMessage;
    this.requestId = details.requestId;
    this.retryAfterMs = details.retryAfterMs;
    this.shouldRetry = details.shouldRetry;
    this.rule = details.rule;
    this.parameter = details.parameter;
    Object.defineProperty(this, MARKER, { value: true });
  }

  /** Works across duplicated copies of the package. */
  static is(value: unknown): value is ProviderError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[MARKER] === true;
  }

  /** The same error with fields added or replaced. */
  with(details: Partial<ErrorDetails>): ProviderError {
    return new ProviderError({ ...this.toJSON(), cause: this.cause, ...details });
  }

  toJSON(): ErrorDetails {
    const { kind, message, provider, model, phase, status, code, vendorMessage, requestId } = this;
    const { retryAfterMs, shouldRetry, rule, parameter } = this;
    const all = { kind, message, provider, model, phase, status, code, vendorMessage, requestId };
    const rest = { retryAfterMs, shouldRetry, rule, parameter };
    return Object.fromEntries(
      Object.entries({ ...all, ...rest }).filter(([, v]) => v !== undefined),
    ) as unknown as ErrorDetails;
  }
}

/** One attempt as it stands in the record and in `AllAttemptsFailed`. Times in milliseconds since the request began. */
export interface AttemptRecord {
  /** 1, 2, 3 … over the whole request. */
  readonly attempt: number;
  readonly provider: string;
  readonly model: string;
  readonly wire?: string;
  readonly url?: string;
  /** Fingerprint of the key, never the key. */
  readonly key?: string;
  /** `ok`, or the kind of the failure. */
  readonly outcome: 'ok' | ErrorKind;
  readonly status?: number;
  readonly code?: string;
  /** The vendor's own message with secrets removed. */
  readonly message?: string;
  readonly requestId?: string;
  readonly startedMs: number;
  readonly firstContentMs?: number;
  readonly endedMs: number;
  /** How long the walk waited before this attempt. */
  readonly waitedMs: number;
  readonly retryAfterMs?: number;
  readonly phase?: ErrorPhase;
  /** Which row of the walk's table led here. */
  readonly reason: string;
  readonly rule?: string;
  /** How this attempt mended an answer that had broken off. */
  readonly rescue?: string;
  /** It went on with the answer at this many characters of delivered text. */
  readonly splicedAt?: number;
  /**
   * The limits for silence before the first content followed what was observed of this model: 95 % of its last calls
   * had theirs within `p95Ms`. Absent: the fixed limits held.
   */
  readonly paced?: {
    readonly hedgeMs: number;
    readonly firstContentMs: number;
    readonly samples: number;
    readonly p95Ms: number;
  };
  readonly usage?: Usage;
  /** Vendor attempts that a Standin behind this target made for this one; absent: it was one. */
  readonly attempts?: number;
  /** Bytes of body received from the vendor. */
  readonly bytes?: number;
  /** What could not be carried to this target. */
  readonly lost?: readonly string[];
}

/** Every route failed. `attempts` lists each attempt; `last` is the failure that ended the walk. */
export class AllAttemptsFailed extends ProviderError {
  override readonly name: string = 'AllAttemptsFailed';
  readonly attempts: readonly AttemptRecord[];
  readonly last?: ProviderError;

  constructor(details: ErrorDetails, attempts: readonly AttemptRecord[], last?: ProviderError) {
    super(details);
    this.attempts = attempts;
    this.last = last;
  }

  override toJSON(): ErrorDetails & { readonly attempts: readonly AttemptRecord[] } {
    return { ...super.toJSON(), attempts: this.attempts };
  }
}

/** The caller's own request is malformed: a 4xx in the caller's protocol, exit code 2 on the command line. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: string;
  /** Path of the offending field, `messages[2].content`. */
  readonly param?: string;

  constructor(message: string, options: { status?: number; code?: string; param?: string } = {}) {
    super(message);
    this.status = options.status ?? 400;
    this.code = options.code ?? 'invalid_request';
    this.param = options.param;
  }
}
