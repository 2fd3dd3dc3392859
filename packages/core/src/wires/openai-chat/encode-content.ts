import type { Losses } from '../losses.ts';
import type { DocumentPart, ImagePart, MediaSource, Part, TextPart } from '../../spec/message.ts';
import type { JsonObject, JsonValue } from '../../spec/json.ts';
import type { Quirks } from '../quirks.ts';

type ContentPart = Exclude<Part, { type: 'tool-call' | 'tool-result' | 'reasoning' }>;

/**
 * Content of a message as this wire writes it: a plain string when there is only one unmarked text (or the server
 * takes nothing else), otherwise a list of parts.
 */
export function encodeContent(
  parts: readonly ContentPart[],
  quirks: Quirks,
  losses: Losses,
  where: string,
): string | JsonValue[] {
  const only = parts.length === 1 ? parts[0] : undefined;
  if (parts.length === 0) return '';
  if (only?.type === 'text' && (only.cacheControl === undefined || !quirks.cacheControl)) {
    if (only.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    return only.text;
  }
  if (quirks.plainTextContent) return parts.map((part) => plainText(part, losses, where)).join('\n');
  return parts.map((part) => encodePart(part, quirks, losses, where)).filter((part) => part !== undefined);
}

function encodePart(part: ContentPart, quirks: Quirks, losses: Losses, where: string): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return marked({ type: 'text', text: part.text }, part, quirks, losses, where);
    case 'refusal':
      return quirks.refusalField ? { type: 'refusal', refusal: part.text } : { type: 'text', text: part.text };
    case 'image': {
      const url = mediaUrl(part.source);
      if (quirks.vision === false || url === undefined) return textInstead(part, losses, where);
      const image: JsonObject = { url };
      if (part.detail !== undefined) image['detail'] = part.detail;
      return marked({ type: 'image_url', image_url: image }, part, quirks, losses, where);
    }
    case 'document': {
      const file = encodeFile(part);
      if (file === undefined) return textInstead(part, losses, where);
      return marked({ type: 'file', file }, part, quirks, losses, where);
    }
    case 'opaque':
      if (part.wire === 'openai-chat') return part.value as JsonObject;
      losses.add(`${part.wire} item on ${where}`);
      return undefined;
    default:
      return part satisfies never;
  }
}

function encodeFile(part: DocumentPart): JsonObject | undefined {
  const { source, title } = part;
  if (source.type === 'file') return { file_id: source.fileId };
  if (source.type !== 'base64') return undefined;
  return { filename: title ?? 'document', file_data: `data:${source.mediaType};base64,${source.data}` };
}

function mediaUrl(source: MediaSource): string | undefined {
  if (source.type === 'url') return source.url;
  return source.type === 'base64' ? `data:${source.mediaType};base64,${source.data}` : undefined;
}

function textInstead(part: ImagePart | DocumentPart, losses: Losses, where: string): JsonObject {
  return { type: 'text', text: plainText(part, losses, where) };
}

/** What stands in for a part where only text can go; declared, except for text itself. */
function plainText(part: ContentPart, losses: Losses, where: string): string {
  if (part.type === 'text' || part.type === 'refusal') {
    if (part.type === 'text' && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    return part.text;
  }
  if (part.type === 'document') {
    const { source, title } = part;
    const heading = title === undefined ? 'Document' : `Document "${title}"`;
    if (source.type === 'text') return `[${heading}]\n${source.text}`;
    losses.add(`document on ${where}`);
    return source.type === 'url' ? `[${heading}: ${source.url}]` : `[${heading} left out]`;
  }
  losses.add(`${part.type} on ${where}`);
  if (part.type === 'image') return part.source.type === 'url' ? `[Image: ${part.source.url}]` : '[Image left out]';
  return '';
}

/** Adds the cache breakpoint where the server understands it, else declares it lost. */
function marked(
  body: JsonObject,
  part: TextPart | ImagePart | DocumentPart,
  quirks: Quirks,
  losses: Losses,
  where: string,
): JsonObject {
  if (part.cacheControl === undefined) return body;
  if (quirks.cacheControl) body['cache_control'] = cacheControlJson(part.cacheControl.ttl);
  else losses.add(`cache_control on ${where}`);
  return body;
}

export function cacheControlJson(ttl: '5m' | '1h' | undefined): JsonObject {
  return ttl === undefined ? { type: 'ephemeral' } : { type: 'ephemeral', ttl };
}
