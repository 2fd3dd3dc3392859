import { ProviderError } from '../../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { createToolCallAssembler, type ToolCallAssembler } from '../../stream/tool-call-assembler.ts';
import type { WireTarget } from '../wire.ts';
import { inBandError } from '../openai-errors.ts';
import { readFinishReason } from './finish-reason.ts';
import { createSideData, detailsText, hasTopFields, type SideData } from './side-data.ts';
import { createTextSink, type TextSink } from '../think-tags.ts';
import type { OnlyPiece } from './text-template.ts';
import { readUsage } from './usage.ts';

/** Reads the JSON objects of one answer, pieces of a stream or one whole, into events. */
export interface ChunkReader {
  /**
   * Throws `ProviderError` for an in-band error. `whole`: the object is a complete answer, not a piece. True when the
   * object held text and thinking only.
   */
  read(chunk: unknown, whole: boolean): boolean;
  /** An object of which it is known that it holds this piece and nothing else. */
  piece(kind: OnlyPiece['kind'], piece: string): void;
  /** Closes the answer and emits `finish`. */
  complete(): void;
  /** The vendor has said why it stopped. */
  readonly finishSeen: boolean;
  /** There was a tool call, or something in its place. */
  readonly callSeen: boolean;
  /** A tool call is being received: nothing may be missed now. */
  readonly toolOpen: boolean;
  readonly incompleteCalls: boolean;
  take(): StreamEvent[];
}

/** Calls of another choice must not share indices with the first: Copilot puts text in one and calls in the other. */
const CHOICE_STRIDE = 100_000;

export function createChunkReader(target: WireTarget): ChunkReader {
  return new AnswerReader(target);
}

