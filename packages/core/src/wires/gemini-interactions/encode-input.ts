import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { partsOf, textOf, type DocumentPart, type MediaSource, type Message, type Part } from '../../spec/message.ts';
import type { ToolResultPart } from '../../spec/message.ts';
import type { Losses } from '../losses.ts';
import type { ToolNames } from '../tool-identity.ts';
import { argumentsObjectText } from '../tool-arguments.ts';
import { stringifyWellFormed } from '../well-formed.ts';
import type { WireTarget } from '../wire.ts';
import { WIRE } from './facts.ts';

/** A step on its way out; `arguments` is the JSON text of a call's arguments, which goes out byte for byte. */
interface OutStep {
  readonly json: JsonObject;
  readonly arguments?: string;
}

export interface InputContext {
  readonly target: WireTarget;
  readonly names: ToolNames;
  readonly losses: Losses;
  /** The request came in over this wire: signatures without a stamp are the caller's own. */
  readonly sameWire: boolean;
  /** Earlier turns lie with the vendor (`previous_interaction_id`): a result may come without its call. */
  readonly continued: boolean;
}

/** Messages as steps: the text of `input`, and the system text that stands before the conversation. */
export function encodeInput(
  messages: readonly Message[],
  context: InputContext,
): { readonly system: string; readonly input: string } {
  const { losses } = context;
  const system: string[] = [];
  const steps: OutStep[] = [];
  const calls = new Map<string, string>();
  messages.forEach((message, at) => {
    const where = `messages[${at}]`;
    if (message.name !== undefined) losses.add(`name on ${where}`);
    if (message.role === 'system') {
      for (const part of partsOf(message.content)) if (part.type !== 'text') losses.add(`${part.type} on ${where}`);
      if (marked(message.content)) losses.add(`cache_control on ${where}`);
      if (steps.length === 0) return void system.push(textOf(message.content));
      losses.add(`system role of ${where} (sent as a marked user turn)`);
      const text = `<system>\n${textOf(message.content)}\n</system>`;
      return void steps.push(userStep([{ type: 'text', text }]));
    }
    if (message.role === 'assistant') return void steps.push(...modelSteps(message, where, context, calls));
    steps.push(...userSteps(message, where, context, calls));
  });
  const words = system.join('\n\n');
  const merged = context.target.quirks.systemRole === 'merge' && words !== '';
  // A model without system turns reads it at the beginning of the first user turn.
  if (merged) steps.unshift(userStep([{ type: 'text', text: words }]));
  return { system: merged ? '' : words, input: `[${steps.map(write).join(',')}]` };
}

function write({ json, arguments: args }: OutStep): string {
  const text = stringifyWellFormed(json);
  return args === undefined ? text : `${text.slice(0, -1)},"arguments":${args}}`;
}

function marked(content: Message['content']): boolean {
  return partsOf(content).some((part) => 'cacheControl' in part && part.cacheControl !== undefined);
}

function userStep(content: JsonObject[]): OutStep {
  return { json: { type: 'user_input', content } };
}

function userSteps(
  message: Message,
  where: string,
  context: InputContext,
  calls: ReadonlyMap<string, string>,
): OutStep[] {
  const steps: OutStep[] = [];
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) steps.push(userStep(content));
    content = [];
  };
  for (const part of partsOf(message.content)) {
    const own =
      part.type === 'opaque' && part.wire === WIRE && isJsonObject(part.value) ? part.value['step'] : undefined;
    if (part.type === 'tool-result' || isJsonObject(own)) {
      flush();
      steps.push(part.type === 'tool-result' ? resultStep(part, where, context, calls) : { json: own as JsonObject });
    } else content.push(...contentOf(part, where, context.losses));
  }
  flush();
  return steps;
}

function resultStep(
  part: ToolResultPart,
  where: string,
  context: InputContext,
  calls: ReadonlyMap<string, string>,
): OutStep {
  const { losses, names } = context;
  if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  const name = calls.get(part.toolCallId) ?? part.name;
  const inner = partsOf(part.content);
  if (!calls.has(part.toolCallId) && !context.continued) {
    losses.add(`tool result without its call on ${where} (sent as text)`);
    const text = `[Result of tool ${part.name ?? part.toolCallId}]\n${textOf(inner)}`;
    return userStep([{ type: 'text', text }]);
  }
  const json: JsonObject = { type: 'function_result', call_id: part.toolCallId };
  if (name !== undefined) json['name'] = names.sent(name);
  if (part.isError === true) json['is_error'] = true;
  const isText = inner.every((one) => one.type === 'text');
  json['result'] = isText ? textOf(inner) : inner.flatMap((one) => contentOf(one, where, losses));
  return { json };
}

