import { createHash } from 'node:crypto';
import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { protocolError } from './errors.ts';
import { addUsage, blockFields, finishReasonOf, usageOf, WIRE, type UsageCounts } from './facts.ts';

/** One answer as it comes in, whole or by pieces; both ways give the same events. */
export interface AnswerReader {
  messageStart(message: JsonObject): void;
  /** `rawInput` gives the text of `block.input` as it stood on the wire. */
  blockStart(index: number, block: JsonObject, rawInput: () => string | undefined): void;
  blockDelta(index: number, delta: JsonObject): void;
  blockStop(index: number): void;
  messageDelta(delta: JsonObject, usage: unknown): void;
  /** Closes what is open and emits `finish`. Throws kind `truncated` for a tool call that was cut without a reason. */
  finish(): void;
  take(): StreamEvent[];
  readonly started: boolean;
  readonly stopped: boolean;
  /** A tool call is under way: an event that cannot be read may be part of its arguments. */
  readonly inToolCall: boolean;
}

type OpenBlock =
  | { readonly kind: 'text'; readonly citations: JsonValue[] }
  | { readonly kind: 'thinking'; signature: string; readonly redacted?: string }
  | {
      readonly kind: 'tool';
      readonly builderIndex: number;
      arguments: string;
      readonly rawInput: () => string | undefined;
      readonly fields: JsonObject;
    }
  | { readonly kind: 'opaque'; readonly value: JsonObject; input: string };

/** Fields of a `tool_use` block that have a place in the vocabulary. */
const TOOL_FIELDS = new Set(['type', 'id', 'name', 'input', 'cache_control']);

