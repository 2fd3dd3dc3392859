import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../spec/request.ts';
import { createLosses, type Losses } from '../losses.ts';
import { createToolNames, type ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { encodeMessages } from './encode-messages.ts';
import { thinks, WIRE } from './facts.ts';

/** "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit" (Cohere's 400, read 2026-11). */
const LEGAL_TOOL_NAME = /^[A-Za-z_]\w{0,63}$/;

/** A request for `POST {base}/v2/chat`. The mode is always written, as the reference asks. */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const names = createToolNames(
    LEGAL_TOOL_NAME,
    (request.tools ?? []).map((tool) => tool.name),
  );
  const { extensions } = request;
  const sameWire = extensions?.wire === WIRE;
  if (extensions !== undefined && !sameWire) {
    for (const key of Object.keys(extensions.body)) losses.add(`${key} (a field of ${extensions.wire})`);
  }
  const body: JsonObject = { model: target.model, stream: mode === 'stream' };
  body['messages'] = encodeMessages(request.messages, { target, names, losses, sameWire });
  encodeTools(body, request, names, losses);
  encodeFormat(body, request, target, losses);
  encodeSampling(body, request, target);
  encodeThinking(body, request, target, losses);
  if (request.user !== undefined) losses.add('user');
  mergeUnder(body, sameWire ? extensions.body : {});
  mergeUnder(body, target.defaults.providerExtra ?? {});
  for (const parameter of target.quirks.omitParameters) omit(body, parameter, losses);

  const toolNames = names.restore();
  const call: EncodedCall = {
    method: 'POST',
    path: '/v2/chat',
    headers: {
      'content-type': 'application/json',
      accept: mode === 'stream' ? 'text/event-stream' : 'application/json',
    },
    body: stringifyWellFormed(body),
    lost: losses.list(),
  };
  return toolNames === undefined ? call : { ...call, toolNames };
}

function encodeTools(body: JsonObject, request: ChatRequest, names: ToolNames, losses: Losses): void {
  const choice = request.toolChoice;
  let tools: readonly Tool[] = request.tools ?? [];
  if (choice?.type === 'tool') {
    // There is no choice of one by name: it is the only one to choose from.
    losses.add('forced tool choice (only this tool is offered)');
    tools = tools.filter((tool) => tool.name === choice.name);
  }
  const encoded = tools.flatMap((tool) => encodeTool(tool, names, losses));
  if (encoded.length === 0) return;
  body['tools'] = encoded;
  encodeStrict(body, tools, losses);
  if (choice?.type === 'none') body['tool_choice'] = 'NONE';
  else if (choice?.type === 'required' || choice?.type === 'tool') body['tool_choice'] = 'REQUIRED';
  if (request.parallelToolCalls === false) losses.add('parallel_tool_calls');
}

function encodeTool(tool: Tool, names: ToolNames, losses: Losses): JsonObject[] {
  if (tool.opaque !== undefined) {
    if (tool.opaque.wire === WIRE) return [tool.opaque.value];
    losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
    return [];
  }
  if (tool.cacheControl !== undefined) losses.add(`cache_control on tool ${tool.name}`);
  const definition: JsonObject = { name: names.sent(tool.name) };
  if (tool.description !== undefined) definition['description'] = tool.description;
  definition['parameters'] = tool.parameters ?? { type: 'object', properties: {} };
  return [{ type: 'function', function: definition }];
}

/** Strictness is one switch for all tools here: it is on when every tool wants it. */
function encodeStrict(body: JsonObject, tools: readonly Tool[], losses: Losses): void {
  const functions = tools.filter((tool) => tool.opaque === undefined);
  if (functions.every((tool) => tool.strict === true)) body['strict_tools'] = true;
  else for (const tool of functions) if (tool.strict === true) losses.add(`strict on tool ${tool.name}`);
}

function encodeFormat(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  const { structuredOutput } = target.quirks;
  if (structuredOutput === 'none') return losses.add('output format');
  const json: JsonObject = { type: 'json_object' };
  if (format.type === 'json-schema') {
    if (structuredOutput === 'json_schema') json['json_schema'] = format.schema;
    else losses.add('JSON schema of the output (JSON mode instead)');
  }
  body['response_format'] = json;
}

function encodeSampling(body: JsonObject, request: ChatRequest, { defaults }: WireTarget): void {
  const fields = {
    max_tokens: request.maxTokens ?? defaults.maxTokens,
    temperature: request.temperature ?? defaults.temperature,
    p: request.topP,
    k: request.topK,
    seed: request.seed,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
  };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) body[name] = value;
  if (request.stop !== undefined && request.stop.length > 0) body['stop_sequences'] = [...request.stop];
}

/** Thinking is on or off, and may have a budget; less effort is a smaller one. */
const BUDGET_OF_EFFORT: Readonly<Partial<Record<ReasoningEffort, number>>> = {
  minimal: 512,
  low: 1_024,
  medium: 8_192,
};

function encodeThinking(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const { enabled, effort, budgetTokens, summary } = request.reasoning ?? {};
  if (summary !== undefined) losses.add('reasoning summary');
  const implied = effort === 'none' ? false : effort !== undefined || budgetTokens !== undefined ? true : undefined;
  const wanted = enabled ?? implied ?? (request.reasoning === undefined ? target.defaults.think : undefined);
  if (wanted === undefined) return;
  if (!thinks(target.model)) {
    if (wanted) losses.add('reasoning: this model does not think');
    return;
  }
  if (!wanted) {
    body['thinking'] = { type: 'disabled' };
    return;
  }
  const thinking: JsonObject = { type: 'enabled' };
  const meant = effort === undefined ? undefined : BUDGET_OF_EFFORT[effort];
  const budget = budgetTokens ?? meant;
  if (budget !== undefined) thinking['token_budget'] = budget;
  if (effort !== undefined && effort !== 'none' && budgetTokens === undefined) {
    losses.add(
      `effort ${effort}: sent as ${meant === undefined ? 'thinking without a limit' : `a budget of ${meant} tokens`}`,
    );
  } else if (effort !== undefined && budgetTokens !== undefined) losses.add(`effort ${effort}: the budget says it`);
  body['thinking'] = thinking;
}

const OURS = new Set(['model', 'messages', 'stream', 'tools']);

/** Adds what the request itself did not set, objects member by member. */
function mergeUnder(body: JsonObject, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) {
    const own = body[key];
    if (OURS.has(key) || key === '__proto__') continue;
    if (own === undefined) body[key] = value;
    else if (isJsonObject(own) && isJsonObject(value)) body[key] = { ...value, ...own };
  }
}

const FIELD_OF_PARAMETER: Readonly<Record<string, string>> = {
  top_p: 'p',
  top_k: 'k',
  stop: 'stop_sequences',
  reasoning_effort: 'thinking',
};

function omit(body: JsonObject, parameter: string, losses: Losses): void {
  const field = FIELD_OF_PARAMETER[parameter] ?? parameter;
  if (body[field] === undefined || OURS.has(field)) return;
  delete body[field];
  losses.add(parameter);
}
