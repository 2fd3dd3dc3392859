import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import {
  REASONING_EFFORTS,
  type ChatRequest,
  type OutputFormat,
  type ReasoningEffort,
  type ReasoningOptions,
  type Tool,
  type ToolChoice,
} from '../../spec/request.ts';
import type { DecodedRequest } from '../wire.ts';
import { keepBody } from './as-it-came.ts';
import { decodeCacheControl } from './decode-content.ts';
import { decodeMessages } from './decode-messages.ts';
import {
  fail,
  kindOf,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from '../request-fields.ts';

/** OpenRouter's and LiteLLM's options for the walk; they are for us and never forwarded. */
const ROUTING_FIELDS = ['models', 'provider', 'route', 'fallbacks', 'num_retries', 'timeout'];

/** Fields read into the common vocabulary; every other top-level field is carried as an extension. */
const KNOWN_FIELDS = new Set([
  ...'model messages tools tool_choice parallel_tool_calls functions function_call'.split(' '),
  ...'max_tokens max_completion_tokens temperature top_p top_k stop seed n user'.split(' '),
  ...'presence_penalty frequency_penalty response_format reasoning_effort reasoning stream stream_options'.split(' '),
  ...ROUTING_FIELDS,
]);

/** Reads a caller's chat-completions request. Throws `RequestError` (400, with the field's path) when it is none. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) {
    throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  }
  const count = optionalInteger(body['n'], 'n', 1);
  if (count !== undefined && count > 1) {
    throw fail('n', 'must be 1: several choices in one answer are not supported; send several requests', 'unsupported');
  }
  const streamOptions = optionalObject(body['stream_options'], 'stream_options') ?? {};
  const includeUsage = optionalBoolean(streamOptions['include_usage'], 'stream_options.include_usage') ?? false;
  const stream = optionalBoolean(body['stream'], 'stream') ?? false;
  const messages = decodeMessages(body['messages']);
  const tools = decodeTools(body);
  const extensions = readExtensions(body, streamOptions);
  const routing = readRouting(body);
  const request: ChatRequest = {
    ...defined({ model: optionalString(body['model'], 'model') }),
    messages,
    ...defined({
      tools,
      ...decodeSampling(body),
      outputFormat: decodeOutputFormat(body['response_format']),
      reasoning: decodeReasoningOptions(body),
      parallelToolCalls: optionalBoolean(body['parallel_tool_calls'], 'parallel_tool_calls'),
    }),
    ...decodeToolChoice(body, tools, extensions),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions: { wire: 'openai-chat' as const, body: extensions } }),
  };
  if (tools === undefined) keepBody(request, body, isExtension);
  const mode = stream ? 'stream' : 'whole';
  return routing === undefined ? { request, mode, includeUsage } : { request, mode, includeUsage, routing };
}

const isExtension = (field: string): boolean => !KNOWN_FIELDS.has(field);

function decodeSampling(body: JsonObject): Partial<ChatRequest> {
  return {
    maxTokens:
      optionalInteger(body['max_completion_tokens'], 'max_completion_tokens', 1) ??
      optionalInteger(body['max_tokens'], 'max_tokens', 1),
    temperature: optionalNumber(body['temperature'], 'temperature'),
    topP: optionalNumber(body['top_p'], 'top_p'),
    topK: optionalInteger(body['top_k'], 'top_k'),
    stop: decodeStop(body['stop']),
    seed: optionalInteger(body['seed'], 'seed'),
    presencePenalty: optionalNumber(body['presence_penalty'], 'presence_penalty'),
    frequencyPenalty: optionalNumber(body['frequency_penalty'], 'frequency_penalty'),
    user: optionalString(body['user'], 'user'),
  };
}

function decodeStop(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return [value];
  const list = optionalArray(value, 'stop') ?? [];
  list.forEach((entry, at) => {
    if (typeof entry !== 'string') throw fail(`stop[${at}]`, `must be a string, not ${kindOf(entry)}`);
  });
  return list.length === 0 ? undefined : (list as string[]);
}

function decodeTools(body: JsonObject): Tool[] | undefined {
  const tools = (optionalArray(body['tools'], 'tools') ?? []).map((tool, at) => decodeTool(tool, `tools[${at}]`));
  const legacy = optionalArray(body['functions'], 'functions') ?? [];
  legacy.forEach((entry, at) => {
    tools.push(decodeFunction(requiredObject(entry, `functions[${at}]`), `functions[${at}]`));
  });
  return tools.length === 0 ? undefined : tools;
}

function decodeTool(value: unknown, param: string): Tool {
  const tool = requiredObject(value, param);
  const type = requiredString(tool['type'], `${param}.type`);
  if (type !== 'function') {
    const inner = tool[type];
    const name = isJsonObject(inner) && typeof inner['name'] === 'string' ? inner['name'] : type;
    return { name, opaque: { wire: 'openai-chat', value: tool } };
  }
  const definition = requiredObject(tool['function'], `${param}.function`);
  const cacheControl = decodeCacheControl(
    tool['cache_control'] ?? definition['cache_control'],
    `${param}.cache_control`,
  );
  return { ...decodeFunction(definition, `${param}.function`), ...defined({ cacheControl }) };
}

function decodeFunction(definition: JsonObject, param: string): Tool {
  return {
    name: requiredString(definition['name'], `${param}.name`),
    ...defined({
      description: optionalString(definition['description'], `${param}.description`),
      parameters: optionalObject(definition['parameters'], `${param}.parameters`),
      strict: optionalBoolean(definition['strict'], `${param}.strict`),
    }),
  };
}

const CHOICE_WORDS: Readonly<Record<string, ToolChoice>> = {
  auto: { type: 'auto' },
  none: { type: 'none' },
  required: { type: 'required' },
  any: { type: 'required' },
};

function decodeToolChoice(
  body: JsonObject,
  tools: readonly Tool[] | undefined,
  extensions: JsonObject,
): { toolChoice?: ToolChoice } {
  const param = body['tool_choice'] === undefined ? 'function_call' : 'tool_choice';
  const value = body['tool_choice'] ?? body['function_call'];
  if (value === undefined || value === null) return {};
  if (typeof value === 'string') {
    const choice = CHOICE_WORDS[value];
    if (choice === undefined) throw fail(param, 'must be "none", "auto", "required" or an object naming a function');
    return { toolChoice: choice };
  }
  const object = requiredObject(value, param);
  const type = object['type'];
  if (type !== undefined && type !== 'function') {
    // `allowed_tools` and choices of custom tools: only a server of this wire can honour them.
    extensions['tool_choice'] = object;
    return {};
  }
  const holder = isJsonObject(object['function']) ? object['function'] : object;
  const path = isJsonObject(object['function']) ? `${param}.function.name` : `${param}.name`;
  const name = requiredString(holder['name'], path);
  if (!(tools ?? []).some((tool) => tool.name === name)) throw fail(path, `names "${name}", which is not in \`tools\``);
  return { toolChoice: { type: 'tool', name } };
}

function decodeOutputFormat(value: unknown): OutputFormat | undefined {
  const format = optionalObject(value, 'response_format');
  if (format === undefined) return undefined;
  switch (format['type']) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema': {
      const inner = requiredObject(format['json_schema'], 'response_format.json_schema');
      const at = 'response_format.json_schema';
      return {
        type: 'json-schema',
        name: requiredString(inner['name'], `${at}.name`),
        schema: optionalObject(inner['schema'], `${at}.schema`) ?? {},
        ...defined({
          description: optionalString(inner['description'], `${at}.description`),
          strict: optionalBoolean(inner['strict'], `${at}.strict`),
        }),
      };
    }
    default:
      throw fail('response_format.type', 'must be "text", "json_object" or "json_schema"');
  }
}

/** `reasoning_effort` (OpenAI) and the `reasoning` object (OpenRouter). */
function decodeReasoningOptions(body: JsonObject): ReasoningOptions | undefined {
  const object = optionalObject(body['reasoning'], 'reasoning') ?? {};
  const effort = decodeEffort(body['reasoning_effort'] ?? object['effort'], body['reasoning_effort'] === undefined);
  const options = defined({
    enabled: optionalBoolean(object['enabled'], 'reasoning.enabled'),
    effort,
    budgetTokens: optionalInteger(object['max_tokens'], 'reasoning.max_tokens', 0),
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

function decodeEffort(value: unknown, nested: boolean): ReasoningEffort | undefined {
  const param = nested ? 'reasoning.effort' : 'reasoning_effort';
  const effort = optionalString(value, param);
  if (effort === undefined) return undefined;
  const known = REASONING_EFFORTS.find((one) => one === effort);
  if (known === undefined) throw fail(param, `must be one of ${REASONING_EFFORTS.join(', ')}`);
  return known;
}

function readExtensions(body: JsonObject, streamOptions: JsonObject): JsonObject {
  const extensions: JsonObject = {};
  for (const key of Object.keys(body)) {
    const value = body[key];
    if (!KNOWN_FIELDS.has(key) && value !== null && value !== undefined) extensions[key] = value;
  }
  const { include_usage: _, ...otherOptions } = streamOptions;
  if (Object.keys(otherOptions).length > 0) extensions['stream_options'] = otherOptions;
  return extensions;
}

function readRouting(body: JsonObject): JsonObject | undefined {
  const routing: JsonObject = {};
  for (const field of ROUTING_FIELDS) {
    const value = body[field];
    if (value !== undefined && value !== null) routing[field] = value;
  }
  return Object.keys(routing).length === 0 ? undefined : routing;
}

function defined<T extends object>(fields: T): Partial<T> {
  const present: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) present[key] = fields[key];
  return present;
}
