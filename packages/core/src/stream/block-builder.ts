import type { FinishReason, StreamEvent } from '../spec/event.ts';
import type { JsonValue } from '../spec/json.ts';
import type { Usage } from '../spec/usage.ts';
import type { WireId } from '../spec/wire-id.ts';

export interface ReasoningClose {
  readonly signature?: string;
  readonly redacted?: string;
  readonly id?: string;
}

export interface FinishDetails {
  readonly rawReason?: string;
  readonly stopSequence?: string;
  readonly usage?: Usage;
}

/**
 * Writes events in legal order for every decoder: numbers the blocks, opens them with their first piece, closes a text
 * or reasoning block when another kind begins, and closes whatever is open at `finish`. Tool calls stay open side by
 * side. Empty pieces give no event.
 */
export interface BlockBuilder {
  /** Emits `response-start`; only the first call counts, and any other event before it emits an empty one. */
  start(info?: { readonly id?: string; readonly model?: string; readonly createdAt?: number }): void;
  readonly started: boolean;
  text(piece: string): void;
  refusal(piece: string): void;
  /** With another `id` than that of the open block a new one begins; it is told at once and again at the end. */
  reasoning(piece: string, id?: string): void;
  /** Closes the open text or refusal block, if any, so that the next piece begins a new one. */
  closeText(): void;
  /**
   * Closes the open reasoning block with what arrived for it. With `signature` or `redacted` and no open block, an
   * empty block is made to carry them.
   */
  closeReasoning(details?: ReasoningClose): void;
  /** Opens a tool call and returns its block index; an open text or reasoning block is closed first. */
  toolStart(id: string, name: string): number;
  toolDelta(index: number, json: string): void;
  toolEnd(index: number, signature?: string): void;
  opaque(wire: WireId, value: JsonValue): void;
  warning(code: string, message: string): void;
  usage(usage: Usage): void;
  /** Closes every open block and emits `finish`. Nothing may follow. */
  finish(reason: FinishReason, details?: FinishDetails): void;
  readonly finished: boolean;
  /** The events since the last `take`. */
  take(): StreamEvent[];
}

interface OpenTool {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  arguments: string;
}

export function createBlockBuilder(): BlockBuilder {
  return new EventWriter();
}

type OpenKind = 'text' | 'refusal' | 'reasoning';

/** A class, not closures: one is made for every answer. */
class EventWriter implements BlockBuilder {
  started = false;
  finished = false;
  #events: StreamEvent[] = [];
  #nextIndex = 0;
  #openKind: OpenKind | undefined;
  #openIndex = -1;
  #openId: string | undefined;
  #tools: Map<number, OpenTool> | undefined;

  start(info: Parameters<BlockBuilder['start']>[0] = {}): void {
    if (this.started) return;
    this.started = true;
    const event: StreamEvent = { type: 'response-start' };
    if (info.id !== undefined) event.id = info.id;
    if (info.model !== undefined) event.model = info.model;
    if (info.createdAt !== undefined) event.createdAt = info.createdAt;
    this.#events.push(event);
  }

