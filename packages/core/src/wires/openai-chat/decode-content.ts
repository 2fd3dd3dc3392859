import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type {
  CacheControl,
  DocumentPart,
  ImagePart,
  MediaSource,
  OpaquePart,
  RefusalPart,
  TextPart,
} from '../../spec/message.ts';
import { fail, kindOf, optionalObject, optionalString, requiredObject } from '../request-fields.ts';

export type DecodedPart = TextPart | ImagePart | DocumentPart | RefusalPart | OpaquePart;

/** `content` of a message: a string stays one, a list becomes parts. Unknown part types are carried on this wire only. */
export function decodeContent(value: unknown, param: string): string | DecodedPart[] {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) throw fail(param, `must be a string or an array of parts, not ${kindOf(value)}`);
  return (value as unknown[]).map((part, at) => decodePart(part, `${param}[${at}]`));
}

function decodePart(part: unknown, param: string): DecodedPart {
  if (!isJsonObject(part)) throw fail(param, `must be an object with a \`type\`, not ${kindOf(part)}`);
  const cacheControl = decodeCacheControl(part['cache_control'], `${param}.cache_control`);
  const mark = cacheControl === undefined ? {} : { cacheControl };
  switch (part['type']) {
    case 'text':
      if (typeof part['text'] !== 'string') throw fail(`${param}.text`, 'must be a string');
      return { type: 'text', text: part['text'], ...mark };
    case 'refusal':
      if (typeof part['refusal'] !== 'string') throw fail(`${param}.refusal`, 'must be a string');
      return { type: 'refusal', text: part['refusal'] };
    case 'image_url':
      return { ...decodeImage(part['image_url'], `${param}.image_url`), ...mark };
    case 'file':
      return { ...decodeFile(requiredObject(part['file'], `${param}.file`), part, `${param}.file`), ...mark };
    default:
      if (typeof part['type'] !== 'string') throw fail(`${param}.type`, 'is required and must be a string');
      return { type: 'opaque', wire: 'openai-chat', value: part };
  }
}

function decodeImage(value: unknown, param: string): ImagePart {
  const image = typeof value === 'string' ? { url: value } : requiredObject(value, param);
  const url = optionalString(image['url'], `${param}.url`);
  if (url === undefined || url === '') throw fail(`${param}.url`, 'is required and must be a string');
  const detail = optionalString(image['detail'], `${param}.detail`);
  if (detail !== undefined && detail !== 'auto' && detail !== 'low' && detail !== 'high') {
    throw fail(`${param}.detail`, 'must be "auto", "low" or "high"');
  }
  const source = decodeUrl(url, `${param}.url`);
  return detail === undefined ? { type: 'image', source } : { type: 'image', source, detail };
}

function decodeFile(file: JsonObject, part: JsonObject, param: string): DocumentPart | OpaquePart {
  const title = optionalString(file['filename'], `${param}.filename`);
  const named = title === undefined ? {} : { title };
  if (typeof file['file_id'] === 'string') {
    return { type: 'document', source: { type: 'file', fileId: file['file_id'] }, ...named };
  }
  if (typeof file['file_data'] !== 'string') return { type: 'opaque', wire: 'openai-chat', value: part };
  return { type: 'document', source: decodeUrl(file['file_data'], `${param}.file_data`), ...named };
}

/** A data URL becomes base64 data with its media type; anything else stays a URL for the vendor to fetch. */
function decodeUrl(url: string, param: string): MediaSource {
  if (!url.startsWith('data:')) return { type: 'url', url };
  const comma = url.indexOf(',');
  const header = comma === -1 ? '' : url.slice(5, comma);
  if (!/;base64$/i.test(header)) throw fail(param, 'must be a base64 data URL: data:<media type>;base64,<data>');
  const mediaType = header.slice(0, header.indexOf(';')) || 'application/octet-stream';
  return { type: 'base64', mediaType, data: url.slice(comma + 1) };
}

export function decodeCacheControl(value: unknown, param: string): CacheControl | undefined {
  const control = optionalObject(value, param);
  if (control === undefined) return undefined;
  const ttl = control['ttl'];
  return ttl === '5m' || ttl === '1h' ? { ttl } : {};
}
