import type { ErrorKind } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import type { JsonObject } from '../spec/json.ts';
import type { ChatRequest } from '../spec/request.ts';
import type { ChatResponse } from '../spec/response.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Quirks } from './quirks.ts';

/** What a wire needs to know about the model it writes to. Resolved and frozen before the call. */
export interface WireTarget {
  /** Model id as the vendor knows it. */
  readonly model: string;
  readonly quirks: Quirks;
  /** Stamp for reasoning signatures: replayed only to the same issuer. `<slot>:<model>`. */
  readonly issuer: string;
  /** Used when the request leaves them open. */
  readonly defaults: {
    readonly maxTokens?: number;
    readonly temperature?: number;
    /** `false` switches thinking off, `true` on, where the vendor can be told. */
    readonly think?: boolean;
    readonly chatTemplateKwargs?: JsonObject;
    /** Merged into the body last, under the fields the request set itself. */
    readonly providerExtra?: JsonObject;
  };
}

export type CallMode = 'stream' | 'whole';

/** A call ready to be sent: everything but host, auth and the user's extra headers. */
export interface EncodedCall {
  readonly method: 'POST' | 'GET';
  /** Path to append to the endpoint's base, `/chat/completions`; some wires put the model in it. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What could not be carried, in words: `cache_control on messages[2]`. Goes into the attempt record. */
  readonly lost: readonly string[];
  /** Tool names that had to be rewritten for this wire: sent name → the caller's own, restored in the answer. */
  readonly toolNames?: Readonly<Record<string, string>>;
  /** The output format was asked for in words only: the answer may have fences or prose around it. */
  readonly outputInWords?: boolean;
}

/**
 * A synchronous push machine from vendor bytes to events. `push` may return no event. The same bytes cut anywhere
 * give the same events. Throws `ProviderError` (kind, message, code, status only) for an in-band error or a broken answer.
 */
export interface StreamDecoder {
  push(bytes: Uint8Array): StreamEvent[];
  /** The body ended. Returns the closing events or throws kind `truncated` / `empty`. */
  end(): StreamEvent[];
  /** True once the terminal marker was seen: nothing more is needed from the socket. */
  readonly done: boolean;
  /**
   * True once the answer itself is complete although the marker has not come (finish reason seen): whoever waits for
   * more bytes may stop after a short grace and call `end()`.
   */
  readonly complete?: boolean;
  /** Events that could not be decoded and were skipped (never inside a tool call: those throw). */
  readonly skipped: number;
  /**
   * True when what the last `push` completed was text and thinking only: nothing that vendors write in different ways,
   * and that would have to be looked for in the bytes before they are relayed. Absent: not known.
   */
  readonly plain?: boolean;
}

/** What a whole answer is like. */
export interface AboutWhole {
  /** It says nothing that vendors write in different ways: its bytes suit every caller of its protocol. */
  plain: boolean;
}

/** A vendor's error answer, as read from status, headers and body, before it is classified. */
export interface VendorError {
  readonly status: number;
  /** Vendor's code and type, as strings, outermost meaning first. */
  readonly code?: string;
  readonly type?: string;
  readonly message: string;
  readonly param?: string;
  /** The parsed body when it was JSON. */
  readonly body?: unknown;
  /** Kind the wire itself is sure of (an Anthropic `overloaded_error`); classification may refine it. */
  readonly kind?: ErrorKind;
}

/** The side on which we call a vendor. Pure: no I/O, no vendor name. */
export interface WireClient {
  readonly id: WireId;
  encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall;
  /**
   * The schema of an output format is not enforced for this model, but one forced tool can ask for it. Absent: never.
   * Whether the rest of the request leaves room for such a tool is not asked here.
   */
  canForceOutput?(request: ChatRequest, target: WireTarget): boolean;
  createDecoder(target: WireTarget): StreamDecoder;
  /**
   * Decodes a whole (non-streamed) answer to the same events a stream would give. A wire that can tell sets
   * `about.plain`. Throws `ProviderError`.
   */
  decodeWhole(body: string, target: WireTarget, about?: AboutWhole): StreamEvent[];
  readError(status: number, body: string): VendorError;
}

/** Facts the serving side puts into every answer. */
export interface AnswerContext {
  /** Id of the answer if the vendor gave none. */
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Model named in the body when the stream's own `response-start` names none. */
  readonly model: string;
}

export interface DecodedRequest {
  readonly request: ChatRequest;
  readonly mode: CallMode;
  /** Caller asked for usage in the stream (OpenAI `stream_options.include_usage`); wires that always send it say true. */
  readonly includeUsage: boolean;
  /** OpenRouter/LiteLLM routing options found in the body, as they came. */
  readonly routing?: JsonObject;
}

/** What a stream is written in: text, or bytes for a binary framing. */
export type WireChunk = string | Uint8Array;

/** Turns events into the caller's bytes. One per answer; `encode` returns nothing when an event has no form of its own. */
export interface StreamEncoder<Chunk extends WireChunk = string> {
  encode(event: StreamEvent): Chunk;
  /** After a failure: the explicit in-band error of the caller's protocol. Nothing follows it. */
  error(error: CallerError): Chunk;
  /** A keep-alive that the caller's SDK ignores; nothing where the protocol has none. */
  ping(): Chunk;
  /** The caller has these bytes of the vendor's, whole events, last: numbers and ids go on from there. Absent: there are none. */
  follow?(bytes: Uint8Array): void;
  /** The protocol's end marker alone, for a relayed answer whose vendor left it out. Absent: there is none. */
  endMarker?(): string;
}

/** An error as the caller may see it: no secret, a status, and what to do next. */
export interface CallerError {
  readonly status: number;
  /** Machine-readable, our own or the vendor's: `rate_limit`, `context_length_exceeded`, `upstream_auth`. */
  readonly code: string;
  readonly kind: ErrorKind | 'invalid-request';
  readonly message: string;
  readonly param?: string;
  readonly requestId?: string;
}

/** Where the bytes stand: a whole document, or events of a stream whose finish reason did or did not go out before. */
export type RelayPlace = 'whole' | 'before-finish' | 'after-finish';

/** The side on which a caller calls us; the gateway's endpoints and the simulator's vendors are the same code. */
export interface WireServer<Chunk extends WireChunk = string> {
  readonly id: WireId;
  /**
   * Throws `RequestError` (400 with `param`) for anything that is not this wire's request. `text`: what `body` was parsed
   * from, for a wire that can pass it on.
   */
  decodeRequest(body: unknown, text?: string): DecodedRequest;
  readonly streamContentType: string;
  createEncoder(context: AnswerContext, decoded: DecodedRequest): StreamEncoder<Chunk>;
  /** Whether a vendor's bytes of this very protocol suit this caller as they are. Absent: always. */
  relayable?(bytes: Uint8Array, decoded: DecodedRequest, place: RelayPlace): boolean;
  /** What stands in the bytes of every proper stream before its first content; without it the stream is written anew. */
  readonly opening?: string;
  /** Closing events say the whole text again: to go on from relayed bytes the encoder needs every delta. */
  readonly closingRepeatsText?: boolean;
  encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject;
  encodeError(error: CallerError): JsonObject;
}
