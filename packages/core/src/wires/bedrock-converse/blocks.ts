import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CacheControl, DocumentPart, ImagePart, MediaSource, Part, ToolResultPart } from '../../spec/message.ts';
import { isBlank, type BlockTurn } from '../block-turns.ts';
import type { Losses } from '../losses.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import { documentFormatOf, imageFormatOf, WIRE } from './facts.ts';
import type { Family } from './models.ts';

/** A content block on its way out. `rawInput` replaces `input` of a tool call, byte for byte. */
export interface Block {
  json: JsonObject;
  readonly rawInput?: string;
  /** Id of the call as the caller knows it, on calls and results. */
  readonly callId?: string;
}

export type Turn = BlockTurn<Block>;

export interface BlockContext {
  readonly family: Family;
  readonly losses: Losses;
  /** Names of documents given so far; the service wants each to be its own. */
  readonly documentNames: Set<string>;
}

export function textBlock(text: string): Block {
  return { json: { text } };
}

/** A cache point stands behind what it closes off. */
export function addCachePoint(
  blocks: Block[],
  cacheControl: CacheControl | undefined,
  where: string,
  { family, losses }: Pick<BlockContext, 'family' | 'losses'>,
): void {
  if (cacheControl === undefined) return;
  if (!family.cachePoints) return losses.add(`cache_control on ${where}: this model has no cache points`);
  blocks.push({ json: cachePoint(cacheControl, where, { family, losses }) });
}

export function cachePoint(
  { ttl }: CacheControl,
  where: string,
  { family, losses }: Pick<BlockContext, 'family' | 'losses'>,
): JsonObject {
  if (ttl === undefined) return { cachePoint: { type: 'default' } };
  if (family.richCachePoints) return { cachePoint: { type: 'default', ttl } };
  if (ttl !== '5m') losses.add(`cache ttl on ${where}: this model has its own`);
  return { cachePoint: { type: 'default' } };
}

/** Other protocols carry bytes as a URL, and this one objects of a store. */
function bytesOf(source: MediaSource, what: string): { readonly mediaType: string; readonly source: JsonObject } {
  if (source.type === 'base64') return { mediaType: source.mediaType, source: { bytes: plainBase64(source.data) } };
  if (source.type === 'url') {
    const data = /^data:([^;,]*)(?:;[^,]*)?;base64,(.*)$/is.exec(source.url);
    if (data !== null) return { mediaType: data[1] ?? '', source: { bytes: plainBase64(data[2] ?? '') } };
    if (source.url.startsWith('s3://')) {
      return { mediaType: source.mediaType ?? typeByEnding(source.url), source: { s3Location: { uri: source.url } } };
    }
  }
  // Leaving it out would let the model answer about something it never saw.
  throw new ProviderError({
    kind: 'unsupported',
    message: `${what}: this protocol carries bytes and s3:// addresses, not ${source.type === 'url' ? 'web addresses' : 'file ids'}. Send the content as base64.`,
    rule: 'media-source',
  });
}

/** The service takes standard base64 without white space. */
function plainBase64(data: string): string {
  return data.replaceAll(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/');
}

const ENDINGS: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  pdf: 'application/pdf',
  csv: 'text/csv',
  html: 'text/html',
  txt: 'text/plain',
  md: 'text/markdown',
};

function typeByEnding(url: string): string {
  return ENDINGS[/\.([a-z0-9]+)$/i.exec(url)?.[1]?.toLowerCase() ?? ''] ?? '';
}

function unsupportedFormat(what: string, mediaType: string, known: string): ProviderError {
  const given = mediaType === '' ? 'no media type' : `the media type ${mediaType.slice(0, 80)}`;
  return new ProviderError({
    kind: 'unsupported',
    message: `${what} has ${given}; this protocol knows ${known}.`,
    rule: 'media-type',
  });
}

