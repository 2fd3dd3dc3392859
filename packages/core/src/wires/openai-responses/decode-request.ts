import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { Message } from '../../spec/message.ts';
import type { ChatRequest, OutputFormat, ReasoningOptions, Tool } from '../../spec/request.ts';
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
import { decodeInput } from './decode-input.ts';
import { WIRE } from './facts.ts';

/** Fields read into the common vocabulary; every other top-level field is carried as an extension. */
const KNOWN_FIELDS = new Set([
  ...'model input instructions tools tool_choice parallel_tool_calls max_output_tokens temperature top_p'.split(' '),
  ...'text reasoning stream user'.split(' '),
  ...ROUTING_FIELDS,
]);

const TOOL_FIELDS = new Set(['type', 'name', 'description', 'parameters', 'strict']);

/** Reads a caller's responses request. Throws `RequestError` (400, with the field's path) when it is none. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) {
    throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  }
  const stream = optionalBoolean(body['stream'], 'stream') ?? false;
  if (optionalBoolean(body['background'], 'background') === true) {
    throw fail('background', 'is not supported: an answer cannot be fetched later; leave it out', 'unsupported');
  }
  const store = optionalBoolean(body['store'], 'store');
  optionalString(body['previous_response_id'], 'previous_response_id');
  const messages = decodeMessages(body, store !== false);
  const extensions = readExtensions(body);
  const tools = decodeTools(body['tools'], extensions);
  const routing = readRouting(body);
  const request: ChatRequest = {
    ...defined({ model: optionalString(body['model'], 'model') }),
    messages,
    ...defined({
      tools,
      maxTokens: optionalInteger(body['max_output_tokens'], 'max_output_tokens', 1),
      temperature: optionalNumber(body['temperature'], 'temperature'),
      topP: optionalNumber(body['top_p'], 'top_p'),
      user: optionalString(body['user'], 'user'),
      outputFormat: decodeText(body, extensions),
      reasoning: decodeReasoning(body, extensions),
      parallelToolCalls: optionalBoolean(body['parallel_tool_calls'], 'parallel_tool_calls'),
      toolChoice: decodeToolChoice(body['tool_choice'], 'tool_choice', tools ?? [], extensions),
    }),
    extensions: { wire: WIRE, body: extensions },
  };
  const mode = stream ? 'stream' : 'whole';
  const decoded: DecodedRequest = { request, mode, includeUsage: true };
  return routing === undefined ? decoded : { ...decoded, routing };
}

function decodeMessages(body: JsonObject, keepIds: boolean): Message[] {
  const instructions = decodeInstructions(body['instructions']);
  const input = body['input'];
  const continued = ['previous_response_id', 'conversation', 'prompt'].some((key) => present(body[key]));
  const messages = input === undefined || input === null ? [] : decodeInput(input, keepIds);
  if (messages.length === 0 && !continued) throw fail('input', 'is required and must hold at least one item');
  return [...instructions, ...messages];
}

function decodeInstructions(value: unknown): Message[] {
  if (Array.isArray(value)) return decodeInput(value, false);
  const text = optionalString(value, 'instructions');
  return text === undefined || text === '' ? [] : [{ role: 'system', content: text }];
}

function decodeTools(value: unknown, extensions: JsonObject): Tool[] | undefined {
  const extras: JsonValue[] = [];
  const tools = (optionalArray(value, 'tools') ?? []).map((entry, at): Tool => {
    const param = `tools[${at}]`;
    const tool = requiredObject(entry, param);
    const type = requiredString(tool['type'], `${param}.type`);
    if (type !== 'function') {
      return { name: typeof tool['name'] === 'string' ? tool['name'] : type, opaque: { wire: WIRE, value: tool } };
    }
    const definition = decodeFunction(tool, param);
    const extra = Object.entries(tool).filter(([key, field]) => !TOOL_FIELDS.has(key) && field !== null);
    if (extra.length > 0) extras.push({ name: definition.name, ...Object.fromEntries(extra) });
    return definition;
  });
  if (extras.length > 0) extensions['tools'] = extras;
  return tools.length === 0 ? undefined : tools;
}

function decodeText(body: JsonObject, extensions: JsonObject): OutputFormat | undefined {
  const text = optionalObject(body['text'], 'text');
  if (text === undefined) return undefined;
  const { format: raw, ...rest } = text;
  const others = withoutNulls(rest);
  if (Object.keys(others).length > 0) extensions['text'] = others;
  const format = optionalObject(raw, 'text.format');
  if (format === undefined) return undefined;
  switch (format['type']) {
    case 'text':
      return { type: 'text' };
    case 'json_object':
      return { type: 'json' };
    case 'json_schema':
      return decodeSchemaFormat(format, 'text.format', true);
    default:
      extensions['text'] = { ...others, format };
      return undefined;
  }
}

function decodeReasoning(body: JsonObject, extensions: JsonObject): ReasoningOptions | undefined {
  const reasoning = optionalObject(body['reasoning'], 'reasoning');
  if (reasoning === undefined) return undefined;
  const { effort: rawEffort, summary: rawSummary, ...rest } = reasoning;
  const others = withoutNulls(rest);
  if (Object.keys(others).length > 0) extensions['reasoning'] = others;
  const effort = decodeEffort(rawEffort, 'reasoning.effort');
  const summary = optionalString(rawSummary, 'reasoning.summary');
  if (summary !== undefined && !isSummary(summary)) {
    throw fail('reasoning.summary', 'must be "auto", "concise", "detailed" or "none"');
  }
  const options = defined({ effort, summary });
  return Object.keys(options).length === 0 ? undefined : options;
}

function isSummary(word: string): word is NonNullable<ReasoningOptions['summary']> {
  return word === 'auto' || word === 'concise' || word === 'detailed' || word === 'none';
}

function readExtensions(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key, value]) => !KNOWN_FIELDS.has(key) && value !== null));
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
