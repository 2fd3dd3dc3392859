import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, Tool } from '../../spec/request.ts';
import { createLosses, type Losses } from '../losses.ts';
import { createToolNames, type ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { CallMode, EncodedCall, WireTarget } from '../wire.ts';
import { encodeContents, writeContents, writePart, type OutPart } from './contents.ts';
import { WIRE } from './facts.ts';
import { toOpenApiSubset } from './schema.ts';
import { encodeThinking, thinkingTraits } from '../google-thinking.ts';

/** Google allows 128 characters; 64 is safe on every version of the API. */
const LEGAL_TOOL_NAME = /^[A-Za-z_][\w.:-]{0,63}$/;

/** A request for `POST {base}/models/{model}:generateContent`, or `:streamGenerateContent?alt=sse`. */
export function encode(request: ChatRequest, target: WireTarget, mode: CallMode): EncodedCall {
  const losses = createLosses();
  const traits = thinkingTraits(target.model);
  const names = createToolNames(
    LEGAL_TOOL_NAME,
    (request.tools ?? []).map((tool) => tool.name),
  );
  const own = ownExtensions(request, losses);
  const context = { target, traits, names, losses, sameWire: own.sameWire };
  const { system, contents } = encodeContents(request.messages, context);

  const body: JsonObject = {};
  const config = generationConfig(request, target, losses);
  const thinking = encodeThinking(
    { reasoning: request.reasoning, think: target.defaults.think, sameWire: own.sameWire },
    traits,
    losses,
  );
  if (thinking !== undefined) config['thinkingConfig'] = thinking;
  if (Object.keys(config).length > 0) body['generationConfig'] = config;
  const tools = encodeTools(request.tools ?? [], target, names, losses);
  if (tools.length > 0) body['tools'] = tools;
  encodeToolChoice(body, request, tools.length > 0, names, losses);
  if (request.parallelToolCalls === false && tools.length > 0) losses.add('parallel_tool_calls');
  if (request.user !== undefined) losses.add('user');
  mergeInto(body, own.body);
  mergeInto(body, target.defaults.providerExtra ?? {});
  for (const parameter of target.quirks.omitParameters) omit(body, parameter, losses);

  const toolNames = names.restore();
  const call: EncodedCall = {
    method: 'POST',
    path: pathOf(target.model, mode),
    headers: {
      'content-type': 'application/json',
      accept: mode === 'stream' ? 'text/event-stream' : 'application/json',
    },
    body: writeBody(body, system, writeContents(contents), target),
    lost: losses.list(),
  };
  return toolNames === undefined ? call : { ...call, toolNames };
}

/** Ids may carry the resource's collection (`models/…`, `tunedModels/…`) or a path of publishers. */
function pathOf(model: string, mode: CallMode): string {
  const id = model
    .replace(/^\/+/, '')
    .replace(/^publishers\/google\//, '')
    .replace(/^google\//, '');
  const found = /^(models|tunedModels|endpoints)\/(.+)$/.exec(id);
  const collection = found?.[1] ?? 'models';
  const name = encodeURIComponent(found?.[2] ?? id);
  return `/${collection}/${name}:${mode === 'stream' ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
}

function ownExtensions(
  request: ChatRequest,
  losses: Losses,
): { readonly sameWire: boolean; readonly body: JsonObject } {
  const { extensions } = request;
  if (extensions === undefined) return { sameWire: false, body: {} };
  if (extensions.wire === WIRE) return { sameWire: true, body: extensions.body };
  for (const key of Object.keys(extensions.body)) losses.add(`${key} (a field of ${extensions.wire})`);
  return { sameWire: false, body: {} };
}

/** Most stop sequences that are accepted. */
const MAX_STOPS = 5;

function generationConfig(request: ChatRequest, target: WireTarget, losses: Losses): JsonObject {
  const config: JsonObject = {};
  const maxTokens = request.maxTokens ?? target.defaults.maxTokens;
  if (maxTokens !== undefined) config['maxOutputTokens'] = maxTokens;
  const temperature = request.temperature ?? target.defaults.temperature;
  if (temperature !== undefined) config['temperature'] = temperature;
  if (request.topP !== undefined) config['topP'] = request.topP;
  if (request.topK !== undefined) config['topK'] = request.topK;
  if (request.seed !== undefined) config['seed'] = request.seed;
  if (request.presencePenalty !== undefined) config['presencePenalty'] = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) config['frequencyPenalty'] = request.frequencyPenalty;
  const stop = (request.stop ?? []).filter((sequence) => sequence !== '');
  if (stop.length > MAX_STOPS) losses.add(`stop sequences beyond the first ${MAX_STOPS}`);
  if (stop.length > 0) config['stopSequences'] = stop.slice(0, MAX_STOPS);
  const format = request.outputFormat;
  if (format === undefined) return config;
  config['responseMimeType'] = format.type === 'text' ? 'text/plain' : 'application/json';
  if (format.type !== 'json-schema') return config;
  const { structuredOutput, omitParameters } = target.quirks;
  if (structuredOutput !== 'json_schema') losses.add('JSON schema of the output (JSON mode instead)');
  else if (omitParameters.includes('responseJsonSchema')) {
    config['responseSchema'] = toOpenApiSubset(format.schema, (word) => losses.add(`${word} in the output schema`));
  } else config['responseJsonSchema'] = format.schema;
  return config;
}

function encodeTools(tools: readonly Tool[], target: WireTarget, names: ToolNames, losses: Losses): JsonObject[] {
  const declarations: JsonObject[] = [];
  const encoded: JsonObject[] = [];
  for (const tool of tools) {
    if (tool.opaque !== undefined) {
      if (tool.opaque.wire === WIRE) encoded.push(tool.opaque.value);
      else losses.add(`tool ${tool.name} (a tool of ${tool.opaque.wire})`);
      continue;
    }
    const json: JsonObject = { name: names.sent(tool.name) };
    if (tool.description !== undefined && tool.description !== '') json['description'] = tool.description;
    if (tool.strict === true) losses.add(`strict on tool ${tool.name}`);
    if (tool.cacheControl !== undefined) losses.add(`cache_control on tool ${tool.name}`);
    Object.assign(json, parametersOf(tool, target, losses));
    declarations.push(json);
  }
  if (declarations.length > 0) encoded.unshift({ functionDeclarations: declarations });
  return encoded;
}

/** JSON Schema has a field of its own here; servers without it get the subset that `parameters` takes. */
function parametersOf(tool: Tool, target: WireTarget, losses: Losses): JsonObject {
  const schema = tool.parameters;
  if (schema === undefined) return {};
  if (!target.quirks.omitParameters.includes('parametersJsonSchema')) return { parametersJsonSchema: schema };
  return { parameters: toOpenApiSubset(schema, (word) => losses.add(`${word} in the schema of tool ${tool.name}`)) };
}

function encodeToolChoice(
  body: JsonObject,
  request: ChatRequest,
  hasTools: boolean,
  names: ToolNames,
  losses: Losses,
): void {
  const choice = request.toolChoice;
  if (choice === undefined) return;
  if (!hasTools) {
    if (choice.type === 'required' || choice.type === 'tool') losses.add('tool_choice: the request has no tools');
    return;
  }
  const config: JsonObject = { mode: choice.type === 'auto' ? 'AUTO' : choice.type === 'none' ? 'NONE' : 'ANY' };
  if (choice.type === 'tool') config['allowedFunctionNames'] = [names.sent(choice.name)];
  body['toolConfig'] = { functionCallingConfig: config };
}

const NOT_EXTRA = new Set(['contents', 'systemInstruction', 'tools', 'model', 'stream']);

/** Adds what the request itself did not set, objects member by member. */
function mergeInto(body: JsonObject, extra: JsonObject): void {
  for (const [key, value] of Object.entries(extra)) if (!NOT_EXTRA.has(key)) mergeMember(body, key, value);
}

function mergeMember(body: JsonObject, key: string, value: JsonObject[string]): void {
  const own = body[key];
  if (own === undefined) body[key] = value;
  else if (isJsonObject(own) && isJsonObject(value)) {
    const copy = { ...own };
    for (const [inner, one] of Object.entries(value)) mergeMember(copy, inner, one);
    body[key] = copy;
  }
}

const FIELD_OF_PARAMETER: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  top_p: 'topP',
  top_k: 'topK',
  seed: 'seed',
  stop: 'stopSequences',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  reasoning_effort: 'thinkingConfig',
};

function omit(body: JsonObject, parameter: string, losses: Losses): void {
  const config = body['generationConfig'];
  const field = FIELD_OF_PARAMETER[parameter] ?? parameter;
  if (isJsonObject(config) && config[field] !== undefined && field !== 'responseJsonSchema') {
    delete config[field];
    losses.add(parameter);
  }
  if (body[parameter] === undefined || NOT_EXTRA.has(parameter)) return;
  delete body[parameter];
  losses.add(parameter);
}

/** Contents are written part by part, so that arguments and results go out as they came in. */
function writeBody(body: JsonObject, system: readonly OutPart[], contents: string, target: WireTarget): string {
  const parts = system.map(writePart).join(',');
  const merged = target.quirks.systemRole === 'merge' && parts !== '';
  const head = merged || parts === '' ? '' : `"systemInstruction":{"parts":[${parts}]},`;
  // A server without system turns reads it at the beginning of the first user turn.
  const turns = merged ? contents.replace('"parts":[', () => `"parts":[${parts},`) : contents;
  const rest = stringifyWellFormed(body).slice(1, -1);
  return `{${head}"contents":${turns}${rest === '' ? '' : `,${rest}`}}`;
}
