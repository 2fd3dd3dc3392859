import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, OutputFormat, ReasoningOptions, Tool } from '../../spec/request.ts';
import {
  decodeEffort,
  decodeFunction,
  decodeSchemaFormat,
  decodeToolChoice,
  defined,
  readRouting,
  ROUTING_FIELDS,
} from '../openai-request.ts';
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

/** Fields read into the common vocabulary; every other top-level field is carried as an extension. */
const KNOWN_FIELDS = new Set([
  ...'model messages tools tool_choice parallel_tool_calls functions function_call'.split(' '),
  ...'max_tokens max_completion_tokens temperature top_p top_k stop seed n user'.split(' '),
  ...'presence_penalty frequency_penalty response_format reasoning_effort reasoning stream stream_options'.split(' '),
  ...ROUTING_FIELDS,
]);

/**
 * Reads a caller's chat-completions request; `text`: what `body` was parsed from. Throws `RequestError` (400, with the
 * field's path) when it is none.
 */
export function decodeRequest(body: unknown, text?: string): DecodedRequest {
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
  const choiceParam = body['tool_choice'] === undefined ? 'function_call' : 'tool_choice';
  const choice = body['tool_choice'] ?? body['function_call'];
  const toolChoice = decodeToolChoice(choice, choiceParam, tools ?? [], extensions);
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
    ...defined({ toolChoice }),
    ...(Object.keys(extensions).length === 0 ? {} : { extensions: { wire: 'openai-chat' as const, body: extensions } }),
  };
  if (tools === undefined) keepBody(request, body, isExtension, text);
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
      return decodeSchemaFormat(inner, at, false);
    }
    default:
      throw fail('response_format.type', 'must be "text", "json_object" or "json_schema"');
  }
}

/** `reasoning_effort` (OpenAI) and the `reasoning` object (OpenRouter). */
function decodeReasoningOptions(body: JsonObject): ReasoningOptions | undefined {
  const object = optionalObject(body['reasoning'], 'reasoning') ?? {};
  const own = body['reasoning_effort'];
  const effort = decodeEffort(own ?? object['effort'], own === undefined ? 'reasoning.effort' : 'reasoning_effort');
  const options = defined({
    enabled: optionalBoolean(object['enabled'], 'reasoning.enabled'),
    effort,
    budgetTokens: optionalInteger(object['max_tokens'], 'reasoning.max_tokens', 0),
  });
  return Object.keys(options).length === 0 ? undefined : options;
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
