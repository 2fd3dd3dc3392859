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
import { kindOf } from '../request-fields.ts';
import { WIRE } from './facts.ts';
import { camelKeys, fieldOf, invalid, listAt, objectAt, stringAt } from './serve-fields.ts';

interface Call {
  readonly id: string;
  readonly name: string;
  answered: boolean;
}

/** Calls of the conversation so far: most callers send no ids, so a result finds its call by name and order. */
interface Calls {
  readonly list: Call[];
  readonly ids: Set<string>;
}

/** `systemInstruction` and `contents` to messages. Throws `RequestError` with the field's path. */
export function readContents(body: JsonObject): Message[] {
  const messages: Message[] = [];
  const system = fieldOf(body, 'systemInstruction');
  if (system !== undefined) {
    const parts = typeof system === 'string' ? [{ text: system }] : partsAt(system, 'systemInstruction');
    const content = parts.map((part, at) => plainPart(part, `systemInstruction.parts[${at}]`));
    if (content.length > 0) messages.push({ role: 'system', content: simple(content) });
  }
  const contents = listAt(body, 'contents');
  if (contents.length === 0) throw invalid('contents', 'contents is not specified');
  const calls: Calls = { list: [], ids: new Set() };
  contents.forEach((content, at) => messages.push(...readContent(content, `contents[${at}]`, calls)));
  return messages;
}

function partsAt(content: JsonValue, path: string): JsonObject[] {
  if (typeof content === 'string') return [{ text: content }];
  if (!isJsonObject(content)) throw invalid(path, `must be an object with \`parts\`, not ${kindOf(content)}`);
  return listAt(content, 'parts').map((part, at) => {
    if (typeof part === 'string') return { text: part };
    if (!isJsonObject(part)) throw invalid(`${path}.parts[${at}]`, `must be an object, not ${kindOf(part)}`);
    return part;
  });
}

function readContent(content: JsonValue, path: string, calls: Calls): Message[] {
  const role = isJsonObject(content) ? (stringAt(content, 'role', path) ?? 'user') : 'user';
  const parts = partsAt(content, path);
  if (role === 'model') {
    const own = parts.flatMap((part, at) => modelPart(part, `${path}.parts[${at}]`, calls));
    return own.length === 0 ? [] : [{ role: 'assistant', content: simple(own) }];
  }
  if (role === 'system') {
    const own = parts.map((part, at) => plainPart(part, `${path}.parts[${at}]`));
    return own.length === 0 ? [] : [{ role: 'system', content: simple(own) }];
  }
  if (role !== 'user' && role !== 'function' && role !== 'tool') {
    throw invalid(`${path}.role`, 'Please use a valid role: user, model');
  }
  const results: ToolResultPart[] = [];
  const rest: Part[] = [];
  parts.forEach((part, at) => {
    const where = `${path}.parts[${at}]`;
    const response = objectAt(part, 'functionResponse', where);
    if (response === undefined) rest.push(plainPart(part, where));
    else results.push(toolResult(response, `${where}.functionResponse`, calls));
  });
  const messages: Message[] = [];
  if (results.length > 0) messages.push({ role: 'tool', content: results });
  if (rest.length > 0 || results.length === 0) messages.push({ role: 'user', content: simple(rest) });
  return messages;
}

/** One plain text is a string. */
function simple(parts: readonly Part[]): string | readonly Part[] {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (parts.length === 0) return '';
  return only?.type === 'text' ? only.text : parts;
}

function modelPart(part: JsonObject, path: string, calls: Calls): Part[] {
  const signature = stringAt(part, 'thoughtSignature', path);
  const call = objectAt(part, 'functionCall', path);
  if (call !== undefined) {
    const name = stringAt(call, 'name', `${path}.functionCall`);
    if (name === undefined || name === '') throw invalid(`${path}.functionCall.name`, 'is required');
    const args = objectAt(call, 'args', `${path}.functionCall`);
    const id = rememberCall(stringAt(call, 'id', `${path}.functionCall`), name, calls);
    const read: Part = { type: 'tool-call', id, name, arguments: JSON.stringify(args ?? {}) };
    return [signature === undefined ? read : { ...read, signature }];
  }
  const text = stringAt(part, 'text', path);
  if (part['thought'] === true && text !== undefined) {
    if (text === '' && signature === undefined) return [];
    return [{ type: 'reasoning', text, ...(signature === undefined ? {} : { signature }) }];
  }
  if (text === undefined) return [plainPart(part, path)];
  const parts: Part[] = text === '' ? [] : [{ type: 'text', text }];
  if (signature !== undefined) {
    parts.push({ type: 'opaque', wire: WIRE, value: { part: { text: '', thoughtSignature: signature } } });
  }
  return parts;
}

