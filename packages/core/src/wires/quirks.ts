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
    /** `thinking: {type}` and `reasoning_effort` side by side (DeepSeek). */
    | 'thinking-type-effort'
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
  /** Where no schema is enforced, the answer may be asked for through one forced tool; false: in words. */
  readonly outputTool: boolean;
  /** Subset of JSON Schema that tools and output formats are fitted into before the wire writes them. */
  readonly schemaDialect: 'plain' | 'openai-strict' | 'bedrock-nova';
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
  /** `top_k` is understood. */
  readonly topK: boolean;
  /** Prompt-cache breakpoints (`cache_control` on parts and tools) are understood on this OpenAI-shaped server. */
  readonly cacheControl: boolean;
  /** `content` must be a plain string: text parts are joined, other parts become text. */
  readonly plainTextContent: boolean;
  /** `name` on a message is accepted. */
  readonly messageName: boolean;
  /** Assistant refusals may be sent back in their own field; otherwise they become content. */
  readonly refusalField: boolean;
  /** `system-first`: system text only at the beginning. `alternating`: also never two turns of one role in a row. */
  readonly messageOrder: 'any' | 'system-first' | 'alternating';
  /** A user turn may not follow a tool result at once (Mistral): a short assistant turn is put between them. */
  readonly assistantAfterTool: boolean;
  /** A forced tool call is accepted while thinking is on; otherwise it is lowered to `auto`. */
  readonly forcedToolWithThinking: boolean;
  /** Thinking arrives inside the text: between `<think>` tags, or from the first token on with only the closing tag. */
  readonly inlineReasoning: 'none' | 'think-tags' | 'think-open';
  /** openai-responses: `instructions` must be there and not empty (Codex backend). */
  readonly instructionsRequired: boolean;
  /** openai-responses: nothing is stored: `store: false`, no item ids, no earlier answer to refer to (Codex backend). */
  readonly statelessOnly: boolean;
  /** openai-responses: the server answers only as a stream (Codex backend). */
  readonly streamOnly: boolean;
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
  outputTool: true,
  schemaDialect: 'plain',
  nativeTools: true,
  parallelToolCalls: true,
  vision: undefined,
  omitParameters: [],
  toolExtra: {},
  seedField: 'seed',
  prefill: 'none',
  topK: false,
  cacheControl: false,
  plainTextContent: false,
  messageName: true,
  refusalField: false,
  messageOrder: 'any',
  assistantAfterTool: false,
  forcedToolWithThinking: true,
  inlineReasoning: 'none',
  instructionsRequired: false,
  statelessOnly: false,
  streamOnly: false,
  anthropicVersion: '2023-06-01',
};
