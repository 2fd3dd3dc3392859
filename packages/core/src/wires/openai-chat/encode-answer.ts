import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { encodeError } from '../openai-errors.ts';
import type { AnswerContext, DecodedRequest, StreamEncoder } from '../wire.ts';
import { detailsOf, OWN_DETAILS_FORMAT } from './encode-assistant.ts';
import { writeFinishReason } from './finish-reason.ts';
import { writeUsage } from './usage.ts';

interface OpenBlock {
  /** Text of a reasoning block, needed again when a signature ends it. */
  text: string;
  /** Place in `tool_calls`, counted over the whole answer. */
  toolIndex: number;
  anyArguments: boolean;
  refusal: boolean;
}

/**
 * Events to `chat.completion.chunk` objects as the `openai` SDK reads them: role first, one `id`, `created` and
 * `model` throughout, tool calls counted from 0, a finish chunk, a usage chunk only when asked for, `[DONE]` last.
 */
export function createEncoder(context: AnswerContext, decoded: DecodedRequest): StreamEncoder {
  let prefix = '';
  let envelope = '';
  let roleSent = false;
  let usage: Usage | undefined;
  let tools = 0;
  let signedBlocks = 0;
  const blocks = new Map<number, OpenBlock>();

  const begin = (id: string, model: string, createdAt: number): void => {
    envelope = `data: {"id":${JSON.stringify(id)},"object":"chat.completion.chunk","created":${createdAt},"model":${JSON.stringify(model)},"choices":[`;
    prefix = `${envelope}{"index":0,"delta":{`;
  };
  begin(context.id, context.model, context.createdAt);

  const delta = (fields: string, emptyContent: '""' | 'null'): string => {
    const chunk = `${prefix}${fields}},"finish_reason":null}]}\n\n`;
    if (roleSent) return chunk;
    roleSent = true;
    return `${prefix}"role":"assistant","content":${emptyContent}},"finish_reason":null}]}\n\n${chunk}`;
  };
  const open = (index: number, refusal = false): OpenBlock => {
    const block: OpenBlock = { text: '', toolIndex: 0, anyArguments: false, refusal };
    blocks.set(index, block);
    return block;
  };
  const toolArguments = (block: OpenBlock, json: string): string => {
    block.anyArguments = true;
    return delta(
      `"tool_calls":[{"index":${block.toolIndex},"function":{"arguments":${JSON.stringify(json)}}}]`,
      'null',
    );
  };
  const startTool = (index: number, id: string, name: string): string => {
    const block = open(index);
    block.toolIndex = tools;
    tools += 1;
    const call = `"id":${JSON.stringify(id)},"type":"function","function":{"name":${JSON.stringify(name)},"arguments":""}`;
    return delta(`"tool_calls":[{"index":${block.toolIndex},${call}}]`, 'null');
  };
  const endReasoning = (event: StreamEvent & { type: 'reasoning-end' }): string => {
    const { signature, redacted, id } = event;
    if (signature === undefined && redacted === undefined) return '';
    const part = { type: 'reasoning' as const, text: blocks.get(event.index)?.text ?? '', signature, redacted, id };
    const details = detailsOf(part, signedBlocks, OWN_DETAILS_FORMAT);
    signedBlocks += 1;
    return delta(`"reasoning_details":${JSON.stringify(details)}`, 'null');
  };
  const opaque = (value: JsonValue): string => {
    if (!isJsonObject(value)) return '';
    if (value['reasoning_details'] !== undefined) {
      return delta(`"reasoning_details":${JSON.stringify(value['reasoning_details'])}`, 'null');
    }
    if (isJsonObject(value['tool_call'])) {
      const call = JSON.stringify({ index: tools, ...value['tool_call'] });
      tools += 1;
      return delta(`"tool_calls":[${call}]`, 'null');
    }
    if (isJsonObject(value['message'])) return delta(JSON.stringify(value['message']).slice(1, -1), '""');
    if (isJsonObject(value['choice'])) {
      const fields = JSON.stringify(value['choice']).slice(1, -1);
      return `${envelope}{"index":0,"delta":{},${fields},"finish_reason":null}]}\n\n`;
    }
    if (!isJsonObject(value['top'])) return '';
    return `${prefix}},"finish_reason":null}],${JSON.stringify(value['top']).slice(1, -1)}}\n\n`;
  };
  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    const role = roleSent ? '' : '"role":"assistant","content":""';
    let text = `${prefix}${role}},"finish_reason":"${writeFinishReason(event.reason)}"}]}\n\n`;
    if (decoded.includeUsage && usage !== undefined) {
      text += `${envelope}],"usage":${JSON.stringify(writeUsage(usage))}}\n\n`;
    }
    return `${text}data: [DONE]\n\n`;
  };

  const encode = (event: StreamEvent): string => {
    switch (event.type) {
      case 'text-delta': {
        const field = blocks.get(event.index)?.refusal === true ? '"refusal"' : '"content"';
        return delta(`${field}:${JSON.stringify(event.text)}`, '""');
      }
      case 'reasoning-delta': {
        const block = blocks.get(event.index);
        if (block !== undefined) block.text += event.text;
        return delta(`"reasoning_content":${JSON.stringify(event.text)}`, 'null');
      }
      case 'tool-call-delta': {
        const block = blocks.get(event.index);
        return block === undefined ? '' : toolArguments(block, event.json);
      }
      case 'text-start':
        open(event.index, event.refusal);
        return '';
      case 'reasoning-start':
        open(event.index);
        return '';
      case 'tool-call-start':
        return startTool(event.index, event.id, event.name);
      case 'tool-call-end': {
        const block = blocks.get(event.index);
        return block === undefined || block.anyArguments ? '' : toolArguments(block, event.arguments);
      }
      case 'reasoning-end':
        return endReasoning(event);
      case 'response-start':
        begin(event.id ?? context.id, event.model ?? context.model, event.createdAt ?? context.createdAt);
        return '';
      case 'opaque':
        return event.wire === 'openai-chat' ? opaque(event.value) : '';
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'finish':
        return finish(event);
      case 'text-end':
      case 'warning':
        return '';
      default:
        return event satisfies never;
    }
  };
  return {
    encode,
    error: (error) => `data: ${JSON.stringify(encodeError(error))}\n\n`,
    ping: () => ': keepalive\n\n',
    endMarker: () => 'data: [DONE]\n\n',
  };
}

