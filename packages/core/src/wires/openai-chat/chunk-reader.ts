import { ProviderError } from '../../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { createToolCallAssembler } from '../../stream/tool-call-assembler.ts';
import type { WireTarget } from '../wire.ts';
import { inBandError } from '../openai-errors.ts';
import { readFinishReason } from './finish-reason.ts';
import { createSideData, detailsText } from './side-data.ts';
import { createTextSink } from '../think-tags.ts';
import { readUsage } from './usage.ts';

/** Reads the JSON objects of one answer, pieces of a stream or one whole, into events. */
export interface ChunkReader {
  /** Throws `ProviderError` for an in-band error. `whole`: the object is a complete answer, not a piece. */
  read(chunk: unknown, whole: boolean): void;
  /** Closes the answer and emits `finish`. */
  complete(): void;
  /** The vendor has said why it stopped. */
  readonly finishSeen: boolean;
  /** A tool call is being received: nothing may be missed now. */
  readonly toolOpen: boolean;
  readonly incompleteCalls: boolean;
  take(): StreamEvent[];
}

/** Calls of another choice must not share indices with the first: Copilot puts text in one and calls in the other. */
const CHOICE_STRIDE = 100_000;

export function createChunkReader(target: WireTarget): ChunkReader {
  const builder = createBlockBuilder();
  const head: { id?: string; model?: string; createdAt?: number } = {};
  const tools = createToolCallAssembler(builder, () => `${head.id ?? ''}|${head.createdAt ?? ''}|${head.model ?? ''}`);
  const side = createSideData();
  const sink = createTextSink(builder, target.quirks.inlineReasoning);
  let usage: Usage | undefined;
  let rawReason: string | undefined;
  let stopSequence: string | undefined;
  let refused = false;
  let anyContent = false;
  let anyDelta = false;
  const wholeIds = new Set<string>();

  const begin = (chunk: JsonObject): void => {
    if (builder.started) return;
    if (head.id === undefined && typeof chunk['id'] === 'string' && chunk['id'] !== '') head.id = chunk['id'];
    if (head.model === undefined && typeof chunk['model'] === 'string' && chunk['model'] !== '') {
      head.model = chunk['model'];
    }
    const created = chunk['created'];
    if (head.createdAt === undefined && typeof created === 'number' && created > 0) head.createdAt = created;
    // Azure's first chunk has no choices and empty names: the head waits for the next one.
    if (Array.isArray(chunk['choices']) && chunk['choices'].length > 0) builder.start(head);
  };

  const text = (piece: string): void => {
    if (piece === '') return;
    anyContent = true;
    sink.text(piece);
  };

  const content = (value: unknown): void => {
    if (typeof value === 'string') return text(value);
    if (!Array.isArray(value)) return;
    for (const part of value as unknown[]) {
      if (typeof part === 'string') text(part);
      if (!isJsonObject(part)) continue;
      if (part['type'] === 'thinking') builder.reasoning(thinkingText(part['thinking'] ?? part['text']));
      else if (part['type'] === 'refusal') refuse(part['refusal']);
      else if (typeof part['text'] === 'string') text(part['text']);
    }
  };

  const refuse = (value: unknown): void => {
    if (typeof value !== 'string' || value === '') return;
    refused = true;
    anyContent = true;
    builder.refusal(value);
  };

  const reasoning = (delta: JsonObject): void => {
    const details = delta['reasoning_details'];
    if (details !== undefined && details !== null) side.reasoningDetails(details);
    // Two fields that say the same (xAI, OpenRouter) count once: the first that has text.
    const piece =
      nonEmpty(delta['reasoning_content']) ??
      nonEmpty(delta['reasoning']) ??
      nonEmpty(delta['reasoning_text']) ??
      nonEmpty(delta['thinking']) ??
      detailsText(details);
    if (piece === '') return;
    anyDelta = true;
    builder.reasoning(piece);
  };

  const toolCalls = (value: unknown, choice: number, whole: boolean): void => {
    if (value === undefined || value === null) return;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    list.forEach((entry, position) => {
      if (!isJsonObject(entry)) return;
      anyContent = true;
      sink.end();
      const named = indexOf(entry['index']);
      const own = whole ? position : named;
      const index = own === undefined ? undefined : own + choice * CHOICE_STRIDE;
      if (isJsonObject(entry['custom'])) return side.customCall(index ?? position, entry);
      const call = isJsonObject(entry['function']) ? entry['function'] : entry;
      // Old llama.cpp builds put the id inside `function`.
      const id = stringOf(entry['id']) ?? stringOf(call['id']);
      // In a whole answer every entry is a call of its own, even when a vendor uses an id twice.
      const repeated = whole && id !== undefined && wholeIds.has(id);
      if (whole && id !== undefined) wholeIds.add(id);
      tools.push({
        index,
        id: repeated ? undefined : id,
        name: stringOf(call['name']),
        arguments: call['arguments'],
        position,
      });
    });
  };

  const readDelta = (delta: JsonObject, choice: number, whole: boolean): void => {
    reasoning(delta);
    if (delta['content'] !== undefined) content(delta['content']);
    refuse(delta['refusal']);
    if (delta['tool_calls'] !== undefined) toolCalls(delta['tool_calls'], choice, whole);
    if (isJsonObject(delta['function_call'])) toolCalls([{ ...delta['function_call'], index: 0 }], choice, whole);
    if (delta['annotations'] !== undefined) side.annotations(delta['annotations']);
  };

  const readChoice = (choice: JsonObject, whole: boolean): void => {
    if (present(choice['error'])) throw inBandError(choice);
    // A last chunk may repeat the whole message (MiniMax): it only counts when nothing came before.
    const delta = choice['delta'] ?? (whole || !(anyContent || anyDelta) ? choice['message'] : undefined);
    if (isJsonObject(delta)) readDelta(delta, indexOf(choice['index']) ?? 0, whole);
    if (present(choice['logprobs'])) side.logprobs(choice['logprobs']);
    if (present(choice['usage'])) addUsage(choice['usage']);
    if (typeof choice['stop_reason'] === 'string') stopSequence = choice['stop_reason'];
    const reason = choice['finish_reason'];
    // Some servers send "" instead of null until the end.
    if (typeof reason !== 'string' || reason === '') return;
    if (rawReason === undefined || readFinishReason(rawReason) === 'stop') rawReason = reason;
  };

  const addUsage = (raw: unknown): void => {
    const read = readUsage(raw, target.quirks.outputExcludesReasoning);
    if (read !== undefined) usage = mergeUsage(usage, read);
  };

  const read: ChunkReader['read'] = (value, whole) => {
    const chunk = Array.isArray(value) ? (value[0] as unknown) : value;
    if (!isJsonObject(chunk)) throw new ProviderError({ kind: 'protocol', message: notAnAnswer(value) });
    if (isError(chunk)) {
      if (rawReason === undefined) throw inBandError(chunk);
      // The answer was complete before this (finish reason seen): tell, but do not take it away.
      return builder.warning('late-error', inBandError(chunk).message);
    }
    begin(chunk);
    const choices = chunk['choices'];
    if (Array.isArray(choices)) for (const choice of choices) if (isJsonObject(choice)) readChoice(choice, whole);
    if (present(chunk['usage'])) addUsage(chunk['usage']);
    const extra = chunk['x_groq'];
    if (isJsonObject(extra)) {
      if (present(extra['error']) && rawReason === undefined) throw inBandError(extra);
      if (present(extra['usage'])) addUsage(extra['usage']);
    }
    side.top(chunk);
  };

  const finishReason = (): FinishReason => {
    const reason = rawReason === undefined ? 'stop' : readFinishReason(rawReason);
    const calls = tools.count + side.customCalls;
    if (calls > 0 && reason === 'stop') return 'tool-calls';
    if (calls === 0 && reason === 'tool-calls') return 'stop';
    return refused && reason === 'stop' ? 'refusal' : reason;
  };

  const complete = (): void => {
    sink.end();
    const reason = finishReason();
    if (reason === 'error') {
      const message = `The vendor broke the answer off with finish reason ${JSON.stringify(rawReason)}.`;
      throw new ProviderError({ kind: 'server', message, code: rawReason });
    }
    if (rawReason === 'model_context_window_exceeded' && !anyContent) {
      throw new ProviderError({ kind: 'context-window', message: 'The context window is full.', code: rawReason });
    }
    if (!builder.started) builder.start(head);
    const cut = reason === 'length' ? tools.incomplete() : [];
    tools.finish();
    side.emit(builder);
    for (const name of cut) {
      builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
    }
    builder.finish(reason, { rawReason, stopSequence, usage });
  };

  return {
    read,
    complete,
    get finishSeen() {
      return rawReason !== undefined;
    },
    get toolOpen() {
      return tools.open || side.customCalls > 0;
    },
    get incompleteCalls() {
      return tools.incomplete().length > 0;
    },
    take: () => builder.take(),
  };
}

function isError(chunk: JsonObject): boolean {
  if (present(chunk['error']) || chunk['object'] === 'error' || chunk['type'] === 'error') return true;
  const baseResp = chunk['base_resp'];
  if (isJsonObject(baseResp) && present(baseResp['status_code']) && Number(baseResp['status_code']) !== 0) return true;
  if (Array.isArray(chunk['choices'])) return false;
  if (chunk['success'] === false) return true;
  return present(chunk['detail']) || typeof chunk['message'] === 'string';
}

/** Something that is there: vendors write "no error" as absent, null, false and "". */
function present(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false;
}

function notAnAnswer(value: unknown): string {
  return `The vendor sent ${Array.isArray(value) ? 'an array' : JSON.stringify(value)} where an answer was expected.`;
}

function thinkingText(value: unknown): string {
  return typeof value === 'string' ? value : detailsText(value);
}

function nonEmpty(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
}

function indexOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}
