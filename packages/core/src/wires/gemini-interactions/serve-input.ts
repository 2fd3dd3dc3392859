import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { DocumentPart, ImagePart, MediaSource, Message, OpaquePart, Part, TextPart } from '../../spec/message.ts';
import type { ToolResultPart } from '../../spec/message.ts';
import {
  fail,
  kindOf,
  optionalArray,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from '../request-fields.ts';
import { WIRE } from './facts.ts';

type Draft = { role: Message['role']; parts: Part[] };

/**
 * `input`: a text, one content item, a list of them, or the steps of a conversation. Steps of the model in a row are one
 * message, as are results. Throws `RequestError` with the field's path.
 */
export function readInput(value: unknown): Message[] {
  if (value === undefined || value === null) throw fail('input', 'is required');
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  if (isJsonObject(value)) return [{ role: 'user', content: simple([plain(value, 'input')]) }];
  const list = optionalArray(value, 'input') ?? [];
  if (list.length === 0) throw fail('input', 'must not be empty');
  const drafts: Draft[] = [];
  list.forEach((entry, at) => readEntry(entry, `input[${at}]`, drafts));
  return drafts.map(({ role, parts }) => ({ role, content: role === 'tool' ? parts : simple(parts) }));
}

function add(drafts: Draft[], role: Message['role'], parts: readonly Part[], joins: boolean): void {
  const last = drafts.at(-1);
  if (joins && last?.role === role) last.parts.push(...parts);
  else drafts.push({ role, parts: [...parts] });
}

/** Kinds of content that may stand in `input` without a step around them. */
const CONTENT = new Set(['text', 'image', 'audio', 'video', 'document']);

function readEntry(entry: unknown, path: string, drafts: Draft[]): void {
  if (typeof entry === 'string') return add(drafts, 'user', [{ type: 'text', text: entry }], true);
  const step = requiredObject(entry, path);
  const type = optionalString(step['type'], `${path}.type`);
  // A turn of the first version of this protocol.
  if (type === undefined && step['role'] !== undefined) return readTurn(step, path, drafts);
  if (type === undefined) throw fail(`${path}.type`, 'is required');
  if (CONTENT.has(type)) return add(drafts, 'user', [plain(step, path)], true);
  switch (type) {
    case 'user_input':
      return readUserStep(step['content'], `${path}.content`, drafts);
    case 'model_output':
      return add(drafts, 'assistant', itemsOf(step['content'], `${path}.content`).flatMap(outputParts), true);
    case 'thought':
      return add(drafts, 'assistant', thought(step, path), true);
    case 'function_call':
      return add(drafts, 'assistant', [functionCall(step, path)], true);
    case 'function_result':
      return add(drafts, 'tool', [functionResult(step, path)], true);
    default:
      // What the vendor's own tools did stands in the model's turn.
      return add(drafts, 'assistant', [{ type: 'opaque', wire: WIRE, value: { step } }], true);
  }
}

function readTurn(turn: JsonObject, path: string, drafts: Draft[]): void {
  const role = requiredString(turn['role'], `${path}.role`);
  if (role === 'user') return readUserStep(turn['content'], `${path}.content`, drafts);
  if (role !== 'model') throw fail(`${path}.role`, 'must be "user" or "model"');
  for (const { item, where } of itemsOf(turn['content'], `${path}.content`)) {
    const isStep = item['type'] === 'thought' || item['type'] === 'function_call';
    if (isStep) readEntry(item, where, drafts);
    else add(drafts, 'assistant', outputParts({ item, where }), true);
  }
}

/** A user step may hold results beside what the user says. */
function readUserStep(content: JsonValue | undefined, path: string, drafts: Draft[]): void {
  const said: Part[] = [];
  for (const { item, where } of itemsOf(content, path)) {
    if (item['type'] === 'function_result') add(drafts, 'tool', [functionResult(item, where)], true);
    else said.push(plain(item, where));
  }
  if (said.length > 0) add(drafts, 'user', said, false);
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
  if (typeof value === 'string') return [{ item: { type: 'text', text: value }, where: path }];
  if (isJsonObject(value)) return [{ item: value, where: path }];
  if (!Array.isArray(value)) throw fail(path, `must be a string or an array, not ${kindOf(value)}`);
  return value.map((one, at) => {
    const where = `${path}[${at}]`;
    return { item: typeof one === 'string' ? { type: 'text', text: one } : requiredObject(one, where), where };
  });
}

type PlainPart = TextPart | ImagePart | DocumentPart | OpaquePart;

/** Text, images and documents; whatever else the protocol has is carried on it only. */
function plain(item: JsonObject, path: string): PlainPart {
  const type = requiredString(item['type'], `${path}.type`);
  const other: OpaquePart = { type: 'opaque', wire: WIRE, value: { content: item } };
  if (type === 'text') return { type: 'text', text: optionalString(item['text'], `${path}.text`) ?? '' };
  if (type !== 'image' && type !== 'document') return other;
  const source = sourceOf(item, path);
  if (type === 'document') return { type, source };
  const resolution = optionalString(item['resolution'], `${path}.resolution`);
  if (resolution === undefined) return { type, source };
  return resolution === 'low' || resolution === 'high' ? { type, source, detail: resolution } : other;
}

function sourceOf(item: JsonObject, path: string): MediaSource {
  const mediaType = optionalString(item['mime_type'], `${path}.mime_type`);
  const data = optionalString(item['data'], `${path}.data`);
  if (data !== undefined) {
    if (mediaType === undefined) throw fail(`${path}.mime_type`, 'is required with `data`');
    return { type: 'base64', mediaType, data };
  }
  const uri = requiredString(item['uri'], `${path}.uri`);
  const type = mediaType === undefined ? {} : { mediaType };
  const isAddress = /^https?:/i.test(uri) && !/\.googleapis\.com\//i.test(uri);
  return isAddress ? { type: 'url', url: uri, ...type } : { type: 'file', fileId: uri, ...type };
}

function outputParts({ item, where }: Item): Part[] {
  const parts: Part[] =
    item['type'] === 'text' || item['type'] === undefined
      ? []
      : [{ type: 'opaque', wire: WIRE, value: { content: item } }];
  if (parts.length > 0) return parts;
  const text = optionalString(item['text'], `${where}.text`) ?? '';
  if (text !== '') parts.push({ type: 'text', text });
  const annotations = optionalArray(item['annotations'], `${where}.annotations`) ?? [];
  if (annotations.length > 0) {
    parts.push({ type: 'opaque', wire: WIRE, value: { annotations: annotations as JsonValue[] } });
  }
  return parts;
}

function thought(step: JsonObject, path: string): Part[] {
  const signature = optionalString(step['signature'], `${path}.signature`);
  const items = itemsOf(step['summary'], `${path}.summary`).map(({ item }) => item);
  const text = items.map((item) => (typeof item['text'] === 'string' ? item['text'] : '')).join('');
  const others = items.filter((item) => typeof item['text'] !== 'string');
  const parts: Part[] = [];
  if (text !== '' || (signature !== undefined && signature !== '')) {
    parts.push({ type: 'reasoning', text, ...(signature === undefined ? {} : { signature }) });
  }
  if (others.length > 0) parts.push({ type: 'opaque', wire: WIRE, value: { summary: others } });
  return parts;
}

function functionCall(step: JsonObject, path: string): Part {
  const signature = optionalString(step['signature'], `${path}.signature`);
  const args = step['arguments'];
  if (typeof args !== 'string') optionalObject(args, `${path}.arguments`);
  const json = typeof args === 'string' ? args : JSON.stringify(args ?? {});
  return {
    type: 'tool-call',
    id: requiredString(step['id'], `${path}.id`),
    name: requiredString(step['name'], `${path}.name`),
    arguments: json,
    ...(signature === undefined || signature === '' ? {} : { signature }),
  };
}

function functionResult(step: JsonObject, path: string): ToolResultPart {
  const name = optionalString(step['name'], `${path}.name`);
  const isError = optionalBoolean(step['is_error'], `${path}.is_error`);
  const { result } = step;
  const items = Array.isArray(result)
    ? itemsOf(result, `${path}.result`).map(({ item, where }) => plain(item, where))
    : undefined;
  const isText = items?.every((part) => part.type === 'text') ?? false;
  const text = typeof result === 'string' ? result : JSON.stringify(result ?? '');
  return {
    type: 'tool-result',
    toolCallId: requiredString(step['call_id'], `${path}.call_id`),
    ...(name === undefined ? {} : { name }),
    content:
      items === undefined
        ? text
        : isText
          ? items.map((part) => (part.type === 'text' ? part.text : '')).join('')
          : items,
    ...(isError === true ? { isError } : {}),
  };
}
