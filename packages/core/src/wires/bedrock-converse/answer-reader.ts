import { createHash } from 'node:crypto';
import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { protocolError } from './errors.ts';
import { finishReasonOf, readUsage, stopSequenceIn, WIRE } from './facts.ts';

/** One answer as it comes in, whole or by pieces; both ways give the same events. */
export interface AnswerReader {
  start(): void;
  /** `start` of a `contentBlockStart`, or a whole block's `toolUse` and the like. */
  blockStart(index: number, start: JsonObject): void;
  blockDelta(index: number, delta: JsonObject): void;
  blockStop(index: number): void;
  stop(event: JsonObject): void;
  usage(reported: unknown): void;
  /** Closes what is open and emits `finish`. Throws kind `truncated` for a tool call that was cut without a reason. */
  finish(): void;
  take(): StreamEvent[];
  readonly started: boolean;
  readonly stopped: boolean;
  readonly metered: boolean;
  /** A tool call is under way: an event that cannot be read may be part of its arguments. */
  readonly inToolCall: boolean;
}

type OpenBlock =
  | { readonly kind: 'text'; readonly citations: JsonValue[] }
  | { readonly kind: 'reasoning'; signature: string; redacted: string }
  | { readonly kind: 'tool'; readonly builderIndex: number; arguments: string }
  /** A block without a common form, such as a tool that the service runs itself. */
  | { readonly kind: 'opaque'; readonly key: string; readonly value: JsonObject; input: string };

