import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
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
import { WIRE } from './facts.ts';
import { readInput } from './serve-input.ts';

const KNOWN = new Set(
  'model input stream system_instruction tools generation_config response_format response_mime_type'.split(' '),
);
const KNOWN_CONFIG = new Set(
  `max_output_tokens temperature top_p top_k seed stop_sequences presence_penalty frequency_penalty thinking_level
  thinking_summaries tool_choice`.split(/\s+/),
);

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

/** Reads the body of `POST /interactions`. Throws `RequestError`. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  if (body['agent'] !== undefined && body['model'] === undefined) {
    throw fail('agent', 'is not served here: name a `model`', 'unsupported_value');
  }
  const system = optionalString(body['system_instruction'], 'system_instruction');
  const draft: Draft = {
    model: requiredString(body['model'], 'model').replace(/^models\//, ''),
    messages: [
      ...(system === undefined || system === '' ? [] : [{ role: 'system' as const, content: system }]),
      ...readInput(body['input']),
    ],
  };
  const tools = (optionalArray(body['tools'], 'tools') ?? []).map((tool, at) => readTool(tool, `tools[${at}]`));
  if (tools.length > 0) draft.tools = tools;
  const extra: JsonObject = {};
  readConfig(draft, body, extra);
  readFormat(draft, body, extra);
  for (const [key, value] of Object.entries(body)) if (!KNOWN.has(key) && value !== null) extra[key] = value;
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  const mode = optionalBoolean(body['stream'], 'stream') === true ? 'stream' : 'whole';
  return { request: draft, mode, includeUsage: true };
}

function readTool(value: unknown, param: string): Tool {
  const tool = requiredObject(value, param);
  const type = requiredString(tool['type'], `${param}.type`);
  if (type !== 'function') return { name: type, opaque: { wire: WIRE, value: tool } };
  const description = optionalString(tool['description'], `${param}.description`);
  const parameters = optionalObject(tool['parameters'], `${param}.parameters`);
  return {
    name: requiredString(tool['name'], `${param}.name`),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

function readConfig(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const path = 'generation_config';
  const config = optionalObject(body[path], path);
  if (config === undefined) return;
  const numbers = {
    maxTokens: optionalInteger(config['max_output_tokens'], `${path}.max_output_tokens`, 0),
    temperature: optionalNumber(config['temperature'], `${path}.temperature`),
    topP: optionalNumber(config['top_p'], `${path}.top_p`),
    topK: optionalInteger(config['top_k'], `${path}.top_k`),
    seed: optionalInteger(config['seed'], `${path}.seed`),
    presencePenalty: optionalNumber(config['presence_penalty'], `${path}.presence_penalty`),
    frequencyPenalty: optionalNumber(config['frequency_penalty'], `${path}.frequency_penalty`),
  };
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined) draft[name as keyof typeof numbers] = value;
  }
  const stop = optionalArray(config['stop_sequences'], `${path}.stop_sequences`);
  if (stop !== undefined) {
    draft.stop = stop.map((entry, at) => {
      if (typeof entry !== 'string')
        throw fail(`${path}.stop_sequences[${at}]`, `must be a string, not ${kindOf(entry)}`);
      return entry;
    });
  }
  const reasoning = readThinking(config, path);
  if (reasoning !== undefined) draft.reasoning = reasoning;
  const rest: JsonObject = {};
  readToolChoice(draft, config['tool_choice'], rest, `${path}.tool_choice`);
  for (const [key, value] of Object.entries(config)) if (!KNOWN_CONFIG.has(key) && value !== null) rest[key] = value;
  if (Object.keys(rest).length > 0) extra[path] = rest;
}

function readThinking(config: JsonObject, path: string): ReasoningOptions | undefined {
  const level = optionalString(config['thinking_level'], `${path}.thinking_level`)?.toLowerCase();
  const summaries = optionalString(config['thinking_summaries'], `${path}.thinking_summaries`)?.toLowerCase();
  const effort = REASONING_EFFORTS.find((one) => one === level);
  if (level !== undefined && effort === undefined) {
    throw fail(`${path}.thinking_level`, 'must be "minimal", "low", "medium" or "high"');
  }
  if (summaries !== undefined && summaries !== 'auto' && summaries !== 'none') {
    throw fail(`${path}.thinking_summaries`, 'must be "auto" or "none"');
  }
  if (effort === undefined && summaries === undefined) return undefined;
  return { ...(effort === undefined ? {} : { effort }), ...(summaries === undefined ? {} : { summary: summaries }) };
}

function readToolChoice(draft: Draft, value: JsonValue | undefined, rest: JsonObject, path: string): void {
  if (value === undefined || value === null) return;
  const allowed = isJsonObject(value) ? optionalObject(value['allowed_tools'], `${path}.allowed_tools`) : undefined;
  const mode = isJsonObject(value) ? (allowed?.['mode'] ?? 'auto') : value;
  const names = (optionalArray(allowed?.['tools'], `${path}.allowed_tools.tools`) ?? []).filter(
    (one) => typeof one === 'string',
  );
  const choice = choiceOf(mode, names);
  if (choice === undefined) throw fail(path, 'must be "auto", "any", "none", "validated" or {allowed_tools}');
  draft.toolChoice = choice;
  // Only a server of this wire knows these finer ways.
  if (mode === 'validated' || names.length > 1 || (names.length === 1 && mode === 'auto')) rest['tool_choice'] = value;
}

function choiceOf(mode: JsonValue, names: readonly string[]): ToolChoice | undefined {
  const [only, ...others] = names;
  switch (mode) {
    case 'auto':
    case 'validated':
      return { type: 'auto' };
    case 'none':
      return { type: 'none' };
    case 'any':
      return only !== undefined && others.length === 0 ? { type: 'tool', name: only } : { type: 'required' };
    default:
      return undefined;
  }
}

/** One format or a list of one for each kind of output; a plain JSON schema stands for JSON by that schema. */
function readFormat(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const value = body['response_format'];
  const mime = optionalString(body['response_mime_type'], 'response_mime_type');
  const list: readonly JsonValue[] =
    value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
  const others: JsonValue[] = [];
  let format: OutputFormat | undefined;
  list.forEach((entry, at) => {
    const path = Array.isArray(value) ? `response_format[${at}]` : 'response_format';
    const one = requiredObject(entry, path);
    if (one['type'] === 'text') {
      const schema = optionalObject(one['schema'], `${path}.schema`);
      const type =
        optionalString(one['mime_type'], `${path}.mime_type`) ??
        (schema === undefined ? 'text/plain' : 'application/json');
      format = formatOf(type, schema);
    } else if (one['type'] === 'image' || one['type'] === 'audio' || one['type'] === 'video') others.push(one);
    else format = formatOf('application/json', one);
  });
  format ??= mime === undefined ? undefined : formatOf(mime, undefined);
  if (format !== undefined) draft.outputFormat = format;
  if (others.length > 0) extra['response_format'] = others;
}

function formatOf(mime: string, schema: JsonObject | undefined): OutputFormat {
  if (mime !== 'application/json') return { type: 'text' };
  return schema === undefined ? { type: 'json' } : { type: 'json-schema', name: 'answer', schema };
}
