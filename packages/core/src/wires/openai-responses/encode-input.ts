import type { JsonObject, JsonValue } from '../../spec/json.ts';
import {
  partsOf,
  textOf,
  type Message,
  type OpaquePart,
  type Part,
  type ReasoningPart,
  type ToolResultPart,
} from '../../spec/message.ts';
import type { Losses } from '../losses.ts';
import { toolCallIdFor, type ToolNames } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { encodeContent, type ContentPart } from './encode-content.ts';
import { itemOf, sideOf, textOrNone, WIRE } from './facts.ts';

export interface InputContext {
  readonly target: WireTarget;
  readonly names: ToolNames;
  readonly losses: Losses;
  /** The caller speaks this wire too: ids are the vendor's own, thinking without an issuer may be its own. */
  readonly sameWire: boolean;
  /** The vendor has stored earlier items under their ids. */
  readonly keepIds: boolean;
  /** Earlier turns lie with the vendor, so a result may come without its call. */
  readonly continued: boolean;
}

export interface EncodedInput {
  readonly instructions?: string;
  readonly input: readonly JsonObject[];
}

/** Ids of these items are optional, and unknown to a vendor that does not store. */
const ID_OPTIONAL = /^(message|reasoning|function_call|custom_tool_call|apply_patch_call|shell_call|tool_search)/;

/** The conversation as items; every change that is more than spelling goes into `losses`. */
export function encodeInput(messages: readonly Message[], context: InputContext): EncodedInput {
  const { target, losses, sameWire } = context;
  const { quirks } = target;
  const out: JsonObject[] = [];
  const calls = new Set<string>();
  let instructions: string | undefined;
  let body = 0;
  // A caller of this wire has said which system text is `instructions`: the one that is a plain string.
  for (const message of messages) {
    const plain = typeof message.content === 'string';
    if (message.role !== 'system' || (sameWire && !quirks.instructionsRequired && (!plain || body > 0))) break;
    const text = systemText(message, context, body);
    instructions = instructions === undefined ? text : `${instructions}\n\n${text}`;
    body += 1;
  }
  messages.slice(body).forEach((message, at) => {
    const where = `messages[${at + body}]`;
    if (message.name !== undefined) losses.add(`name on ${where}`);
    if (message.role === 'assistant') return encodeAssistant(partsOf(message.content), context, where, out, calls);
    if (message.role === 'system') return encodeSystem(message, context, where, out);
    encodeUser(message, context, where, out, calls);
  });
  if (quirks.systemRole === 'merge' && instructions !== undefined && !quirks.instructionsRequired) {
    out.unshift({ type: 'message', role: 'user', content: instructions });
    return { input: out };
  }
  if (quirks.instructionsRequired && (instructions === undefined || instructions.trim() === '')) {
    instructions = 'You are a helpful assistant.';
  }
  return instructions === undefined ? { input: out } : { instructions, input: out };
}

function systemText(message: Message, { losses }: InputContext, at: number): string {
  for (const part of partsOf(message.content)) {
    if (part.type !== 'text') losses.add(`${part.type} on messages[${at}]`);
    else if (part.cacheControl !== undefined) losses.add(`cache_control on messages[${at}]`);
  }
  return textOf(message.content);
}

function encodeSystem(message: Message, context: InputContext, where: string, out: JsonObject[]): void {
  const { quirks } = context.target;
  const content = encodeContent(partsOf(message.content) as ContentPart[], quirks, context.losses, where);
  if (quirks.systemRole !== 'merge') {
    out.push({
      type: 'message',
      role: quirks.systemRole,
      content: typeof content === 'string' ? [inputText(content)] : content,
    });
    return;
  }
  context.losses.add(`system role of ${where} (sent as a marked user turn)`);
  out.push({ type: 'message', role: 'user', content: `[System message]\n${textOf(message.content)}` });
}

function inputText(text: string): JsonObject {
  return { type: 'input_text', text };
}

function encodeUser(
  message: Message,
  context: InputContext,
  where: string,
  out: JsonObject[],
  calls: Set<string>,
): void {
  const { losses, target } = context;
  let rest: ContentPart[] = [];
  let others = 0;
  const flush = (): void => {
    if (rest.length === 0) return;
    const content = encodeContent(rest, target.quirks, losses, where);
    rest = [];
    // A list stays a list: the caller of this wire sees its content come back as it was.
    const plain = typeof content === 'string' && typeof message.content !== 'string' && !target.quirks.plainTextContent;
    out.push({ type: 'message', role: 'user', content: plain ? [inputText(content)] : content });
  };
  for (const part of partsOf(message.content)) {
    if (part.type === 'tool-result') {
      flush();
      others += 1;
      toolResult(part, context, where, out, calls);
    } else if (part.type === 'opaque' && part.wire === WIRE && itemOf(part.value) !== undefined) {
      flush();
      others += 1;
      pushItem(part, context, out);
    } else if (part.type === 'tool-call' || part.type === 'reasoning') losses.add(`${part.type} on ${where}`);
    else rest.push(part);
  }
  flush();
  if (others === 0 && message.role === 'user' && partsOf(message.content).length === 0) {
    out.push({ type: 'message', role: 'user', content: '' });
  }
}

