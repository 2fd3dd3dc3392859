import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { partsOf, textOf, type ImagePart, type Message, type Part, type ToolResultPart } from '../../spec/message.ts';
import type { ToolNames } from '../tool-identity.ts';
import { toolCallIdFor } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { encodeAssistant } from './encode-assistant.ts';
import { encodeContent } from './encode-content.ts';
import type { Losses } from '../losses.ts';

type UserPart = Exclude<Part, { type: 'tool-call' | 'tool-result' | 'reasoning' }>;

/** The conversation as this server takes it; every change that is more than spelling goes into `losses`. */
export function encodeMessages(
  messages: readonly Message[],
  target: WireTarget,
  names: ToolNames,
  losses: Losses,
): JsonObject[] {
  const writer = createMessageWriter(target, names, losses);
  messages.forEach((message, at) => writer.add(message, `messages[${at}]`));
  return writer.finish();
}

function createMessageWriter(target: WireTarget, names: ToolNames, losses: Losses) {
  const { quirks } = target;
  const out: JsonObject[] = [];
  /** Id of every call so far → its function's name: a result without its call would be refused. */
  const calls = new Map<string, string>();
  /** Images of tool results wait until the run of tool messages is over. */
  let images: UserPart[] = [];
  let openingSystem = '';

  const push = (body: JsonObject): void => {
    const last = out.at(-1);
    if (body['role'] === 'user' && last?.['role'] === 'tool' && quirks.assistantAfterTool) {
      out.push({ role: 'assistant', content: 'OK.' });
    }
    if (quirks.messageOrder === 'alternating' && last !== undefined && mergeTurn(last, body)) return;
    out.push(body);
  };

  const flushImages = (): void => {
    if (images.length === 0) return;
    const content = encodeContent(images, quirks, losses, 'tool result');
    images = [];
    push({ role: 'user', content });
  };

  const user = (parts: readonly UserPart[], where: string, name?: string): void => {
    flushImages();
    let all = parts;
    if (openingSystem !== '') {
      all = prefixed(openingSystem, parts);
      openingSystem = '';
    }
    const body: JsonObject = { role: 'user', content: encodeContent(all, quirks, losses, where) };
    if (name !== undefined && quirks.messageName) body['name'] = name;
    push(body);
  };

  const system = (message: Message, where: string): void => {
    const opening = out.every((body) => body['role'] === 'system' || body['role'] === 'developer');
    if (quirks.systemRole === 'merge' && opening && images.length === 0) {
      openingSystem += (openingSystem === '' ? '' : '\n\n') + textOf(message.content);
      return;
    }
    if (!opening && (quirks.systemRole === 'merge' || quirks.messageOrder !== 'any')) {
      losses.add(`system role of ${where} (sent as a marked user turn)`);
      return user([{ type: 'text', text: `[System message]\n${textOf(message.content)}` }], where);
    }
    flushImages();
    const parts = partsOf(message.content) as readonly UserPart[];
    const body: JsonObject = { role: quirks.systemRole === 'developer' ? 'developer' : 'system' };
    body['content'] = encodeContent(parts, quirks, losses, where);
    if (message.name !== undefined && quirks.messageName) body['name'] = message.name;
    push(body);
  };

  const toolResult = (part: ToolResultPart, where: string): void => {
    const name = part.name ?? calls.get(part.toolCallId);
    if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
    if (part.isError === true) losses.add(`is_error on ${where}`);
    const all = typeof part.content === 'string' ? part.content : part.content.filter((one) => one.type !== 'image');
    const content = typeof all === 'string' ? all : resultText(all, losses, where);
    if (!calls.has(part.toolCallId)) {
      losses.add(`tool result without its call on ${where} (sent as text)`);
      return user([{ type: 'text', text: `[Result of tool ${name ?? part.toolCallId}]\n${content}` }], where);
    }
    const body: JsonObject = {
      role: 'tool',
      tool_call_id: toolCallIdFor(quirks.toolCallIdFormat, part.toolCallId),
      content,
    };
    if (quirks.toolMessageName && name !== undefined) body['name'] = names.sent(name);
    push(body);
    if (typeof part.content !== 'string') keepImages(part.content, part.toolCallId, where);
  };

  const keepImages = (content: readonly { type: string }[], id: string, where: string): void => {
    const found = content.filter((one): one is ImagePart => one.type === 'image');
    if (found.length === 0) return;
    losses.add(`place of images in the tool result on ${where} (sent in the next user turn)`);
    const shownId = toolCallIdFor(quirks.toolCallIdFormat, id);
    images.push({ type: 'text', text: `[Images of tool result ${shownId}]` }, ...found);
  };

  const add = (message: Message, where: string): void => {
    if (message.role === 'system') return system(message, where);
    if (message.role === 'assistant') {
      flushImages();
      if (openingSystem !== '') user([], where);
      rememberCalls(partsOf(message.content), calls);
      return push(encodeAssistant(message, target, names, losses, where));
    }
    const rest: UserPart[] = [];
    for (const part of partsOf(message.content)) {
      if (part.type === 'tool-result') toolResult(part, where);
      else if (part.type === 'tool-call' || part.type === 'reasoning') losses.add(`${part.type} on ${where}`);
      else rest.push(part);
    }
    if (rest.length > 0 || message.role === 'user') {
      const onlyResults = rest.length === 0 && partsOf(message.content).length > 0;
      if (!onlyResults) user(rest, where, message.name);
    }
  };

  const finish = (): JsonObject[] => {
    flushImages();
    if (openingSystem !== '') user([], 'system');
    return out;
  };
  return { add, finish };
}

