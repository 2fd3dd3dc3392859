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
  reasoning(piece: string): void;
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
  let events: StreamEvent[] = [];
  let nextIndex = 0;
  let started = false;
  let finished = false;
  let openKind: 'text' | 'refusal' | 'reasoning' | undefined;
  let openIndex = -1;
  const tools = new Map<number, OpenTool>();

  const start: BlockBuilder['start'] = (info = {}) => {
    if (started) return;
    started = true;
    const event: StreamEvent = { type: 'response-start' };
    if (info.id !== undefined) event.id = info.id;
    if (info.model !== undefined) event.model = info.model;
    if (info.createdAt !== undefined) event.createdAt = info.createdAt;
    events.push(event);
  };

  const close = (details: ReasoningClose = {}): void => {
    if (openKind === undefined) return;
    if (openKind === 'reasoning') events.push(reasoningEnd(openIndex, details));
    else events.push({ type: 'text-end', index: openIndex });
    openKind = undefined;
  };

  const open = (kind: 'text' | 'refusal' | 'reasoning'): void => {
    if (!started) start();
    close();
    openKind = kind;
    openIndex = nextIndex;
    nextIndex += 1;
    if (kind === 'reasoning') events.push({ type: 'reasoning-start', index: openIndex });
    else if (kind === 'refusal') events.push({ type: 'text-start', index: openIndex, refusal: true });
    else events.push({ type: 'text-start', index: openIndex });
  };

  const toolEnd: BlockBuilder['toolEnd'] = (index, signature) => {
    const tool = tools.get(index);
    if (tool === undefined) return;
    tools.delete(index);
    const { id, name } = tool;
    const event: StreamEvent = { type: 'tool-call-end', index, id, name, arguments: tool.arguments || '{}' };
    if (signature !== undefined) event.signature = signature;
    events.push(event);
  };

  return {
    start,
    text(piece) {
      if (piece === '') return;
      if (openKind !== 'text') open('text');
      events.push({ type: 'text-delta', index: openIndex, text: piece });
    },
    refusal(piece) {
      if (piece === '') return;
      if (openKind !== 'refusal') open('refusal');
      events.push({ type: 'text-delta', index: openIndex, text: piece });
    },
    reasoning(piece) {
      if (piece === '') return;
      if (openKind !== 'reasoning') open('reasoning');
      events.push({ type: 'reasoning-delta', index: openIndex, text: piece });
    },
    closeText() {
      if (openKind === 'text' || openKind === 'refusal') close();
    },
    closeReasoning(details = {}) {
      if (openKind !== 'reasoning') {
        if (details.signature === undefined && details.redacted === undefined) return;
        open('reasoning');
      }
      close(details);
    },
    toolStart(id, name) {
      if (!started) start();
      close();
      const index = nextIndex;
      nextIndex += 1;
      tools.set(index, { index, id, name, arguments: '' });
      events.push({ type: 'tool-call-start', index, id, name });
      return index;
    },
    toolDelta(index, json) {
      const tool = tools.get(index);
      if (tool === undefined || json === '') return;
      tool.arguments += json;
      events.push({ type: 'tool-call-delta', index, json });
    },
    toolEnd,
    opaque(wire, value) {
      if (!started) start();
      events.push({ type: 'opaque', wire, value });
    },
    warning(code, message) {
      if (!started) start();
      events.push({ type: 'warning', code, message });
    },
    usage(usage) {
      if (!started) start();
      events.push({ type: 'usage', usage });
    },
    finish(reason, details = {}) {
      if (finished) return;
      if (!started) start();
      close();
      for (const index of tools.keys()) toolEnd(index);
      finished = true;
      const event: StreamEvent = { type: 'finish', reason };
      if (details.rawReason !== undefined) event.rawReason = details.rawReason;
      if (details.stopSequence !== undefined) event.stopSequence = details.stopSequence;
      if (details.usage !== undefined) event.usage = details.usage;
      events.push(event);
    },
    take() {
      const taken = events;
      events = [];
      return taken;
    },
    get started() {
      return started;
    },
    get finished() {
      return finished;
    },
  };
}

function reasoningEnd(index: number, details: ReasoningClose): StreamEvent {
  const event: StreamEvent = { type: 'reasoning-end', index };
  if (details.signature !== undefined) event.signature = details.signature;
  if (details.redacted !== undefined) event.redacted = details.redacted;
  if (details.id !== undefined) event.id = details.id;
  return event;
}
