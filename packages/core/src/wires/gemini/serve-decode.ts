import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import {
  REASONING_EFFORTS,
  type ChatRequest,
  type OutputFormat,
  type ReasoningOptions,
  type Tool,
  type ToolChoice,
} from '../../spec/request.ts';
import { RequestError } from '../../spec/errors.ts';
import { kindOf } from '../request-fields.ts';
import type { DecodedRequest } from '../wire.ts';
import { WIRE } from './facts.ts';
import { fromOpenApi } from './schema.ts';
import { readContents } from './serve-contents.ts';
import { camelKeys, camelOf, fieldOf, invalid, listAt, numberAt, objectAt, stringAt } from './serve-fields.ts';

/** Top-level fields read into the vocabulary. `model` and `stream` are of the address; whoever serves puts them here. */
const KNOWN = new Set(['model', 'stream', 'contents', 'systemInstruction', 'generationConfig', 'tools', 'toolConfig']);

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

/**
 * Reads a `generateContent` body. Model and mode stand in the address of such a request: the one who serves it adds them
 * as `model` and `stream`. Throws `RequestError` (400, with the field's path).
 */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw new RequestError(`The request body must be a JSON object, not ${kindOf(body)}.`);
  const extra: JsonObject = {};
  const draft: Draft = { messages: readContents(body) };
  const model = stringAt(body, 'model', '');
  if (model !== undefined) draft.model = model.replace(/^models\//, '');
  readTools(draft, body);
  readToolConfig(draft, body, extra);
  readConfig(draft, body, extra);
  for (const [key, value] of Object.entries(body)) {
    const name = camelOf(key);
    if (!KNOWN.has(name) && value !== null) extra[name] = value;
  }
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  return { request: draft, mode: body['stream'] === true ? 'stream' : 'whole', includeUsage: true };
}

function readTools(draft: Draft, body: JsonObject): void {
  const tools: Tool[] = [];
  listAt(body, 'tools').forEach((tool, at) => {
    const path = `tools[${at}]`;
    if (!isJsonObject(tool)) throw invalid(path, `must be an object, not ${kindOf(tool)}`);
    listAt(tool, 'functionDeclarations').forEach((declaration, index) => {
      const where = `${path}.functionDeclarations[${index}]`;
      if (!isJsonObject(declaration)) throw invalid(where, `must be an object, not ${kindOf(declaration)}`);
      tools.push(readDeclaration(declaration, where));
    });
    for (const [key, value] of Object.entries(tool)) {
      const name = camelOf(key);
      if (name === 'functionDeclarations' || value === null) continue;
      // What the vendor itself runs: search, code execution, maps.
      tools.push({ name, opaque: { wire: WIRE, value: { [name]: value } } });
    }
  });
  if (tools.length > 0) draft.tools = tools;
}

function readDeclaration(declaration: JsonObject, path: string): Tool {
  const name = stringAt(declaration, 'name', path);
  if (name === undefined || name === '') throw invalid(`${path}.name`, 'is required');
  const tool: { -readonly [Key in keyof Tool]: Tool[Key] } = { name };
  const description = stringAt(declaration, 'description', path);
  if (description !== undefined) tool.description = description;
  const schema = objectAt(declaration, 'parametersJsonSchema', path);
  const parameters = objectAt(declaration, 'parameters', path);
  if (schema !== undefined) tool.parameters = schema;
  else if (parameters !== undefined) tool.parameters = fromOpenApi(parameters);
  return tool;
}

function readToolConfig(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const toolConfig = objectAt(body, 'toolConfig', '');
  if (toolConfig === undefined) return;
  const calling = objectAt(toolConfig, 'functionCallingConfig', 'toolConfig');
  const rest = camelKeys(toolConfig);
  delete rest['functionCallingConfig'];
  if (calling !== undefined) {
    const mode = (stringAt(calling, 'mode', 'toolConfig.functionCallingConfig') ?? 'AUTO').toUpperCase();
    const allowed = listAt(calling, 'allowedFunctionNames').filter((name) => typeof name === 'string');
    const choice = choiceOf(mode, allowed);
    if (choice === undefined) throw invalid('toolConfig.functionCallingConfig.mode', 'must be AUTO, ANY or NONE');
    if (mode !== 'MODE_UNSPECIFIED') draft.toolChoice = choice;
    // Only a server of this wire knows these finer ways.
    const exact = mode === 'VALIDATED' || allowed.length > 1;
    if (exact) rest['functionCallingConfig'] = camelKeys(calling);
  }
  if (Object.keys(rest).length > 0) extra['toolConfig'] = rest;
}

