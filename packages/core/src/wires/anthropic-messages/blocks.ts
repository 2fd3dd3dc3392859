import { isBlank, type BlockTurn } from '../block-turns.ts';
import type { Losses } from '../losses.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CacheControl, DocumentPart, ImagePart, MediaSource, Part, ToolResultPart } from '../../spec/message.ts';
import { fieldsIn, WIRE } from './facts.ts';
import { stringifyWellFormed } from '../well-formed.ts';

/** A content block on its way out. `rawInput` replaces `input` of a tool call, byte for byte. */
export interface Block {
  json: JsonObject;
  readonly rawInput?: string;
  /** Id of the call as the caller knows it, on calls and results. */
  readonly callId?: string;
}

export type Turn = BlockTurn<Block>;

export function withCache(json: JsonObject, cacheControl: CacheControl | undefined): JsonObject {
  if (cacheControl === undefined) return json;
  const control: JsonObject = { type: 'ephemeral' };
  if (cacheControl.ttl !== undefined) control['ttl'] = cacheControl.ttl;
  return { ...json, cache_control: control };
}

export function textBlock(text: string): Block {
  return { json: { type: 'text', text } };
}

function sourceOf(source: MediaSource): JsonObject {
  if (source.type === 'base64') return { type: 'base64', media_type: source.mediaType, data: source.data };
  if (source.type === 'url') return { type: 'url', url: source.url };
  return { type: 'file', file_id: source.fileId };
}

function imageBlock(part: ImagePart, where: string, losses: Losses): JsonObject {
  if (part.detail !== undefined && part.detail !== 'auto') losses.add(`detail on ${where}`);
  const dataUrl = part.source.type === 'url' ? readDataUrl(part.source.url) : undefined;
  return withCache({ type: 'image', source: sourceOf(dataUrl ?? part.source) }, part.cacheControl);
}

/** Other protocols carry image bytes as a URL. */
function readDataUrl(url: string): MediaSource | undefined {
  const found = /^data:([^;,]+);base64,(.*)$/s.exec(url);
  return found === null ? undefined : { type: 'base64', mediaType: found[1] ?? '', data: found[2] ?? '' };
}

function documentBlock(part: DocumentPart): JsonObject {
  const { source } = part;
  const isPlain = source.type === 'base64' && source.mediaType.startsWith('text/');
  const json: JsonObject = {
    type: 'document',
    source:
      source.type === 'text'
        ? { type: 'text', media_type: 'text/plain', data: source.text }
        : isPlain
          ? { type: 'text', media_type: 'text/plain', data: Buffer.from(source.data, 'base64').toString('utf8') }
          : sourceOf(source),
  };
  if (part.title !== undefined) json['title'] = part.title;
  return withCache(json, part.cacheControl);
}

/** Blocks of the parts that a user turn and a tool result have in common; `undefined` for any other part. */
export function plainBlocks(parts: readonly Part[], where: string, losses: Losses): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) addPlain(blocks, part, where, losses);
  return blocks;
}

export function addPlain(blocks: Block[], part: Part, where: string, losses: Losses): void {
  switch (part.type) {
    case 'text':
      if (isBlank(part.text)) return dropBlank(part.cacheControl, where, losses);
      return void blocks.push({ json: withCache({ type: 'text', text: part.text }, part.cacheControl) });
    case 'refusal':
      return void (isBlank(part.text) || blocks.push(textBlock(part.text)));
    case 'image':
      return void blocks.push({ json: imageBlock(part, where, losses) });
    case 'document':
      return void blocks.push({ json: documentBlock(part) });
    case 'opaque': {
      if (part.wire !== WIRE) return losses.add(`opaque ${part.wire} item on ${where}`);
      const added = fieldsIn(part.value);
      const last = blocks.at(-1);
      if (added === undefined) {
        if (isJsonObject(part.value)) blocks.push({ json: part.value });
      } else if (last?.json['type'] === added.block) last.json = { ...last.json, ...added.fields };
      return;
    }
    default:
      return losses.add(`${part.type} on ${where}`);
  }
}

function dropBlank(cacheControl: CacheControl | undefined, where: string, losses: Losses): void {
  if (cacheControl !== undefined) losses.add(`cache_control on an empty text of ${where}`);
}

export function resultBlock(part: ToolResultPart, id: string, where: string, losses: Losses): Block {
  const json: JsonObject = { type: 'tool_result', tool_use_id: id };
  if (typeof part.content === 'string') {
    if (part.content !== '') json['content'] = part.content;
  } else {
    const inner = plainBlocks(part.content, where, losses).map((block) => block.json);
    if (inner.length > 0) json['content'] = inner;
  }
  if (part.isError === true) json['is_error'] = true;
  return { json: withCache(json, part.cacheControl), callId: part.toolCallId };
}

export function writeBlock(block: Block): string {
  if (block.rawInput === undefined) return stringifyWellFormed(block.json);
  const text = stringifyWellFormed(block.json);
  return `${text.slice(0, -1)},"input":${block.rawInput}}`;
}
