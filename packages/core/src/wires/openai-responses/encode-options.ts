import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../spec/request.ts';
import type { Losses } from '../losses.ts';
import type { ToolNames } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { objectsIn, WIRE } from './facts.ts';

/** Sampling and limits; this protocol has no stop sequences, seed, penalties or `top_k`. */
export function encodeSampling(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const { defaults } = target;
  const maxTokens = request.maxTokens ?? defaults.maxTokens;
  if (maxTokens !== undefined) body['max_output_tokens'] = maxTokens;
  const temperature = request.temperature ?? defaults.temperature;
  if (temperature !== undefined) body['temperature'] = temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  if (request.user !== undefined) body['user'] = request.user;
  if (request.topK !== undefined) losses.add('top_k');
  if (request.stop !== undefined && request.stop.length > 0) losses.add('stop sequences');
  if (request.seed !== undefined) losses.add('seed');
  if (request.presencePenalty !== undefined) losses.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) losses.add('frequency_penalty');
}

export function encodeTools(
  body: JsonObject,
  request: ChatRequest,
  target: WireTarget,
  names: ToolNames,
  losses: Losses,
): void {
  const { quirks } = target;
  const sameWire = request.extensions?.wire === WIRE;
  const extras = sameWire ? objectsIn(request.extensions?.body['tools']) : [];
  const tools = (request.tools ?? []).flatMap((tool) => encodeTool(tool, sameWire, extras, names, losses));
  if (tools.length === 0) return;
  body['tools'] = tools;
  Object.assign(body, quirks.toolExtra);
  if (request.parallelToolCalls !== undefined) {
    if (quirks.parallelToolCalls) body['parallel_tool_calls'] = request.parallelToolCalls;
    else losses.add('parallel_tool_calls');
  }
  const choice = request.toolChoice;
  if (choice === undefined) return;
  if (choice.type === 'auto' || choice.type === 'none') body['tool_choice'] = choice.type;
  else if (quirks.toolChoiceRequired === 'unsupported') {
    losses.add('forced tool choice (lowered to auto)');
    body['tool_choice'] = 'auto';
  } else body['tool_choice'] = choice.type === 'required' ? 'required' : namedChoice(choice.name, request, names);
}

/** A tool of this wire is chosen by its own type (`{type: "custom", name}`), a function by its name. */
function namedChoice(name: string, request: ChatRequest, names: ToolNames): JsonObject {
  const own = request.tools?.find((tool) => tool.name === name && tool.opaque?.wire === WIRE)?.opaque?.value;
  if (own === undefined) return { type: 'function', name: names.sent(name) };
  return own['name'] === undefined ? { type: own['type'] ?? name } : { type: own['type'] ?? 'custom', name };
}

function encodeTool(
  tool: Tool,
  sameWire: boolean,
  extras: readonly JsonObject[],
  names: ToolNames,
  losses: Losses,
): JsonObject[] {
  if (tool.opaque !== undefined) {
    if (tool.opaque.wire === WIRE) return [tool.opaque.value];
    losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
    return [];
  }
  if (tool.cacheControl !== undefined) losses.add(`cache_control on tool ${tool.name}`);
  const extra = extras.find((entry) => entry['name'] === tool.name) ?? {};
  const body: JsonObject = { ...extra, type: 'function', name: names.sent(tool.name) };
  if (tool.description !== undefined) body['description'] = tool.description;
  body['parameters'] = tool.parameters ?? { type: 'object', properties: {} };
  // Left out it means `true` here, unlike in other protocols (OpenAI Responses migration guide, read 2026-11).
  const strict = tool.strict ?? (sameWire ? undefined : false);
  if (strict !== undefined) body['strict'] = strict;
  return [body];
}

export function encodeText(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  const { structuredOutput } = target.quirks;
  if (structuredOutput === 'none') {
    losses.add(format.type === 'json' ? 'JSON output mode' : 'JSON schema of the output');
    return;
  }
  if (format.type === 'json' || structuredOutput === 'json_object') {
    if (format.type !== 'json') losses.add('JSON schema of the output (JSON mode instead)');
    body['text'] = { format: { type: 'json_object' } };
    return;
  }
  const schema: JsonObject = { type: 'json_schema', name: format.name };
  if (format.description !== undefined) schema['description'] = format.description;
  schema['schema'] = format.schema;
  if (format.strict !== undefined) schema['strict'] = format.strict;
  body['text'] = { format: schema };
}

/** `reasoning: {effort, summary}`; a budget in tokens becomes the nearest effort. */
export function encodeReasoningOptions(
  body: JsonObject,
  request: ChatRequest,
  target: WireTarget,
  sameWire: boolean,
  losses: Losses,
): void {
  const asked = request.reasoning;
  const effort = effortOf(request, target, losses);
  const summary = asked?.summary === 'none' ? undefined : asked?.summary;
  if (effort === undefined && summary === undefined) return;
  if (target.quirks.reasoningStyle === 'none' && (!sameWire || asked === undefined)) {
    if (asked !== undefined) losses.add('reasoning options');
    return;
  }
  const options: JsonObject = {};
  if (effort !== undefined) options['effort'] = effort;
  if (summary !== undefined) options['summary'] = summary;
  body['reasoning'] = options;
}

function effortOf(request: ChatRequest, target: WireTarget, losses: Losses): ReasoningEffort | undefined {
  const { enabled, effort, budgetTokens } = request.reasoning ?? {};
  if (effort !== undefined && enabled !== false) return effort;
  if (enabled === false) return 'none';
  if (budgetTokens !== undefined) {
    const level = budgetTokens <= 4096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
    losses.add(`reasoning budget in tokens (sent as effort ${level})`);
    return level;
  }
  const think = enabled ?? target.defaults.think;
  return think === undefined ? undefined : think ? 'medium' : 'none';
}

/** Adds what the request itself did not set; objects such as `text` and `reasoning` are joined, ours on top. */
export function mergeUnder(body: JsonObject, extra: JsonObject, skip: ReadonlySet<string>): void {
  for (const [key, value] of Object.entries(extra)) {
    if (skip.has(key)) continue;
    const own = body[key];
    if (own === undefined) body[key] = value;
    else if (isJsonObject(own) && isJsonObject(value)) body[key] = { ...value, ...own };
  }
}
