/**
 * Named behaviours in which a server differs from the owner of its protocol. Closed: a wire knows only these names,
 * never a vendor, host or model. Resolved once: wire default < vendor row < model rule < user config.
 */
export interface Quirks {
  /** Name of the output limit in the body. `auto`: `max_completion_tokens` for models that demand it, else `max_tokens`. */
  readonly maxTokensField: 'auto' | 'max_tokens' | 'max_completion_tokens';
  /** Where system text goes. `merge` folds it into the first user message. */
  readonly systemRole: 'system' | 'developer' | 'merge';
  /** Tool-call ids the server accepts: `any`, at most 40 characters, `[A-Za-z0-9_-]{1,64}`, exactly 9 alphanumerics. */
  readonly toolCallIdFormat: 'any' | 'max40' | 'word64' | 'alnum9';
  /** `stream_options: {include_usage: true}` is understood. */
  readonly streamUsage: boolean;
  /** Word for a forced tool call of any tool. */
  readonly toolChoiceRequired: 'required' | 'any' | 'unsupported';
  /** Assistant reasoning is sent back in this field, or not at all. */
  readonly reasoningReplay: 'none' | 'reasoning_content' | 'reasoning' | 'reasoning_details';
  /** How thinking is asked for. */
  readonly reasoningStyle:
    | 'none'
    | 'reasoning_effort'
    | 'reasoning-object'
    | 'thinking-type'
    | 'enable_thinking'
    | 'chat_template_kwargs';
  /** `messages[].content` of an assistant turn with tool calls must be a string, never null or absent. */
  readonly assistantContentString: boolean;
  /** Tool messages carry the function's name. */
  readonly toolMessageName: boolean;
  /** Output tokens as reported leave reasoning out (xAI). */
  readonly outputExcludesReasoning: boolean;
  /** `response_format` support. */
  readonly structuredOutput: 'json_schema' | 'json_object' | 'none';
  /** Function calling in the wire itself. */
  readonly nativeTools: boolean;
  /** `parallel_tool_calls` is understood. */
  readonly parallelToolCalls: boolean;
  /** Vendor can be given image parts. */
  readonly vision: boolean | undefined;
  /** Sampling parameters the server rejects for this model; left out with a warning. */
  readonly omitParameters: readonly string[];
  /** Extra top-level body fields sent whenever tools are present (Z.AI `tool_stream`). */
  readonly toolExtra: Readonly<Record<string, boolean | number | string>>;
  /** Seed field name. */
  readonly seedField: 'seed' | 'random_seed';
  /** A continuation of a partial assistant turn is asked for this way. */
  readonly prefill: 'none' | 'last-assistant' | 'prefix-flag' | 'partial-flag' | 'continue_final_message';
  /** anthropic-messages: header that carries the key. */
  readonly anthropicVersion: string;
}

export const DEFAULT_QUIRKS: Quirks = {
  maxTokensField: 'max_tokens',
  systemRole: 'system',
  toolCallIdFormat: 'any',
  streamUsage: true,
  toolChoiceRequired: 'required',
  reasoningReplay: 'none',
  reasoningStyle: 'none',
  assistantContentString: false,
  toolMessageName: false,
  outputExcludesReasoning: false,
  structuredOutput: 'json_schema',
  nativeTools: true,
  parallelToolCalls: true,
  vision: undefined,
  omitParameters: [],
  toolExtra: {},
  seedField: 'seed',
  prefill: 'none',
  anthropicVersion: '2023-06-01',
};
