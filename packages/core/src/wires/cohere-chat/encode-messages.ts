import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { partsOf, textOf, type DocumentPart, type ImagePart, type Message, type Part } from '../../spec/message.ts';
import type { ToolResultPart } from '../../spec/message.ts';
import type { Losses } from '../losses.ts';
import { toolCallIdFor, type ToolNames } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { PLAN_ID, WIRE } from './facts.ts';

export interface MessageContext {
  readonly target: WireTarget;
  readonly names: ToolNames;
  readonly losses: Losses;
  /** The request came in over this wire: its thinking is this wire's own. */
  readonly sameWire: boolean;
}

/** The conversation as this protocol has it. Results follow their calls; what they cannot hold comes in a user turn. */
export function encodeMessages(messages: readonly Message[], context: MessageContext): JsonObject[] {
  const { losses } = context;
  const out: JsonObject[] = [];
  const calls = new Map<string, string>();
  /** Images of results wait until the run of tool messages is over. */
  let waiting: ImagePart[] = [];

  const flush = (): void => {
    if (waiting.length === 0) return;
    out.push({ role: 'user', content: waiting.map((image) => imageItem(image, 'a tool result', context)) });
    waiting = [];
  };
  const toolResult = (part: ToolResultPart, where: string): void => {
    const name = calls.get(part.toolCallId);
    if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    if (part.isError === true) losses.add(`is_error on ${where}`);
    const inner = partsOf(part.content);
    if (name === undefined) {
      flush();
      losses.add(`tool result without its call on ${where} (sent as text)`);
      out.push({ role: 'user', content: `[Result of tool ${part.name ?? part.toolCallId}]\n${textOf(inner)}` });
      return;
    }
    const images = inner.filter((one) => one.type === 'image');
    if (images.length > 0) {
      losses.add(`place of images in the tool result on ${where} (sent in the next user turn)`);
      waiting.push(...images);
    }
    const id = toolCallIdFor(context.target.quirks.toolCallIdFormat, part.toolCallId);
    out.push({ role: 'tool', tool_call_id: id, content: resultContent(inner, where, losses) });
  };

  messages.forEach((message, at) => {
    const where = `messages[${at}]`;
    if (message.name !== undefined) losses.add(`name on ${where}`);
    if (message.role === 'assistant') {
      flush();
      for (const part of partsOf(message.content)) if (part.type === 'tool-call') calls.set(part.id, part.name);
      out.push(assistant(message, where, context));
      return;
    }
    const rest: Part[] = [];
    for (const part of partsOf(message.content)) {
      if (part.type === 'tool-result') toolResult(part, where);
      else rest.push(part);
    }
    if (rest.length === 0 && (message.role === 'tool' || partsOf(message.content).length > 0)) return;
    flush();
    const role = message.role === 'system' ? 'system' : 'user';
    out.push({ role, content: simple(rest.flatMap((part) => plainItem(part, where, context))) });
  });
  flush();
  if (context.target.quirks.systemRole === 'merge') mergeSystem(out);
  return out;
}

/** One plain text is a string. */
function simple(items: readonly JsonObject[]): JsonValue {
  const only = items.length === 1 ? items[0] : undefined;
  if (items.length === 0) return '';
  return only?.['type'] === 'text' && Object.keys(only).length === 2 ? (only['text'] ?? '') : [...items];
}

