import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { partsOf, type Message, type OpaquePart, type Part, type ReasoningPart } from '../../spec/message.ts';
import type { ToolNames } from '../tool-identity.ts';
import { toolCallIdFor } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { encodeContent } from './encode-content.ts';
import type { Losses } from '../losses.ts';

/** Marks our own reasoning details, made from signed parts, so that they can be read back as such. */
export const OWN_DETAILS_FORMAT = 'standin-signed';

/** One assistant turn: text, replayed reasoning, tool calls with their arguments byte for byte. */
export function encodeAssistant(
  message: Message,
  target: WireTarget,
  names: ToolNames,
  losses: Losses,
  where: string,
): JsonObject {
  const { quirks } = target;
  const parts = partsOf(message.content);
  const body: JsonObject = { role: 'assistant' };
  const calls: JsonValue[] = [];
  const reasoning: ReasoningPart[] = [];
  const content: Extract<Part, { type: 'text' }>[] = [];
  let refusal = '';
  let details: JsonValue | undefined;

  const opaque = (part: OpaquePart): void => {
    const value = part.value;
    if (part.wire !== 'openai-chat' || !isJsonObject(value)) losses.add(`${part.wire} item on ${where}`);
    else if (value['tool_call'] !== undefined) calls.push(withId(value['tool_call'], target));
    else if (value['reasoning_details'] !== undefined) details = value['reasoning_details'];
    else if (isJsonObject(value['message'])) Object.assign(body, replayable(value['message']));
  };

  for (const part of parts) {
    if (part.type === 'text') content.push(part);
    else if (part.type === 'reasoning') reasoning.push(part);
    else if (part.type === 'opaque') opaque(part);
    else if (part.type === 'refusal') {
      if (quirks.refusalField) refusal += part.text;
      else content.push({ type: 'text', text: part.text });
    } else if (part.type === 'tool-call') {
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      calls.push({
        id: toolCallIdFor(quirks.toolCallIdFormat, part.id),
        type: 'function',
        function: { name: names.sent(part.name), arguments: part.arguments },
      });
    } else losses.add(`${part.type} on ${where}`);
  }

  if (content.length > 0) body['content'] = encodeContent(content, quirks, losses, where);
  else if (quirks.assistantContentString || (calls.length === 0 && refusal === '')) body['content'] = '';
  if (refusal !== '') body['refusal'] = refusal;
  replayReasoning(body, reasoning, details, target, losses);
  if (calls.length > 0) body['tool_calls'] = calls;
  if (message.name !== undefined && quirks.messageName) body['name'] = message.name;
  return body;
}

/** Thinking goes back only in the field the server reads it from; signatures only to the model that made them. */
function replayReasoning(
  body: JsonObject,
  parts: readonly ReasoningPart[],
  details: JsonValue | undefined,
  target: WireTarget,
  losses: Losses,
): void {
  const style = target.quirks.reasoningReplay;
  if (style === 'none') {
    if (parts.length > 0 || details !== undefined) losses.add('reasoning of earlier turns');
    return;
  }
  if (style === 'reasoning_details') {
    if (details !== undefined) {
      body['reasoning_details'] = details;
      return;
    }
    const own = parts.filter((part) => part.issuer === undefined || part.issuer === target.issuer);
    if (own.length < parts.length) losses.add('reasoning signed by another model');
    if (own.length > 0) body['reasoning_details'] = own.flatMap((part, index) => detailsOf(part, index));
    return;
  }
  const text = parts.map((part) => part.text).join('');
  if (parts.some((part) => part.redacted !== undefined || part.signature !== undefined) || details !== undefined) {
    losses.add('reasoning signatures of earlier turns');
  }
  if (text !== '') body[style] = text;
}

/** A reasoning part in OpenRouter's form. */
export function detailsOf(part: ReasoningPart, index: number, format?: string): JsonObject[] {
  const common: JsonObject = { index };
  if (part.id !== undefined) common['id'] = part.id;
  if (format !== undefined) common['format'] = format;
  const entries: JsonObject[] = [];
  if (part.text !== '' || part.signature !== undefined) {
    const entry: JsonObject = { type: 'reasoning.text', text: part.text, ...common };
    if (part.signature !== undefined) entry['signature'] = part.signature;
    entries.push(entry);
  }
  if (part.redacted !== undefined) entries.push({ type: 'reasoning.encrypted', data: part.redacted, ...common });
  return entries;
}

function withId(call: JsonValue, target: WireTarget): JsonValue {
  if (!isJsonObject(call) || typeof call['id'] !== 'string') return call;
  return { ...call, id: toolCallIdFor(target.quirks.toolCallIdFormat, call['id']) };
}

/** Fields of an assistant message that are input as well; annotations are of the answer only. */
function replayable(fields: JsonObject): JsonObject {
  return Object.fromEntries(
    ['prefix', 'partial', 'audio'].filter((key) => fields[key] !== undefined).map((key) => [key, fields[key]!]),
  );
}
