import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, ReasoningEffort, Tool } from '../../spec/request.ts';
import { thinkingTraits } from '../google-thinking.ts';
import { createLosses, type Losses } from '../losses.ts';
import { createToolNames, type ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { encodeInput } from './encode-input.ts';
import { WIRE } from './facts.ts';

/** As on Google's other protocol: 128 characters are allowed, 64 are safe on every version. */
const LEGAL_TOOL_NAME = /^[A-Za-z_][\w.:-]{0,63}$/;

/** A request for `POST {base}/interactions` (@google/genai 2.32 and ai.google.dev/gemini-api/docs/interactions, read 2026-11). */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const names = createToolNames(
    LEGAL_TOOL_NAME,
    (request.tools ?? []).map((tool) => tool.name),
  );
  const own = ownExtensions(request, losses);
  const continued = typeof own.body['previous_interaction_id'] === 'string';
  const { system, input } = encodeInput(request.messages, { target, names, losses, sameWire: own.sameWire, continued });

  const body: JsonObject = {};
  if (system !== '') body['system_instruction'] = system;
  const tools = (request.tools ?? []).flatMap((tool) => encodeTool(tool, names, losses));
  if (tools.length > 0) body['tools'] = tools;
  const config = generationConfig(request, target, losses);
  encodeToolChoice(config, request, tools, names, losses);
  encodeThinking(config, request, target, own.sameWire, losses);
  if (Object.keys(config).length > 0) body['generation_config'] = config;
  encodeFormat(body, request, target, losses);
  if (request.parallelToolCalls === false && tools.length > 0) losses.add('parallel_tool_calls');
  if (request.user !== undefined) losses.add('user');
  mergeUnder(body, own.body);
  mergeUnder(body, target.defaults.providerExtra ?? {});
  // The whole conversation is in the request: nothing has to lie with the vendor unless a caller of this wire says so.
  if (!own.sameWire) body['store'] ??= false;
  for (const parameter of target.quirks.omitParameters) omit(body, parameter, losses);

  const toolNames = names.restore();
  const rest = stringifyWellFormed(body).slice(1, -1);
  const head = `{"model":${JSON.stringify(modelOf(target.model))},"stream":${mode === 'stream'},"input":${input}`;
  const call: EncodedCall = {
    method: 'POST',
    path: '/interactions',
    headers: {
      'content-type': 'application/json',
      accept: mode === 'stream' ? 'text/event-stream' : 'application/json',
    },
    body: `${head}${rest === '' ? '' : `,${rest}`}}`,
    lost: losses.list(),
  };
  return toolNames === undefined ? call : { ...call, toolNames };
}

/** Ids may carry the resource's collection or its publisher. */
function modelOf(model: string): string {
  return model.replace(/^\/+/, '').replace(/^(models|google|publishers\/google\/models)\//, '');
}

function ownExtensions(
  request: ChatRequest,
  losses: Losses,
): { readonly sameWire: boolean; readonly body: JsonObject } {
  const { extensions } = request;
  if (extensions === undefined) return { sameWire: false, body: {} };
  if (extensions.wire === WIRE) {
    const { background, ...body } = extensions.body;
    if (background === true) losses.add('background (answered at once)');
    return { sameWire: true, body };
  }
  for (const key of Object.keys(extensions.body)) losses.add(`${key} (a field of ${extensions.wire})`);
  return { sameWire: false, body: {} };
}

function generationConfig(request: ChatRequest, target: WireTarget, losses: Losses): JsonObject {
  const fields = {
    max_output_tokens: request.maxTokens ?? target.defaults.maxTokens,
    temperature: request.temperature ?? target.defaults.temperature,
    top_p: request.topP,
    seed: request.seed,
  };
  const config: JsonObject = {};
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) config[name] = value;
  const stop = (request.stop ?? []).filter((sequence) => sequence !== '');
  if (stop.length > 0) config['stop_sequences'] = stop;
  // This protocol has no such fields.
  if (request.topK !== undefined) losses.add('top_k');
  if (request.presencePenalty !== undefined) losses.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) losses.add('frequency_penalty');
  return config;
}

function encodeTool(tool: Tool, names: ToolNames, losses: Losses): JsonObject[] {
  if (tool.opaque !== undefined) {
    if (tool.opaque.wire === WIRE) return [tool.opaque.value];
    losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
    return [];
  }
  if (tool.strict === true) losses.add(`strict on tool ${tool.name}`);
  if (tool.cacheControl !== undefined) losses.add(`cache_control on tool ${tool.name}`);
  const json: JsonObject = { type: 'function', name: names.sent(tool.name) };
  if (tool.description !== undefined && tool.description !== '') json['description'] = tool.description;
  if (tool.parameters !== undefined) json['parameters'] = tool.parameters;
  return [json];
}

