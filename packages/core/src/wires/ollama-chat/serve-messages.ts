import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ImagePart, Message, Part, TextPart, ToolResultPart } from '../../spec/message.ts';
import { fail, kindOf, optionalArray, optionalString, requiredObject, requiredString } from '../request-fields.ts';

interface Call {
  readonly id: string;
  readonly name: string;
  answered: boolean;
}

/** `messages` of this wire; results without an id find their call by the tool's name and order. */
export function readMessages(value: unknown): Message[] {
  const list = optionalArray(value, 'messages');
  if (list === undefined || list.length === 0) throw fail('messages', 'is required and must not be empty');
  const calls: Call[] = [];
  const messages: Message[] = [];
  list.forEach((entry, at) => {
    const path = `messages[${at}]`;
    const message = requiredObject(entry, path);
    const role = requiredString(message['role'], `${path}.role`);
    if (role === 'tool') return addResult(messages, toolResult(message, path, calls));
    if (role !== 'system' && role !== 'user' && role !== 'assistant') {
      throw fail(`${path}.role`, 'must be "system", "user", "assistant" or "tool"');
    }
    if (role === 'assistant') return void messages.push({ role, content: assistant(message, path, calls) });
    messages.push({ role, content: simple(plain(message, path)) });
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

function simple(parts: readonly Part[]): string | readonly Part[] {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (parts.length === 0) return '';
  return only?.type === 'text' ? only.text : parts;
}

function plain(message: JsonObject, path: string): (TextPart | ImagePart)[] {
  const parts: (TextPart | ImagePart)[] = [];
  const text = optionalString(message['content'], `${path}.content`);
  if (text !== undefined && text !== '') parts.push({ type: 'text', text });
  const images = optionalArray(message['images'], `${path}.images`) ?? [];
  images.forEach((image, at) => {
    if (typeof image !== 'string' || image === '') throw fail(`${path}.images[${at}]`, 'must be base64 text');
    parts.push({ type: 'image', source: imageSource(image) });
  });
  return parts;
}

/** First characters of base64 by the file's first bytes; this wire does not say what an image is. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
  ['Qk', 'image/bmp'],
];

function imageSource(image: string): ImagePart['source'] {
  const inline = /^data:([^;,]+)[^,]*;base64,(.*)$/is.exec(image);
  if (inline !== null) return { type: 'base64', mediaType: inline[1] ?? 'image/png', data: inline[2] ?? '' };
  const mediaType = BEGINNINGS.find(([beginning]) => image.startsWith(beginning))?.[1] ?? 'image/png';
  return { type: 'base64', mediaType, data: image };
}

function assistant(message: JsonObject, path: string, calls: Call[]): string | readonly Part[] {
  const parts: Part[] = [];
  const thinking = optionalString(message['thinking'], `${path}.thinking`);
  if (thinking !== undefined && thinking !== '') parts.push({ type: 'reasoning', text: thinking });
  parts.push(...plain(message, path));
  const toolCalls = optionalArray(message['tool_calls'], `${path}.tool_calls`) ?? [];
  toolCalls.forEach((entry, at) => {
    const where = `${path}.tool_calls[${at}]`;
    const call = requiredObject(entry, where);
    const definition = requiredObject(call['function'], `${where}.function`);
    const name = requiredString(definition['name'], `${where}.function.name`);
    const id = rememberCall(optionalString(call['id'], `${where}.id`), name, calls);
    const text = argumentsText(definition['arguments'], `${where}.function.arguments`);
    parts.push({ type: 'tool-call', id, name, arguments: text });
  });
  return simple(parts);
}

function argumentsText(value: unknown, path: string): string {
  if (value === undefined || value === null) return '{}';
  if (typeof value === 'string') return value === '' ? '{}' : value;
  if (!isJsonObject(value)) throw fail(path, `must be an object, not ${kindOf(value)}`);
  return JSON.stringify(value);
}

function rememberCall(given: string | undefined, name: string, calls: Call[]): string {
  let id = given ?? '';
  // Made up from the place alone, so that the same conversation always has the same ids.
  for (let at = calls.length; id === '' || calls.some((call) => call.id === id); at += 1) {
    id = `call_${at}_${name}`.slice(0, 40);
  }
  calls.push({ id, name, answered: false });
  return id;
}

function toolResult(message: JsonObject, path: string, calls: readonly Call[]): ToolResultPart {
  const id = optionalString(message['tool_call_id'], `${path}.tool_call_id`);
  const name =
    optionalString(message['tool_name'], `${path}.tool_name`) ?? optionalString(message['name'], `${path}.name`);
  const open = calls.filter((call) => !call.answered);
  const byPlace = id === undefined && name === undefined ? open[0] : undefined;
  const call =
    open.find((one) => one.id === id) ?? open.find((one) => id === undefined && one.name === name) ?? byPlace;
  if (call !== undefined) call.answered = true;
  const content = plain(message, path);
  return {
    type: 'tool-result',
    toolCallId: call?.id ?? id ?? `call_of_${name ?? 'unknown'}`,
    content: content.some((part) => part.type === 'image') ? content : content.map(textIn).join(''),
  };
}

function textIn(part: TextPart | ImagePart): string {
  return part.type === 'text' ? part.text : '';
}