function rememberCall(given: string | undefined, name: string, calls: Calls): string {
  let id = given ?? '';
  // Made up from the place alone, so that the same conversation always has the same ids.
  for (let at = calls.list.length; id === '' || calls.ids.has(id); at += 1) id = `call_${at}_${name}`.slice(0, 40);
  calls.ids.add(id);
  calls.list.push({ id, name, answered: false });
  return id;
}

function toolResult(response: JsonObject, path: string, calls: Calls): ToolResultPart {
  const name = stringAt(response, 'name', path);
  const id = stringAt(response, 'id', path);
  const open = calls.list.filter((call) => !call.answered);
  const call = open.find((one) => one.id === id) ?? open.find((one) => id === undefined && one.name === name);
  if (call !== undefined) call.answered = true;
  const toolCallId = call?.id ?? id ?? `call_of_${name ?? 'unknown'}`;
  const value = fieldOf(response, 'response');
  if (value !== undefined && !isJsonObject(value)) {
    throw invalid(`${path}.response`, `must be an object, not ${kindOf(value)}`);
  }
  const media = listAt(response, 'parts').map((part, at) => {
    if (!isJsonObject(part)) throw invalid(`${path}.parts[${at}]`, 'must be an object');
    return plainPart(part, `${path}.parts[${at}]`);
  });
  const { text, isError } = resultText(value ?? {});
  const content = media.length === 0 ? text : [{ type: 'text' as const, text }, ...media];
  const result: ToolResultPart = { type: 'tool-result', toolCallId, content };
  return isError ? { ...result, isError } : result;
}

/** `{output: "…"}` and `{error: "…"}` are wrappings of a plain text; any other object is its own text. */
function resultText(response: JsonObject): { readonly text: string; readonly isError: boolean } {
  const [only, ...others] = Object.entries(response);
  if (only !== undefined && others.length === 0 && typeof only[1] === 'string') {
    if (only[0] === 'output' || only[0] === 'error') return { text: only[1], isError: only[0] === 'error' };
  }
  return { text: JSON.stringify(response), isError: false };
}

type PlainPart = TextPart | ImagePart | DocumentPart | OpaquePart;

/** Text, images and documents; whatever else the protocol has is carried on it only. */
function plainPart(part: JsonObject, path: string): PlainPart {
  const text = stringAt(part, 'text', path);
  if (text !== undefined) return { type: 'text', text };
  const inline = objectAt(part, 'inlineData', path);
  if (inline !== undefined) {
    const mediaType = stringAt(inline, 'mimeType', `${path}.inlineData`) ?? '';
    const data = stringAt(inline, 'data', `${path}.inlineData`);
    if (mediaType === '') throw invalid(`${path}.inlineData.mimeType`, 'is required');
    if (data === undefined) throw invalid(`${path}.inlineData.data`, 'is required');
    return media({ type: 'base64', mediaType, data }, mediaType) ?? opaque(part);
  }
  const file = objectAt(part, 'fileData', path);
  if (file !== undefined) {
    const uri = stringAt(file, 'fileUri', `${path}.fileData`);
    if (uri === undefined || uri === '') throw invalid(`${path}.fileData.fileUri`, 'is required');
    const mediaType = stringAt(file, 'mimeType', `${path}.fileData`);
    const type = mediaType === undefined ? {} : { mediaType };
    const isAddress = /^https?:/i.test(uri) && !/\.googleapis\.com\//i.test(uri);
    const source: MediaSource = isAddress ? { type: 'url', url: uri, ...type } : { type: 'file', fileId: uri, ...type };
    return (mediaType === undefined ? undefined : media(source, mediaType)) ?? opaque(part);
  }
  if (Object.keys(part).length === 0)
    throw invalid(path, "required oneof field 'data' must have one initialized field");
  return opaque(part);
}

function media(source: MediaSource, mediaType: string): PlainPart | undefined {
  if (mediaType.startsWith('image/')) return { type: 'image', source };
  if (/^(text\/|application\/)/.test(mediaType)) return { type: 'document', source };
  // Sound and film have no common form.
  return undefined;
}

function opaque(part: JsonObject): OpaquePart {
  return { type: 'opaque', wire: WIRE, value: { part: camelKeys(part) } };
}
