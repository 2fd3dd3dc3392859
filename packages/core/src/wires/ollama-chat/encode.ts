import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, Tool } from '../../spec/request.ts';
import { createLosses, type Losses } from '../losses.ts';
import { createToolNames, type ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { encodeMessages } from './encode-messages.ts';
import { COMMON_OPTIONS, isOptionName, WIRE } from './facts.ts';

/** The server takes any name; models are trained on plain ones. */
const LEGAL_TOOL_NAME = /^[\w.:-]{1,64}$/;

/** A request for `POST {base}/api/chat`. The mode is always written: this wire streams unless it is told not to. */
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
  const messages = encodeMessages(request.messages, { target, names, losses, sameWire });

  const body: JsonObject = {};
  const options = optionsOf(request, target);
  const think = thinkOf(request, target, losses);
  if (think !== undefined) body['think'] = think;
  encodeFormat(body, request, target, losses);
  const tools = encodeTools(request, names, losses);
  if (tools.length > 0) body['tools'] = tools;
  if (request.user !== undefined) losses.add('user');
  if (request.parallelToolCalls === false && tools.length > 0) losses.add('parallel_tool_calls');
  if (sameWire) mergeInto(body, options, extensions.body);
  mergeInto(body, options, target.defaults.providerExtra ?? {});
  for (const parameter of target.quirks.omitParameters) omit(body, options, parameter, losses);
  if (Object.keys(options).length > 0) body['options'] = options;

  const toolNames = names.restore();
  const rest = stringifyWellFormed(body).slice(1, -1);
  const head = `{"model":${JSON.stringify(target.model)},"stream":${mode === 'stream'},"messages":${messages}`;
  const call: EncodedCall = {
    method: 'POST',
    path: '/api/chat',
    headers: {
      'content-type': 'application/json',
      accept: mode === 'stream' ? 'application/x-ndjson' : 'application/json',
    },
    body: `${head}${rest === '' ? '' : `,${rest}`}}`,
    lost: losses.list(),
  };
  return toolNames === undefined ? call : { ...call, toolNames };
}

function optionsOf(request: ChatRequest, target: WireTarget): JsonObject {
  const { defaults } = target;
  const options: JsonObject = {};
  for (const [option, field] of Object.entries(COMMON_OPTIONS)) {
    const own = request[field];
    const value =
      own ?? (field === 'maxTokens' ? defaults.maxTokens : field === 'temperature' ? defaults.temperature : undefined);
    if (value !== undefined) options[option] = value;
  }
  if (request.stop !== undefined && request.stop.length > 0) options['stop'] = [...request.stop];
  return options;
}

/** Models that take a level; every other one only knows on and off (docs.ollama.com/capabilities/thinking, read 2026-11). */
const TAKES_LEVEL = /gpt-?oss/i;
const LEVELS: Readonly<Record<string, string>> = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
  max: 'high',
};

function thinkOf(request: ChatRequest, target: WireTarget, losses: Losses): boolean | string | undefined {
  const { enabled, effort, budgetTokens } = request.reasoning ?? {};
  const implied = effort === 'none' ? false : effort !== undefined || budgetTokens !== undefined ? true : undefined;
  const wanted = enabled ?? implied ?? target.defaults.think;
  if (budgetTokens !== undefined) losses.add('reasoning budget in tokens');
  if (wanted !== true || effort === undefined || effort === 'none') return wanted;
  const level = LEVELS[effort];
  if (!TAKES_LEVEL.test(target.model)) {
    losses.add('reasoning effort: this model knows on and off only');
    return true;
  }
  if (level !== effort) losses.add(`effort ${effort}: sent as ${level}`);
  return level;
}

function encodeFormat(body: JsonObject, request: ChatRequest, target: WireTarget, losses: Losses): void {
  const format = request.outputFormat;
  if (format === undefined || format.type === 'text') return;
  const { structuredOutput } = target.quirks;
  if (structuredOutput === 'none') losses.add('output format');
  else if (format.type === 'json') body['format'] = 'json';
  else if (structuredOutput === 'json_schema') body['format'] = format.schema;
  else {
    losses.add('JSON schema of the output (JSON mode instead)');
    body['format'] = 'json';
  }
}

/** This wire has no tool choice: `none` leaves the tools out, one tool leaves the others out. */
function encodeTools(request: ChatRequest, names: ToolNames, losses: Losses): JsonObject[] {
  const choice = request.toolChoice;
  let tools: readonly Tool[] = request.tools ?? [];
  if (choice?.type === 'none') tools = [];
  if (choice?.type === 'required') losses.add('forced tool choice (lowered to auto)');
  if (choice?.type === 'tool') {
    losses.add('forced tool choice (only this tool is offered)');
    tools = tools.filter((tool) => tool.name === choice.name);
  }
  return tools.flatMap((tool) => {
    if (tool.opaque !== undefined) {
      if (tool.opaque.wire === WIRE) return [tool.opaque.value];
      losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
      return [];
    }
    if (tool.strict === true) losses.add(`strict on tool ${tool.name}`);
    if (tool.cacheControl !== undefined) losses.add(`cache_control on tool ${tool.name}`);
    const definition: JsonObject = { name: names.sent(tool.name) };
    if (tool.description !== undefined) definition['description'] = tool.description;
    definition['parameters'] = tool.parameters ?? { type: 'object', properties: {} };
    return [{ type: 'function', function: definition }];
  });
}

const NOT_EXTRA = new Set(['model', 'messages', 'stream', 'tools']);

/** Adds what the request itself did not set; options may stand inside `options` or beside it. */
function mergeInto(body: JsonObject, options: JsonObject, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) {
    if (key === 'options' && isJsonObject(value)) {
      for (const [option, one] of Object.entries(value)) options[option] ??= one;
    } else if (isOptionName(key)) options[key] ??= value;
    else if (!NOT_EXTRA.has(key)) body[key] ??= value;
  }
}

function omit(body: JsonObject, options: JsonObject, parameter: string, losses: Losses): void {
  const option = parameter === 'max_tokens' ? 'num_predict' : parameter;
  const field = parameter === 'reasoning_effort' ? 'think' : parameter;
  if (options[option] === undefined && (body[field] === undefined || NOT_EXTRA.has(field))) return;
  delete options[option];
  if (!NOT_EXTRA.has(field)) delete body[field];
  losses.add(parameter);
}