export function createAnswerReader(): AnswerReader {
  const builder = createBlockBuilder();
  const open = new Map<number, OpenBlock>();
  const toolIds = new Set<string>();
  let stopReason: string | undefined;
  let stopSequence: string | undefined;
  let usage: Usage | undefined;

  const toolId = (given: unknown, name: string): string => {
    const stated = text(given);
    // Two calls must not share an id; a made-up one depends only on what was sent, so that cuts do not matter.
    const unique = stated === undefined || toolIds.has(stated) ? `tooluse_${hash(`${toolIds.size}|${name}`)}` : stated;
    toolIds.add(unique);
    return unique;
  };

  const close = (index: number): void => {
    const block = open.get(index);
    if (block === undefined) return;
    open.delete(index);
    switch (block.kind) {
      case 'tool':
        return builder.toolEnd(block.builderIndex);
      case 'reasoning':
        return builder.closeReasoning({
          signature: block.signature || undefined,
          redacted: block.redacted || undefined,
        });
      case 'text':
        builder.closeText();
        if (block.citations.length > 0) builder.opaque(WIRE, { citations: block.citations });
        return;
      default:
        if (block.input !== '') block.value['input'] = parseInput(block.input);
        return builder.opaque(WIRE, { [block.key]: block.value });
    }
  };

  /** Text and reasoning never run beside each other, whatever stops were left out. */
  const put = (index: number, block: OpenBlock): OpenBlock => {
    for (const [other, earlier] of open) if (other === index || earlier.kind !== 'tool') close(other);
    open.set(index, block);
    return block;
  };

  const openBlock = (index: number, kind: 'text' | 'reasoning'): OpenBlock => {
    const block = open.get(index);
    if (block?.kind === kind) return block;
    return put(index, kind === 'text' ? { kind, citations: [] } : { kind, signature: '', redacted: '' });
  };

  const blockStart: AnswerReader['blockStart'] = (index, start) => {
    builder.start();
    const [key, value] = Object.entries(start).find(([, inner]) => isJsonObject(inner)) ?? [];
    // `start: {}` announces a text block.
    if (key === undefined || !isJsonObject(value)) return;
    if (key === 'text' || key === 'reasoningContent') return;
    if (key !== 'toolUse' || text(value['type']) !== undefined)
      return void put(index, { kind: 'opaque', key, value: { ...value }, input: '' });
    const name = text(value['name']);
    if (name === undefined) throw protocolError('The vendor sent a tool call without a name.');
    put(index, {
      kind: 'tool',
      builderIndex: builder.toolStart(toolId(value['toolUseId'], name), name),
      arguments: '',
    });
  };

  const reasoningDelta = (index: number, delta: JsonObject): void => {
    const block = openBlock(index, 'reasoning');
    if (block.kind !== 'reasoning') return;
    builder.reasoning(text(delta['text']) ?? '');
    block.signature += text(delta['signature']) ?? '';
    block.redacted += text(delta['redactedContent']) ?? '';
  };

  const toolDelta = (index: number, delta: JsonObject): void => {
    const block = open.get(index);
    const json = text(delta['input']) ?? '';
    if (block?.kind === 'tool') {
      block.arguments += json;
      builder.toolDelta(block.builderIndex, json);
    } else if (block?.kind === 'opaque') block.input += json;
    else throw protocolError('The vendor sent arguments of a tool call that never started.');
  };

  const otherDelta = (index: number, key: string, value: JsonValue): void => {
    let block = open.get(index);
    if (block?.kind !== 'opaque') block = put(index, { kind: 'opaque', key, value: {}, input: '' });
    if (block.kind === 'opaque') grow(block.value, value);
  };

  const checkOpenTools = (): void => {
    const reason = finishReasonOf(stopReason, false);
    if (reason === 'length' || reason === 'error') return;
    for (const block of open.values()) {
      if (block.kind !== 'tool' || block.arguments === '' || isJson(block.arguments)) continue;
      throw new ProviderError({ kind: 'truncated', message: 'The answer ended in the middle of a tool call.' });
    }
  };

  return {
    start: () => builder.start(),
    blockStart,
    blockDelta(index, delta) {
      builder.start();
      for (const [key, value] of Object.entries(delta)) {
        if (key === 'text' && typeof value === 'string') {
          if (value === '') continue;
          openBlock(index, 'text');
          builder.text(value);
        } else if (key === 'reasoningContent' && isJsonObject(value)) reasoningDelta(index, value);
        else if (key === 'toolUse' && isJsonObject(value)) toolDelta(index, value);
        else if (key === 'citation') {
          const block = openBlock(index, 'text');
          if (block.kind === 'text') block.citations.push(value);
        } else if (isJsonObject(value) || Array.isArray(value)) otherDelta(index, key, value);
      }
    },
    blockStop: close,
    stop(event) {
      builder.start();
      stopReason = text(event['stopReason']) ?? stopReason ?? '';
      stopSequence = stopSequenceIn(event['additionalModelResponseFields']) ?? stopSequence;
    },
    usage(reported) {
      const read = readUsage(reported);
      if (read === undefined) return;
      usage = mergeUsage(usage, read);
      builder.usage(usage);
    },
    finish() {
      checkOpenTools();
      for (const index of open.keys()) close(index);
      builder.finish(finishReasonOf(stopReason || undefined, toolIds.size > 0), {
        rawReason: stopReason || undefined,
        stopSequence,
        usage,
      });
    },
    take: () => builder.take(),
    get started() {
      return builder.started;
    },
    get stopped() {
      return stopReason !== undefined;
    },
    get metered() {
      return usage !== undefined;
    },
    get inToolCall() {
      for (const block of open.values()) if (block.kind === 'tool') return true;
      return false;
    },
  };
}

/** Pieces of an opaque block: lists grow, texts are joined, the rest is replaced. */
function grow(target: JsonObject, piece: JsonValue): void {
  const fields: JsonObject = Array.isArray(piece) ? { content: piece } : isJsonObject(piece) ? piece : {};
  for (const [key, value] of Object.entries(fields)) {
    const earlier = target[key];
    if (Array.isArray(earlier) && Array.isArray(value)) target[key] = [...earlier, ...value];
    else if (typeof earlier === 'string' && typeof value === 'string') target[key] = earlier + value;
    else target[key] = value;
  }
}

function parseInput(json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    throw protocolError('The input of a tool call of the service is not JSON.');
  }
}

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function hash(seed: string): string {
  return createHash('sha256').update(seed).digest('hex').slice(0, 22);
}
