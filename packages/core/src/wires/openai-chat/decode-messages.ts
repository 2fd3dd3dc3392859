import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Message, OpaquePart, Part, ReasoningPart, ToolCallPart, ToolResultPart } from '../../spec/message.ts';
import { decodeCacheControl, decodeContent } from './decode-content.ts';
import { OWN_DETAILS_FORMAT } from './encode-assistant.ts';
import { fail, kindOf, optionalArray, optionalString, requiredObject, requiredString } from '../request-fields.ts';

export function decodeMessages(value: unknown): Message[] {
  if (!Array.isArray(value)) throw fail('messages', `is required and must be an array, not ${kindOf(value)}`);
  if (value.length === 0) throw fail('messages', 'must hold at least one message');
  /** Name of a legacy `function_call` → the id we gave it. */
  const legacyIds = new Map<string, string>();
  return (value as unknown[]).map((message, at) => {
    const param = `messages[${at}]`;
    if (!isJsonObject(message)) throw fail(param, `must be an object, not ${kindOf(message)}`);
    return decodeMessage(message, param, legacyIds, at);
  });
}

function decodeMessage(body: JsonObject, param: string, legacyIds: Map<string, string>, at: number): Message {
  const name = optionalString(body['name'], `${param}.name`);
  const named = name === undefined ? {} : { name };
  switch (body['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', content: decodeContent(body['content'], `${param}.content`), ...named };
    case 'user':
      return { role: 'user', content: decodeContent(body['content'], `${param}.content`), ...named };
    case 'assistant':
      return { role: 'assistant', content: decodeAssistant(body, param, legacyIds, at), ...named };
    case 'tool': {
      const id = requiredString(body['tool_call_id'], `${param}.tool_call_id`);
      return { role: 'tool', content: [toolResult(id, name, body, param)] };
    }
    case 'function': {
      const called = requiredString(name, `${param}.name`);
      return { role: 'tool', content: [toolResult(legacyIds.get(called) ?? called, called, body, param)] };
    }
    default:
      throw fail(`${param}.role`, 'must be one of system, developer, user, assistant, tool, function');
  }
}

function toolResult(id: string, name: string | undefined, body: JsonObject, param: string): ToolResultPart {
  const content = decodeContent(body['content'] ?? '', `${param}.content`);
  const parts =
    typeof content === 'string'
      ? content
      : content.map((part) => (part.type === 'refusal' ? ({ type: 'text', text: part.text } as const) : part));
  const cacheControl = decodeCacheControl(body['cache_control'], `${param}.cache_control`);
  return {
    type: 'tool-result',
    toolCallId: id,
    ...(name === undefined ? {} : { name }),
    content: parts,
    ...(cacheControl === undefined ? {} : { cacheControl }),
  };
}

function decodeAssistant(
  body: JsonObject,
  param: string,
  legacyIds: Map<string, string>,
  at: number,
): string | readonly Part[] {
  const parts: Part[] = [...decodeReasoning(body, param)];
  const plain = parts.length === 0;
  const content = body['content'];
  const decoded = content === undefined || content === null ? '' : assistantContent(content, `${param}.content`);
  if (typeof decoded !== 'string') parts.push(...decoded);
  const refusal = optionalString(body['refusal'], `${param}.refusal`);
  const calls = decodeToolCalls(body, param, legacyIds, at);
  const flags = inputFlags(body);
  if (typeof decoded === 'string') {
    if (plain && refusal === undefined && calls.length === 0 && flags.length === 0) return decoded;
    if (decoded !== '') parts.push({ type: 'text', text: decoded });
  }
  if (refusal !== undefined && refusal !== '') parts.push({ type: 'refusal', text: refusal });
  parts.push(...calls, ...flags);
  return parts;
}