export function createAnswerReader(): AnswerReader {
  const builder = createBlockBuilder();
  const open = new Map<number, OpenBlock>();
  const toolIds = new Set<string>();
  const counts: UsageCounts = {};
  let id: string | undefined;
  let stopReason: string | undefined;
  let stopSequence: string | undefined;

  const reportUsage = (reported: unknown): void => {
    addUsage(counts, reported);
    const usage = usageOf(counts);
    if (usage !== undefined && isJsonObject(reported)) builder.usage(usage);
  };

  const noteStop = (source: JsonObject): void => {
    stopReason = text(source['stop_reason']) ?? stopReason;
    stopSequence = text(source['stop_sequence']) ?? stopSequence;
  };

  const toolId = (given: unknown, name: string): string => {
    const stated = text(given);
    // Two calls must not share an id; a made-up one depends only on what was sent, so that cuts do not matter.
    const seed = `${id ?? ''}|${toolIds.size}|${name}`;
    const unique = stated === undefined || toolIds.has(stated) ? `toolu_${hash(seed)}` : stated;
    toolIds.add(unique);
    return unique;
  };

  const startTool = (block: JsonObject, rawInput: () => string | undefined): OpenBlock => {
    const name = text(block['name']);
    if (name === undefined) throw protocolError('The vendor sent a tool call without a name.');
    const fields = Object.fromEntries(
      Object.entries(block).filter(
        ([key, value]) => !TOOL_FIELDS.has(key) && value !== null && !isDirectCaller(key, value),
      ),
    );
    return {
      kind: 'tool',
      builderIndex: builder.toolStart(toolId(block['id'], name), name),
      arguments: '',
      rawInput,
      fields,
    };
  };

  const closeTool = (block: OpenBlock & { kind: 'tool' }): void => {
    if (block.arguments === '') {
      // Compatible servers put the whole input into the start of the block; Anthropic puts `{}` there.
      block.arguments = block.rawInput() ?? '';
      if (block.arguments !== '{}') builder.toolDelta(block.builderIndex, block.arguments);
    }
    builder.toolEnd(block.builderIndex);
    if (Object.keys(block.fields).length > 0) builder.opaque(WIRE, blockFields('tool_use', block.fields));
  };

  const close = (index: number): void => {
    const block = open.get(index);
    if (block === undefined) return;
    open.delete(index);
    if (block.kind === 'tool') return closeTool(block);
    if (block.kind === 'thinking') {
      return builder.closeReasoning({ signature: block.signature || undefined, redacted: block.redacted });
    }
    if (block.kind === 'text') {
      builder.closeText();
      if (block.citations.length > 0) builder.opaque(WIRE, blockFields('text', { citations: block.citations }));
      return;
    }
    if (block.input !== '') block.value['input'] = parseInput(block.input);
    builder.opaque(WIRE, block.value);
  };

  const blockStart: AnswerReader['blockStart'] = (index, block, rawInput) => {
    // A server that leaves block stops out, or gives every block the same index.
    for (const [other, earlier] of open) if (other === index || earlier.kind !== 'tool') close(other);
    switch (block['type']) {
      case 'text': {
        const citations = Array.isArray(block['citations']) ? [...block['citations']] : [];
        open.set(index, { kind: 'text', citations });
        return builder.text(text(block['text']) ?? '');
      }
      case 'thinking':
        open.set(index, { kind: 'thinking', signature: text(block['signature']) ?? '' });
        return builder.reasoning(text(block['thinking']) ?? '');
      case 'redacted_thinking':
        return void open.set(index, { kind: 'thinking', signature: '', redacted: text(block['data']) ?? '' });
      case 'tool_use':
        return void open.set(index, startTool(block, rawInput));
      default:
        return void open.set(index, { kind: 'opaque', value: { ...block }, input: '' });
    }
  };

  /** Compatible servers may leave the start of a text or thinking block out; of a tool call nothing can be guessed. */
  const implied = (index: number, type: unknown): OpenBlock | undefined => {
    if (type === 'input_json_delta')
      throw protocolError('The vendor sent arguments of a tool call that never started.');
    if (type === 'text_delta') blockStart(index, { type: 'text', text: '' }, () => undefined);
    else if (type === 'thinking_delta') blockStart(index, { type: 'thinking', thinking: '' }, () => undefined);
    return open.get(index);
  };

  const blockDelta: AnswerReader['blockDelta'] = (index, delta) => {
    const type = delta['type'];
    const block = open.get(index) ?? implied(index, type);
    if (block === undefined) return;
    if (block.kind === 'opaque') return addToOpaque(block, delta);
    if (block.kind === 'text') {
      if (type === 'text_delta') builder.text(text(delta['text']) ?? '');
      else if (type === 'citations_delta') block.citations.push(delta['citation'] ?? null);
    } else if (block.kind === 'thinking') {
      if (type === 'thinking_delta') builder.reasoning(text(delta['thinking']) ?? '');
      else if (type === 'signature_delta') block.signature = text(delta['signature']) ?? block.signature;
    } else if (type === 'input_json_delta') {
      const json = text(delta['partial_json']) ?? '';
      block.arguments += json;
      builder.toolDelta(block.builderIndex, json);
    }
  };

  const checkOpenTools = (): void => {
    if (finishReasonOf(stopReason, false) === 'length') return;
    for (const block of open.values()) {
      if (block.kind !== 'tool' || block.arguments === '' || isJson(block.arguments)) continue;
      throw new ProviderError({ kind: 'truncated', message: 'The answer ended in the middle of a tool call.' });
    }
  };

  return {
    messageStart(message) {
      const given = text(message['id']);
      if (builder.started && id !== undefined && given !== undefined && given !== id) {
        throw protocolError('A second answer began in the middle of the first one.');
      }
      id ??= given;
      builder.start({ id: given, model: text(message['model']) });
      noteStop(message);
      reportUsage(message['usage']);
    },
    blockStart,
    blockDelta,
    blockStop: close,
    messageDelta(delta, usage) {
      noteStop(delta);
      reportUsage(usage);
    },
    finish() {
      checkOpenTools();
      for (const index of open.keys()) close(index);
      builder.finish(finishReasonOf(stopReason, toolIds.size > 0), {
        rawReason: stopReason,
        stopSequence,
        usage: usageOf(counts),
      });
    },
    take: () => builder.take(),
    get started() {
      return builder.started;
    },
    get stopped() {
      return stopReason !== undefined;
    },
    get inToolCall() {
      for (const block of open.values()) if (block.kind === 'tool') return true;
      return false;
    },
  };
}

/** Blocks without a common form: every delta is put into the block by its own field names. */
function addToOpaque(block: OpenBlock & { kind: 'opaque' }, delta: JsonObject): void {
  if (delta['type'] === 'input_json_delta') {
    block.input += text(delta['partial_json']) ?? '';
    return;
  }
  for (const [key, value] of Object.entries(delta)) {
    const earlier = block.value[key];
    if (key === 'type') continue;
    if (key === 'citation') block.value['citations'] = [...listOf(block.value['citations']), value];
    else if (typeof earlier === 'string' && typeof value === 'string') block.value[key] = earlier + value;
    else block.value[key] = value;
  }
}

function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function parseInput(json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    throw protocolError('The input of a server tool call is not JSON.');
  }
}

function isDirectCaller(key: string, value: unknown): boolean {
  return key === 'caller' && isJsonObject(value) && value['type'] === 'direct';
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
  return createHash('sha256').update(seed).digest('hex').slice(0, 24);
}
