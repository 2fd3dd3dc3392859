import type { AttemptRecord } from './errors.ts';
import type { StreamEvent } from './event.ts';
import type { JsonObject } from './json.ts';
import type { ChatRequest } from './request.ts';

/** What a target can do; `undefined` means unknown and is treated as "try it". */
export interface Capabilities {
  readonly streaming: boolean;
  /** Function calling in the wire itself; `false` means tools are rendered into the prompt. */
  readonly nativeTools?: boolean;
  readonly vision?: boolean;
  /** JSON-schema output enforced by the vendor. */
  readonly structuredOutput?: boolean;
  /** Tokens the model can read in all. */
  readonly contextWindow?: number;
}

/** What is wrong with a value by a JSON Schema, in words; an empty list when nothing is. */
export type SchemaValidator = (value: unknown, schema: JsonObject) => readonly string[];

export interface ChatOptions {
  readonly signal?: AbortSignal;
  /** Ask the vendor for a stream (default `true`) or a whole answer; the events are the same. */
  readonly stream?: boolean;
  /** Milliseconds the whole call may take, retries and waits included. Default 600,000. */
  readonly timeoutMs?: number;
  /** Most attempts for the whole call. Default 6. */
  readonly maxAttempts?: number;
  /** As `strict` of the request: refuse a target where anything would be lost. Default false. */
  readonly strict?: boolean;
  /** Checks answers to a JSON Schema. Default: ajv, where it is installed. */
  readonly validateSchema?: SchemaValidator;
  /** Called as each attempt ends. */
  readonly onAttempt?: (attempt: AttemptRecord) => void;
}

export interface ModelInfo {
  readonly id: string;
  readonly contextWindow?: number;
  readonly ownedBy?: string;
}

/** The one interface. Anything that wraps a Provider is a Provider, so they compose. */
export interface Provider {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Leaving the iterator early, or aborting the signal, cancels the call upstream. Throws `ProviderError`. */
  chat(request: ChatRequest, options?: ChatOptions): AsyncIterable<StreamEvent>;
  listModels?(options?: { readonly signal?: AbortSignal }): Promise<readonly ModelInfo[]>;
}
