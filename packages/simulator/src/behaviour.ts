import type { FinishReason, Usage, WireId } from '@standin/core/spec/index';

/** What goes wrong below the vendor's own error answers. What each does is told by `describeBehaviours()`. */
export const FAULTS = [
  'reset',
  'close',
  'silent',
  'headers-silent',
  'cut',
  'stall',
  'error-event',
  'broken-event',
  'wrong-type',
  'no-done',
  'no-finish',
  'empty',
  'empty-answer',
  'malformed',
  'html',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Error answers by name; `errors.ts` holds each vendor's status and wording. */
export const ERROR_NAMES = [
  'invalid',
  'context',
  'policy',
  'unsupported',
  'prefill',
  'auth',
  'billing',
  'permission',
  'model',
  'timeout',
  'conflict',
  'too-large',
  'too-early',
  'rate',
  'quota',
  'server',
  'bad-gateway',
  'unavailable',
  'gateway-timeout',
  'overloaded',
] as const;
export type ErrorName = (typeof ERROR_NAMES)[number];

/** The ways a vendor says how long to wait. Several may be set at once; each is sent in its own place. */
export interface WaitHints {
  /** `retry-after`, seconds, or the literal text to send. */
  readonly retryAfter?: number | string;
  /** `retry-after` as an HTTP date, this many seconds from now. */
  readonly retryAfterDate?: number;
  /** `retry-after-ms`, milliseconds. */
  readonly retryAfterMs?: number;
  /** `x-ratelimit-reset-requests` and `-tokens` with nothing remaining, as a Go duration: `6m0s`, `1.5s`, `17ms`. */
  readonly rateLimitReset?: string;
  /** `anthropic-ratelimit-requests-reset` as RFC 3339, this many seconds from now. */
  readonly anthropicReset?: number;
  /** Google `RetryInfo.retryDelay` in the body: `36.4s`. */
  readonly retryInfo?: string;
  /** In the message: `Please try again in <text>.` */
  readonly text?: string;
}

export interface SimulatedError {
  /** A named error with its vendor's status and wording. */
  readonly name?: ErrorName;
  /** HTTP status; alone it stands for the usual error of that status. */
  readonly status?: number;
  readonly message?: string;
  readonly code?: string;
  readonly type?: string;
  readonly param?: string;
  readonly hints?: WaitHints;
  /** Sends `x-should-retry`. */
  readonly shouldRetry?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is instead of the wire's own error shape; anything but a string is written as JSON. */
  readonly body?: unknown;
  /** Default `application/json`, or `text/html` for a string body that begins with `<`. */
  readonly contentType?: string;
}

export interface SimulatedToolCall {
  readonly name: string;
  /** JSON text sent byte for byte, or a value to be written as JSON. Default `{}`. */
  readonly arguments?: unknown;
  readonly id?: string;
}

/** How one request is treated. Everything is optional; an empty behaviour is a plain answer. Times in milliseconds. */
export interface Behaviour {
  /** The answer's text; default: generated from `seed` and the last user message, always the same for the same two. */
  readonly text?: string;
  /** Length of the generated text. Default 60. */
  readonly words?: number;
  readonly seed?: number;
  /** Any name: the generated text is another one for each name. */
  readonly diverge?: string;
  /** With `diverge`: the text stays the usual one up to this character. Default 0. */
  readonly divergeAtChars?: number;
  /** Reasoning before the text: `true` for a generated one. */
  readonly reasoning?: boolean | string;
  /** Sent with the reasoning where the wire has a place for it. Default `sim-signature`. */
  readonly signature?: string;
  /** A refusal instead of text. */
  readonly refusal?: string;
  /** `auto` calls the first tool of the request, `parallel` every one (at least two calls). No call when the request ends in a tool result. */
  readonly toolCalls?: 'auto' | 'parallel' | readonly SimulatedToolCall[];
  /** The calls are made even where the request ends in a tool result: one more step of an agent. Default false. */
  readonly callAgain?: boolean;
  readonly finish?: FinishReason;
  readonly stopSequence?: string;
  /** Counts to report, merged over the computed ones; `false` reports none. */
  readonly usage?: Usage | false;
  /** Model named in the answer; default: the one asked for. */
  readonly model?: string;
  /** A request that ends in an assistant message is continued exactly, ignored (answered anew) or refused with 400. Default `continue`. */
  readonly prefill?: 'continue' | 'ignore' | 'refuse';
  /** Cut the answer to the request's output limit (4 characters a token) with finish reason `length`. Default false. */
  readonly honourMaxTokens?: boolean;
  /** More response headers. */
  readonly headers?: Readonly<Record<string, string>>;

  /** Wait before the response headers. */
  readonly headersMs?: number;
  /** Wait between the headers and the first event. */
  readonly firstEventMs?: number;
  /** Wait between events. */
  readonly eventMs?: number;
  /** While waiting after the headers, send a keep-alive this often. */
  readonly pingMs?: number;

  /** Characters in each text, reasoning or tool-argument delta. Default: one word each. */
  readonly deltaChars?: number;
  readonly eventsPerWrite?: number;
  /** Body bytes in each write, across event borders. */
  readonly bytesPerWrite?: number;
  /** Seed of random write sizes from 1 to 40 bytes. */
  readonly randomCuts?: number;

  /** An error answer: a name, a status, or a full description. With `fault = "error-event"`: the error sent in the stream. */
  readonly error?: ErrorName | number | SimulatedError;
  readonly fault?: Fault;
  /** Where `cut`, `stall`, `error-event` and `broken-event` strike: after exactly so many characters of text. Default: half of the answer. */
  readonly atChars?: number;
  readonly atReasoningChars?: number;
  /** Counted over the arguments of all tool calls. */
  readonly atToolChars?: number;
  readonly atEvents?: number;
  readonly atBytes?: number;
  /** How a `cut` ends the connection: FIN, RST, or a clean end of the HTTP body. Default `fin`. */
  readonly how?: 'fin' | 'rst' | 'clean';
  /** How long a `stall` lasts before the answer goes on. Default: for ever. */
  readonly stallMs?: number;
  /** For `wrong-type`. Default `text/plain`. */
  readonly contentType?: string;
}

export interface RuleMatch {
  /** Credential, `*` matches any run of characters. */
  readonly key?: string;
  readonly model?: string;
  readonly path?: string;
  readonly wire?: WireId;
  readonly stream?: boolean;
  /** Header name (lower case) → pattern. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Only these requests, 1 for the first, counted over the requests that fit the rest of the rule. */
  readonly nth?: number | readonly number[];
  /** Not before this time since the script was set. */
  readonly fromMs?: number;
  /** Not from this time on: with `fromMs` an outage window. */
  readonly untilMs?: number;
}

/** First matching rule wins. */
export interface Rule {
  readonly match?: RuleMatch;
  /** Apply at most so often. */
  readonly times?: number;
  /** Count `nth` and `times` for each key or each model by itself. Default: together. */
  readonly per?: 'key' | 'model';
  /** A behaviour, or its short form as in model names: `"429-after2"`. */
  readonly behaviour: Behaviour | string;
}

export interface Script {
  /** Default seed of generated texts. Default 1. */
  readonly seed?: number;
  /** Keys that are accepted; any other gets 401. Absent: every key, and none, is accepted. */
  readonly keys?: readonly string[];
  /** Listed by `GET /models`. */
  readonly models?: readonly string[];
  /** 404 for a model that is not in `models`. Default false. */
  readonly onlyListedModels?: boolean;
  /** Lies under every behaviour. */
  readonly defaults?: Behaviour;
  readonly rules?: readonly Rule[];
}
