import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { DocumentPart, ImagePart, MediaSource, Message, OpaquePart, Part, TextPart } from '../../spec/message.ts';
import type { ToolResultPart } from '../../spec/message.ts';
import { fail, kindOf, optionalArray, optionalString, requiredObject, requiredString } from '../request-fields.ts';
import { PLAN_ID, WIRE } from './facts.ts';

/** `messages` of this wire. Throws `RequestError` with the field's path. */
export function readMessages(value: unknown): Message[] {
  const list = optionalArray(value, 'messages');
  if (list === undefined || list.length === 0) throw fail('messages', 'is required and must not be empty');
  const messages: Message[] = [];
  list.forEach((entry, at) => {
    const path = `messages[${at}]`;
    const message = requiredObject(entry, path);
    const role = requiredString(message['role'], `${path}.role`);
    if (role === 'tool') return addResult(messages, toolResult(message, path));
    if (role === 'assistant') return void messages.push({ role, content: assistant(message, path) });
    if (role !== 'system' && role !== 'user') {
      throw fail(`${path}.role`, 'must be "system", "user", "assistant" or "tool"');
    }
    messages.push({
      role,
      content: simple(itemsOf(message['content'], `${path}.content`).map(({ item, where }) => plain(item, where))),
    });
  });
  return messages;
}

/** Results in a row are one message, as they answer one turn. */
function addResult(messages: Message[], result: ToolResultPart): void {
  const last = messages.at(-1);
  if (last?.role !== 'tool' || typeof last.content === 'string') {
    messages.push({ role: 'tool', content: [result] });
    return;
  }
  messages[messages.length - 1] = { role: 'tool', content: [...last.content, result] };
}

/** One plain text is a string. */
function simple(parts: readonly Part[]): string | readonly Part[] {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (parts.length === 0) return '';
  return only?.type === 'text' ? only.text : parts;
}

interface Item {
  readonly item: JsonObject;
  readonly where: string;
}

function itemsOf(value: JsonValue | undefined, path: string): Item[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [{ item: { type: 'text', text: value }, where: path }];
  if (!Array.isArray(value)) throw fail(path, `must be a string or an array, not ${kindOf(value)}`);
  return value.map((one, at) => {
    const where = `${path}[${at}]`;
    return { item: typeof one === 'string' ? { type: 'text', text: one } : requiredObject(one, where), where };
  });
}

type PlainPart = TextPart | ImagePart | DocumentPart | OpaquePart;

function plain(item: JsonObject, path: string): PlainPart {
  const type = requiredString(item['type'], `${path}.type`);
  if (type === 'text') return { type: 'text', text: optionalString(item['text'], `${path}.text`) ?? '' };
  if (type !== 'image_url') return { type: 'opaque', wire: WIRE, value: { content: item } };
  const image = item['image_url'];
  const url =
    typeof image === 'string'
      ? image
      : requiredString(requiredObject(image, `${path}.image_url`)['url'], `${path}.image_url.url`);
  const part: ImagePart = { type: 'image', source: sourceOf(url) };
  const detail = isJsonObject(image) ? optionalString(image['detail'], `${path}.image_url.detail`) : undefined;
  if (detail === undefined) return part;
  if (detail !== 'auto' && detail !== 'low' && detail !== 'high') {
    throw fail(`${path}.image_url.detail`, 'must be "auto", "low" or "high"');
  }
  return { ...part, detail };
}

function sourceOf(url: string): MediaSource {
  const inline = /^data:([^;,]+)[^,]*;base64,(.*)$/is.exec(url);
  return inline === null ? { type: 'url', url } : { type: 'base64', mediaType: inline[1] ?? '', data: inline[2] ?? '' };
}

function assistant(message: JsonObject, path: string): string | readonly Part[] {
  const parts: Part[] = [];
  for (const { item, where } of itemsOf(message['content'], `${path}.content`)) {
    if (item['type'] !== 'thinking') parts.push(plain(item, where));
    else parts.push({ type: 'reasoning', text: optionalString(item['thinking'], `${where}.thinking`) ?? '' });
  }
  const plan = optionalString(message['tool_plan'], `${path}.tool_plan`);
  if (plan !== undefined && plan !== '') parts.push({ type: 'reasoning', text: plan, id: PLAN_ID });
  const calls = optionalArray(message['tool_calls'], `${path}.tool_calls`) ?? [];
  calls.forEach((entry, at) => {
    const where = `${path}.tool_calls[${at}]`;
    const call = requiredObject(entry, where);
    const definition = requiredObject(call['function'], `${where}.function`);
    const json = optionalString(definition['arguments'], `${where}.function.arguments`) ?? '';
    parts.push({
      type: 'tool-call',
      id: requiredString(call['id'], `${where}.id`),
      name: requiredString(definition['name'], `${where}.function.name`),
      arguments: json === '' ? '{}' : json,
    });
  });
  const citations = optionalArray(message['citations'], `${path}.citations`) ?? [];
  if (citations.length > 0) parts.push({ type: 'opaque', wire: WIRE, value: { citations: citations as JsonValue[] } });
  return simple(parts);
}

function toolResult(message: JsonObject, path: string): ToolResultPart {
  const toolCallId = requiredString(message['tool_call_id'], `${path}.tool_call_id`);
  const content = itemsOf(message['content'], `${path}.content`).map(({ item, where }) => resultPart(item, where));
  const isText = content.every((part) => part.type === 'text');
  return { type: 'tool-result', toolCallId, content: isText ? content.map((part) => part.text).join('') : content };
}

/** A document of a text, with or without a title, is one of the vocabulary; others are carried on this wire. */
function resultPart(item: JsonObject, path: string): PlainPart {
  const document = isJsonObject(item['document']) ? item['document'] : {};
  const data = item['type'] === 'document' && isJsonObject(document['data']) ? document['data'] : undefined;
  if (data === undefined || document['id'] !== undefined) return plain(item, path);
  const { text, title, ...rest } = data;
  if (typeof text !== 'string' || Object.keys(rest).length > 0) return plain(item, path);
  if (title !== undefined && typeof title !== 'string') return plain(item, path);
  return { type: 'document', source: { type: 'text', text }, ...(title === undefined ? {} : { title }) };
}
