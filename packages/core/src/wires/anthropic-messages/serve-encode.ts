import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { StreamEvent } from '../../spec/event.ts';
import type { Part } from '../../spec/message.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import type { AnswerContext, CallerError, StreamEncoder } from '../wire.ts';
import { createBlockWriter, frame } from './block-writer.ts';
import { encodeError } from './errors.ts';
import { closingUsage, fieldsIn, stopReasonOf, usageForCaller, WIRE } from './facts.ts';
import { parseKeepingNumbers } from '../json-text.ts';

const PING = 'event: ping\ndata: {"type":"ping"}\n\n';

/** Events of one block that has to wait until the block before it is closed. */
interface Block {
  readonly index: number;
  readonly waiting: StreamEvent[];
}

/**
 * Events to the bytes of a streamed message. This wire knows one open block at a time, so a block that runs beside
 * another (parallel tool calls of other wires) is held back until that one ends. A block is written with its first
 * content: callers send empty ones back, and the API refuses them.
 */
export function createEncoder(context: AnswerContext): StreamEncoder {
  let head: { readonly id: string; readonly model: string } = { id: context.id, model: context.model };
  let usage: Usage | undefined;
  let started = false;
  let closed = false;
  let hasToolCalls = false;
  /** Blocks in the order they began; the first one is written live. */
  const blocks: Block[] = [];
  const writer = createBlockWriter();

  const begin = (): string => {
    if (started) return '';
    started = true;
    const { id, model } = head;
    const rest = { type: 'message', role: 'assistant', content: [], model, stop_reason: null, stop_sequence: null };
    return frame('message_start', { message: { id, ...rest, usage: usageForCaller(usage) } });
  };

  /** Writes what can be written of the first block, and of the next ones when it has ended. */
  const advance = (): string => {
    let output = '';
    for (let first = blocks[0]; first !== undefined; first = blocks[0]) {
      let ended = false;
      for (const event of first.waiting.splice(0)) {
        output += writer.write(event);
        ended ||= event.type.endsWith('-end') || event.type === 'opaque';
      }
      if (!ended) break;
      blocks.shift();
    }
    return output;
  };

  const enqueue = (index: number, event: StreamEvent): string => {
    const block = blocks.find((candidate) => candidate.index === index);
    if (block === undefined) blocks.push({ index, waiting: [event] });
    else block.waiting.push(event);
    return begin() + advance();
  };

  const finish = (event: StreamEvent & { type: 'finish' }): string => {
    closed = true;
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    if (event.reason === 'error') {
      const message = 'The model stopped because of an error.';
      return begin() + errorFrame({ status: 500, code: 'api_error', kind: 'server', message });
    }
    const { reason, rawReason, stopSequence } = event;
    const stopReason = stopReasonOf({ reason, rawReason, stopSequence, hasToolCalls });
    const sequence = stopReason === 'stop_sequence' ? (stopSequence ?? null) : null;
    const delta = { stop_reason: stopReason, stop_sequence: sequence };
    const last = frame('message_delta', { delta, usage: closingUsage(usage) }) + frame('message_stop', {});
    return begin() + writer.close() + last;
  };

  return {
    encode(event) {
      if (closed) return '';
      switch (event.type) {
        case 'response-start':
          // Held until the next event: the usage in `message_start` often comes right behind.
          head = { id: event.id ?? context.id, model: event.model ?? context.model };
          return '';
        case 'usage':
          usage = mergeUsage(usage, event.usage);
          return begin();
        case 'warning':
          return '';
        case 'opaque':
          if (event.wire !== WIRE || fieldsIn(event.value)?.block === 'tool_use') return '';
          return enqueue(OPAQUE, event);
        case 'finish':
          return finish(event);
        case 'tool-call-start':
          hasToolCalls = true;
          return enqueue(event.index, event);
        default:
          return enqueue(event.index, event);
      }
    },
    error(error) {
      if (closed) return '';
      closed = true;
      return errorFrame(error);
    },
    ping: () => (closed ? '' : PING),
    endMarker: () => frame('message_stop', {}),
  };
}

/** Never found again, so that every opaque item is a block of its own. */
const OPAQUE = Number.NaN;

function errorFrame(error: CallerError): string {
  const { type: _type, ...rest } = encodeError(error);
  return frame('error', rest);
}

/** A whole message. Numbers in tool inputs keep their digits when the result is stringified. */
export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const content: JsonObject[] = [];
  for (const part of response.content) addPart(content, part);
  const hasToolCalls = response.content.some((part) => part.type === 'tool-call');
  const { finishReason: reason, rawFinishReason: rawReason, stopSequence } = response;
  const stopReason = stopReasonOf({ reason, rawReason, stopSequence, hasToolCalls });
  return {
    id: response.id ?? context.id,
    type: 'message',
    role: 'assistant',
    model: response.model ?? context.model,
    content,
    stop_reason: stopReason,
    stop_sequence: stopReason === 'stop_sequence' ? (stopSequence ?? null) : null,
    usage: usageForCaller(response.usage),
  };
}

function addPart(content: JsonObject[], part: Part): void {
  switch (part.type) {
    case 'text':
    case 'refusal':
      if (part.text !== '') content.push({ type: 'text', text: part.text });
      return;
    case 'reasoning':
      if (part.text !== '' || part.signature !== undefined) {
        content.push({ type: 'thinking', thinking: part.text, signature: part.signature ?? '' });
      }
      if (part.redacted !== undefined) content.push({ type: 'redacted_thinking', data: part.redacted });
      return;
    case 'tool-call':
      return void content.push({ type: 'tool_use', id: part.id, name: part.name, input: inputOf(part.arguments) });
    case 'opaque': {
      if (part.wire !== WIRE) return;
      const added = fieldsIn(part.value);
      const last = content.at(-1);
      if (added === undefined) {
        if (isJsonObject(part.value)) content.push(part.value);
      } else if (last?.['type'] === added.block) Object.assign(last, added.fields);
      return;
    }
    default:
      return;
  }
}

/** A whole answer must hold an object; a caller can still read arguments that are not one. */
function inputOf(json: string): JsonValue {
  if (json.trim() === '') return {};
  try {
    const parsed = parseKeepingNumbers(json) as JsonValue;
    if (isJsonObject(parsed)) return parsed;
    return parsed === null ? {} : { value: parsed };
  } catch {
    return { raw_arguments: json };
  }
}