function plainItem(part: Part, where: string, context: MessageContext): JsonObject[] {
  const { losses } = context;
  if ('cacheControl' in part && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  switch (part.type) {
    case 'text':
    case 'refusal':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [imageItem(part, where, context)];
    case 'document':
      return [{ type: 'text', text: documentText(part, where, losses) }];
    case 'opaque': {
      const own = part.wire === WIRE && isJsonObject(part.value) ? part.value['content'] : undefined;
      if (isJsonObject(own)) return [own];
      if (part.wire !== WIRE) losses.add(`${part.wire} item on ${where}`);
      return [];
    }
    default:
      losses.add(`${part.type} on ${where}`);
      return [];
  }
}

function imageItem(part: ImagePart, where: string, { losses, target }: MessageContext): JsonObject {
  const { source, detail } = part;
  if (target.quirks.vision === false) {
    losses.add(`image on ${where}`);
    return { type: 'text', text: source.type === 'url' ? `[Image: ${source.url}]` : '[Image left out]' };
  }
  if (source.type === 'file') throw unsupported('an image behind a file id', where);
  const image: JsonObject = {
    url: source.type === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`,
  };
  if (detail !== undefined) image['detail'] = detail;
  return { type: 'image_url', image_url: image };
}

function documentText({ source, title }: DocumentPart, where: string, losses: Losses): string {
  losses.add(`document on ${where}: sent as text`);
  const head = title === undefined ? '' : `${title}:\n`;
  if (source.type === 'text') return head + source.text;
  if (source.type === 'base64' && /^(text\/|application\/(json|xml))/.test(source.mediaType)) {
    return head + Buffer.from(source.data, 'base64').toString('utf8');
  }
  throw unsupported('a document that is not text', where);
}

function unsupported(what: string, where: string): ProviderError {
  const message = `${where} holds ${what}, which this protocol does not take: send images as base64 or by address, and documents as text.`;
  return new ProviderError({ kind: 'unsupported', message, parameter: where });
}

/** Texts, and documents that the answer may cite. */
function resultContent(parts: readonly Part[], where: string, losses: Losses): JsonValue {
  const items = parts.flatMap((part): JsonObject[] => {
    if (part.type === 'text') return [{ type: 'text', text: part.text }];
    if (part.type === 'image') return [];
    if (part.type === 'document') return [{ type: 'document', document: { data: documentData(part, where, losses) } }];
    const own =
      part.type === 'opaque' && part.wire === WIRE && isJsonObject(part.value) ? part.value['content'] : undefined;
    if (isJsonObject(own)) return [own];
    losses.add(`${part.type} in the tool result on ${where}`);
    return [];
  });
  return parts.every((part) => part.type === 'text' || part.type === 'image') ? textOf(parts) : items;
}

function documentData(part: DocumentPart, where: string, losses: Losses): JsonObject {
  const { source, title } = part;
  const text = source.type === 'text' ? source.text : documentText({ ...part, title: undefined }, where, losses);
  return title === undefined ? { text } : { text, title };
}

function assistant(message: Message, where: string, context: MessageContext): JsonObject {
  const { losses, names, target } = context;
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const citations: JsonValue[] = [];
  let plan = '';
  for (const part of partsOf(message.content)) {
    if (part.type === 'reasoning') {
      const own = part.issuer === undefined ? context.sameWire : part.issuer === target.issuer;
      if (!own || target.quirks.omitParameters.includes('reasoning_replay')) losses.add(`reasoning on ${where}`);
      else {
        if (part.signature !== undefined || part.redacted !== undefined) losses.add(`reasoning signature on ${where}`);
        if (part.id === PLAN_ID) plan += part.text;
        else if (part.text !== '') content.push({ type: 'thinking', thinking: part.text });
      }
    } else if (part.type === 'tool-call') {
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      if (part.signature !== undefined) losses.add(`signature of a tool call on ${where}`);
      const json = part.arguments.trim() === '' ? '{}' : part.arguments;
      const id = toolCallIdFor(target.quirks.toolCallIdFormat, part.id);
      calls.push({ id, type: 'function', function: { name: names.sent(part.name), arguments: json } });
    } else if (
      part.type === 'opaque' &&
      part.wire === WIRE &&
      isJsonObject(part.value) &&
      Array.isArray(part.value['citations'])
    ) {
      citations.push(...part.value['citations']);
    } else content.push(...plainItem(part, where, context));
  }
  const body: JsonObject = { role: 'assistant' };
  if (plan !== '') body['tool_plan'] = plan;
  if (calls.length > 0) body['tool_calls'] = calls;
  // A turn of calls alone has no content; any other needs some.
  if (content.length > 0 || calls.length === 0) body['content'] = simple(content);
  if (citations.length > 0) body['citations'] = citations;
  return body;
}

/** Models without a system turn read it at the beginning of the first user turn. */
function mergeSystem(out: JsonObject[]): void {
  const system = out.filter(({ role }) => role === 'system');
  if (system.length === 0) return;
  const words = system
    .map(({ content }) => (typeof content === 'string' ? content : textOfItems(content)))
    .join('\n\n');
  out.splice(0, out.length, ...out.filter(({ role }) => role !== 'system'));
  const first = out.find(({ role }) => role === 'user');
  if (first === undefined) out.unshift({ role: 'user', content: words });
  else if (Array.isArray(first['content'])) first['content'] = [{ type: 'text', text: words }, ...first['content']];
  else first['content'] = `${words}\n\n${typeof first['content'] === 'string' ? first['content'] : ''}`;
}

function textOfItems(content: JsonValue | undefined): string {
  if (!Array.isArray(content)) return '';
  return content.map((item) => (isJsonObject(item) && typeof item['text'] === 'string' ? item['text'] : '')).join('');
}