function rememberCalls(parts: readonly Part[], calls: Map<string, string>): void {
  for (const part of parts) {
    if (part.type === 'tool-call') calls.set(part.id, part.name);
    if (part.type !== 'opaque' || !isJsonObject(part.value) || !isJsonObject(part.value['tool_call'])) continue;
    const { id, custom } = part.value['tool_call'];
    const name = isJsonObject(custom) && typeof custom['name'] === 'string' ? custom['name'] : '';
    if (typeof id === 'string') calls.set(id, name);
  }
}

/** A tool message holds text only. */
function resultText(
  parts: readonly Exclude<Exclude<ToolResultPart['content'], string>[number], ImagePart>[],
  losses: Losses,
  where: string,
): string {
  const lines: string[] = [];
  for (const part of parts) {
    if (part.type === 'text') lines.push(part.text);
    else if (part.type === 'document' && part.source.type === 'text') lines.push(part.source.text);
    else {
      losses.add(`${part.type} in the tool result on ${where}`);
      lines.push(`[${part.type === 'document' ? 'Document' : 'Item'} left out]`);
    }
  }
  return lines.join('\n');
}

function prefixed(text: string, parts: readonly UserPart[]): readonly UserPart[] {
  const [first, ...rest] = parts;
  if (first?.type === 'text') return [{ ...first, text: `${text}\n\n${first.text}` }, ...rest];
  return [{ type: 'text', text }, ...parts];
}

/** Joins a turn to the one before it when both are of the same speaker; `false` when it has to stand alone. */
function mergeTurn(last: JsonObject, next: JsonObject): boolean {
  const role = next['role'];
  if (last['role'] !== role || (role !== 'user' && role !== 'assistant')) return false;
  if (last['tool_calls'] !== undefined || next['tool_calls'] !== undefined) return false;
  const before = last['content'];
  const after = next['content'];
  if (typeof before === 'string' && typeof after === 'string') last['content'] = `${before}\n\n${after}`;
  else last['content'] = [...asParts(before), ...asParts(after)];
  return true;
}

function asParts(content: JsonValue | undefined): JsonValue[] {
  if (Array.isArray(content)) return content;
  return typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : [];
}
