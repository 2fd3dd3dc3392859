import type { StreamEvent } from '../../spec/event.ts';
import type { JsonObject, JsonValue } from '../../spec/json.ts';
import { itemOf, ownItemId, packSignature, sideOf, textOrNone, WIRE } from './facts.ts';

/** Sends one event; `fields` is the JSON of its fields without type and sequence number. */
export type Emit = (type: string, fields: string) => void;

export type BlockEvent = Exclude<StreamEvent, { type: 'response-start' | 'usage' | 'warning' | 'finish' }>;

export interface ItemWriter {
  write(event: BlockEvent): void;
  /** The open item went out under this id: what follows names it so too. */
  adopt(itemId: string): void;
  closeAll(): void;
  /** The items that have ended, in their order. */
  output(): readonly JsonObject[];
  readonly refused: boolean;
}

interface OpenMessage {
  readonly id: string;
  readonly at: number;
  readonly item: JsonObject;
  readonly content: JsonValue[];
  part: { readonly kind: 'text' | 'refusal'; text: string; ended: boolean } | undefined;
}

interface OpenBlock {
  readonly kind: 'text' | 'refusal' | 'reasoning' | 'tool';
  id: string;
  at: number;
  text: string;
  item: JsonObject | undefined;
}

/** Blocks to output items: text blocks share a message until another item comes; every item has its own index. */
export function createItemWriter(emit: Emit, answerId: () => string): ItemWriter {
  const ended: (JsonObject | undefined)[] = [];
  const blocks = new Map<number, OpenBlock>();
  let message: OpenMessage | undefined;
  /** Fields for the item that begins next. */
  let extra: JsonObject = {};
  let next = 0;
  let refused = false;

  const place = (prefix: string): { id: string; at: number; fields: JsonObject } => {
    const at = next;
    next += 1;
    const { id: given, ...fields } = extra;
    extra = {};
    return { id: typeof given === 'string' ? given : ownItemId(prefix, answerId(), at), at, fields };
  };
  const added = (at: number, item: JsonObject): void => {
    emit('response.output_item.added', `"output_index":${at},"item":${JSON.stringify(item)}`);
  };
  const doneItem = (at: number, item: JsonObject): void => {
    ended[at] = item;
    emit('response.output_item.done', `"output_index":${at},"item":${JSON.stringify(item)}`);
  };
  const where = (block: { id: string; at: number }): string =>
    `"item_id":${JSON.stringify(block.id)},"output_index":${block.at}`;

  const closePart = (side: JsonObject = {}): void => {
    const part = message?.part;
    if (message === undefined || part === undefined) return;
    const at = `${where(message)},"content_index":${message.content.length}`;
    const annotations = side['annotations'] ?? [];
    const logprobs = side['logprobs'] ?? [];
    const content: JsonObject =
      part.kind === 'refusal'
        ? { type: 'refusal', refusal: part.text }
        : { type: 'output_text', text: part.text, annotations, logprobs };
    const text = JSON.stringify(part.text);
    if (part.kind === 'refusal') emit('response.refusal.done', `${at},"refusal":${text}`);
    else {
      listed(annotations).forEach((annotation, index) => {
        const fields = `${at},"annotation_index":${index},"annotation":${JSON.stringify(annotation)}`;
        emit('response.output_text.annotation.added', fields);
      });
      emit('response.output_text.done', `${at},"text":${text},"logprobs":${JSON.stringify(logprobs)}`);
    }
    emit('response.content_part.done', `${at},"part":${JSON.stringify(content)}`);
    message.content.push(content);
    message.part = undefined;
  };
  const closeMessage = (): void => {
    if (message === undefined) return;
    closePart();
    doneItem(message.at, { ...message.item, status: 'completed', content: message.content });
    message = undefined;
  };
  const openMessage = (): OpenMessage => {
    if (message !== undefined) return message;
    const { id, at, fields } = place('msg');
    const item: JsonObject = { id, type: 'message', status: 'in_progress', role: 'assistant', content: [], ...fields };
    added(at, item);
    message = { id, at, item, content: [], part: undefined };
    return message;
  };
  const say = (kind: 'text' | 'refusal', piece: string): void => {
    const open = openMessage();
    if (open.part !== undefined && (open.part.ended || open.part.kind !== kind)) closePart();
    const at = `${where(open)},"content_index":${open.content.length}`;
    if (open.part === undefined) {
      const part =
        kind === 'text'
          ? { type: 'output_text', text: '', annotations: [], logprobs: [] }
          : { type: 'refusal', refusal: '' };
      emit('response.content_part.added', `${at},"part":${JSON.stringify(part)}`);
      open.part = { kind, text: '', ended: false };
    }
    open.part.text += piece;
    if (kind === 'text') emit('response.output_text.delta', `${at},"delta":${JSON.stringify(piece)},"logprobs":[]`);
    else {
      refused = true;
      emit('response.refusal.delta', `${at},"delta":${JSON.stringify(piece)}`);
    }
  };

  const think = (block: OpenBlock, piece: string): void => {
    if (block.item === undefined) startReasoning(block);
    if (block.text === '') {
      const part = '"summary_index":0,"part":{"type":"summary_text","text":""}';
      emit('response.reasoning_summary_part.added', `${where(block)},${part}`);
    }
    block.text += piece;
    emit('response.reasoning_summary_text.delta', `${where(block)},"summary_index":0,"delta":${JSON.stringify(piece)}`);
  };
  const startReasoning = (block: OpenBlock): JsonObject => {
    closeMessage();
    const { id, at, fields } = place('rs');
    Object.assign(block, { id, at });
    block.item = { id, type: 'reasoning', summary: [], ...fields };
    added(at, block.item);
    return block.item;
  };
  const endReasoning = (block: OpenBlock, event: BlockEvent & { type: 'reasoning-end' }): void => {
    const { signature, redacted } = event;
    if (block.item === undefined && signature === undefined && redacted === undefined) return;
    const item = { ...(block.item ?? startReasoning(block)) };
    if (block.text !== '') {
      const text = JSON.stringify(block.text);
      emit('response.reasoning_summary_text.done', `${where(block)},"summary_index":0,"text":${text}`);
      const part = `"summary_index":0,"part":{"type":"summary_text","text":${text}}`;
      emit('response.reasoning_summary_part.done', `${where(block)},${part}`);
      item['summary'] = [{ type: 'summary_text', text: block.text }];
    }
    if (signature !== undefined) item['encrypted_content'] = packSignature({ signature, redacted });
    else if (redacted !== undefined) item['encrypted_content'] = redacted;
    doneItem(block.at, item);
  };

  const startTool = (event: BlockEvent & { type: 'tool-call-start' }): void => {
    closeMessage();
    const { id, at, fields } = place('fc');
    const call = { call_id: event.id, name: event.name, arguments: '' };
    const item: JsonObject = { id, type: 'function_call', status: 'in_progress', ...call, ...fields };
    blocks.set(event.index, { kind: 'tool', id, at, text: '', item });
    added(at, item);
  };
  const toolArguments = (block: OpenBlock, json: string): void => {
    block.text += json;
    emit('response.function_call_arguments.delta', `${where(block)},"delta":${JSON.stringify(json)}`);
  };
  const endTool = (block: OpenBlock, event: BlockEvent & { type: 'tool-call-end' }): void => {
    if (block.text === '' && event.arguments !== '') toolArguments(block, event.arguments);
    const json = JSON.stringify(event.arguments);
    const name = JSON.stringify(event.name);
    emit('response.function_call_arguments.done', `${where(block)},"name":${name},"arguments":${json}`);
    doneItem(block.at, { ...block.item, status: 'completed', arguments: event.arguments });
  };

  const opaque = (value: JsonValue): void => {
    const side = sideOf(value, 'text');
    if (side !== undefined) return closePart(side);
    const fields = sideOf(value, 'item');
    const part = sideOf(value, 'part');
    const item = itemOf(value);
    if (fields !== undefined) {
      closeMessage();
      extra = fields;
    } else if (part !== undefined) {
      const open = openMessage();
      closePart();
      const at = `${where(open)},"content_index":${open.content.length},"part":${JSON.stringify(part)}`;
      emit('response.content_part.added', at);
      emit('response.content_part.done', at);
      open.content.push(part);
    } else if (item !== undefined) wholeItem(item);
  };
  const wholeItem = (item: JsonObject): void => {
    closeMessage();
    const at = next;
    next += 1;
    if (item['type'] !== 'custom_tool_call' || typeof item['input'] !== 'string') added(at, item);
    else {
      // Clients of custom tools build the input from its deltas.
      added(at, { ...item, input: '', status: 'in_progress' });
      const place = where({ id: textOrNone(item['id']) ?? '', at });
      emit('response.custom_tool_call_input.delta', `${place},"delta":${JSON.stringify(item['input'])}`);
      emit('response.custom_tool_call_input.done', `${place},"input":${JSON.stringify(item['input'])}`);
    }
    doneItem(at, item);
  };

  const write = (event: BlockEvent): void => {
    if (event.type === 'opaque') return event.wire === WIRE ? opaque(event.value) : undefined;
    const block = blocks.get(event.index);
    switch (event.type) {
      case 'text-delta':
        if (event.text !== '') say(block?.kind === 'refusal' ? 'refusal' : 'text', event.text);
        return;
      case 'reasoning-delta':
        if (block !== undefined && event.text !== '') think(block, event.text);
        return;
      case 'tool-call-delta':
        if (block !== undefined && event.json !== '') toolArguments(block, event.json);
        return;
      case 'text-start':
        if (message?.part !== undefined) message.part.ended = true;
        return void blocks.set(event.index, newBlock(event.refusal === true ? 'refusal' : 'text'));
      case 'reasoning-start':
        return void blocks.set(event.index, newBlock('reasoning'));
      case 'tool-call-start':
        return startTool(event);
      case 'text-end':
        // The part stays open for annotations, which come right behind its text.
        if (message?.part !== undefined) message.part.ended = true;
        break;
      case 'reasoning-end':
        if (block !== undefined) endReasoning(block, event);
        break;
      case 'tool-call-end':
        if (block !== undefined) endTool(block, event);
        break;
      default:
        return event satisfies never;
    }
    blocks.delete(event.index);
  };

  const adopt = (id: string): void => {
    if (message !== undefined) {
      message = { ...message, id, item: { ...message.item, id } };
      return;
    }
    const open = [...blocks.values()].findLast((block) => block.item !== undefined);
    if (open !== undefined) Object.assign(open, { id, item: { ...open.item, id } });
  };

  return {
    write,
    adopt,
    closeAll: closeMessage,
    output: () => ended.filter((item) => item !== undefined),
    get refused() {
      return refused;
    },
  };
}

function newBlock(kind: OpenBlock['kind']): OpenBlock {
  return { kind, id: '', at: -1, text: '', item: undefined };
}

function listed(value: JsonValue): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
