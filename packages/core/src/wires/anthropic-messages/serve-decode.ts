import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { Message } from '../../spec/message.ts';
import {
  REASONING_EFFORTS,
  type ChatRequest,
  type OutputFormat,
  type ReasoningOptions,
  type Tool,
  type ToolChoice,
} from '../../spec/request.ts';
import type { DecodedRequest } from '../wire.ts';
import { WIRE } from './facts.ts';
import { readContent, readSystem } from './serve-parts.ts';
import { invalid, numberAt, optionalObject, readCacheControl, stringAt } from './serve-fields.ts';

/** Fields read into the vocabulary; `metadata` and `output_config` keep their rest in the extensions. */
const KNOWN = new Set(
  (
    'model max_tokens messages system tools tool_choice temperature top_p top_k ' +
    'stop_sequences stream metadata thinking output_config output_format'
  ).split(' '),
);
/** Routing options of gateways in front of vendors; never part of the vendor's own request. */
const ROUTING = new Set(
  'models fallbacks route provider providerOptions num_retries timeout disable_fallbacks usage transforms'.split(' '),
);

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

/** Reads the body of `POST /v1/messages`. Throws `RequestError` with the path of the field that is wrong. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw invalid('', 'The request body must be a JSON object.');
  const model = stringAt(body, 'model');
  if (model === undefined) throw invalid('model', 'model: Field required');
  const maxTokens = numberAt(body, 'max_tokens', { integer: true, minimum: 0 });
  if (maxTokens === undefined) throw invalid('max_tokens', 'max_tokens: Field required');
  const extra: JsonObject = {};
  const draft: Draft = { model, messages: readMessages(body), maxTokens };
  addSettings(draft, body);
  addTools(draft, body, extra);
  addThinking(draft, body, extra);
  addMetadata(draft, body, extra);
  const routing: JsonObject = {};
  for (const [key, value] of Object.entries(body)) {
    if (ROUTING.has(key)) routing[key] = value;
    else if (!KNOWN.has(key)) extra[key] = value;
  }
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  const mode = readStream(body) ? 'stream' : 'whole';
  const decoded: DecodedRequest = { request: draft, mode, includeUsage: true };
  return Object.keys(routing).length === 0 ? decoded : { ...decoded, routing };
}

function readMessages(body: JsonObject): Message[] {
  const given = body['messages'];
  if (given === undefined || given === null) throw invalid('messages', 'messages: Field required');
  if (!Array.isArray(given)) throw invalid('messages', 'messages: Input should be a valid list');
  if (given.length === 0) throw invalid('messages', 'messages: at least one message is required');
  const messages: Message[] = [];
  if (body['system'] !== undefined && body['system'] !== null) {
    const content = readSystem(body['system'], 'system');
    if (content.length > 0) messages.push({ role: 'system', content });
  }
  given.forEach((value, index) => messages.push(...readMessage(value, `messages[${index}]`)));
  return messages;
}

function readMessage(value: JsonValue, path: string): Message[] {
  if (!isJsonObject(value)) throw invalid(path, 'Input should be a valid dictionary');
  const { role, content } = value;
  if (role === 'system') return [{ role: 'system', content: readSystem(content ?? '', `${path}.content`) }];
  if (role !== 'user' && role !== 'assistant') {
    throw invalid(`${path}.role`, `Input should be 'user' or 'assistant'`);
  }
  return readContent(content, role, `${path}.content`);
}

function readStream(body: JsonObject): boolean {
  const { stream } = body;
  if (stream === undefined || stream === null) return false;
  if (typeof stream !== 'boolean') throw invalid('stream', 'Input should be a valid boolean');
  return stream;
}

function addSettings(draft: Draft, body: JsonObject): void {
  const temperature = numberAt(body, 'temperature', { minimum: 0 });
  if (temperature !== undefined) draft.temperature = temperature;
  const topP = numberAt(body, 'top_p', { minimum: 0 });
  if (topP !== undefined) draft.topP = topP;
  const topK = numberAt(body, 'top_k', { integer: true, minimum: 0 });
  if (topK !== undefined) draft.topK = topK;
  const stop = body['stop_sequences'];
  if (stop === undefined || stop === null) return;
  if (!Array.isArray(stop)) throw invalid('stop_sequences', 'Input should be a valid list');
  draft.stop = stop.map((sequence, index) => {
    if (typeof sequence !== 'string') throw invalid(`stop_sequences[${index}]`, 'Input should be a valid string');
    return sequence;
  });
}

function addTools(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const tools = body['tools'];
  if (tools !== undefined && tools !== null) {
    if (!Array.isArray(tools)) throw invalid('tools', 'Input should be a valid list');
    const extras: JsonObject[] = [];
    const read = tools.map((tool, index) => readTool(tool, `tools[${index}]`, extras));
    if (read.length > 0) draft.tools = read;
    if (extras.length > 0) extra['tools'] = extras;
  }
  const choice = optionalObject(body, 'tool_choice');
  if (choice === undefined) return;
  if (typeof choice['disable_parallel_tool_use'] === 'boolean') {
    draft.parallelToolCalls = !choice['disable_parallel_tool_use'];
  }
  draft.toolChoice = readToolChoice(choice);
}

function readToolChoice(choice: JsonObject): ToolChoice {
  switch (choice['type']) {
    case 'auto':
    case 'none':
      return { type: choice['type'] };
    case 'any':
      return { type: 'required' };
    case 'tool': {
      const name = stringAt(choice, 'name', 'tool_choice.');
      if (name === undefined) throw invalid('tool_choice.name', 'Field required');
      return { type: 'tool', name };
    }
    default:
      throw invalid('tool_choice.type', "Input should be 'auto', 'any', 'tool' or 'none'");
  }
}

const TOOL_FIELDS = new Set(['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']);

function readTool(tool: JsonValue, path: string, extras: JsonObject[]): Tool {
  if (!isJsonObject(tool)) throw invalid(path, 'Input should be a valid dictionary');
  const { type } = tool;
  const name = stringAt(tool, 'name', `${path}.`);
  if (type !== undefined && type !== null && type !== 'custom') {
    // A tool that the vendor runs, or whose schema only the vendor knows.
    return {
      name: name ?? stringAt(tool, 'mcp_server_name', `${path}.`) ?? (typeof type === 'string' ? type : ''),
      opaque: { wire: WIRE, value: tool },
    };
  }
  if (name === undefined || name === '') throw invalid(`${path}.name`, 'Field required');
  const schema = optionalObject(tool, 'input_schema', `${path}.`);
  if (schema === undefined) throw invalid(`${path}.input_schema`, 'Field required');
  const read: { -readonly [Key in keyof Tool]: Tool[Key] } = { name, parameters: schema };
  const description = stringAt(tool, 'description', `${path}.`);
  if (description !== undefined) read.description = description;
  if (typeof tool['strict'] === 'boolean') read.strict = tool['strict'];
  const cacheControl = readCacheControl(tool, path);
  if (cacheControl !== undefined) read.cacheControl = cacheControl;
  const rest = Object.entries(tool).filter(([key, value]) => !TOOL_FIELDS.has(key) && value !== null);
  if (rest.length > 0) extras.push({ name, ...Object.fromEntries(rest) });
  return read;
}

function addThinking(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const reasoning: { -readonly [Key in keyof ReasoningOptions]: ReasoningOptions[Key] } = {};
  const thinking = optionalObject(body, 'thinking');
  if (thinking !== undefined) {
    const { type, display } = thinking;
    if (type === 'enabled' || type === 'adaptive' || type === 'disabled') reasoning.enabled = type !== 'disabled';
    else if (typeof type === 'string') extra['thinking'] = thinking;
    else throw invalid('thinking.type', 'Field required');
    if (type === 'enabled') {
      const budget = numberAt(thinking, 'budget_tokens', { integer: true, minimum: 1024 }, 'thinking.');
      if (budget === undefined) throw invalid('thinking.budget_tokens', 'Field required');
      reasoning.budgetTokens = budget;
    }
    if (extra['thinking'] === undefined && display === 'omitted') reasoning.summary = 'none';
    if (extra['thinking'] === undefined && display === 'summarized') reasoning.summary = 'auto';
  }
  const config = optionalObject(body, 'output_config') ?? {};
  const { effort, format, ...rest } = config;
  const known = REASONING_EFFORTS.find((word) => word === effort && word !== 'none');
  if (known !== undefined) reasoning.effort = known;
  else if (effort !== undefined && effort !== null) rest['effort'] = effort;
  if (Object.keys(rest).length > 0) extra['output_config'] = rest;
  if (Object.keys(reasoning).length > 0) draft.reasoning = reasoning;
  const given = format ?? body['output_format'];
  if (given !== undefined && given !== null) draft.outputFormat = readFormat(given);
}

function readFormat(format: JsonValue): OutputFormat {
  if (!isJsonObject(format) || format['type'] !== 'json_schema') {
    throw invalid('output_config.format.type', "Input should be 'json_schema'");
  }
  const schema = optionalObject(format, 'schema', 'output_config.format.');
  if (schema === undefined) throw invalid('output_config.format.schema', 'Field required');
  const name = typeof format['name'] === 'string' ? format['name'] : 'answer';
  return { type: 'json-schema', name, schema, strict: true };
}

function addMetadata(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const metadata = optionalObject(body, 'metadata');
  if (metadata === undefined) return;
  const { user_id: user, ...rest } = metadata;
  if (typeof user === 'string') draft.user = user;
  else if (user !== undefined && user !== null) throw invalid('metadata.user_id', 'Input should be a valid string');
  if (Object.keys(rest).length > 0) extra['metadata'] = rest;
}
