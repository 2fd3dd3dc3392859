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
import {
  invalid,
  listAt,
  markLast,
  numberAt,
  objectAt,
  readCachePoint,
  requiredString,
  stringAt,
} from './serve-fields.ts';
import { readContent, readSystem } from './serve-parts.ts';

type Draft = { -readonly [Key in keyof ChatRequest]: ChatRequest[Key] };

const KNOWN: ReadonlySet<string> = new Set(
  'modelId stream messages system inferenceConfig toolConfig additionalModelRequestFields outputConfig'.split(' '),
);

/**
 * Reads the body of `converse` and `converse-stream`. The model and the wish for a stream stand in the path; whoever
 * routes by it may put them into the body as `modelId` and `stream`. Throws `RequestError` with the path of the field
 * that is wrong.
 */
export function decodeRequest(body: unknown): DecodedRequest {
  if (!isJsonObject(body)) throw invalid('', 'The request body must be a JSON object.');
  const extra: JsonObject = {};
  const draft: Draft = { messages: readMessages(body) };
  const model = stringAt(body, 'modelId');
  if (model !== undefined) draft.model = model;
  addInference(draft, body, extra);
  addTools(draft, body);
  addModelFields(draft, body, extra);
  addOutput(draft, body, extra);
  for (const [key, value] of Object.entries(body)) if (!KNOWN.has(key)) extra[key] = value;
  // Also when it is empty: it says which wire the request came in by.
  draft.extensions = { wire: WIRE, body: extra };
  return { request: draft, mode: body['stream'] === true ? 'stream' : 'whole', includeUsage: true };
}

function readMessages(body: JsonObject): Message[] {
  const given = listAt(body, 'messages');
  if (given === undefined || given.length === 0) throw invalid('messages', 'at least one message is required');
  const messages: Message[] = [];
  const system = listAt(body, 'system');
  if (system !== undefined && system.length > 0)
    messages.push({ role: 'system', content: readSystem(system, 'system') });
  given.forEach((value, index) => {
    const path = `messages[${index}]`;
    if (!isJsonObject(value)) throw invalid(path, 'must be an object');
    const { role } = value;
    if (role !== 'user' && role !== 'assistant') throw invalid(`${path}.role`, "must be 'user' or 'assistant'");
    const content = listAt(value, 'content', `${path}.`);
    if (content === undefined || content.length === 0) throw invalid(`${path}.content`, 'is required');
    messages.push(...readContent(content, role, `${path}.content`));
  });
  return messages;
}

function addInference(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const config = objectAt(body, 'inferenceConfig');
  if (config === undefined) return;
  const { maxTokens: _maxTokens, temperature: _temperature, topP: _topP, stopSequences: _stop, ...rest } = config;
  const at = 'inferenceConfig.';
  const maxTokens = numberAt(config, 'maxTokens', at);
  if (maxTokens !== undefined) {
    if (!Number.isInteger(maxTokens) || maxTokens < 1)
      throw invalid(`${at}maxTokens`, 'must be a whole number above 0');
    draft.maxTokens = maxTokens;
  }
  const temperature = numberAt(config, 'temperature', at);
  if (temperature !== undefined) {
    if (temperature < 0 || temperature > 1) throw invalid(`${at}temperature`, 'must be between 0 and 1');
    draft.temperature = temperature;
  }
  const topP = numberAt(config, 'topP', at);
  if (topP !== undefined) draft.topP = topP;
  const stop = listAt(config, 'stopSequences', at);
  if (stop !== undefined)
    draft.stop = stop.map((sequence, index) => {
      if (typeof sequence !== 'string') throw invalid(`${at}stopSequences[${index}]`, 'must be a string');
      return sequence;
    });
  if (Object.keys(rest).length > 0) extra['inferenceConfig'] = rest;
}

function addTools(draft: Draft, body: JsonObject): void {
  const config = objectAt(body, 'toolConfig');
  if (config === undefined) return;
  const given = listAt(config, 'tools', 'toolConfig.');
  if (given === undefined || given.length === 0) throw invalid('toolConfig.tools', 'at least one tool is required');
  const tools: Tool[] = [];
  given.forEach((tool, index) => {
    const path = `toolConfig.tools[${index}]`;
    if (!isJsonObject(tool)) throw invalid(path, 'must be an object');
    const point = readCachePoint(tool, path);
    if (point !== undefined) markLast(tools, point);
    else tools.push(readTool(tool, path));
  });
  draft.tools = tools;
  const choice = objectAt(config, 'toolChoice', 'toolConfig.');
  if (choice !== undefined) draft.toolChoice = readToolChoice(choice);
}