function imageBlock(part: ImagePart, where: string, losses: Losses): Block {
  if (part.detail !== undefined && part.detail !== 'auto') losses.add(`detail on ${where}`);
  const { mediaType, source } = bytesOf(part.source, `An image on ${where}`);
  const format = imageFormatOf(mediaType);
  if (format === undefined) throw unsupportedFormat(`An image on ${where}`, mediaType, 'png, jpeg, gif and webp');
  return { json: { image: { format, source } } };
}

function documentBlock(part: DocumentPart, where: string, names: Set<string>): Block {
  const name = documentName(part.title, names);
  if (part.source.type === 'text') {
    const bytes = Buffer.from(part.source.text, 'utf8').toString('base64');
    return { json: { document: { format: 'txt', name, source: { bytes } } } };
  }
  const { mediaType, source } = bytesOf(part.source, `A document on ${where}`);
  const format = documentFormatOf(mediaType);
  if (format === undefined) throw unsupportedFormat(`A document on ${where}`, mediaType, 'pdf, office, text and html');
  return { json: { document: { format, name, source } } };
}

/**
 * "The document name can only contain alphanumeric characters, white space (not more than one in a row), hyphens,
 * parentheses and square brackets", and no two may be alike.
 */
function documentName(title: string | undefined, names: Set<string>): string {
  const plain = (title ?? '')
    .replaceAll(/[^a-zA-Z0-9\s\-()[\]]/g, '-')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, 190);
  const base = plain === '' ? 'document' : plain;
  let name = base;
  for (let round = 2; names.has(name); round += 1) name = `${base} ${round}`;
  names.add(name);
  return name;
}

/** Blocks of the parts that a user turn and a tool result have in common. */
export function addPlain(blocks: Block[], part: Part, where: string, context: BlockContext): void {
  const { losses } = context;
  switch (part.type) {
    case 'text':
      // "The text field in the ContentBlock object at messages.0.content.0 is blank"
      if (!isBlank(part.text)) blocks.push(textBlock(part.text));
      return addCachePoint(blocks, isBlank(part.text) ? undefined : part.cacheControl, where, context);
    case 'refusal':
      return void (isBlank(part.text) || blocks.push(textBlock(part.text)));
    case 'image':
      blocks.push(imageBlock(part, where, losses));
      return addCachePoint(blocks, part.cacheControl, where, context);
    case 'document':
      blocks.push(documentBlock(part, where, context.documentNames));
      return addCachePoint(blocks, part.cacheControl, where, context);
    case 'opaque':
      if (part.wire !== WIRE) return losses.add(`opaque ${part.wire} item on ${where}`);
      return addOpaque(blocks, part.value);
    default:
      return losses.add(`${part.type} on ${where}`);
  }
}

/** Citations travel behind the text they belong to and are put around it again. */
export function addOpaque(blocks: Block[], value: unknown): void {
  if (!isJsonObject(value)) return;
  const { citations } = value;
  const last = blocks.at(-1)?.json['text'];
  if (citations === undefined || Object.keys(value).length > 1) return void blocks.push({ json: value });
  if (typeof last !== 'string') return;
  blocks[blocks.length - 1] = { json: { citationsContent: { content: [{ text: last }], citations } } };
}

export function resultBlock(part: ToolResultPart, where: string, context: BlockContext): Block {
  const inner: Block[] = [];
  if (typeof part.content === 'string') {
    if (!isBlank(part.content)) inner.push(textBlock(part.content));
  } else {
    const outside = { ...context, family: { ...context.family, cachePoints: false } };
    for (const piece of part.content) addPlain(inner, piece, where, outside);
  }
  // An empty list is refused by some models, and an error without a word by all.
  if (inner.length === 0) inner.push(textBlock(part.isError === true ? 'The tool failed without a message.' : ''));
  const json: JsonObject = { toolUseId: part.toolCallId, content: inner.map((block) => block.json) };
  if (part.isError === true) json['status'] = 'error';
  return { json: { toolResult: json }, callId: part.toolCallId };
}

export function writeBlock({ json, rawInput }: Block): string {
  const text = stringifyWellFormed(json);
  return rawInput === undefined ? text : `${text.slice(0, -2)},"input":${rawInput}}}`;
}
