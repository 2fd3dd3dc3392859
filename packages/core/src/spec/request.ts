import type { JsonObject } from './json.ts';
import type { CacheControl, Message } from './message.ts';
import type { WireId } from './wire-id.ts';

/** A function the model may call. */
export interface Tool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. Absent: a function without arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
  readonly cacheControl?: CacheControl;
  /** A tool of one wire that has no common form (server tools, custom grammars): carried on that wire only. */
  readonly opaque?: { readonly wire: WireId; readonly value: JsonObject };
}

export type ToolChoice =
  | { readonly type: 'auto' }
  | { readonly type: 'none' }
  | { readonly type: 'required' }
  | { readonly type: 'tool'; readonly name: string };

export type OutputFormat =
  | { readonly type: 'text' }
  | {
      readonly type: 'json';
      /** Ask once more when the answer is no JSON; a stream is held back until then. Default false. */
      readonly repair?: boolean;
    }
  | {
      readonly type: 'json-schema';
      /** Ask once more, with what was wrong, when the answer does not fit; a stream is held back until then. Default false. */
      readonly repair?: boolean;
      readonly name: string;
      readonly schema: JsonObject;
      readonly description?: string;
      readonly strict?: boolean;
    };

export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

export interface ReasoningOptions {
  /** `false` asks for no thinking at all where the vendor can be told so. */
  readonly enabled?: boolean;
  readonly effort?: ReasoningEffort;
  /** Thinking budget in tokens. */
  readonly budgetTokens?: number;
  readonly summary?: 'auto' | 'concise' | 'detailed' | 'none';
}

/**
 * One model call in the common vocabulary. An absent field is absent from the vendor's request too.
 * Field names follow the field's usual terms; units are tokens.
 */
export interface ChatRequest {
  /** The model asked for. A route replaces it with each target's own model. */
  readonly model?: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly outputFormat?: OutputFormat;
  readonly reasoning?: ReasoningOptions;
  /** Refuse a target where anything of this request would be lost, instead of sending the rest. Default false. */
  readonly strict?: boolean;
  /** End-user id for abuse tracking (OpenAI `user`/`safety_identifier`, Anthropic `metadata.user_id`). */
  readonly user?: string;
  /**
   * Top-level fields of the caller's wire that have no common form. Sent to a vendor of the same wire,
   * declared lost to any other.
   */
  readonly extensions?: { readonly wire: WireId; readonly body: JsonObject };
  /** Caller headers that belong to the caller's wire (`anthropic-beta`, `anthropic-version`): same wire only, lower case. */
  readonly wireHeaders?: { readonly wire: WireId; readonly headers: Readonly<Record<string, string>> };
  /** W3C trace context (`traceparent`, `tracestate`): for whichever vendor is asked. */
  readonly traceHeaders?: Readonly<Record<string, string>>;
}
