import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { DocumentPart, ImagePart, MediaSource, OpaquePart, RefusalPart, TextPart } from '../../spec/message.ts';
import { fail, kindOf, optionalString } from '../request-fields.ts';
import { WIRE } from './facts.ts';

export type DecodedPart = TextPart | ImagePart | DocumentPart | RefusalPart | OpaquePart;

/** A list of content parts; unknown ones are carried on this wire only. */
export function decodeParts(value: unknown, param: string): DecodedPart[] {
  if (!Array.isArray(value)) throw fail(param, `must be a string or an array of parts, not ${kindOf(value)}`);
  return (value as unknown[]).map((part, at) => decodePart(part, `${param}[${at}]`));
}

function decodePart(part: unknown, param: string): DecodedPart {
  if (!isJsonObject(part)) throw fail(param, `must be an object with a \`type\`, not ${kindOf(part)}`);
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
    case 'summary_text':
      if (typeof part['text'] !== 'string') throw fail(`${param}.text`, 'must be a string');
      return { type: 'text', text: part['text'] };
    case 'refusal':
      if (typeof part['refusal'] !== 'string') throw fail(`${param}.refusal`, 'must be a string');
      return { type: 'refusal', text: part['refusal'] };
    case 'input_image':
      return decodeImage(part, param);
    case 'input_file':
      return decodeFile(part, param);
    default:
      if (typeof part['type'] !== 'string') throw fail(`${param}.type`, 'is required and must be a string');
      return { type: 'opaque', wire: WIRE, value: { part } };
  }
}

function decodeImage(part: JsonObject, param: string): ImagePart | OpaquePart {
  const fileId = optionalString(part['file_id'], `${param}.file_id`);
  const url = optionalString(part['image_url'], `${param}.image_url`);
  if (fileId === undefined && (url === undefined || url === '')) {
    throw fail(`${param}.image_url`, 'is required and must be a string');
  }
  const source: MediaSource =
    fileId === undefined ? decodeUrl(url ?? '', `${param}.image_url`) : { type: 'file', fileId };
  const detail = optionalString(part['detail'], `${param}.detail`);
  // `original` and whatever comes later are hints of this wire alone.
  if (detail === undefined) return { type: 'image', source };
  if (detail !== 'auto' && detail !== 'low' && detail !== 'high') return { type: 'image', source };
  return { type: 'image', source, detail };
}

function decodeFile(part: JsonObject, param: string): DocumentPart | OpaquePart {
  const title = optionalString(part['filename'], `${param}.filename`);
  const named = title === undefined ? {} : { title };
  const fileId = optionalString(part['file_id'], `${param}.file_id`);
  if (fileId !== undefined) return { type: 'document', source: { type: 'file', fileId }, ...named };
  const url = optionalString(part['file_url'], `${param}.file_url`);
  if (url !== undefined) return { type: 'document', source: { type: 'url', url }, ...named };
  const data = optionalString(part['file_data'], `${param}.file_data`);
  if (data === undefined) throw fail(param, 'needs `file_id`, `file_url` or `file_data`');
  return { type: 'document', source: decodeUrl(data, `${param}.file_data`), ...named };
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
