import { createHash } from 'node:crypto';
import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { BlockBuilder } from '../../stream/block-builder.ts';
import { expandParallelWrapper, isParallelWrapper } from '../../stream/parallel-wrapper.ts';
import { extraFields, objectsIn, textOrNone, WIRE } from './facts.ts';

/** One output item while it is received. */
export interface Slot {
  readonly ordinal: number;
  type: string | undefined;
  itemId: string | undefined;
  callId: string | undefined;
  name: string | undefined;
  extra: JsonObject | undefined;
  /** What was received of each of its texts: `t0` text, `r0` refusal, `s0` summary, `c0` reasoning, `a` arguments. */
  readonly received: Map<string, string>;
  /** The text that received last. */
  lastKey: string | undefined;
  /** Content parts whose annotations are told. */
  readonly told: Set<number>;
  /** Block of the tool call once it has begun. */
  block: number | undefined;
  opened: boolean;
  done: boolean;
}

export interface ItemReader {
  open(): Slot;
  describe(slot: Slot, item: JsonObject): void;
  delta(slot: Slot, key: string, piece: unknown): void;
  /** The whole text of one key: whatever deltas have not brought yet is emitted. */
  whole(slot: Slot, key: string, text: unknown): void;
  contentPart(slot: Slot, index: number, part: JsonObject): void;
  /** The finished item: what is missing of it, then its end. */
  finish(slot: Slot, item: JsonObject): void;
  /** Ends what never got its own end. */
  finishAll(): void;
  /** The vendor stores this answer, so its item ids mean something later. */
  stored: boolean;
  readonly slots: readonly Slot[];
  /** Calls that the caller has to answer. */
  readonly calls: number;
  readonly refused: boolean;
  readonly toolOpen: boolean;
  /** Names of calls whose arguments are not JSON as they stand. */
  incomplete(): string[];
}

/** Items besides function calls that wait for the caller's own answer. */
const CALLER_CALLS: ReadonlySet<string> = new Set([
  'custom_tool_call',
  'local_shell_call',
  'apply_patch_call',
  'computer_call',
]);