/** A class, not closures, and nothing made before it is needed: there is one for every answer. */
class AnswerReader implements ChunkReader {
  readonly #target: WireTarget;
  readonly #builder = createBlockBuilder();
  readonly #head: { id?: string; model?: string; createdAt?: number } = {
    id: undefined,
    model: undefined,
    createdAt: undefined,
  };
  /** Absent where text is text: nothing has to be taken apart. */
  readonly #sink: TextSink | undefined;
  #tools: ToolCallAssembler | undefined;
  #side: SideData | undefined;
  #wholeIds: Set<string> | undefined;
  #usage: Usage | undefined;
  #rawReason: string | undefined;
  #stopSequence: string | undefined;
  #refused = false;
  #calls = false;
  #anyContent = false;
  #anyDelta = false;
  /** What is being read holds text and thinking only. */
  #plain = true;

  constructor(target: WireTarget) {
    this.#target = target;
    const { inlineReasoning } = target.quirks;
    this.#sink = inlineReasoning === 'none' ? undefined : createTextSink(this.#builder, inlineReasoning);
  }

  get finishSeen(): boolean {
    return this.#rawReason !== undefined;
  }

  get callSeen(): boolean {
    return this.#calls;
  }

  get toolOpen(): boolean {
    return this.#tools?.open === true || (this.#side?.customCalls ?? 0) > 0;
  }

  get incompleteCalls(): boolean {
    return this.#tools !== undefined && this.#tools.incomplete().length > 0;
  }

  take(): StreamEvent[] {
    return this.#builder.take();
  }

  read(value: unknown, whole: boolean): boolean {
    this.#plain = true;
    const chunk = Array.isArray(value) ? (value[0] as unknown) : value;
    if (!isJsonObject(chunk)) throw new ProviderError({ kind: 'protocol', message: notAnAnswer(value) });
    if (isError(chunk)) {
      if (this.#rawReason === undefined) throw inBandError(chunk);
      // The answer was complete before this (finish reason seen): tell, but do not take it away.
      this.#builder.warning('late-error', inBandError(chunk).message);
      return false;
    }
    if (!this.#builder.started) this.#begin(chunk);
    const choices = chunk['choices'];
    if (Array.isArray(choices)) for (const choice of choices) if (isJsonObject(choice)) this.#readChoice(choice, whole);
    if (present(chunk['usage'])) this.#addUsage(chunk['usage']);
    const extra = chunk['x_groq'];
    if (isJsonObject(extra)) {
      this.#plain = false;
      if (present(extra['error']) && this.#rawReason === undefined) throw inBandError(extra);
      if (present(extra['usage'])) this.#addUsage(extra['usage']);
    }
    if (hasTopFields(chunk)) this.#sideData().top(chunk);
    return this.#plain;
  }

  piece(kind: OnlyPiece['kind'], piece: string): void {
    if (kind === 'text') return this.#text(piece);
    this.#anyDelta = true;
    this.#builder.reasoning(piece);
  }

  complete(): void {
    const builder = this.#builder;
    this.#sink?.end();
    const rawReason = this.#rawReason;
    const reason = this.#finishReason();
    if (reason === 'error') {
      const message = `The vendor broke the answer off with finish reason ${JSON.stringify(rawReason)}.`;
      throw new ProviderError({ kind: 'server', message, code: rawReason });
    }
    if (rawReason === 'model_context_window_exceeded' && !this.#anyContent) {
      throw new ProviderError({ kind: 'context-window', message: 'The context window is full.', code: rawReason });
    }
    if (!builder.started) builder.start(this.#head);
    const cut = reason === 'length' ? (this.#tools?.incomplete() ?? []) : [];
    this.#tools?.finish();
    this.#side?.emit(builder);
    for (const name of cut) {
      builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
    }
    builder.finish(reason, { rawReason, stopSequence: this.#stopSequence, usage: this.#usage });
  }

  #begin(chunk: JsonObject): void {
    const head = this.#head;
    if (head.id === undefined && typeof chunk['id'] === 'string' && chunk['id'] !== '') head.id = chunk['id'];
    if (head.model === undefined && typeof chunk['model'] === 'string' && chunk['model'] !== '') {
      head.model = chunk['model'];
    }
    const created = chunk['created'];
    if (head.createdAt === undefined && typeof created === 'number' && created > 0) head.createdAt = created;
    // Azure's first chunk has no choices and empty names: the head waits for the next one.
    if (Array.isArray(chunk['choices']) && chunk['choices'].length > 0) this.#builder.start(head);
  }

  #toolCallsSoFar(): ToolCallAssembler {
    const head = this.#head;
    const seed = (): string => `${head.id ?? ''}|${head.createdAt ?? ''}|${head.model ?? ''}`;
    return (this.#tools ??= createToolCallAssembler(this.#builder, seed));
  }

  #sideData(): SideData {
    this.#plain = false;
    return (this.#side ??= createSideData());
  }

  #text(piece: string): void {
    if (piece === '') return;
    this.#anyContent = true;
    if (this.#sink === undefined) this.#builder.text(piece);
    else this.#sink.text(piece);
  }

  #content(value: unknown): void {
    if (typeof value === 'string') return this.#text(value);
    if (!Array.isArray(value)) return;
    for (const part of value as unknown[]) {
      if (typeof part === 'string') this.#text(part);
      if (!isJsonObject(part)) continue;
      if (part['type'] === 'thinking') this.#builder.reasoning(thinkingText(part['thinking'] ?? part['text']));
      else if (part['type'] === 'refusal') this.#refuse(part['refusal']);
      else if (typeof part['text'] === 'string') this.#text(part['text']);
    }
  }

  #refuse(value: unknown): void {
    if (typeof value !== 'string' || value === '') return;
    this.#refused = true;
    this.#plain = false;
    this.#anyContent = true;
    this.#builder.refusal(value);
  }

  #reasoning(delta: JsonObject): void {
    const details = delta['reasoning_details'];
    if (details !== undefined && details !== null) this.#sideData().reasoningDetails(details);
    // Two fields that say the same (xAI, OpenRouter) count once: the first that has text.
    const piece =
      nonEmpty(delta['reasoning_content']) ??
      nonEmpty(delta['reasoning']) ??
      nonEmpty(delta['reasoning_text']) ??
      nonEmpty(delta['thinking']) ??
      detailsText(details);
    if (piece === '') return;
    this.#anyDelta = true;
    this.#builder.reasoning(piece);
  }

  #toolCalls(value: unknown, choice: number, whole: boolean): void {
    if (value === undefined || value === null) return;
    this.#plain = false;
    if (!Array.isArray(value) || value.length > 0) this.#calls = true;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    for (const [position, entry] of list.entries()) {
      if (isJsonObject(entry)) this.#toolCall(entry, position, choice, whole);
    }
  }

  #toolCall(entry: JsonObject, position: number, choice: number, whole: boolean): void {
    this.#anyContent = true;
    this.#sink?.end();
    const named = indexOf(entry['index']);
    const own = whole ? position : named;
    const index = own === undefined ? undefined : own + choice * CHOICE_STRIDE;
    if (isJsonObject(entry['custom'])) return this.#sideData().customCall(index ?? position, entry);
    const call = isJsonObject(entry['function']) ? entry['function'] : entry;
    // Old llama.cpp builds put the id inside `function`.
    const id = stringOf(entry['id']) ?? stringOf(call['id']);
    // In a whole answer every entry is a call of its own, even when a vendor uses an id twice.
    const wholeIds = (this.#wholeIds ??= new Set<string>());
    const repeated = whole && id !== undefined && wholeIds.has(id);
    if (whole && id !== undefined) wholeIds.add(id);
    this.#toolCallsSoFar().push({
      index,
      id: repeated ? undefined : id,
      name: stringOf(call['name']),
      arguments: call['arguments'],
      position,
    });
  }

  #readDelta(delta: JsonObject, choice: number, whole: boolean): void {
    this.#reasoning(delta);
    if (delta['content'] !== undefined) this.#content(delta['content']);
    this.#refuse(delta['refusal']);
    if (delta['tool_calls'] !== undefined) this.#toolCalls(delta['tool_calls'], choice, whole);
    if (isJsonObject(delta['function_call'])) this.#toolCalls([{ ...delta['function_call'], index: 0 }], choice, whole);
    const { annotations } = delta;
    // Most whole answers have an empty list of them.
    if (Array.isArray(annotations) && annotations.length > 0) this.#sideData().annotations(annotations);
  }

  #readChoice(choice: JsonObject, whole: boolean): void {
    if (present(choice['error'])) throw inBandError(choice);
    // A last chunk may repeat the whole message (MiniMax): it only counts when nothing came before.
    const delta = choice['delta'] ?? (whole || !(this.#anyContent || this.#anyDelta) ? choice['message'] : undefined);
    if (isJsonObject(delta)) this.#readDelta(delta, indexOf(choice['index']) ?? 0, whole);
    // Servers of the older completions answer with bare text; some write it beside a delta that says the same.
    else if (choice['message'] === undefined && typeof choice['text'] === 'string') this.#text(choice['text']);
    if (present(choice['logprobs'])) this.#sideData().logprobs(choice['logprobs']);
    if (present(choice['usage'])) this.#addUsage(choice['usage']);
    if (typeof choice['stop_reason'] === 'string') this.#stopSequence = choice['stop_reason'];
    const reason = choice['finish_reason'];
    // Some servers send "" instead of null until the end.
    if (typeof reason !== 'string' || reason === '') return;
    this.#plain = false;
    if (this.#rawReason === undefined || readFinishReason(this.#rawReason) === 'stop') this.#rawReason = reason;
  }

  #addUsage(raw: unknown): void {
    this.#plain = false;
    const read = readUsage(raw, this.#target.quirks.outputExcludesReasoning);
    if (read !== undefined) this.#usage = mergeUsage(this.#usage, read);
  }

  #finishReason(): FinishReason {
    const reason = this.#rawReason === undefined ? 'stop' : readFinishReason(this.#rawReason);
    const calls = (this.#tools?.count ?? 0) + (this.#side?.customCalls ?? 0);
    if (calls > 0 && reason === 'stop') return 'tool-calls';
    if (calls === 0 && reason === 'tool-calls') return 'stop';
    return this.#refused && reason === 'stop' ? 'refusal' : reason;
  }
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
