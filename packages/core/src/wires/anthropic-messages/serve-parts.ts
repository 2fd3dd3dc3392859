import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type {
  DocumentPart,
  ImagePart,
  MediaSource,
  Message,
  OpaquePart,
  Part,
  TextPart,
  ToolResultPart,
} from '../../spec/message.ts';
import { blockFields, WIRE } from './facts.ts';
import { invalid, readCacheControl, stringAt } from './serve-fields.ts';

type Role = 'user' | 'assistant';

/** System text: a string, or text blocks. */
export function readSystem(value: JsonValue, path: string): string | readonly Part[] {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw invalid(path, 'Input should be a valid string or list');
  return value.flatMap((block, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(block)) throw invalid(at, 'Input should be a valid dictionary');
    return block['type'] === 'text' ? readText(block, at) : [opaque(block)];
  });
}

/** One wire message; tool results of a user turn become messages of their own, in the order they stand. */
export function readContent(content: JsonValue | undefined, role: Role, path: string): Message[] {
  if (typeof content === 'string') return [{ role, content }];
  if (content === undefined || content === null) throw invalid(path, 'Field required');
  if (!Array.isArray(content)) throw invalid(path, 'Input should be a valid string or list');
  const messages: { role: Message['role']; content: Part[] }[] = [];
  content.forEach((block, index) => {
    for (const part of readBlock(block, role, `${path}[${index}]`)) {
      const kind = part.type === 'tool-result' ? 'tool' : role;
      const last = messages.at(-1);
      if (last?.role === kind) last.content.push(part);
      else messages.push({ role: kind, content: [part] });
    }
  });
  return messages.length === 0 ? [{ role, content: [] }] : messages;
}

function readBlock(block: JsonValue, role: Role, path: string): Part[] {
  if (!isJsonObject(block)) throw invalid(path, 'Input should be a valid dictionary');
  switch (block['type']) {
    case 'text':
      return readText(block, path);
    case 'image':
      return [readImage(block, path)];
    case 'document':
      return readDocument(block, path);
    case 'tool_use':
      if (role !== 'assistant') throw invalid(path, '`tool_use` blocks can only be in `assistant` messages');
      return readToolUse(block, path);
    case 'tool_result':
      if (role !== 'user') throw invalid(path, '`tool_result` blocks can only be in `user` messages');
      return [readToolResult(block, path)];
    case 'thinking':
      return [readThinking(block, path)];
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', redacted: stringAt(block, 'data', `${path}.`) ?? '' }];
    case undefined:
    case null:
      throw invalid(`${path}.type`, 'Field required');
    default:
      return [opaque(block)];
  }
}

function readText(block: JsonObject, path: string): (TextPart | OpaquePart)[] {
  const text = stringAt(block, 'text', `${path}.`);
  if (text === undefined) throw invalid(`${path}.text`, 'Field required');
  const cacheControl = readCacheControl(block, path);
  const part: TextPart = cacheControl === undefined ? { type: 'text', text } : { type: 'text', text, cacheControl };
  const { citations } = block;
  if (!Array.isArray(citations) || citations.length === 0) return [part];
  return [part, opaque(blockFields('text', { citations }))];
}

function readSource(block: JsonObject, path: string): MediaSource {
  const { source } = block;
  if (!isJsonObject(source)) throw invalid(`${path}.source`, 'Field required');
  const at = `${path}.source.`;
  const need = (key: string): string => {
    const value = stringAt(source, key, at);
    if (value === undefined) throw invalid(`${at}${key}`, 'Field required');
    return value;
  };
  switch (source['type']) {
    case 'base64':
      return { type: 'base64', mediaType: need('media_type'), data: need('data') };
    case 'url':
      return { type: 'url', url: need('url') };
    case 'file':
      return { type: 'file', fileId: need('file_id') };
    default:
      throw invalid(`${at}type`, "Input should be 'base64', 'url' or 'file'");
  }
}

function readImage(block: JsonObject, path: string): ImagePart {
  const cacheControl = readCacheControl(block, path);
  const part: ImagePart = { type: 'image', source: readSource(block, path) };
  return cacheControl === undefined ? part : { ...part, cacheControl };
}

function readDocument(block: JsonObject, path: string): (DocumentPart | OpaquePart)[] {
  const { source, citations, context } = block;
  const type = isJsonObject(source) ? source['type'] : undefined;
  // A document made of blocks has no common form.
  if (type === 'content') return [opaque(block)];
  const title = stringAt(block, 'title', `${path}.`);
  const cacheControl = readCacheControl(block, path);
  const text = type === 'text' && isJsonObject(source) ? stringAt(source, 'data', `${path}.source.`) : undefined;
  const part: DocumentPart = {
    type: 'document',
    source: text === undefined ? readSource(block, path) : { type: 'text', text },
    ...(title === undefined ? {} : { title }),
    ...(cacheControl === undefined ? {} : { cacheControl }),
  };
  const fields: JsonObject = {};
  if (isJsonObject(citations)) fields['citations'] = citations;
  if (typeof context === 'string') fields['context'] = context;
  return Object.keys(fields).length === 0 ? [part] : [part, opaque(blockFields('document', fields))];
}

function readToolUse(block: JsonObject, path: string): Part[] {
  const id = stringAt(block, 'id', `${path}.`);
  const name = stringAt(block, 'name', `${path}.`);
  if (id === undefined) throw invalid(`${path}.id`, 'Field required');
  if (name === undefined) throw invalid(`${path}.name`, 'Field required');
  const { input, caller } = block;
  if (input !== undefined && input !== null && !isJsonObject(input)) {
    throw invalid(`${path}.input`, 'Input should be a valid dictionary');
  }
  const cacheControl = readCacheControl(block, path);
  const call: Part = {
    type: 'tool-call',
    id,
    name,
    arguments: JSON.stringify(input ?? {}),
    ...(cacheControl === undefined ? {} : { cacheControl }),
  };
  const isIndirect = isJsonObject(caller) && caller['type'] !== 'direct';
  return isIndirect ? [call, opaque(blockFields('tool_use', { caller }))] : [call];
}

function readToolResult(block: JsonObject, path: string): ToolResultPart {
  const toolCallId = stringAt(block, 'tool_use_id', `${path}.`);
  if (toolCallId === undefined) throw invalid(`${path}.tool_use_id`, 'Field required');
  const cacheControl = readCacheControl(block, path);
  return {
    type: 'tool-result',
    toolCallId,
    content: readResultContent(block['content'], `${path}.content`),
    ...(block['is_error'] === true ? { isError: true } : {}),
    ...(cacheControl === undefined ? {} : { cacheControl }),
  };
}

function readResultContent(content: JsonValue | undefined, path: string): ToolResultPart['content'] {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw invalid(path, 'Input should be a valid string or list');
  return content.flatMap((block, index): (TextPart | ImagePart | DocumentPart | OpaquePart)[] => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(block)) throw invalid(at, 'Input should be a valid dictionary');
    if (block['type'] === 'text') return readText(block, at);
    if (block['type'] === 'image') return [readImage(block, at)];
    return block['type'] === 'document' ? readDocument(block, at) : [opaque(block)];
  });
}

function readThinking(block: JsonObject, path: string): Part {
  const text = stringAt(block, 'thinking', `${path}.`) ?? '';
  const signature = stringAt(block, 'signature', `${path}.`);
  return signature === undefined || signature === ''
    ? { type: 'reasoning', text }
    : { type: 'reasoning', text, signature };
}

function opaque(value: JsonObject): OpaquePart {
  return { type: 'opaque', wire: WIRE, value };
}