export function createItemReader(builder: BlockBuilder, seed: () => string): ItemReader {
  const slots: Slot[] = [];
  const callIds = new Set<string>();
  /** Items that show nothing by themselves; they are told with the next content, so that a retry stays possible. */
  const held: JsonValue[] = [];
  let lastOpened: Slot | undefined;
  let calls = 0;
  let refused = false;

  /** Before the first content of an item: what belongs in front of it. */
  const begin = (slot: Slot): void => {
    if (slot.opened) return;
    slot.opened = true;
    builder.closeText();
    builder.closeReasoning();
    for (const value of held.splice(0)) builder.opaque(WIRE, value);
    const boundary = slot.type === 'message' && lastOpened?.type === 'message';
    if (slot.extra !== undefined || boundary) builder.opaque(WIRE, { item: slot.extra ?? {} });
    lastOpened = slot;
  };

  const startTool = (slot: Slot, atEnd: boolean): void => {
    if (slot.block !== undefined || slot.name === undefined || isParallelWrapper(slot.name)) return;
    if (slot.callId === undefined && !atEnd) return;
    begin(slot);
    slot.block = builder.toolStart(uniqueId(slot), slot.name);
    builder.toolDelta(slot.block, slot.received.get('a') ?? '');
  };
  const uniqueId = (slot: Slot, suffix = ''): string => {
    const wanted = suffix === '' ? (slot.callId ?? slot.itemId) : undefined;
    const made = createHash('sha256').update(`${seed()}|${slot.ordinal}${suffix}|${slot.name}`).digest('hex');
    const id = wanted !== undefined && !callIds.has(wanted) ? wanted : `call_${made.slice(0, 24)}`;
    callIds.add(id);
    return id;
  };

  const emit = (slot: Slot, key: string, piece: string): void => {
    const before = slot.received.get(key);
    slot.received.set(key, before === undefined ? piece : before + piece);
    const continues = slot.lastKey === key;
    const first = slot.lastKey === undefined;
    slot.lastKey = key;
    switch (key[0]) {
      case 't':
      case 'r':
        begin(slot);
        if (!continues) builder.closeText();
        if (key[0] === 't') return builder.text(piece);
        refused = true;
        return builder.refusal(piece);
      case 's':
      case 'c':
        begin(slot);
        return builder.reasoning(continues || first ? piece : `\n\n${piece}`);
      case 'a':
        if (slot.block === undefined) startTool(slot, false);
        else builder.toolDelta(slot.block, piece);
        return;
      default:
        // Texts of items that travel whole (`i`, the input of a custom tool).
        return;
    }
  };

  const delta: ItemReader['delta'] = (slot, key, piece) => {
    if (typeof piece === 'string' && piece !== '' && !slot.done) emit(slot, key, piece);
  };
  const whole: ItemReader['whole'] = (slot, key, text) => {
    if (typeof text !== 'string' || slot.done) return;
    const before = slot.received.get(key) ?? '';
    if (text.length > before.length && text.startsWith(before)) emit(slot, key, text.slice(before.length));
  };

  const describe: ItemReader['describe'] = (slot, item) => {
    slot.type ??= textOrNone(item['type']);
    slot.itemId ??= textOrNone(item['id']);
    slot.callId ??= textOrNone(item['call_id']);
    slot.name ??= textOrNone(item['name']);
    const plain = slot.type === 'message' || slot.type === 'function_call';
    if (plain) slot.extra ??= extraFields(item, reader.stored);
    else if (slot.type === 'reasoning' && reader.stored && slot.itemId !== undefined) slot.extra = { id: slot.itemId };
    if (slot.type === 'function_call') startTool(slot, false);
  };

  const contentPart: ItemReader['contentPart'] = (slot, index, part) => {
    if (part['type'] === 'refusal') return whole(slot, `r${index}`, part['refusal']);
    if (part['type'] === 'reasoning_text') return whole(slot, `c${index}`, part['text']);
    if (part['type'] === 'output_text' || part['type'] === 'text') {
      whole(slot, `t${index}`, part['text']);
      return tellText(slot, index, part);
    }
    if (slot.type !== 'message' || slot.told.has(index)) return;
    slot.told.add(index);
    begin(slot);
    builder.closeText();
    builder.opaque(WIRE, { part });
  };
  const tellText = (slot: Slot, index: number, part: JsonObject): void => {
    const side: JsonObject = {};
    for (const key of ['annotations', 'logprobs']) {
      const list = part[key];
      if (Array.isArray(list) && list.length > 0) side[key] = list;
    }
    if (Object.keys(side).length === 0 || slot.told.has(index) || !slot.received.has(`t${index}`)) return;
    slot.told.add(index);
    builder.closeText();
    builder.opaque(WIRE, { text: side });
  };

  const finishReasoning = (slot: Slot, item: JsonObject): void => {
    objectsIn(item['summary']).forEach((part, at) => whole(slot, `s${at}`, part['text']));
    objectsIn(item['content']).forEach((part, at) => whole(slot, `c${at}`, part['text']));
    const redacted = textOrNone(item['encrypted_content']);
    if (redacted === undefined && !slot.opened) {
      if (reader.stored && slot.itemId !== undefined) held.push({ type: 'reasoning', id: slot.itemId, summary: [] });
      return;
    }
    begin(slot);
    builder.closeReasoning({ redacted, id: slot.itemId });
  };

  const endTool = (slot: Slot): void => {
    const { name } = slot;
    if (name === undefined) {
      throw new ProviderError({ kind: 'protocol', message: 'The vendor sent a tool call without a name.' });
    }
    const inner = slot.block === undefined ? expandParallelWrapper(name, slot.received.get('a') ?? '') : undefined;
    calls += inner?.length ?? 1;
    if (inner === undefined) {
      if (slot.block === undefined) {
        begin(slot);
        slot.block = builder.toolStart(uniqueId(slot), name);
        builder.toolDelta(slot.block, slot.received.get('a') ?? '');
      }
      return builder.toolEnd(slot.block);
    }
    begin(slot);
    inner.forEach((call, at) => {
      const block = builder.toolStart(uniqueId(slot, `.${at}`), call.name);
      builder.toolDelta(block, call.arguments);
      builder.toolEnd(block);
    });
  };

  const finish: ItemReader['finish'] = (slot, item) => {
    if (slot.done) return;
    // The finished item has the last word on what it is.
    slot.type = textOrNone(item['type']) ?? slot.type;
    describe(slot, item);
    switch (slot.type) {
      case 'message':
        objectsIn(item['content']).forEach((part, at) => contentPart(slot, at, part));
        builder.closeText();
        break;
      case 'reasoning':
        finishReasoning(slot, item);
        break;
      case 'function_call':
        whole(slot, 'a', isJsonObject(item['arguments']) ? JSON.stringify(item['arguments']) : item['arguments']);
        endTool(slot);
        break;
      default:
        if (CALLER_CALLS.has(slot.type ?? '')) calls += 1;
        begin(slot);
        builder.opaque(WIRE, item);
    }
    slot.done = true;
  };

  const reader: ItemReader = {
    open() {
      const slot = newSlot(slots.length);
      slots.push(slot);
      return slot;
    },
    describe,
    delta,
    whole,
    contentPart,
    finish,
    finishAll() {
      for (const slot of slots) {
        if (slot.done) continue;
        slot.done = true;
        if (slot.type === 'function_call' || slot.received.has('a')) endTool(slot);
        else if (CALLER_CALLS.has(slot.type ?? '')) {
          throw new ProviderError({ kind: 'protocol', message: `The vendor left a ${slot.type} without its end.` });
        }
      }
      for (const value of held.splice(0)) builder.opaque(WIRE, value);
    },
    stored: false,
    slots,
    get calls() {
      return calls;
    },
    get refused() {
      return refused;
    },
    get toolOpen() {
      return slots.some((slot) => !slot.done && (slot.type?.endsWith('_call') === true || slot.received.has('a')));
    },
    incomplete: () =>
      slots
        .filter((slot) => slot.type === 'function_call' && !isJson(slot.received.get('a') ?? '{}'))
        .map((slot) => slot.name ?? ''),
  };
  return reader;
}

function newSlot(ordinal: number): Slot {
  return {
    ordinal,
    type: undefined,
    itemId: undefined,
    callId: undefined,
    name: undefined,
    extra: undefined,
    received: new Map(),
    lastKey: undefined,
    told: new Set(),
    block: undefined,
    opened: false,
    done: false,
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