function choiceOf(mode: string, allowed: readonly string[]): ToolChoice | undefined {
  const [only, ...others] = allowed;
  switch (mode) {
    case 'AUTO':
    case 'VALIDATED':
    case 'MODE_UNSPECIFIED':
      return { type: 'auto' };
    case 'NONE':
      return { type: 'none' };
    case 'ANY':
      return only !== undefined && others.length === 0 ? { type: 'tool', name: only } : { type: 'required' };
    default:
      return undefined;
  }
}

const CONFIG_FIELDS = new Set([
  'temperature',
  'topP',
  'topK',
  'maxOutputTokens',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'candidateCount',
  'thinkingConfig',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
]);

function readConfig(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const path = 'generationConfig';
  const config = objectAt(body, path, '');
  if (config === undefined) return;
  const candidates = numberAt(config, 'candidateCount', path, true);
  if (candidates !== undefined && candidates > 1) {
    throw invalid(`${path}.candidateCount`, 'must be 1: several candidates in one answer are not supported');
  }
  const number = (name: string, integer = false): number | undefined => numberAt(config, name, path, integer);
  const given: Draft = {
    messages: draft.messages,
    temperature: number('temperature'),
    topP: number('topP'),
    topK: number('topK', true),
    maxTokens: number('maxOutputTokens', true),
    seed: number('seed', true),
    presencePenalty: number('presencePenalty'),
    frequencyPenalty: number('frequencyPenalty'),
    reasoning: readThinking(config),
  };
  for (const [key, value] of Object.entries(given)) if (value !== undefined) Object.assign(draft, { [key]: value });
  const stop = listAt(config, 'stopSequences').map((sequence, at) => {
    if (typeof sequence !== 'string') throw invalid(`${path}.stopSequences[${at}]`, 'must be a string');
    return sequence;
  });
  if (stop.length > 0) draft.stop = stop;
  const rest: JsonObject = {};
  for (const [key, value] of Object.entries(config)) {
    if (!CONFIG_FIELDS.has(camelOf(key)) && value !== null) rest[camelOf(key)] = value;
  }
  readFormat(draft, config, rest);
  if (Object.keys(rest).length > 0) extra['generationConfig'] = rest;
}

function readFormat(draft: Draft, config: JsonObject, rest: JsonObject): void {
  const path = 'generationConfig';
  const type = stringAt(config, 'responseMimeType', path);
  const own = objectAt(config, 'responseJsonSchema', path);
  const subset = objectAt(config, 'responseSchema', path);
  if (type !== undefined && type !== 'text/plain' && type !== 'application/json') {
    // `text/x.enum` and later ones.
    rest['responseMimeType'] = type;
    if (own !== undefined) rest['responseJsonSchema'] = own;
    if (subset !== undefined) rest['responseSchema'] = subset;
    return;
  }
  const schema = own ?? (subset === undefined ? undefined : fromOpenApi(subset));
  let format: OutputFormat | undefined;
  if (schema !== undefined) format = { type: 'json-schema', name: nameOf(schema), schema };
  else if (type === 'application/json') format = { type: 'json' };
  else if (type === 'text/plain') format = { type: 'text' };
  if (format !== undefined) draft.outputFormat = format;
}

/** Other wires want a name for the schema. */
function nameOf(schema: JsonObject): string {
  const { title } = schema;
  return typeof title === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(title) ? title : 'answer';
}

function readThinking(config: JsonObject): ReasoningOptions | undefined {
  const path = 'generationConfig.thinkingConfig';
  const thinking = objectAt(config, 'thinkingConfig', 'generationConfig');
  if (thinking === undefined) return undefined;
  const options: { -readonly [Key in keyof ReasoningOptions]: ReasoningOptions[Key] } = {};
  const budget = numberAt(thinking, 'thinkingBudget', path, true);
  if (budget === 0) options.enabled = false;
  else if (budget !== undefined && budget < 0) options.enabled = true;
  else if (budget !== undefined) options.budgetTokens = budget;
  const level = stringAt(thinking, 'thinkingLevel', path)?.toLowerCase();
  const effort = REASONING_EFFORTS.find((one) => one === level);
  if (effort !== undefined) options.effort = effort;
  else if (level !== undefined && level !== 'thinking_level_unspecified') {
    throw invalid(`${path}.thinkingLevel`, 'must be MINIMAL, LOW, MEDIUM or HIGH');
  }
  const shown: JsonValue | undefined = fieldOf(thinking, 'includeThoughts');
  if (typeof shown === 'boolean') options.summary = shown ? 'auto' : 'none';
  return Object.keys(options).length === 0 ? undefined : options;
}
