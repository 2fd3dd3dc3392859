import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, OutputFormat, ReasoningOptions, Tool, ToolChoice } from '../../spec/request.ts';
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
import { WIRE } from './facts.ts';
import { readMessages } from './serve-messages.ts';

const KNOWN = new Set(
  `model messages stream tools tool_choice strict_tools response_format thinking max_tokens temperature p k seed
  stop_sequences presence_penalty frequency_penalty`.split(/\s+/),
);

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

/** Reads the body of `POST /v2/chat`. Throws `RequestError`. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  const draft: Draft = { model: requiredString(body['model'], 'model'), messages: readMessages(body['messages']) };
  const strict = optionalBoolean(body['strict_tools'], 'strict_tools');
  const tools = (optionalArray(body['tools'], 'tools') ?? []).map((tool, at) => readTool(tool, `tools[${at}]`, strict));
  if (tools.length > 0) draft.tools = tools;
  const choice = readToolChoice(body['tool_choice']);
  if (choice !== undefined) draft.toolChoice = choice;
  const format = readFormat(body['response_format']);
  if (format !== undefined) draft.outputFormat = format;
  const reasoning = readThinking(body['thinking']);
  if (reasoning !== undefined) draft.reasoning = reasoning;
  readSampling(draft, body);
  const extra: JsonObject = {};
  for (const [key, value] of Object.entries(body)) if (!KNOWN.has(key) && value !== null) extra[key] = value;
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  const mode = optionalBoolean(body['stream'], 'stream') === true ? 'stream' : 'whole';
  return { request: draft, mode, includeUsage: true };
}

function readSampling(draft: Draft, body: JsonObject): void {
  const numbers = {
    maxTokens: optionalInteger(body['max_tokens'], 'max_tokens', 0),
    temperature: optionalNumber(body['temperature'], 'temperature'),
    topP: optionalNumber(body['p'], 'p'),
    topK: optionalInteger(body['k'], 'k'),
    seed: optionalInteger(body['seed'], 'seed'),
    presencePenalty: optionalNumber(body['presence_penalty'], 'presence_penalty'),
    frequencyPenalty: optionalNumber(body['frequency_penalty'], 'frequency_penalty'),
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined) draft[name as keyof typeof numbers] = value;
  }
  const stop = optionalArray(body['stop_sequences'], 'stop_sequences');
  if (stop === undefined) return;
  draft.stop = stop.map((entry, at) => {
    if (typeof entry !== 'string') throw fail(`stop_sequences[${at}]`, `must be a string, not ${kindOf(entry)}`);
    return entry;
  });
}

function readTool(value: unknown, param: string, strict: boolean | undefined): Tool {
  const tool = requiredObject(value, param);
  const type = optionalString(tool['type'], `${param}.type`) ?? 'function';
  if (type !== 'function') return { name: type, opaque: { wire: WIRE, value: tool } };
  const definition = requiredObject(tool['function'], `${param}.function`);
  const description = optionalString(definition['description'], `${param}.function.description`);
  const parameters = optionalObject(definition['parameters'], `${param}.function.parameters`);
  return {
    name: requiredString(definition['name'], `${param}.function.name`),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(strict === true ? { strict } : {}),
  };
}

function readToolChoice(value: unknown): ToolChoice | undefined {
  const word = optionalString(value, 'tool_choice')?.toUpperCase();
  if (word === undefined) return undefined;
  if (word === 'REQUIRED') return { type: 'required' };
  if (word === 'NONE') return { type: 'none' };
  throw fail('tool_choice', 'must be "REQUIRED" or "NONE"');
}

function readFormat(value: unknown): OutputFormat | undefined {
  const format = optionalObject(value, 'response_format');
  if (format === undefined) return undefined;
  const type = requiredString(format['type'], 'response_format.type');
  if (type === 'text') return { type: 'text' };
  if (type !== 'json_object') throw fail('response_format.type', 'must be "text" or "json_object"');
  const schema =
    optionalObject(format['json_schema'], 'response_format.json_schema') ??
    optionalObject(format['schema'], 'response_format.schema');
  return schema === undefined ? { type: 'json' } : { type: 'json-schema', name: 'answer', schema };
}

function readThinking(value: unknown): ReasoningOptions | undefined {
  const thinking = optionalObject(value, 'thinking');
  if (thinking === undefined) return undefined;
  const type = requiredString(thinking['type'], 'thinking.type');
  if (type === 'disabled') return { enabled: false };
  if (type !== 'enabled') throw fail('thinking.type', 'must be "enabled" or "disabled"');
  const budgetTokens = optionalInteger(thinking['token_budget'], 'thinking.token_budget', 1);
  return budgetTokens === undefined ? { enabled: true } : { enabled: true, budgetTokens };
}
