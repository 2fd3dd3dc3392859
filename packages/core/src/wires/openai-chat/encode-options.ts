import type { JsonObject } from '../../spec/json.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../spec/request.ts';
import type { ToolNames } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { cacheControlJson } from './encode-content.ts';
import type { Losses } from '../losses.ts';

/** Models that refuse `max_tokens` (OpenAI reference, read 2026-11): o-series, gpt-5 and later, also fine-tuned. */
export function needsMaxCompletionTokens(model: string): boolean {
  const name = model.replace(/^ft:/, '').replace(/^.*\//, '');
  return /^(o[1-9]\d*|gpt-([5-9]|[1-9]\d)(\.\d+)?)($|[-:@_])/.test(name);
}

export function maxTokensFieldFor(target: WireTarget): 'max_tokens' | 'max_completion_tokens' {
  const { maxTokensField } = target.quirks;
  if (maxTokensField !== 'auto') return maxTokensField;
  return needsMaxCompletionTokens(target.model) ? 'max_completion_tokens' : 'max_tokens';
}

/** Sampling and limits; what is not set is not there. */
export function encodeSampling(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const { quirks, defaults } = target;
  const maxTokens = request.maxTokens ?? defaults.maxTokens;
  if (maxTokens !== undefined) body[maxTokensFieldFor(target)] = maxTokens;
  const temperature = request.temperature ?? defaults.temperature;
  if (temperature !== undefined) body['temperature'] = temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  if (request.topK !== undefined) {
    if (quirks.topK) body['top_k'] = request.topK;
    else losses.add('top_k');
  }
  if (request.stop !== undefined && request.stop.length > 0) body['stop'] = [...request.stop];
  if (request.seed !== undefined) body[quirks.seedField] = request.seed;
  if (request.presencePenalty !== undefined) body['presence_penalty'] = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) body['frequency_penalty'] = request.frequencyPenalty;
  if (request.user !== undefined) body['user'] = request.user;
}

export function encodeTools(
  body: JsonObject,
  request: ChatRequest,
  target: WireTarget,
  names: ToolNames,
  losses: Losses,
): void {
  const { quirks } = target;
  const tools = (request.tools ?? []).flatMap((tool) => encodeTool(tool, target, names, losses));
  // An empty list is refused by OpenAI ("[] is too short"), and a choice without tools by most.
  if (tools.length === 0) return;
  body['tools'] = tools;
  Object.assign(body, quirks.toolExtra);
  if (request.parallelToolCalls !== undefined) {
    if (quirks.parallelToolCalls) body['parallel_tool_calls'] = request.parallelToolCalls;
    else losses.add('parallel_tool_calls');
  }
  const choice = request.toolChoice;
  if (choice === undefined) return;
  if (choice.type === 'auto' || choice.type === 'none') {
    body['tool_choice'] = choice.type;
    return;
  }
  const thinks = wantedReasoning(request, target).enabled === true && !quirks.forcedToolWithThinking;
  if (thinks || quirks.toolChoiceRequired === 'unsupported') {
    losses.add(`forced tool choice (lowered to auto${thinks ? ' because of thinking' : ''})`);
    body['tool_choice'] = 'auto';
  } else if (choice.type === 'required') body['tool_choice'] = quirks.toolChoiceRequired;
  else body['tool_choice'] = { type: 'function', function: { name: names.sent(choice.name) } };
}

function encodeTool(tool: Tool, target: WireTarget, names: ToolNames, losses: Losses): JsonObject[] {
  if (tool.opaque !== undefined) {
    if (tool.opaque.wire === 'openai-chat') return [tool.opaque.value];
    losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
    return [];
  }
  const definition: JsonObject = { name: names.sent(tool.name) };
  if (tool.description !== undefined) definition['description'] = tool.description;
  // Some servers demand the schema even of a function without arguments.
  definition['parameters'] = tool.parameters ?? { type: 'object', properties: {} };
  if (tool.strict !== undefined) definition['strict'] = tool.strict;
  const body: JsonObject = { type: 'function', function: definition };
  if (tool.cacheControl !== undefined) {
    if (target.quirks.cacheControl) body['cache_control'] = cacheControlJson(tool.cacheControl.ttl);
    else losses.add(`cache_control on tool ${tool.name}`);
  }
  return [body];
}

