import { RequestError } from '../../spec/errors.ts';
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
import type { DecodedRequest } from '../wire.ts';
import { decodeInput } from './decode-input.ts';
import { WIRE } from './facts.ts';

/** OpenRouter's and LiteLLM's options for the walk; they are for us and never forwarded. */
const ROUTING_FIELDS = ['models', 'provider', 'route', 'fallbacks', 'num_retries', 'timeout'];

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
      toolChoice: decodeToolChoice(body['tool_choice'], tools ?? [], extensions),
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
    const name = requiredString(tool['name'], `${param}.name`);
    const extra = Object.entries(tool).filter(([key, field]) => !TOOL_FIELDS.has(key) && field !== null);
    if (extra.length > 0) extras.push({ name, ...Object.fromEntries(extra) });
    return {
      name,
      ...defined({
        description: optionalString(tool['description'], `${param}.description`),
        parameters: optionalObject(tool['parameters'], `${param}.parameters`),
        strict: optionalBoolean(tool['strict'], `${param}.strict`),
      }),
    };
  });
  if (extras.length > 0) extensions['tools'] = extras;
  return tools.length === 0 ? undefined : tools;
}

function decodeToolChoice(value: unknown, tools: readonly Tool[], extensions: JsonObject): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (value === 'auto' || value === 'none' || value === 'required') return { type: value };
  if (typeof value === 'string') {
    throw fail('tool_choice', 'must be "none", "auto", "required" or an object naming a tool');
  }
  const choice = requiredObject(value, 'tool_choice');
  if (choice['type'] !== 'function') {
    // `allowed_tools`, hosted and custom tools: only a server of this wire can honour them.
    extensions['tool_choice'] = choice;
    return undefined;
  }
  const name = requiredString(choice['name'], 'tool_choice.name');
  if (!tools.some((tool) => tool.name === name)) {
    throw fail('tool_choice.name', `names "${name}", which is not in \`tools\``);
  }
  return { type: 'tool', name };
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
      return {
        type: 'json-schema',
        name: requiredString(format['name'], 'text.format.name'),
        schema: requiredObject(format['schema'], 'text.format.schema'),
        ...defined({
          description: optionalString(format['description'], 'text.format.description'),
          strict: optionalBoolean(format['strict'], 'text.format.strict'),
        }),
      };
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
  const word = optionalString(rawEffort, 'reasoning.effort');
  const effort = REASONING_EFFORTS.find((one) => one === word);
  if (word !== undefined && effort === undefined) {
    throw fail('reasoning.effort', `must be one of ${REASONING_EFFORTS.join(', ')}`);
  }
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

function readRouting(body: JsonObject): JsonObject | undefined {
  const routing: JsonObject = {};
  for (const field of ROUTING_FIELDS) if (present(body[field])) routing[field] = body[field] ?? null;
  return Object.keys(routing).length === 0 ? undefined : routing;
}

function present(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