/** Mistral writes thinking as a part of the content. */
function assistantContent(value: unknown, param: string): string | Part[] {
  const decoded = decodeContent(value, param);
  if (typeof decoded === 'string') return decoded;
  return decoded.map((part): Part => {
    if (part.type !== 'opaque' || !isJsonObject(part.value) || part.value['type'] !== 'thinking') return part;
    const thinking = part.value['thinking'];
    const list: unknown[] = Array.isArray(thinking) ? thinking : [{ text: thinking }];
    const pieces = list.map((one) => (isJsonObject(one) && typeof one['text'] === 'string' ? one['text'] : ''));
    return { type: 'reasoning', text: pieces.join('') };
  });
}

function decodeReasoning(body: JsonObject, param: string): Part[] {
  const text =
    optionalString(body['reasoning_content'], `${param}.reasoning_content`) ||
    (typeof body['reasoning'] === 'string' ? body['reasoning'] : undefined);
  const details = optionalArray(body['reasoning_details'], `${param}.reasoning_details`) ?? [];
  if (details.length > 0 && details.every((entry) => isJsonObject(entry) && entry['format'] === OWN_DETAILS_FORMAT)) {
    return ownReasoning(details as JsonObject[]);
  }
  const parts: Part[] = [];
  if (text !== undefined && text !== '') parts.push({ type: 'reasoning', text });
  if (details.length > 0) {
    parts.push({ type: 'opaque', wire: 'openai-chat', value: { reasoning_details: details as JsonObject[] } });
  }
  return parts;
}

/** Details that our own serving side wrote: each index is one signed or encrypted block of another wire. */
function ownReasoning(details: readonly JsonObject[]): ReasoningPart[] {
  const blocks = new Map<unknown, { -readonly [K in keyof ReasoningPart]: ReasoningPart[K] }>();
  for (const entry of details) {
    const key = entry['index'] ?? blocks.size;
    const block = blocks.get(key) ?? { type: 'reasoning', text: '' };
    blocks.set(key, block);
    if (typeof entry['text'] === 'string') block.text += entry['text'];
    if (typeof entry['signature'] === 'string') block.signature = entry['signature'];
    if (typeof entry['data'] === 'string') block.redacted = entry['data'];
    if (typeof entry['id'] === 'string') block.id = entry['id'];
  }
  return [...blocks.values()];
}

function decodeToolCalls(
  body: JsonObject,
  param: string,
  legacyIds: Map<string, string>,
  at: number,
): (ToolCallPart | OpaquePart)[] {
  const calls = (optionalArray(body['tool_calls'], `${param}.tool_calls`) ?? []).map((call, index) =>
    decodeToolCall(call, `${param}.tool_calls[${index}]`),
  );
  const legacy = body['function_call'];
  if (isJsonObject(legacy)) {
    const name = requiredString(legacy['name'], `${param}.function_call.name`);
    const id = `call_${createHash('sha256').update(`${at}|${name}`).digest('hex').slice(0, 24)}`;
    legacyIds.set(name, id);
    const text = optionalString(legacy['arguments'], `${param}.function_call.arguments`);
    calls.push({ type: 'tool-call', id, name, arguments: text || '{}' });
  }
  return calls;
}

function decodeToolCall(value: unknown, param: string): ToolCallPart | OpaquePart {
  const call = requiredObject(value, param);
  const id = requiredString(call['id'], `${param}.id`);
  if (call['type'] === 'custom') return { type: 'opaque', wire: 'openai-chat', value: { tool_call: call } };
  const definition = requiredObject(call['function'], `${param}.function`);
  const name = requiredString(definition['name'], `${param}.function.name`);
  const json = optionalString(definition['arguments'], `${param}.function.arguments`);
  return { type: 'tool-call', id, name, arguments: json || '{}' };
}

/** Fields of a turn that only some servers of this wire know; they go back to such a server unchanged. */
function inputFlags(body: JsonObject): OpaquePart[] {
  const flags: JsonObject = {};
  for (const key of ['prefix', 'partial', 'audio']) {
    const value = body[key];
    if (value !== undefined && value !== null) flags[key] = value;
  }
  return Object.keys(flags).length === 0 ? [] : [{ type: 'opaque', wire: 'openai-chat', value: { message: flags } }];
}
