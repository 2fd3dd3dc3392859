import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { MediaSource, Message, OpaquePart, Part, TextPart, ToolResultPart } from '../../spec/message.ts';
import { documentTypeOf, imageTypeOf, WIRE } from './facts.ts';
import { invalid, listAt, markLast, objectAt, readCachePoint, requiredString, stringAt } from './serve-fields.ts';

type Role = 'user' | 'assistant';

/** System blocks; a list of one plain text is that text. */
export function readSystem(blocks: readonly JsonValue[], path: string): string | readonly Part[] {
  const parts: Part[] = [];
  blocks.forEach((block, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(block)) throw invalid(at, 'must be an object');
    const point = readCachePoint(block, at);
    if (point !== undefined) markLast(parts, point);
    else if (typeof block['text'] === 'string') parts.push({ type: 'text', text: block['text'] });
    else parts.push(opaque(block));
  });
  return plainText(parts) ?? parts;
}

/** One wire message; tool results of a user turn become messages of their own, in the order they stand. */
export function readContent(blocks: readonly JsonValue[], role: Role, path: string): Message[] {
  const messages: { role: Message['role']; content: Part[] }[] = [];
  blocks.forEach((block, index) => {
    const at = `${path}[${index}]`;
    if (!isJsonObject(block)) throw invalid(at, 'must be an object');
    const point = readCachePoint(block, at);
    if (point !== undefined) return markLast(messages.at(-1)?.content ?? [], point);
    for (const part of readBlock(block, role, at)) {
      const kind = part.type === 'tool-result' ? 'tool' : role;
      const last = messages.at(-1);
      if (last?.role === kind) last.content.push(part);
      else messages.push({ role: kind, content: [part] });
    }
  });
  return messages.map(({ role: kind, content }) => ({ role: kind, content: plainText(content) ?? content }));
}

/** One text without anything on it is a plain string, the usual form of a message. */
function plainText(parts: readonly Part[]): string | undefined {
  const [only] = parts;
  const isPlain = parts.length === 1 && only?.type === 'text' && only.cacheControl === undefined;
  return isPlain ? only.text : undefined;
}

function readBlock(block: JsonObject, role: Role, path: string): Part[] {
  if (typeof block['text'] === 'string') return [{ type: 'text', text: block['text'] }];
  const inner = (key: string): JsonObject => objectAt(block, key, `${path}.`) ?? {};
  if (block['image'] !== undefined) return [readImage(block, `${path}.image`)];
  if (block['document'] !== undefined) return [readDocument(block, `${path}.document`)];
  if (block['toolUse'] !== undefined) {
    if (role !== 'assistant') throw invalid(path, 'toolUse blocks can only be in assistant messages');
    return [readToolUse(block, inner('toolUse'), `${path}.toolUse`)];
  }
  if (block['toolResult'] !== undefined) {
    if (role !== 'user') throw invalid(path, 'toolResult blocks can only be in user messages');
    return [readToolResult(inner('toolResult'), `${path}.toolResult`)];
  }
  if (block['reasoningContent'] !== undefined) return [readThinking(inner('reasoningContent'))];
  if (block['citationsContent'] !== undefined) return readCitations(block, inner('citationsContent'));
  if (Object.keys(block).length === 0) throw invalid(path, 'a content block must have exactly one member set');
  return [opaque(block)];
}

/** Bytes, or an object of a store by its address; anything else has no common form. */
function readSource(value: JsonValue | undefined, mediaType: string): MediaSource | undefined {
  if (!isJsonObject(value)) return undefined;
  const { bytes, s3Location } = value;
  if (typeof bytes === 'string') return { type: 'base64', mediaType, data: bytes };
  if (!isJsonObject(s3Location) || s3Location['bucketOwner'] !== undefined) return undefined;
  const { uri } = s3Location;
  return typeof uri === 'string' ? { type: 'url', url: uri, mediaType } : undefined;
}

