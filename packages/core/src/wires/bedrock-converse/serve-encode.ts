import { encodeAwsFrame } from '../../framing/aws-event-stream.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { Part } from '../../spec/message.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { parseKeepingNumbers } from '../json-text.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { addOpaque, type Block } from './blocks.ts';
import { exceptionOf } from './errors.ts';
import { stopReasonOf, WIRE, writeUsage } from './facts.ts';

const JSON_TYPE = 'application/json';
const NOTHING = Buffer.alloc(0);

function event(name: string, payload: JsonObject): Buffer {
  const headers = { ':event-type': name, ':content-type': JSON_TYPE, ':message-type': 'event' };
  return encodeAwsFrame(headers, JSON.stringify(payload));
}

/**
 * Events to frames of `converse-stream`. Blocks may run side by side on this wire, so everything is written as it comes.
 * There is no keep-alive: the service has none, and clients fail on events they do not know.
 */
export function createEncoder(): StreamEncoder<Uint8Array> {
  let usage: Usage | undefined;
  let started = false;
  let closed = false;
  let hasToolCalls = false;

  const begin = (): Buffer => {
    if (started) return NOTHING;
    started = true;
    return event('messageStart', { role: 'assistant' });
  };
  const written = (...frames: readonly Uint8Array[]): Uint8Array => Buffer.concat([begin(), ...frames]);
  const delta = (index: number, json: JsonObject): Buffer =>
    event('contentBlockDelta', { contentBlockIndex: index, delta: json });
  const stop = (index: number): Buffer => event('contentBlockStop', { contentBlockIndex: index });

  const finish = (end: StreamEvent & { type: 'finish' }): Uint8Array => {
    closed = true;
    if (end.usage !== undefined) usage = mergeUsage(usage, end.usage);
    const { reason, rawReason, stopSequence } = end;
    if (reason === 'error') {
      const name = rawReason === 'malformed_tool_use' || rawReason === 'malformed_model_output' ? rawReason : undefined;
      if (name === undefined)
        return written(exception('modelStreamErrorException', 'The model stopped with an error.'));
    }
    const body: JsonObject = { stopReason: stopReasonOf({ reason, rawReason, stopSequence, hasToolCalls }) };
    if (stopSequence !== undefined) body['additionalModelResponseFields'] = { delta: { stop_sequence: stopSequence } };
    const metadata = { usage: writeUsage(usage), metrics: { latencyMs: 0 } };
    return written(event('messageStop', body), event('metadata', metadata));
  };

  const encode = (one: StreamEvent): Uint8Array => {
    switch (one.type) {
      case 'response-start':
        return begin();
      case 'text-start':
      case 'reasoning-start':
      case 'warning':
      case 'opaque':
        // What the service says about a block of its own has no place in a stream of ours.
        return NOTHING;
      case 'text-delta':
        return written(delta(one.index, { text: one.text }));
      case 'reasoning-delta':
        return written(delta(one.index, { reasoningContent: { text: one.text } }));
      case 'text-end':
        return written(stop(one.index));
      case 'reasoning-end': {
        const pieces: Buffer[] = [];
        if (one.signature !== undefined)
          pieces.push(delta(one.index, { reasoningContent: { signature: one.signature } }));
        if (one.redacted !== undefined)
          pieces.push(delta(one.index, { reasoningContent: { redactedContent: one.redacted } }));
        return written(...pieces, stop(one.index));
      }
      case 'tool-call-start': {
        hasToolCalls = true;
        const start = { toolUse: { toolUseId: one.id, name: one.name } };
        return written(event('contentBlockStart', { contentBlockIndex: one.index, start }));
      }
      case 'tool-call-delta':
        return written(delta(one.index, { toolUse: { input: one.json } }));
      case 'tool-call-end':
        return written(stop(one.index));
      case 'usage':
        usage = mergeUsage(usage, one.usage);
        return NOTHING;
      case 'finish':
        return finish(one);
      default:
        return one satisfies never;
    }
  };

  return {
    encode: (one) => (closed ? NOTHING : encode(one)),
    error(error) {
      if (closed) return NOTHING;
      closed = true;
      return exception(exceptionOf(error), error.message);
    },
    ping: () => NOTHING,
  };
}

function exception(name: string, message: string): Buffer {
  const headers = { ':exception-type': name, ':content-type': JSON_TYPE, ':message-type': 'exception' };
  return encodeAwsFrame(headers, JSON.stringify({ message }));
}

/** A whole answer. Numbers in tool inputs keep their digits when the result is stringified. */
export function encodeWhole(response: ChatResponse, _context: AnswerContext): JsonObject {
  const blocks: Block[] = [];
  for (const part of response.content) addPart(blocks, part);
  const hasToolCalls = response.content.some((part) => part.type === 'tool-call');
  const { finishReason: reason, rawFinishReason: rawReason, stopSequence } = response;
  const whole: JsonObject = {
    output: { message: { role: 'assistant', content: blocks.map((block) => block.json) } },
    stopReason: stopReasonOf({ reason, rawReason, stopSequence, hasToolCalls }),
    usage: writeUsage(response.usage),
    metrics: { latencyMs: 0 },
  };
  if (stopSequence !== undefined) whole['additionalModelResponseFields'] = { stop_sequence: stopSequence };
  return whole;
}

function addPart(blocks: Block[], part: Part): void {
  switch (part.type) {
    case 'text':
    case 'refusal':
      if (part.text !== '') blocks.push({ json: { text: part.text } });
      return;
    case 'reasoning': {
      const { text, signature, redacted } = part;
      const reasoningText: JsonObject = signature === undefined ? { text } : { text, signature };
      if (text !== '' || signature !== undefined) blocks.push({ json: { reasoningContent: { reasoningText } } });
      if (redacted !== undefined) blocks.push({ json: { reasoningContent: { redactedContent: redacted } } });
      return;
    }
    case 'tool-call': {
      const toolUse = { toolUseId: part.id, name: part.name, input: inputOf(part.arguments) };
      return void blocks.push({ json: { toolUse } });
    }
    case 'opaque':
      return part.wire === WIRE ? addOpaque(blocks, part.value) : undefined;
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