export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const message: JsonObject = { role: 'assistant', content: null };
  const choice: JsonObject = { index: 0 };
  const top: JsonObject = {};
  const calls: JsonValue[] = [];
  const details: JsonValue[] = [];
  let reasoning = '';
  let refusal = '';
  let signedBlocks = 0;

  const opaque = (value: JsonValue): void => {
    if (!isJsonObject(value)) return;
    if (Array.isArray(value['reasoning_details'])) details.push(...value['reasoning_details']);
    else if (value['tool_call'] !== undefined) calls.push(value['tool_call']);
    else if (isJsonObject(value['message'])) Object.assign(message, value['message']);
    else if (isJsonObject(value['choice'])) Object.assign(choice, value['choice']);
    else if (isJsonObject(value['top'])) Object.assign(top, value['top']);
  };
  for (const part of response.content) {
    if (part.type === 'reasoning') {
      reasoning += part.text;
      if (part.signature === undefined && part.redacted === undefined) continue;
      details.push(...detailsOf(part, signedBlocks, OWN_DETAILS_FORMAT));
      signedBlocks += 1;
    } else if (part.type === 'refusal') refusal += part.text;
    else if (part.type === 'tool-call') {
      calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: part.arguments } });
    } else if (part.type === 'opaque' && part.wire === 'openai-chat') opaque(part.value);
  }
  if (response.text !== '' || (calls.length === 0 && refusal === '')) message['content'] = response.text;
  message['refusal'] = refusal === '' ? null : refusal;
  if (reasoning !== '') message['reasoning_content'] = reasoning;
  if (details.length > 0) message['reasoning_details'] = details;
  if (calls.length > 0) message['tool_calls'] = calls;
  const body: JsonObject = {
    id: response.id ?? context.id,
    object: 'chat.completion',
    created: response.createdAt ?? context.createdAt,
    model: response.model ?? context.model,
    choices: [{ ...choice, message, finish_reason: writeFinishReason(response.finishReason) }],
  };
  if (response.usage !== undefined) body['usage'] = writeUsage(response.usage);
  return { ...body, ...top };
}
