/** How one rejected field is called when it is repaired. */
const CANONICAL: Readonly<Record<string, string>> = {
  maxtokens: 'max_tokens',
  max_output_tokens: 'max_tokens',
  maxcompletiontokens: 'max_completion_tokens',
  topp: 'top_p',
  topk: 'top_k',
  functions: 'tools',
  function_call: 'tools',
  tool_choice: 'tools',
  toolchoice: 'tools',
  'stream_options.include_usage': 'stream_options',
  include_usage: 'stream_options',
  reasoning: 'reasoning_effort',
  'reasoning.effort': 'reasoning_effort',
  thinking: 'reasoning_effort',
  enable_thinking: 'reasoning_effort',
  stop_sequences: 'stop',
  json_schema: 'response_format',
  json_object: 'response_format',
  structured_outputs: 'response_format',
  random_seed: 'seed',
};

/** Field names that a rejection may be about; anything else in a sentence is just a word. */
const FIELDS: ReadonlySet<string> = new Set([
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'stop',
  'seed',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'stream_options',
  'parallel_tool_calls',
  'reasoning_effort',
  'tools',
  'response_format',
  'n',
  'user',
  'metadata',
  'store',
  'service_tier',
  'prompt_cache_key',
  'verbosity',
  'cache_control',
  'chat_template_kwargs',
  'safety_identifier',
  'strict',
  'prediction',
  'modalities',
  'output_config',
  'reasoning_content',
  'reasoning_details',
  'name',
  'prefix',
  'betas',
  'container',
  'previous_response_id',
  'include',
]);