  text(piece: string): void {
    if (piece === '') return;
    if (this.#openKind !== 'text') this.#open('text');
    this.#events.push({ type: 'text-delta', index: this.#openIndex, text: piece });
  }

  refusal(piece: string): void {
    if (piece === '') return;
    if (this.#openKind !== 'refusal') this.#open('refusal');
    this.#events.push({ type: 'text-delta', index: this.#openIndex, text: piece });
  }

  reasoning(piece: string, id?: string): void {
    if (piece === '') return;
    if (this.#openKind !== 'reasoning' || (id !== undefined && id !== this.#openId)) this.#open('reasoning', id);
    this.#events.push({ type: 'reasoning-delta', index: this.#openIndex, text: piece });
  }

  closeText(): void {
    if (this.#openKind === 'text' || this.#openKind === 'refusal') this.#close(NO_DETAILS);
  }

  closeReasoning(details: ReasoningClose = NO_DETAILS): void {
    if (this.#openKind !== 'reasoning') {
      if (details.signature === undefined && details.redacted === undefined) return;
      this.#open('reasoning');
    }
    this.#close(details);
  }

  toolStart(id: string, name: string): number {
    if (!this.started) this.start();
    this.#close(NO_DETAILS);
    const index = this.#nextIndex;
    this.#nextIndex += 1;
    (this.#tools ??= new Map<number, OpenTool>()).set(index, { index, id, name, arguments: '' });
    this.#events.push({ type: 'tool-call-start', index, id, name });
    return index;
  }

  toolDelta(index: number, json: string): void {
    const tool = this.#tools?.get(index);
    if (tool === undefined || json === '') return;
    tool.arguments += json;
    this.#events.push({ type: 'tool-call-delta', index, json });
  }

  toolEnd(index: number, signature?: string): void {
    const tool = this.#tools?.get(index);
    if (tool === undefined) return;
    this.#tools?.delete(index);
    const { id, name } = tool;
    const event: StreamEvent = { type: 'tool-call-end', index, id, name, arguments: tool.arguments || '{}' };
    if (signature !== undefined) event.signature = signature;
    this.#events.push(event);
  }

  opaque(wire: WireId, value: JsonValue): void {
    if (!this.started) this.start();
    this.#events.push({ type: 'opaque', wire, value });
  }

  warning(code: string, message: string): void {
    if (!this.started) this.start();
    this.#events.push({ type: 'warning', code, message });
  }

  usage(usage: Usage): void {
    if (!this.started) this.start();
    this.#events.push({ type: 'usage', usage });
  }

  finish(reason: FinishReason, details: FinishDetails = {}): void {
    if (this.finished) return;
    if (!this.started) this.start();
    this.#close(NO_DETAILS);
    if (this.#tools !== undefined) for (const index of this.#tools.keys()) this.toolEnd(index);
    this.finished = true;
    const event: StreamEvent = { type: 'finish', reason };
    if (details.rawReason !== undefined) event.rawReason = details.rawReason;
    if (details.stopSequence !== undefined) event.stopSequence = details.stopSequence;
    if (details.usage !== undefined) event.usage = details.usage;
    this.#events.push(event);
  }

  take(): StreamEvent[] {
    const taken = this.#events;
    this.#events = [];
    return taken;
  }

  #close(details: ReasoningClose): void {
    if (this.#openKind === undefined) return;
    if (this.#openKind === 'reasoning') this.#events.push(reasoningEnd(this.#openIndex, details, this.#openId));
    else this.#events.push({ type: 'text-end', index: this.#openIndex });
    this.#openKind = undefined;
  }

  #open(kind: OpenKind, id?: string): void {
    if (!this.started) this.start();
    this.#close(NO_DETAILS);
    this.#openKind = kind;
    this.#openId = id;
    const index = this.#nextIndex;
    this.#openIndex = index;
    this.#nextIndex += 1;
    if (kind === 'reasoning') this.#events.push(reasoningStart(index, id));
    else if (kind === 'refusal') this.#events.push({ type: 'text-start', index, refusal: true });
    else this.#events.push({ type: 'text-start', index });
  }
}

const NO_DETAILS: ReasoningClose = {};

function reasoningStart(index: number, id: string | undefined): StreamEvent {
  return id === undefined ? { type: 'reasoning-start', index } : { type: 'reasoning-start', index, id };
}

function reasoningEnd(index: number, details: ReasoningClose, openId: string | undefined): StreamEvent {
  const event: StreamEvent = { type: 'reasoning-end', index };
  if (details.signature !== undefined) event.signature = details.signature;
  if (details.redacted !== undefined) event.redacted = details.redacted;
  const id = details.id ?? openId;
  if (id !== undefined) event.id = id;
  return event;
}