/** A choice without functions is refused ("Function calling config is set without function_declarations."). */
function encodeToolChoice(
  config: JsonObject,
  request: ChatRequest,
  tools: readonly JsonObject[],
  names: ToolNames,
  losses: Losses,
): void {
  const choice = request.toolChoice;
  if (choice === undefined) return;
  if (!tools.some((tool) => tool['type'] === 'function')) {
    if (choice.type === 'required' || choice.type === 'tool') losses.add('tool_choice: the request has no functions');
    return;
  }
  if (choice.type === 'tool')
    config['tool_choice'] = { allowed_tools: { mode: 'any', tools: [names.sent(choice.name)] } };
  else config['tool_choice'] = choice.type === 'required' ? 'any' : choice.type;
}

/** Values of `thinking_level`, weakest first. */
const LEVELS: readonly ReasoningEffort[] = ['minimal', 'low', 'medium', 'high'];

function encodeThinking(
  config: JsonObject,
  request: ChatRequest,
  target: WireTarget,
  sameWire: boolean,
  losses: Losses,
): void {
  const { effort, budgetTokens, summary } = request.reasoning ?? {};
  const implied = effort === 'none' ? false : effort !== undefined || budgetTokens !== undefined ? true : undefined;
  const fallback = request.reasoning === undefined ? target.defaults.think : undefined;
  const enabled = request.reasoning?.enabled ?? implied ?? fallback;
  if (enabled === undefined && summary === undefined) return;
  const traits = thinkingTraits(target.model);
  if (traits.style === 'none') {
    if (enabled !== false) losses.add('reasoning: this model does not think');
    return;
  }
  const levels = traits.levels.length > 0 ? traits.levels : LEVELS;
  if (enabled === false) {
    losses.add('reasoning off: this protocol has levels only, the least is asked for');
    config['thinking_level'] = levels[0] ?? 'low';
  } else if (enabled === true) {
    const level = levelFor(effort, budgetTokens, levels, losses);
    if (level !== undefined) config['thinking_level'] = level;
  }
  if (summary !== undefined) config['thinking_summaries'] = summary === 'none' ? 'none' : 'auto';
  // A caller of this wire asks for summaries in so many words; callers of others expect them.
  else if (enabled === true && !sameWire) config['thinking_summaries'] = 'auto';
}

function levelFor(
  effort: ReasoningEffort | undefined,
  budgetTokens: number | undefined,
  levels: readonly string[],
  losses: Losses,
): string | undefined {
  if (budgetTokens !== undefined) losses.add('reasoning budget in tokens: this protocol takes a level');
  let wish: string | undefined = effort === 'none' ? undefined : effort;
  if (wish === undefined && budgetTokens !== undefined) {
    wish = budgetTokens <= 512 ? 'minimal' : budgetTokens <= 4_096 ? 'low' : budgetTokens <= 16_384 ? 'medium' : 'high';
  }
  if (wish === undefined || levels.includes(wish)) return wish;
  const rank = [...LEVELS, 'xhigh', 'max'].indexOf(wish);
  const nearest = levels.findLast((level) => LEVELS.indexOf(level as ReasoningEffort) < rank) ?? levels[0] ?? 'low';
  if (effort !== undefined) losses.add(`effort ${wish}: sent as ${nearest}`);
  return nearest;
}

function encodeFormat(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const format = request.outputFormat;
  if (format === undefined) return;
  if (format.type === 'text') {
    body['response_format'] = { type: 'text', mime_type: 'text/plain' };
    return;
  }
  const { structuredOutput } = target.quirks;
  if (structuredOutput === 'none') return losses.add('output format');
  const json: JsonObject = { type: 'text', mime_type: 'application/json' };
  if (format.type === 'json-schema') {
    if (structuredOutput === 'json_schema') json['schema'] = format.schema;
    else losses.add('JSON schema of the output (JSON mode instead)');
  }
  body['response_format'] = json;
}

const OURS = new Set(['input', 'system_instruction', 'tools', 'model', 'stream', 'background']);

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
  max_tokens: 'max_output_tokens',
  stop: 'stop_sequences',
  reasoning_effort: 'thinking_level',
};

function omit(body: JsonObject, parameter: string, losses: Losses): void {
  const config = body['generation_config'];
  const field = FIELD_OF_PARAMETER[parameter] ?? parameter;
  if (isJsonObject(config) && config[field] !== undefined) {
    const { [field]: _gone, ...rest } = config;
    if (field === 'thinking_level') delete rest['thinking_summaries'];
    if (Object.keys(rest).length > 0) body['generation_config'] = rest;
    else delete body['generation_config'];
    losses.add(parameter);
  }
  if (body[parameter] === undefined || OURS.has(parameter)) return;
  delete body[parameter];
  losses.add(parameter);
}
