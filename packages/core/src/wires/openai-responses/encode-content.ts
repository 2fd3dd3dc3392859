import type { JsonObject, JsonValue } from '../../spec/json.ts';
import type { DocumentPart, ImagePart, OpaquePart, RefusalPart, TextPart } from '../../spec/message.ts';
import type { Losses } from '../losses.ts';
import type { Quirks } from '../quirks.ts';
import { itemOf, sideOf, WIRE } from './facts.ts';

export type ContentPart = TextPart | ImagePart | DocumentPart | RefusalPart | OpaquePart;

/** Content of a user or system turn, or of a tool's output: a plain string for one text, else a list of input parts. */
export function encodeContent(
  parts: readonly ContentPart[],
  quirks: Quirks,
  losses: Losses,
  where: string,
): string | JsonValue[] {
  for (const part of parts) {
    if ('cacheControl' in part && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  }
  const only = parts.length === 1 ? parts[0] : undefined;
  if (only?.type === 'text' || only?.type === 'refusal') return only.text;
  const list = parts.flatMap((part) => encodePart(part, quirks, losses, where));
  if (!quirks.plainTextContent) return list;
  return list.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('\n');
}

function encodePart(part: ContentPart, quirks: Quirks, losses: Losses, where: string): JsonObject[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ type: 'input_text', text: part.text }];
    case 'image':
      return [encodeImage(part, quirks) ?? leftOut('Image', part, losses, where)];
    case 'document':
      return [encodeFile(part, quirks) ?? leftOut(titleOf(part), part, losses, where)];
    case 'opaque': {
      const value = part.wire === WIRE ? sideOf(part.value, 'part') : undefined;
      if (value !== undefined) return [value];
      // A whole item stands beside the message, not in it; the caller of this function has taken it out.
      if (part.wire !== WIRE || itemOf(part.value) === undefined) losses.add(`${part.wire} item on ${where}`);
      return [];
    }
    default:
      return part satisfies never;
  }
}

function encodeImage(part: ImagePart, quirks: Quirks): JsonObject | undefined {
  if (quirks.vision === false || quirks.plainTextContent) return undefined;
  const { source } = part;
  const image: JsonObject = { type: 'input_image' };
  if (source.type === 'file') image['file_id'] = source.fileId;
  else image['image_url'] = source.type === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
  if (part.detail !== undefined) image['detail'] = part.detail;
  return image;
}

function encodeFile(part: DocumentPart, quirks: Quirks): JsonObject | undefined {
  const { source, title } = part;
  if (source.type === 'text') return { type: 'input_text', text: `[${titleOf(part)}]\n${source.text}` };
  if (quirks.plainTextContent) return undefined;
  if (source.type === 'file') return { type: 'input_file', file_id: source.fileId, ...named(title) };
  if (source.type === 'url') return { type: 'input_file', file_url: source.url, ...named(title) };
  const data = `data:${source.mediaType};base64,${source.data}`;
  // Data without a name is refused ("Missing required parameter: 'input[0].content[0].filename'").
  return { type: 'input_file', filename: title ?? 'document', file_data: data };
}

function named(title: string | undefined): JsonObject {
  return title === undefined ? {} : { filename: title };
}

function titleOf(part: DocumentPart): string {
  return part.title === undefined ? 'Document' : `Document "${part.title}"`;
}

function leftOut(name: string, part: ImagePart | DocumentPart, losses: Losses, where: string): JsonObject {
  losses.add(`${part.type} on ${where}`);
  const url = part.source.type === 'url' ? `: ${part.source.url}` : ' left out';
  return { type: 'input_text', text: `[${name}${url}]` };
}