function readTool(tool: JsonObject, path: string): Tool {
  const spec = objectAt(tool, 'toolSpec', `${path}.`);
  if (spec === undefined) {
    const [value] = Object.values(tool);
    const name = isJsonObject(value) && typeof value['name'] === 'string' ? value['name'] : '';
    return { name, opaque: { wire: WIRE, value: tool } };
  }
  const at = `${path}.toolSpec`;
  const name = requiredString(spec, 'name', `${at}.`);
  const schema = objectAt(spec, 'inputSchema', `${at}.`);
  const parameters = schema === undefined ? undefined : objectAt(schema, 'json', `${at}.inputSchema.`);
  if (parameters === undefined) throw invalid(`${at}.inputSchema.json`, 'is required');
  const read: { -readonly [Key in keyof Tool]: Tool[Key] } = { name, parameters };
  const description = stringAt(spec, 'description', `${at}.`);
  if (description !== undefined) read.description = description;
  if (typeof spec['strict'] === 'boolean') read.strict = spec['strict'];
  return read;
}

function readToolChoice(choice: JsonObject): ToolChoice {
  const named = objectAt(choice, 'tool', 'toolConfig.toolChoice.');
  if (named !== undefined) return { type: 'tool', name: requiredString(named, 'name', 'toolConfig.toolChoice.tool.') };
  if (choice['any'] !== undefined) return { type: 'required' };
  if (choice['auto'] !== undefined) return { type: 'auto' };
  throw invalid('toolConfig.toolChoice', "must have 'auto', 'any' or 'tool'");
}

/** Thinking and `top_k` as the families spell them; the rest is the model's own affair. */
function addModelFields(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const fields = objectAt(body, 'additionalModelRequestFields');
  if (fields === undefined) return;
  const rest: JsonObject = { ...fields };
  const reasoning: { -readonly [Key in keyof ReasoningOptions]: ReasoningOptions[Key] } = {};
  const { top_k: topK, thinking, reasoningConfig, output_config: output, reasoning_effort: effort } = fields;
  if (typeof topK === 'number') {
    draft.topK = topK;
    delete rest['top_k'];
  }
  const own = isJsonObject(thinking) ? thinking : isJsonObject(reasoningConfig) ? reasoningConfig : undefined;
  const type = own?.['type'];
  if (type === 'enabled' || type === 'adaptive' || type === 'disabled') {
    reasoning.enabled = type !== 'disabled';
    if (typeof own?.['budget_tokens'] === 'number') reasoning.budgetTokens = own['budget_tokens'];
    delete rest[own === thinking ? 'thinking' : 'reasoningConfig'];
  }
  const level = own?.['maxReasoningEffort'] ?? (isJsonObject(output) ? output['effort'] : undefined) ?? effort;
  const known = REASONING_EFFORTS.find((word) => word === level);
  if (known !== undefined) {
    reasoning.effort = known;
    delete rest['reasoning_effort'];
    if (isJsonObject(output)) {
      const { effort: _effort, ...others } = output;
      if (Object.keys(others).length > 0) rest['output_config'] = others;
      else delete rest['output_config'];
    }
  }
  if (Object.keys(reasoning).length > 0) draft.reasoning = reasoning;
  if (Object.keys(rest).length > 0) extra['additionalModelRequestFields'] = rest;
}

function addOutput(draft: Draft, body: JsonObject, extra: JsonObject): void {
  const config = objectAt(body, 'outputConfig');
  if (config === undefined) return;
  const { textFormat, ...rest } = config;
  const format = readFormat(textFormat);
  if (format !== undefined) draft.outputFormat = format;
  else if (textFormat !== undefined) rest['textFormat'] = textFormat;
  if (Object.keys(rest).length > 0) extra['outputConfig'] = rest;
}

function readFormat(format: JsonValue | undefined): OutputFormat | undefined {
  if (!isJsonObject(format) || format['type'] !== 'json_schema') return undefined;
  const at = 'outputConfig.textFormat.structure';
  const structure = objectAt(format, 'structure', 'outputConfig.textFormat.');
  const given = structure === undefined ? undefined : objectAt(structure, 'jsonSchema', `${at}.`);
  if (given === undefined) throw invalid(`${at}.jsonSchema`, 'is required');
  const schema = parseSchema(requiredString(given, 'schema', `${at}.jsonSchema.`));
  if (schema === undefined) throw invalid(`${at}.jsonSchema.schema`, 'must be the JSON text of a schema');
  const description = stringAt(given, 'description', `${at}.jsonSchema.`);
  const name = stringAt(given, 'name', `${at}.jsonSchema.`) ?? 'answer';
  return { type: 'json-schema', name, schema, strict: true, ...(description === undefined ? {} : { description }) };
}

function parseSchema(text: string): JsonObject | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
