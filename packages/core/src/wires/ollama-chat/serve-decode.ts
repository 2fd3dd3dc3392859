import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
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
import type { DecodedRequest } from '../wire.ts';
import { COMMON_OPTIONS, WIRE } from './facts.ts';
import { readMessages } from './serve-messages.ts';

const KNOWN = new Set(['model', 'messages', 'stream', 'tools', 'format', 'options', 'think']);

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

/** Reads the body of `POST /api/chat`; it asks for a stream unless it says otherwise. Throws `RequestError`. */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  const extra: JsonObject = {};
  const draft: Draft = { model: requiredString(body['model'], 'model'), messages: readMessages(body['messages']) };
  const tools = (optionalArray(body['tools'], 'tools') ?? []).map((tool, at) => readTool(tool, `tools[${at}]`));
  if (tools.length > 0) draft.tools = tools;
  const format = readFormat(body['format']);
  if (format !== undefined) draft.outputFormat = format;
  const reasoning = readThink(body['think']);
  if (reasoning !== undefined) draft.reasoning = reasoning;
  readOptions(draft, body, extra);
  for (const [key, value] of Object.entries(body)) if (!KNOWN.has(key) && value !== null) extra[key] = value;
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  const stream = optionalBoolean(body['stream'], 'stream') ?? true;
  return { request: draft, mode: stream ? 'stream' : 'whole', includeUsage: true };
}

const INTEGERS = new Set(['num_predict', 'top_k', 'seed']);

function readOptions(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const options = optionalObject(body['options'], 'options');
  if (options === undefined) return;
  const rest: JsonObject = {};
  for (const [name, value] of Object.entries(options)) {
    const path = `options.${name}`;
    const field = Object.hasOwn(COMMON_OPTIONS, name) ? COMMON_OPTIONS[name as keyof typeof COMMON_OPTIONS] : undefined;
    if (value === null) continue;
    if (name === 'stop') draft.stop = readStop(value);
    else if (field === undefined) rest[name] = value;
    else {
      const number = INTEGERS.has(name) ? optionalInteger(value, path) : optionalNumber(value, path);
      // -1 and -2 ask for no limit, which is what an absent one asks for.
      if (number !== undefined && !(name === 'num_predict' && number < 1)) draft[field] = number;
    }
  }
  if (Object.keys(rest).length > 0) extra['options'] = rest;
}

function readStop(value: JsonValue): readonly string[] {
  const list: readonly JsonValue[] = Array.isArray(value) ? value : [value];
  return list.map((entry, at) => {
    if (typeof entry !== 'string') throw fail(`options.stop[${at}]`, `must be a string, not ${kindOf(entry)}`);
    return entry;
  });
}

function readTool(value: unknown, param: string): Tool {
  const tool = requiredObject(value, param);
  const type = optionalString(tool['type'], `${param}.type`);
  if (type !== undefined && type !== 'function') return { name: type, opaque: { wire: WIRE, value: tool } };
  const definition = requiredObject(tool['function'], `${param}.function`);
  const description = optionalString(definition['description'], `${param}.function.description`);
  const parameters = optionalObject(definition['parameters'], `${param}.function.parameters`);
  return {
    name: requiredString(definition['name'], `${param}.function.name`),
    ...(description === undefined ? {} : { description }),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

function readFormat(value: unknown): OutputFormat | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (value === 'json') return { type: 'json' };
  if (isJsonObject(value)) return { type: 'json-schema', name: 'answer', schema: value };
  throw fail('format', 'must be "json" or a JSON schema');
}

function readThink(value: unknown): ReasoningOptions | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'boolean') return { enabled: value };
  if (value === 'low' || value === 'medium' || value === 'high' || value === 'max') return { effort: value };
  throw fail('think', 'must be true, false, "low", "medium", "high" or "max"');
}