export function encodeOutputFormat(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  const { structuredOutput } = target.quirks;
  if (structuredOutput === 'none') {
    losses.add(format.type === 'json' ? 'JSON output mode' : 'JSON schema of the output');
    return;
  }
  if (format.type === 'json' || structuredOutput === 'json_object') {
    if (format.type !== 'json') losses.add('JSON schema of the output (JSON mode instead)');
    body['response_format'] = { type: 'json_object' };
    return;
  }
  const schema: JsonObject = { name: format.name };
  if (format.description !== undefined) schema['description'] = format.description;
  schema['schema'] = format.schema;
  if (format.strict !== undefined) schema['strict'] = format.strict;
  body['response_format'] = { type: 'json_schema', json_schema: schema };
}

interface WantedReasoning {
  readonly enabled: boolean | undefined;
  readonly effort: ReasoningEffort | undefined;
  readonly budgetTokens: number | undefined;
}

function wantedReasoning(request: ChatRequest, target: WireTarget): WantedReasoning {
  const { enabled, effort, budgetTokens } = request.reasoning ?? {};
  const implied = effort === 'none' ? false : effort !== undefined || budgetTokens !== undefined ? true : undefined;
  return { enabled: enabled ?? implied ?? target.defaults.think, effort, budgetTokens };
}

/** Thinking, asked for in the server's own way. */
export function encodeReasoning(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const wanted = wantedReasoning(request, target);
  const { enabled, effort, budgetTokens } = wanted;
  if (request.reasoning?.summary !== undefined) losses.add('reasoning summary');
  if (enabled === undefined) return;
  const budgetLost = (): void => {
    if (budgetTokens !== undefined) losses.add('reasoning budget in tokens');
  };
  const effortLost = (): void => {
    if (effort !== undefined && effort !== 'none') losses.add('reasoning effort');
  };
  switch (target.quirks.reasoningStyle) {
    case 'none':
      if (request.reasoning !== undefined) losses.add('reasoning options');
      return;
    case 'reasoning_effort':
      budgetLost();
      body['reasoning_effort'] = effortFor(wanted);
      return;
    case 'reasoning-object':
      body['reasoning'] = reasoningObject(wanted);
      return;
    case 'thinking-type':
      budgetLost();
      effortLost();
      body['thinking'] = { type: enabled ? 'enabled' : 'disabled' };
      return;
    case 'thinking-type-effort':
      budgetLost();
      body['thinking'] = { type: enabled ? 'enabled' : 'disabled' };
      if (enabled && effort !== undefined) body['reasoning_effort'] = effort;
      return;
    case 'enable_thinking':
      effortLost();
      body['enable_thinking'] = enabled;
      if (enabled && budgetTokens !== undefined) body['thinking_budget'] = budgetTokens;
      return;
    case 'chat_template_kwargs':
      effortLost();
      budgetLost();
      body['chat_template_kwargs'] = { enable_thinking: enabled };
      return;
    default:
      target.quirks.reasoningStyle satisfies never;
  }
}

function effortFor({ enabled, effort, budgetTokens }: WantedReasoning): string {
  if (enabled === false) return 'none';
  if (effort !== undefined) return effort;
  if (budgetTokens === undefined) return 'medium';
  return budgetTokens <= 4096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
}

function reasoningObject({ enabled, effort, budgetTokens }: WantedReasoning): JsonObject {
  if (enabled === false) return { enabled: false };
  // OpenRouter takes one of the two (its reference, read 2026-11); the exact number says more.
  if (budgetTokens !== undefined) return { max_tokens: budgetTokens };
  return effort === undefined ? { enabled: true } : { effort };
}
