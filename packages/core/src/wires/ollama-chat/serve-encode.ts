import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { argumentsValue, shownArguments } from '../tool-arguments.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { encodeError } from './errors.ts';
import { WIRE, writeDoneReason, writeUsage } from './facts.ts';

/** Events to lines of JSON. A tool call goes out whole, when it has ended: its arguments are an object here. */
export function createEncoder(context: AnswerContext): StreamEncoder {
  let head = headOf(context.model, context.createdAt);
  let usage: Usage | undefined;
  let calls = 0;
  let closed = false;

  const line = (message: string): string => `{${head},"message":{"role":"assistant",${message}},"done":false}\n`;

  const toolCall = (event: StreamEvent & { type: 'tool-call-end' }): string => {
    const { id, name, arguments: json } = event;
    const args = shownArguments(json);
    const call = `"function":{"index":${calls},"name":${JSON.stringify(name)},"arguments":${args}}`;
    calls += 1;
    return line(`"content":"","tool_calls":[{"id":${JSON.stringify(id)},${call}}]`);
  };

  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    closed = true;
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    const counts = JSON.stringify(writeUsage(usage)).slice(1, -1);
    const reason = `"done":true,"done_reason":"${writeDoneReason(event.reason)}"`;
    return `{${head},"message":{"role":"assistant","content":""},${reason}${counts === '' ? '' : `,${counts}`}}\n`;
  };

  const encode = (event: StreamEvent): string => {
    if (closed) return '';
    switch (event.type) {
      case 'response-start':
        head = headOf(event.model ?? context.model, event.createdAt ?? context.createdAt);
        return '';
      case 'text-delta':
        return event.text === '' ? '' : line(`"content":${JSON.stringify(event.text)}`);
      case 'reasoning-delta':
        return event.text === '' ? '' : line(`"content":"","thinking":${JSON.stringify(event.text)}`);
      case 'tool-call-end':
        return toolCall(event);
      case 'opaque': {
        const images = event.wire === WIRE && isJsonObject(event.value) ? event.value['images'] : undefined;
        return Array.isArray(images) ? line(`"content":"","images":${JSON.stringify(images)}`) : '';
      }
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return '';
      case 'finish':
        return finish(event);
      case 'text-start':
      case 'text-end':
      case 'reasoning-start':
      case 'reasoning-end':
      case 'tool-call-start':
      case 'tool-call-delta':
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
      closed = true;
      return `${JSON.stringify(encodeError(error))}\n`;
    },
    // A line that says nothing: clients parse every line, so a blank one would be an error to them.
    ping: () => (closed ? '' : line('"content":""')),
  };
}

function headOf(model: string, createdAt: number): string {
  return `"model":${JSON.stringify(model)},"created_at":"${dateOf(createdAt)}"`;
}

function dateOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString();
}

export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const calls: JsonObject[] = [];
  const images: JsonValue[] = [];
  let thinking = '';
  let content = '';
  for (const part of response.content) {
    if (part.type === 'text' || part.type === 'refusal') content += part.text;
    else if (part.type === 'reasoning') thinking += part.text;
    else if (part.type === 'tool-call') {
      const args = argumentsValue(part.arguments);
      calls.push({ id: part.id, function: { index: calls.length, name: part.name, arguments: args } });
    } else if (part.type === 'opaque' && part.wire === WIRE && isJsonObject(part.value)) {
      if (Array.isArray(part.value['images'])) images.push(...part.value['images']);
    }
  }
  const message: JsonObject = { role: 'assistant', content };
  if (thinking !== '') message['thinking'] = thinking;
  if (images.length > 0) message['images'] = images;
  if (calls.length > 0) message['tool_calls'] = calls;
  return {
    model: response.model ?? context.model,
    created_at: dateOf(response.createdAt ?? context.createdAt),
    message,
    done: true,
    done_reason: writeDoneReason(response.finishReason),
    ...writeUsage(response.usage),
  };
}
