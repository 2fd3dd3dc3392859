import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, Tool } from '../../spec/request.ts';
import type { Losses } from '../losses.ts';
import { createToolNames, type ToolNames } from '../tool-identity.ts';
import { cachePoint } from './blocks.ts';
import { WIRE } from './facts.ts';
import type { Family } from './models.ts';

const LEGAL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** Names of the tool calls in the history, in order. */
function historyNames(request: ChatRequest): string[] {
  const names = new Set<string>();
  for (const message of request.messages) {
    if (typeof message.content === 'string') continue;
    for (const part of message.content) if (part.type === 'tool-call') names.add(part.name);
  }
  return [...names];
}

/** Names of every tool that the request speaks of, so that a sanitised one never meets another. */
export function toolNamesOf(request: ChatRequest): ToolNames {
  return createToolNames(LEGAL_NAME, [...(request.tools ?? []).map((tool) => tool.name), ...historyNames(request)]);
}

export interface ToolFacts {
  readonly family: Family;
  readonly names: ToolNames;
  readonly losses: Losses;
  readonly sameWire: boolean;
  /** The model will think: tools cannot be forced. */
  readonly thinking: boolean;
}

/**
 * `toolConfig`, or `undefined` for none. It must be there as soon as the history holds a call ("The toolConfig field must
 * be defined when using toolUse and toolResult content blocks"), so without tools the names of the history are declared.
 */
export function encodeToolConfig(request: ChatRequest, facts: ToolFacts): JsonObject | undefined {
  const { losses } = facts;
  const choice = request.toolChoice;
  const offered = choice?.type === 'none' ? [] : encodeTools(request.tools ?? [], facts);
  if (offered.length === 0) {
    if (choice?.type === 'required' || choice?.type === 'tool') losses.add('tool_choice: the request has no tools');
    const known = historyNames(request);
    if (choice?.type === 'none' && known.length > 0) losses.add('tool_choice none: tools of the history stay declared');
    return known.length === 0 ? undefined : { tools: known.map((name) => stub(facts.names.sent(name))) };
  }
  if (request.parallelToolCalls === false) losses.add('parallel_tool_calls: false');
  const forced = encodeChoice(request, facts);
  return { tools: offered, ...(forced === undefined ? {} : { toolChoice: forced }) };
}

function stub(name: string): JsonObject {
  const inputSchema = { json: { type: 'object', properties: {} } };
  return { toolSpec: { name, description: 'Used earlier; not available any more. Do not call it.', inputSchema } };
}

function encodeTools(tools: readonly Tool[], { family, names, losses, sameWire }: ToolFacts): JsonObject[] {
  const encoded: JsonObject[] = [];
  for (const tool of tools) {
    if (tool.opaque !== undefined) {
      if (tool.opaque.wire === WIRE) encoded.push({ ...tool.opaque.value });
      else losses.add(`tool ${tool.name}: of ${tool.opaque.wire} only`);
      continue;
    }
    const spec: JsonObject = { name: names.sent(tool.name) };
    // "Member must have length greater than or equal to 1"
    if (tool.description !== undefined && tool.description.trim() !== '') spec['description'] = tool.description;
    spec['inputSchema'] = { json: inputSchema(tool, family, losses) };
    if (tool.strict === true) {
      // Other wires' strict schemas need not be in the subset that this one enforces.
      if (sameWire) spec['strict'] = true;
      else losses.add(`strict on tool ${tool.name}`);
    }
    encoded.push({ toolSpec: spec });
    if (tool.cacheControl === undefined) continue;
    if (family.richCachePoints) encoded.push(cachePoint(tool.cacheControl, `tool ${tool.name}`, { family, losses }));
    else losses.add(`cache_control on tool ${tool.name}`);
  }
  return encoded;
}

const PLAIN_KEYS: ReadonlySet<string> = new Set(['type', 'properties', 'required']);

/** The schema must say that it is an object; some models refuse any other keyword at the root. */
function inputSchema({ name, parameters }: Tool, family: Family, losses: Losses): JsonObject {
  if (parameters === undefined || Object.keys(parameters).length === 0) return { type: 'object', properties: {} };
  const schema: JsonObject = parameters['type'] === 'object' ? parameters : { ...parameters, type: 'object' };
  if (!family.plainToolSchemas) return schema;
  const extra = Object.keys(schema).filter((key) => !PLAIN_KEYS.has(key));
  if (extra.length > 0) losses.add(`schema of tool ${name}: ${extra.join(', ')}`);
  const plain = Object.fromEntries(Object.entries(schema).filter(([key]) => PLAIN_KEYS.has(key)));
  return isJsonObject(plain['properties']) ? plain : { ...plain, properties: {} };
}

function encodeChoice(request: ChatRequest, { family, names, losses, thinking }: ToolFacts): JsonObject | undefined {
  const choice = request.toolChoice;
  if (choice === undefined || choice.type === 'none') return undefined;
  if (choice.type === 'auto') return { auto: {} };
  if (thinking || !family.forcedTools) {
    const why = thinking ? 'the model thinks' : 'this model cannot be forced';
    losses.add(`tool_choice ${choice.type}: lowered to auto, ${why}`);
    return { auto: {} };
  }
  return choice.type === 'required' ? { any: {} } : { tool: { name: names.sent(choice.name) } };
}
