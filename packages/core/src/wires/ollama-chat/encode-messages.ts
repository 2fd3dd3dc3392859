import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { partsOf, type MediaSource, type Message, type Part, type ToolResultPart } from '../../spec/message.ts';
import { argumentsObjectText } from '../tool-arguments.ts';
import type { Losses } from '../losses.ts';
import type { ToolNames } from '../tool-identity.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { WireTarget } from '../wire.ts';
import { WIRE } from './facts.ts';

export interface MessageContext {
  readonly target: WireTarget;
  readonly names: ToolNames;
  readonly losses: Losses;
  /** The request came in over this wire: its thinking is this wire's own. */
  readonly sameWire: boolean;
}

interface Call {
  readonly json: JsonObject;
  /** Text of the arguments object, put in byte for byte. */
  readonly arguments: string;
}

interface Outgoing {
  readonly json: JsonObject;
  readonly calls: readonly Call[];
}

/** The conversation as the JSON text of `messages`. */
export function encodeMessages(messages: readonly Message[], context: MessageContext): string {
  const names = new Map<string, string>();
  const out: Outgoing[] = [];
  messages.forEach((message, at) => {
    const where = `messages[${at}]`;
    if (message.name !== undefined) context.losses.add(`name on ${where}`);
    if (message.role === 'assistant') return void out.push(assistant(message, where, context, names));
    const rest: Part[] = [];
    for (const part of partsOf(message.content)) {
      if (part.type === 'tool-result') out.push(toolResult(part, where, context, names));
      else rest.push(part);
    }
    if (rest.length === 0 && (message.role === 'tool' || partsOf(message.content).length > 0)) return;
    out.push({ json: plain(message.role === 'system' ? 'system' : 'user', rest, where, context.losses), calls: [] });
  });
  if (context.target.quirks.systemRole === 'merge') mergeSystem(out);
  return `[${out.map(write).join(',')}]`;
}

function write({ json, calls }: Outgoing): string {
  const text = stringifyWellFormed(json);
  if (calls.length === 0) return text;
  const list = calls.map(({ json: call, arguments: args }) => {
    const { function: holder, ...rest } = call;
    const head = Object.keys(rest).length === 0 ? '{' : `${stringifyWellFormed(rest).slice(0, -1)},`;
    return `${head}"function":${stringifyWellFormed(holder).slice(0, -1)},"arguments":${args}}}`;
  });
  return `${text.slice(0, -1)},"tool_calls":[${list.join(',')}]}`;
}

/** Text is one string on this wire, images stand beside it. */
function plain(role: string, parts: readonly Part[], where: string, losses: Losses): JsonObject {
  const texts: string[] = [];
  const images: string[] = [];
  for (const part of parts) {
    if ('cacheControl' in part && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    switch (part.type) {
      case 'text':
      case 'refusal':
        texts.push(part.text);
        break;
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto') losses.add(`detail on ${where}`);
        images.push(base64Of(part.source, where));
        break;
      case 'document':
        texts.push(documentText(part, where, losses));
        break;
      case 'opaque':
        if (part.wire === WIRE && isJsonObject(part.value) && Array.isArray(part.value['images'])) {
          images.push(...part.value['images'].filter((image) => typeof image === 'string'));
        } else losses.add(`${part.wire} item on ${where}`);
        break;
      default:
        losses.add(`${part.type} on ${where}`);
    }
  }
  const json: JsonObject = { role, content: texts.join('\n') };
  if (images.length > 0) json['images'] = images;
  return json;
}

function base64Of(source: MediaSource, where: string): string {
  if (source.type === 'base64') return source.data;
  const inline = source.type === 'url' ? /^data:[^,]*;base64,(.*)$/is.exec(source.url) : null;
  if (inline !== null) return inline[1] ?? '';
  throw unsupported(`an image behind ${source.type === 'url' ? 'a web address' : 'a file id'}`, where);
}

function documentText(part: Part & { type: 'document' }, where: string, losses: Losses): string {
  const { source, title } = part;
  losses.add(`document on ${where}: sent as text`);
  const head = title === undefined ? '' : `${title}:\n`;
  if (source.type === 'text') return head + source.text;
  if (source.type === 'base64' && /^(text\/|application\/(json|xml))/.test(source.mediaType)) {
    return head + Buffer.from(source.data, 'base64').toString('utf8');
  }
  throw unsupported('a document that is not text', where);
}

function unsupported(what: string, where: string): ProviderError {
  const message = `${where} holds ${what}, which this protocol does not take: send images as base64 and documents as text.`;
  return new ProviderError({ kind: 'unsupported', message, parameter: where });
}

function assistant(message: Message, where: string, context: MessageContext, names: Map<string, string>): Outgoing {
  const { losses, target } = context;
  const rest: Part[] = [];
  const calls: Call[] = [];
  let thinking = '';
  for (const part of partsOf(message.content)) {
    if (part.type === 'reasoning') {
      const own = part.issuer === undefined ? context.sameWire : part.issuer === target.issuer;
      if (!own || target.quirks.omitParameters.includes('reasoning_replay')) losses.add(`reasoning on ${where}`);
      else {
        if (part.signature !== undefined || part.redacted !== undefined) losses.add(`reasoning signature on ${where}`);
        thinking += part.text;
      }
    } else if (part.type === 'tool-call') {
      names.set(part.id, part.name);
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      if (part.signature !== undefined) losses.add(`signature of a tool call on ${where}`);
      const json = { id: part.id, function: { name: context.names.sent(part.name) } };
      calls.push({ json, arguments: argumentsObjectText(part.arguments, where, losses) });
    } else rest.push(part);
  }
  const json = plain('assistant', rest, where, losses);
  if (thinking !== '') json['thinking'] = thinking;
  return { json, calls };
}

function toolResult(
  part: ToolResultPart,
  where: string,
  context: MessageContext,
  names: ReadonlyMap<string, string>,
): Outgoing {
  const { losses } = context;
  if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  if (part.isError === true) losses.add(`is_error on ${where}`);
  const json = plain('tool', partsOf(part.content), where, losses);
  const name = names.get(part.toolCallId) ?? part.name;
  if (name !== undefined) json['tool_name'] = context.names.sent(name);
  json['tool_call_id'] = part.toolCallId;
  return { json, calls: [] };
}

/** Models without a system turn read it at the beginning of the first user turn. */
function mergeSystem(out: Outgoing[]): void {
  const system = out.filter(({ json }) => json['role'] === 'system');
  if (system.length === 0) return;
  const words = system.map(({ json }) => contentOf(json)).join('\n\n');
  out.splice(0, out.length, ...out.filter(({ json }) => json['role'] !== 'system'));
  const first = out.find(({ json }) => json['role'] === 'user');
  if (first === undefined) out.unshift({ json: { role: 'user', content: words }, calls: [] });
  else
    first.json['content'] = `${words}

${contentOf(first.json)}`;
}

function contentOf(json: JsonObject): string {
  return typeof json['content'] === 'string' ? json['content'] : '';
}