function readImage(block: JsonObject, path: string): Part & { type: 'image' | 'opaque' } {
  const image = objectAt(block, 'image') ?? {};
  const mediaType = imageTypeOf(requiredString(image, 'format', `${path}.`));
  if (mediaType === undefined) throw invalid(`${path}.format`, "must be 'png', 'jpeg', 'gif' or 'webp'");
  if (image['source'] === undefined) throw invalid(`${path}.source`, 'is required');
  const source = readSource(image['source'], mediaType);
  return source === undefined ? opaque(block) : { type: 'image', source };
}

function readDocument(block: JsonObject, path: string): Part & { type: 'document' | 'opaque' } {
  const document = objectAt(block, 'document') ?? {};
  const title = requiredString(document, 'name', `${path}.`);
  const mediaType = documentTypeOf(stringAt(document, 'format', `${path}.`) ?? 'txt') ?? 'text/plain';
  const { source: given } = document;
  const source =
    isJsonObject(given) && typeof given['text'] === 'string'
      ? ({ type: 'text', text: given['text'] } as const)
      : readSource(given, mediaType);
  const isPlain = document['citations'] === undefined && document['context'] === undefined;
  return source === undefined || !isPlain ? opaque(block) : { type: 'document', source, title };
}

function readToolUse(block: JsonObject, call: JsonObject, path: string): Part {
  // A tool that the service ran itself.
  if (typeof call['type'] === 'string') return opaque(block);
  const id = requiredString(call, 'toolUseId', `${path}.`);
  const name = requiredString(call, 'name', `${path}.`);
  return { type: 'tool-call', id, name, arguments: JSON.stringify(call['input'] ?? {}) };
}

function readToolResult(result: JsonObject, path: string): ToolResultPart {
  const toolCallId = requiredString(result, 'toolUseId', `${path}.`);
  const content = listAt(result, 'content', `${path}.`);
  if (content === undefined) throw invalid(`${path}.content`, 'is required');
  const parts = content.map((block, index) => readResultBlock(block, `${path}.content[${index}]`));
  const part = { type: 'tool-result' as const, toolCallId, content: (plainText(parts) ?? parts) as typeof parts };
  return result['status'] === 'error' ? { ...part, isError: true } : part;
}

function readResultBlock(block: JsonValue, path: string): Exclude<ToolResultPart['content'], string>[number] {
  if (!isJsonObject(block)) throw invalid(path, 'must be an object');
  if (typeof block['text'] === 'string') return { type: 'text', text: block['text'] };
  // Every other protocol has tools answer in text.
  if (block['json'] !== undefined) return { type: 'text', text: JSON.stringify(block['json']) };
  if (block['image'] !== undefined) return readImage(block, `${path}.image`);
  return block['document'] === undefined ? opaque(block) : readDocument(block, `${path}.document`);
}

function readThinking(thinking: JsonObject): Part {
  const { redactedContent: redacted, reasoningText } = thinking;
  if (typeof redacted === 'string') return { type: 'reasoning', text: '', redacted };
  const inner = isJsonObject(reasoningText) ? reasoningText : {};
  const text = typeof inner['text'] === 'string' ? inner['text'] : '';
  const { signature } = inner;
  return typeof signature === 'string' && signature !== ''
    ? { type: 'reasoning', text, signature }
    : { type: 'reasoning', text };
}

function readCitations(block: JsonObject, cited: JsonObject): (TextPart | OpaquePart)[] {
  const content = Array.isArray(cited['content']) ? cited['content'] : [];
  const text = content.map((piece) => (isJsonObject(piece) && typeof piece['text'] === 'string' ? piece['text'] : ''));
  if (!Array.isArray(cited['citations'])) return [opaque(block)];
  return [
    { type: 'text', text: text.join('') },
    { type: 'opaque', wire: WIRE, value: { citations: cited['citations'] } },
  ];
}

function opaque(value: JsonObject): OpaquePart {
  return { type: 'opaque', wire: WIRE, value };
}