function toolResult(
  part: ToolResultPart,
  context: InputContext,
  where: string,
  out: JsonObject[],
  calls: ReadonlySet<string>,
): void {
  const { losses, target } = context;
  if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
  if (part.isError === true) losses.add(`is_error on ${where}`);
  const output =
    typeof part.content === 'string' ? part.content : encodeContent(part.content, target.quirks, losses, where);
  if (!calls.has(part.toolCallId) && !context.continued) {
    losses.add(`tool result without its call on ${where} (sent as text)`);
    const name = part.name ?? part.toolCallId;
    const heading = inputText(`[Result of tool ${name}]`);
    out.push({
      type: 'message',
      role: 'user',
      content: [heading, ...(typeof output === 'string' ? [inputText(output)] : output)],
    });
    return;
  }
  // A single text in a list stays in its list.
  const list = typeof output === 'string' && typeof part.content !== 'string' && !target.quirks.plainTextContent;
  out.push({
    type: 'function_call_output',
    call_id: callId(part.toolCallId, context),
    output: list ? [inputText(output)] : output,
  });
}

function encodeAssistant(
  parts: readonly Part[],
  context: InputContext,
  where: string,
  out: JsonObject[],
  calls: Set<string>,
): void {
  const { losses, names } = context;
  let content: JsonValue[] | undefined;
  let extra: JsonObject = {};
  const say = (piece: JsonObject): void => {
    if (content === undefined) {
      content = [];
      out.push({ type: 'message', role: 'assistant', ...extra, content });
      extra = {};
    }
    content.push(piece);
  };
  const other = (item: JsonObject | undefined): void => {
    content = undefined;
    if (item !== undefined) out.push(item);
    extra = {};
  };
  const opaque = (part: OpaquePart): void => {
    if (part.wire !== WIRE) return losses.add(`${part.wire} item on ${where}`);
    const fields = sideOf(part.value, 'item');
    const piece = sideOf(part.value, 'part');
    if (fields !== undefined) {
      content = undefined;
      const { id: _, ...rest } = fields;
      extra = context.keepIds ? fields : rest;
    } else if (piece !== undefined) say(piece);
    else if (itemOf(part.value) !== undefined) {
      other(undefined);
      pushItem(part, context, out);
    }
  };

  for (const part of parts) {
    if (part.type === 'text') {
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      say({ type: 'output_text', text: part.text });
    } else if (part.type === 'refusal') say({ type: 'refusal', refusal: part.text });
    else if (part.type === 'reasoning') other(encodeReasoning(part, context, extra));
    else if (part.type === 'tool-call') {
      if (part.cacheControl !== undefined) losses.add(`cache_control on ${where}`);
      calls.add(part.id);
      const call = { call_id: callId(part.id, context), name: names.sent(part.name), arguments: part.arguments };
      other({ type: 'function_call', ...extra, ...call });
    } else if (part.type === 'opaque') opaque(part);
    else losses.add(`${part.type} on ${where}`);
  }
}

/** Thinking goes back encrypted and only to the model that made it; in clear only where the server reads it so. */
function encodeReasoning(part: ReasoningPart, context: InputContext, extra: JsonObject): JsonObject | undefined {
  const { target, losses, sameWire } = context;
  const { quirks } = target;
  if (quirks.omitParameters.includes('reasoning_replay')) {
    losses.add('reasoning of earlier turns');
    return undefined;
  }
  const own = part.issuer === undefined ? sameWire : part.issuer === target.issuer;
  const item: JsonObject = { type: 'reasoning', ...extra };
  const summary: JsonValue[] = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }];
  if (own && part.signature === undefined && part.redacted !== undefined) {
    return { ...item, summary, encrypted_content: part.redacted };
  }
  if (context.keepIds && own && typeof extra['id'] === 'string') return { ...item, summary };
  if (quirks.reasoningReplay !== 'none' && part.text !== '') {
    return { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: part.text }] };
  }
  losses.add(part.issuer === undefined || own ? 'reasoning of earlier turns' : 'reasoning of another model');
  return undefined;
}

/** An item of this wire goes back as it came, without an id that the vendor does not know. */
function pushItem(part: OpaquePart, context: InputContext, out: JsonObject[]): void {
  const item = itemOf(part.value);
  if (item === undefined) return;
  const type = textOrNone(item['type']) ?? '';
  if (context.keepIds) return void out.push(item);
  if (type === 'item_reference' || (type === 'reasoning' && item['encrypted_content'] === undefined)) {
    context.losses.add(`stored item ${textOrNone(item['id']) ?? type}`);
    return;
  }
  if (!ID_OPTIONAL.test(type) && !context.target.quirks.statelessOnly) return void out.push(item);
  const { id: _, ...rest } = item;
  out.push(rest);
}

function callId(id: string, { target, sameWire }: InputContext): string {
  return sameWire ? id : toolCallIdFor(target.quirks.toolCallIdFormat, id);
}
