import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { PLAN_ID, WIRE, writeFinishReason, writeUsage } from './facts.ts';

/** Events to the event stream of `/v2/chat`. Content items and tool calls are counted apart. */
export function createEncoder(context: AnswerContext): StreamEncoder {
  const callIndex = new Map<number, number>();
  let id = context.id;
  let usage: Usage | undefined;
  const billed: JsonObject = {};
  let items = 0;
  let citations = 0;
  let opened = false;
  let open: 'text' | 'thinking' | 'plan' | undefined;
  let closed = false;

  const write = (type: string, rest: JsonObject): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;

  const head = (): string => {
    if (opened) return '';
    opened = true;
    const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
    return `event: message-start\ndata: ${JSON.stringify({ id, type: 'message-start', delta: { message } })}\n\n`;
  };

  const end = (): string => {
    const was = open;
    open = undefined;
    return was === 'text' || was === 'thinking' ? write('content-end', { index: items - 1 }) : '';
  };

  const begin = (kind: 'text' | 'thinking' | 'plan'): string => {
    const before = head() + end();
    open = kind;
    if (kind === 'plan') return before;
    items += 1;
    return (
      before + write('content-start', { index: items - 1, delta: { message: { content: { type: kind, [kind]: '' } } } })
    );
  };

  const piece = (text: string): string => {
    if (text === '' || open === undefined) return '';
    if (open === 'plan') return write('tool-plan-delta', { delta: { message: { tool_plan: text } } });
    return write('content-delta', { index: items - 1, delta: { message: { content: { [open]: text } } } });
  };

  const callStart = (event: StreamEvent & { type: 'tool-call-start' }): string => {
    const before = head() + end();
    const index = callIndex.size;
    callIndex.set(event.index, index);
    const call = { id: event.id, type: 'function', function: { name: event.name, arguments: '' } };
    return before + write('tool-call-start', { index, delta: { message: { tool_calls: call } } });
  };

  const opaque = (value: JsonValue): string => {
    if (!isJsonObject(value)) return '';
    if (isJsonObject(value['usage'])) Object.assign(billed, value['usage']);
    let text = '';
    if (isJsonObject(value['content'])) {
      text += head() + end();
      text += write('content-start', { index: items, delta: { message: { content: value['content'] } } });
      text += write('content-end', { index: items });
      items += 1;
    }
    for (const citation of Array.isArray(value['citations']) ? value['citations'] : []) {
      text += head() + write('citation-start', { index: citations, delta: { message: { citations: citation } } });
      text += write('citation-end', { index: citations });
      citations += 1;
    }
    const logprobs = value['logprobs'];
    if (Array.isArray(logprobs)) {
      for (const one of logprobs)
        text += head() + write('content-delta', { index: Math.max(0, items - 1), delta: {}, logprobs: one });
    }
    return text;
  };

  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    const before = head() + end();
    closed = true;
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    const delta: JsonObject = { finish_reason: writeFinishReason(event.reason, event.rawReason, event.stopSequence) };
    if (usage !== undefined || Object.keys(billed).length > 0) delta['usage'] = writeUsage(usage, billed);
    return `${before}${write('message-end', { delta })}data: [DONE]\n\n`;
  };

  const encode = (event: StreamEvent): string => {
    if (closed) return '';
    switch (event.type) {
      case 'response-start':
        id = event.id ?? context.id;
        return head();
      case 'text-start':
        return begin('text');
      case 'reasoning-start':
        return begin(event.id === PLAN_ID ? 'plan' : 'thinking');
      case 'text-delta':
      case 'reasoning-delta':
        return piece(event.text);
      case 'text-end':
      case 'reasoning-end':
        return end();
      case 'tool-call-start':
        return callStart(event);
      case 'tool-call-delta': {
        const message = { tool_calls: { function: { arguments: event.json } } };
        return write('tool-call-delta', { index: callIndex.get(event.index) ?? 0, delta: { message } });
      }
      case 'tool-call-end':
        return write('tool-call-end', { index: callIndex.get(event.index) ?? 0 });
      case 'opaque':
        return event.wire === WIRE ? opaque(event.value) : '';
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'finish':
        return finish(event);
      case 'warning':
        return '';
      default:
        return event satisfies never;
    }
  };
  return {
    encode,
    error(error) {
      if (closed) return '';
      const before = head() + end();
      closed = true;
      // The protocol has no error event: the end of the message tells it.
      return before + write('message-end', { delta: { finish_reason: 'ERROR', error: error.message } });
    },
    ping: () => (closed ? '' : ': keepalive\n\n'),
  };
}

export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const citations: JsonValue[] = [];
  const billed: JsonObject = {};
  let logprobs: JsonValue | undefined;
  let plan = '';
  for (const part of response.content) {
    switch (part.type) {
      case 'text':
      case 'refusal':
        content.push({ type: 'text', text: part.text });
        break;
      case 'reasoning':
        if (part.id === PLAN_ID) plan += part.text;
        else if (part.text !== '') content.push({ type: 'thinking', thinking: part.text });
        break;
      case 'tool-call':
        calls.push({ id: part.id, type: 'function', function: { name: part.name, arguments: part.arguments } });
        break;
      case 'opaque': {
        if (part.wire !== WIRE || !isJsonObject(part.value)) break;
        const { content: item, citations: cited, usage, logprobs: probabilities } = part.value;
        if (isJsonObject(item)) content.push(item);
        if (Array.isArray(cited)) citations.push(...cited);
        if (isJsonObject(usage)) Object.assign(billed, usage);
        logprobs = probabilities ?? logprobs;
        break;
      }
      default:
        break;
    }
  }
  const message: JsonObject = { role: 'assistant' };
  if (content.length > 0) message['content'] = content;
  if (plan !== '') message['tool_plan'] = plan;
  if (calls.length > 0) message['tool_calls'] = calls;
  if (citations.length > 0) message['citations'] = citations;
  const body: JsonObject = {
    id: response.id ?? context.id,
    message,
    finish_reason: writeFinishReason(response.finishReason, response.rawFinishReason, response.stopSequence),
  };
  if (response.usage !== undefined || Object.keys(billed).length > 0)
    body['usage'] = writeUsage(response.usage, billed);
  if (logprobs !== undefined) body['logprobs'] = logprobs;
  return body;
}