/** Text in a row is one output step, with its annotations; a thought and a call are steps of their own. */
function modelSteps(message: Message, where: string, context: InputContext, calls: Map<string, string>): OutStep[] {
  const { losses, names } = context;
  const steps: OutStep[] = [];
  let content: JsonObject[] = [];
  const flush = (): void => {
    if (content.length > 0) steps.push({ json: { type: 'model_output', content } });
    content = [];
  };
  for (const part of partsOf(message.content)) {
    const own = part.type === 'opaque' && part.wire === WIRE && isJsonObject(part.value) ? part.value : {};
    if (part.type === 'reasoning') {
      flush();
      steps.push(...thoughtStep(part, where, context));
    } else if (part.type === 'tool-call') {
      flush();
      calls.set(part.id, part.name);
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      const json: JsonObject = { type: 'function_call', id: part.id, name: names.sent(part.name) };
      if (part.signature !== undefined) {
        if (isOwn(part.issuer, context)) json['signature'] = part.signature;
        else losses.add(`thought signature on ${where}: of another model`);
      }
      steps.push({ json, arguments: argumentsObjectText(part.arguments, where, losses) });
    } else if (isJsonObject(own['step'])) {
      flush();
      steps.push({ json: own['step'] });
    } else if (Array.isArray(own['annotations'])) annotate(content, own['annotations']);
    else if (Array.isArray(own['summary'])) addSummary(steps, own['summary']);
    else if (own['interaction'] === undefined) content.push(...contentOf(part, where, losses));
  }
  flush();
  return steps;
}

function annotate(content: JsonObject[], annotations: JsonValue[]): void {
  const last = content.at(-1);
  if (last?.['type'] === 'text') content[content.length - 1] = { ...last, annotations };
}

function addSummary(steps: OutStep[], summary: JsonValue[]): void {
  const last = steps.at(-1)?.json;
  if (last?.['type'] !== 'thought') return;
  last['summary'] = [...(Array.isArray(last['summary']) ? last['summary'] : []), ...summary];
}

function isOwn(issuer: string | undefined, context: InputContext): boolean {
  // Learnt from a refusal of a signature: once more, without any of them.
  if (context.target.quirks.omitParameters.includes('reasoning_replay')) return false;
  return issuer === undefined ? context.sameWire : issuer === context.target.issuer;
}

function thoughtStep(part: Part & { type: 'reasoning' }, where: string, context: InputContext): OutStep[] {
  if (!isOwn(part.issuer, context)) {
    context.losses.add(`reasoning on ${where}: of another model`);
    return [];
  }
  if (part.redacted !== undefined) context.losses.add(`redacted reasoning on ${where}`);
  if (part.text === '' && part.signature === undefined) return [];
  const json: JsonObject = { type: 'thought' };
  if (part.signature !== undefined) json['signature'] = part.signature;
  if (part.text !== '') json['summary'] = [{ type: 'text', text: part.text }];
  return [{ json }];
}

function contentOf(part: Part, where: string, losses: Losses): JsonObject[] {
  if ('cacheControl' in part && part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }];
    case 'image': {
      const json = { type: 'image', ...mediaFields(part.source) };
      // The same hint under another name, with finer steps.
      return [part.detail === undefined || part.detail === 'auto' ? json : { ...json, resolution: part.detail }];
    }
    case 'document':
      return documentOf(part, where, losses);
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

function documentOf({ source, title }: DocumentPart, where: string, losses: Losses): JsonObject[] {
  if (source.type === 'text')
    return [{ type: 'text', text: title === undefined ? source.text : `${title}:\n${source.text}` }];
  if (title !== undefined) losses.add(`title of a document on ${where}`);
  return [{ type: 'document', ...mediaFields(source) }];
}

/** Bytes, or an address: the vendor fetches web addresses as well as those of its own file store. */
function mediaFields(source: MediaSource): JsonObject {
  if (source.type === 'base64') return { data: source.data, mime_type: source.mediaType };
  const address = source.type === 'url' ? source.url : source.fileId;
  const inline = /^data:([^;,]+)[^,]*;base64,(.*)$/is.exec(address);
  if (inline !== null) return { data: inline[2] ?? '', mime_type: inline[1] ?? '' };
  return { uri: address, ...(source.mediaType === undefined ? {} : { mime_type: source.mediaType }) };
}