export function canonicalParameter(name: string): string {
  const bare = name.toLowerCase().replaceAll(/^[`'"\\]+|[`'"\\.,:]+$/g, '');
  return (Object.hasOwn(CANONICAL, bare) ? CANONICAL[bare] : undefined) ?? bare;
}

interface ParameterRule {
  readonly pattern: RegExp;
  /** Fixed name; absent: the first group, when it is a known field. */
  readonly parameter?: string;
  readonly example: string;
}

const Q = '[`\'"\\\\]*';

/** Wordings by which servers refuse a parameter; the first that matches decides. Seen in public issue trackers, 2026-11. */
export const PARAMETER_RULES: readonly ParameterRule[] = [
  {
    pattern:
      /function tools with reasoning_effort are not supported|tools[^.]{0,40}reasoning_effort[^.]{0,40}not supported/i,
    parameter: 'reasoning_effort',
    example: 'Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions.',
  },
  {
    pattern:
      /(?:does not|doesn't|do not|not) support (?:native )?(?:tools?|tool use|tool calling|tool calls|function[ _-]?calling|functions)\b|no endpoints found that support (?:tool use|the provided ['"`]?tool)|(?:tool|function)[ _-]?(?:calling|use|calls?) (?:(?:is|are) )?not (?:support(?:ed)?|available|enabled)/i,
    parameter: 'tools',
    example: 'registry.ollama.ai/library/gemma:2b does not support tools',
  },
  {
    pattern:
      /tool choice requires --enable-auto-tool-choice|tool call validation failed|which was not in request|was not in request\.tools/i,
    parameter: 'tools',
    example: '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
  },
  {
    pattern:
      /(?:does not|doesn't|do not|not) support (?:image|vision|multimodal)|image(?:_url)?s?(?: input)?s? (?:is|are) not supported|unsupported content type: image/i,
    parameter: 'image',
    example: 'this model does not support image input',
  },
  { pattern: /tools param requires --jinja/i, parameter: 'tools', example: 'tools param requires --jinja flag' },
  {
    pattern:
      /developer instruction is not enabled|system role (?:is )?not supported|['"`]system['"`] (?:role )?(?:is not supported|with this model)|does not support (?:the )?['"`]?system['"`]?\b/i,
    parameter: 'system',
    example: 'Developer instruction is not enabled for models/gemma-3-27b-it',
  },
  {
    pattern:
      /(?:unknown|unexpected|invalid|unsupported) (?:value|role)?[:\s]*['"`]?developer\b|['"`]?developer['"`]? (?:role )?is not (?:supported|one of)|input should be 'system', 'user'/i,
    parameter: 'developer',
    example: "Invalid value: 'developer'. Supported values are: 'system', 'assistant', 'user', and 'tool'.",
  },
  {
    pattern: /use ['"`]?max_completion_tokens['"`]? instead/i,
    parameter: 'max_tokens',
    example:
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  },
  {
    pattern: /use ['"`]?max_tokens['"`]? instead/i,
    parameter: 'max_completion_tokens',
    example: "Unsupported parameter 'max_completion_tokens', use 'max_tokens' instead.",
  },
  {
    pattern: /temperature['"`]? and ['"`]?top_p['"`]? cannot both be specified/i,
    parameter: 'top_p',
    example: '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
  },
  {
    pattern: new RegExp(
      `(?:unsupported|unknown|unrecognized|unexpected|extra) (?:request )?(?:param(?:eter)?|argument|field|key|option)s?(?: supplied| name| provided)?${Q}\\s*[:=]?\\s*${Q}([a-z_][\\w.]*)`,
      'i',
    ),
    example: 'Unrecognized request argument supplied: parallel_tool_calls',
  },
  {
    pattern: /(?:got an unexpected keyword argument|unknown name) [`'"\\]*([a-z_][\w.]*)/i,
    example: 'Invalid JSON payload received. Unknown name "stream_options": Cannot find field.',
  },
  { pattern: /json: unknown field [`'"\\]*([a-z_]\w*)/i, example: 'json: unknown field "stream_options"' },
  {
    pattern: /property [`'"]?([a-z_]\w*)[`'"]? is unsupported/i,
    example:
      "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning_content' is unsupported)]",
  },
  {
    pattern: /([a-z_]\w*)[`'"]*: extra (?:inputs|fields) (?:are )?not permitted/i,
    example: 'top_k: Extra inputs are not permitted',
  },
  {
    pattern:
      /[`'"\\]*\b([a-z_][\w.]*)[`'"\\]* (?:[`'"][^`'"]{1,40}[`'"] )?(?:parameter |field |argument )?(?:is|are) (?:not (?:supported|permitted|allowed|accepted|available)|unsupported|deprecated for this model)/i,
    example: '`temperature` is deprecated for this model.',
  },
  {
    pattern: /[`'"\\]*\b([a-z_]\w*)[`'"\\]* may only be set to/i,
    example: '`temperature` may only be set to 1 when thinking is enabled.',
  },
  {
    pattern: /(?:does not|doesn't|do not|not) support (?:the )?(?:parameters?:? )?[`'"\\[]*([a-z_]\w*)/i,
    example: "This model does not support the parameter 'frequency_penalty'",
  },
  {
    pattern: /unsupported value: [`'"]?([a-z_]\w*)[`'"]? does not support/i,
    example:
      "Unsupported value: 'temperature' does not support 0.2 with this model. Only the default (1) value is supported.",
  },
  {
    pattern: /argument not supported on this model: ([a-z_]\w*)/i,
    example: 'Argument not supported on this model: presencePenalty',
  },
];

/** The request parameter a refusal is about, under the name repairs know; `undefined` when it is about none. */
export function rejectedParameter(texts: readonly string[]): string | undefined {
  for (const rule of PARAMETER_RULES) {
    for (const text of texts) {
      const match = rule.pattern.exec(text);
      if (match === null) continue;
      if (rule.parameter !== undefined) return rule.parameter;
      const name = canonicalParameter(snakeCase(match[1] ?? ''));
      if (FIELDS.has(name)) return name;
    }
  }
  return undefined;
}

function snakeCase(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1_$2');
}

export function isKnownField(name: string): boolean {
  return FIELDS.has(canonicalParameter(name));
}
