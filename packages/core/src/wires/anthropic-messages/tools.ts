import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest, Tool } from '../../spec/request.ts';
import { withCache } from './blocks.ts';
import type { Losses } from '../losses.ts';
import { WIRE } from './facts.ts';
import type { ModelTraits } from '../claude-models.ts';
import { createToolNames, type Renamer } from './names.ts';

/** Names of every tool that the request speaks of, so that a sanitised one never meets another. */
export function toolNamesOf(request: ChatRequest): Renamer {
  const names = (request.tools ?? []).map((tool) => tool.name);
  for (const message of request.messages) {
    if (typeof message.content === 'string') continue;
    for (const part of message.content) if (part.type === 'tool-call') names.push(part.name);
  }
  return createToolNames(names);
}

export function encodeTools(
  tools: readonly Tool[],
  names: Renamer,
  losses: Losses,
  own: { readonly sameWire: boolean; readonly traits: ModelTraits; readonly extras: unknown },
): JsonObject[] {
  const encoded: JsonObject[] = [];
  for (const tool of tools) {
    if (tool.opaque !== undefined) {
      if (tool.opaque.wire === WIRE) encoded.push({ ...tool.opaque.value });
      else losses.add(`tool ${tool.name}: of ${tool.opaque.wire} only`);
      continue;
    }
    const json: JsonObject = { name: names.rename(tool.name) };
    if (tool.description !== undefined && tool.description !== '') json['description'] = tool.description;
    json['input_schema'] = inputSchema(tool.parameters);
    if (tool.strict === true) {
      // Other wires' strict schemas need not be in the subset that this one enforces.
      if (own.sameWire && (own.traits.structuredOutput || !own.traits.claude)) json['strict'] = true;
      else losses.add(`strict on tool ${tool.name}`);
    }
    encoded.push({ ...json, ...extraFields(own.extras, tool.name), ...withCache({}, tool.cacheControl) });
  }
  return encoded;
}

/** `input_schema` must say that it is an object. */
function inputSchema(parameters: JsonObject | undefined): JsonObject {
  if (parameters === undefined || Object.keys(parameters).length === 0) return { type: 'object', properties: {} };
  return parameters['type'] === 'object' ? parameters : { ...parameters, type: 'object' };
}

/** Fields of this wire's tools without a common form (`defer_loading`, …), kept by name in the request's extensions. */
function extraFields(extras: unknown, name: string): JsonObject {
  const found: unknown = Array.isArray(extras)
    ? extras.find((extra: unknown) => isJsonObject(extra) && extra['name'] === name)
    : undefined;
  if (!isJsonObject(found)) return {};
  const { name: _name, ...fields } = found;
  return fields;
}

/** `tool_choice`, or `undefined` to leave it to the API (which means auto). */
export function encodeToolChoice(
  request: ChatRequest,
  tools: readonly JsonObject[],
  names: Renamer,
  losses: Losses,
  limits: { readonly thinking: boolean; readonly forcedTools: boolean },
): JsonObject | undefined {
  const choice = request.toolChoice;
  if (tools.length === 0) {
    if (choice?.type === 'required' || choice?.type === 'tool') losses.add('tool_choice: the request has no tools');
    return undefined;
  }
  const single: JsonObject = request.parallelToolCalls === false ? { disable_parallel_tool_use: true } : {};
  if (choice?.type === 'none') return { type: 'none' };
  if (choice === undefined || choice.type === 'auto') {
    return choice === undefined && request.parallelToolCalls !== false ? undefined : { type: 'auto', ...single };
  }
  if (limits.thinking || !limits.forcedTools) {
    losses.add(
      `tool_choice ${choice.type}: lowered to auto, ${limits.thinking ? 'the model thinks' : 'this model cannot be forced'}`,
    );
    return { type: 'auto', ...single };
  }
  if (choice.type === 'required') return { type: 'any', ...single };
  return { type: 'tool', name: names.rename(choice.name), ...single };
}
