/**
 * What a model of this wire takes. Read 2026-11 from Anthropic's pages "Extended thinking", "Adaptive thinking",
 * "Effort", "Structured outputs", "Errors: prefill not supported", and the model tables of @ai-sdk/anthropic and
 * @anthropic-ai/sdk 1.11.
 */
export interface ModelTraits {
  /** A Claude model, so that Anthropic's own rules on signatures hold. */
  readonly claude: boolean;
  /** Free temperature, top_p and top_k. */
  readonly sampling: boolean;
  /** temperature and top_p may stand together. */
  readonly bothSampling: boolean;
  /** `thinking: {type: "enabled", budget_tokens}`. */
  readonly budgetThinking: boolean;
  /** `thinking: {type: "adaptive"}`. */
  readonly adaptiveThinking: boolean;
  /** `thinking: {type: "disabled"}` is accepted. */
  readonly disableThinking: boolean;
  /** Values of `output_config.effort`, weakest first; empty: unknown to the model. */
  readonly efforts: readonly string[];
  /** `tool_choice` any and tool. */
  readonly forcedTools: boolean;
  /** The conversation may end in an assistant turn. */
  readonly prefill: boolean;
  /** `output_config.format`. */
  readonly structuredOutput: boolean;
  /** Largest `max_tokens` that is safe to ask for when nobody said one. */
  readonly outputTokens: number;
}

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];

const CLAUDE_4: ModelTraits = {
  claude: true,
  sampling: true,
  bothSampling: true,
  budgetThinking: true,
  adaptiveThinking: false,
  disableThinking: true,
  efforts: [],
  forcedTools: true,
  prefill: true,
  structuredOutput: false,
  outputTokens: 32_000,
};
const CLAUDE_3: ModelTraits = { ...CLAUDE_4, budgetThinking: false, outputTokens: 4_096 };
const CLAUDE_4_5: ModelTraits = { ...CLAUDE_4, bothSampling: false, structuredOutput: true };
const CLAUDE_4_6: ModelTraits = {
  ...CLAUDE_4_5,
  adaptiveThinking: true,
  efforts: ['low', 'medium', 'high', 'max'],
  prefill: false,
};
const CLAUDE_4_7: ModelTraits = { ...CLAUDE_4_6, sampling: false, budgetThinking: false, efforts: EFFORTS };
const NEWEST: ModelTraits = { ...CLAUDE_4_7, disableThinking: false, forcedTools: false };

/** Other vendors' models behind this wire take the older, wider form. */
const COMPATIBLE: ModelTraits = { ...CLAUDE_4, claude: false };

/** First match wins; ids are lower case with dots as dashes, from `claude` on. An unknown Claude is a newer one. */
const TABLE: readonly (readonly [pattern: RegExp, traits: ModelTraits])[] = [
  [/^claude-(instant|2|3-(opus|sonnet|haiku))/, CLAUDE_3],
  [/^claude-3-5/, { ...CLAUDE_3, outputTokens: 8_192 }],
  [/^claude-3-7/, CLAUDE_4],
  [/^claude-opus-4-1(-|@|$)/, CLAUDE_4_5],
  [/^claude-opus-4-5/, { ...CLAUDE_4_5, efforts: ['low', 'medium', 'high'] }],
  [/^claude-(sonnet|haiku)-4-5/, CLAUDE_4_5],
  [/^claude-(opus|sonnet|haiku)-4-6/, CLAUDE_4_6],
  [/^claude-(opus|sonnet|haiku)-4-[789](-|@|$)/, CLAUDE_4_7],
  [/^claude-(opus|sonnet|haiku)-4(-0)?(-2\d{7}|@|-v\d|-latest|:|$)/, CLAUDE_4],
  [/^claude-(opus|sonnet|haiku|fable|mythos)-5(-0)?(-2\d{7}|@|-v\d|-latest|:|$)/, CLAUDE_4_7],
  [/^claude-mythos-preview/, { ...CLAUDE_4_7, budgetThinking: true, disableThinking: false }],
  [/^claude-haiku-5-5/, CLAUDE_4_7],
  [/^claude/, NEWEST],
];

export function modelTraits(model: string): ModelTraits {
  const id = model.toLowerCase().replaceAll('.', '-');
  const from = id.lastIndexOf('claude');
  if (from === -1) return COMPATIBLE;
  const name = id.slice(from);
  return TABLE.find(([pattern]) => pattern.test(name))?.[1] ?? NEWEST;
}
