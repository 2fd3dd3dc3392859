import { createHash } from 'node:crypto';
import { ProviderError } from '../spec/errors.ts';
import type { BlockBuilder } from './block-builder.ts';
import { expandParallelWrapper, isParallelWrapper } from './parallel-wrapper.ts';

/** One piece of a tool call as a vendor sent it. Every field may be missing, `null` or empty. */
export interface ToolDelta {
  readonly index?: number | null;
  readonly id?: string | null;
  readonly name?: string | null;
  /** Raw text, or the whole object from vendors that do not stringify. */
  readonly arguments?: unknown;
  readonly signature?: string;
  /** Place in the list it came in; the second entry of one list is never a continuation of the first. */
  readonly position?: number;
}

export interface ToolCallAssembler {
  push(delta: ToolDelta): void;
  /**
   * Ends every call: missing ids are made up, missing arguments become `{}`.
   * Throws `ProviderError` kind `protocol` for a call that never got a name.
   */
  finish(): void;
  /** Calls begun so far. */
  readonly count: number;
  /** True while a call has begun and `finish` has not been called. */
  readonly open: boolean;
  /** Names of calls whose arguments are not JSON as they stand (a cut by the output limit). */
  incomplete(): string[];
}

interface Call {
  readonly key: number | undefined;
  id: string | undefined;
  vendorId: string | undefined;
  name: string | undefined;
  arguments: string;
  signature: string | undefined;
  /** Block index once `tool-call-start` was emitted. */
  block: number | undefined;
  readonly ordinal: number;
}

/**
 * Merges tool-call deltas of every known shape into calls. `seed` goes into made-up ids: the same bytes must give the
 * same events however they are cut, so an id cannot be random. Give it what makes the answer unique (its id and time).
 *
 * Which call a delta belongs to: its index, else its id, else the last call touched. A new call begins on a known
 * index when the id changes and a new name comes or the arguments so far are complete; an id known under another
 * index, and a bare piece of arguments on an unknown index, continue an old call.
 */
export function createToolCallAssembler(builder: BlockBuilder, seed: () => string = () => ''): ToolCallAssembler {
  const calls: Call[] = [];
  let last: Call | undefined;
  let finished = false;

  const begin = (delta: ToolDelta): Call => {
    const call: Call = {
      key: delta.index ?? undefined,
      id: undefined,
      vendorId: undefined,
      name: undefined,
      arguments: '',
      signature: undefined,
      block: undefined,
      ordinal: calls.length,
    };
    calls.push(call);
    return call;
  };

  const find = (delta: ToolDelta, id: string | undefined, name: string | undefined): Call | undefined => {
    const byId = id === undefined ? undefined : calls.findLast((call) => call.vendorId === id);
    if (typeof delta.index === 'number') {
      const byIndex = calls.findLast((call) => call.key === delta.index);
      if (byIndex !== undefined) return byIndex.vendorId === id ? byIndex : (byId ?? byIndex);
      if (byId !== undefined) return byId;
      return id === undefined && name === undefined ? last : undefined;
    }
    if (id !== undefined) return byId ?? last;
    if (name !== undefined && (delta.position ?? 0) > 0) return undefined;
    return last;
  };

  const emitStart = (call: Call): void => {
    if (call.block !== undefined || call.name === undefined || isParallelWrapper(call.name)) return;
    call.id ??= madeUpCallId(`${seed()}|${call.ordinal}|${call.name}`);
    call.block = builder.toolStart(call.id, call.name);
    if (call.arguments !== '') builder.toolDelta(call.block, call.arguments);
  };

  const append = (call: Call, json: string): void => {
    if (json === '' || repeatsWhole(call.arguments, json)) return;
    call.arguments += json;
    if (call.block !== undefined) builder.toolDelta(call.block, json);
    else emitStart(call);
  };

  const push = (delta: ToolDelta): void => {
    const id = delta.id === null || delta.id === '' ? undefined : delta.id;
    const name = delta.name === null || delta.name === '' ? undefined : delta.name;
    const json = argumentText(delta.arguments);
    const found = find(delta, id, name);
    const call = found === undefined || startsAnother(found, id, name, json) ? begin(delta) : found;
    last = call;
    if (id !== undefined && call.vendorId === undefined) {
      call.vendorId = id;
      // Two calls must not share an id, whatever the vendor says.
      if (call.id === undefined && !calls.some((other) => other !== call && other.id === id)) call.id = id;
    }
    call.name ??= name;
    call.signature ??= delta.signature;
    if (call.block === undefined && call.id !== undefined) emitStart(call);
    append(call, json);
  };

  const close = (call: Call): void => {
    if (call.name === undefined) {
      throw new ProviderError({ kind: 'protocol', message: 'The vendor sent a tool call without a name.' });
    }
    const inner = isParallelWrapper(call.name) ? expandParallelWrapper(call.name, call.arguments) : undefined;
    if (inner !== undefined) {
      inner.forEach((entry, at) => {
        const block = builder.toolStart(madeUpCallId(`${seed()}|${call.ordinal}.${at}|${entry.name}`), entry.name);
        builder.toolDelta(block, entry.arguments);
        builder.toolEnd(block);
      });
      return;
    }
    if (call.block === undefined) {
      call.id ??= madeUpCallId(`${seed()}|${call.ordinal}|${call.name}`);
      call.block = builder.toolStart(call.id, call.name);
      builder.toolDelta(call.block, call.arguments);
    }
    builder.toolEnd(call.block, call.signature);
  };

  return {
    push,
    finish() {
      if (finished) return;
      finished = true;
      for (const call of calls) close(call);
    },
    incomplete: () => calls.filter((call) => !isCompleteJson(call.arguments || '{}')).map((call) => call.name ?? ''),
    get count() {
      return calls.length;
    },
    get open() {
      return calls.length > 0 && !finished;
    },
  };
}

/** Vendors that reuse one index for every call: a changed identity on a finished or renamed call begins another. */
function startsAnother(call: Call, id: string | undefined, name: string | undefined, json: string): boolean {
  const otherName = name !== undefined && call.name !== undefined && name !== call.name;
  if (id !== undefined && call.vendorId !== undefined) {
    if (id !== call.vendorId) return name !== undefined || isCompleteJson(call.arguments);
    return otherName && isCompleteJson(call.arguments);
  }
  if (name === undefined || call.name === undefined) return false;
  const freshArguments = json.trimStart().startsWith('{') && json !== call.arguments;
  if (otherName && call.arguments === '') return freshArguments;
  return freshArguments && isCompleteJson(call.arguments);
}

/** A last chunk that says a complete call once more (GLM, vLLM, llama.cpp): nothing may follow complete JSON. */
function repeatsWhole(stored: string, json: string): boolean {
  if (stored === '' || !json.trimStart().startsWith('{')) return false;
  return isCompleteJson(stored) && isCompleteJson(json);
}

/** A JSON object from its first brace to its last. */
export function isCompleteJson(text: string): boolean {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{') || !trimmed.endsWith('}')) return false;
  try {
    JSON.parse(trimmed);
    return true;
  } catch {
    return false;
  }
}

function argumentText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  return JSON.stringify(value);
}

/** The id of a call whose vendor sent none: it depends only on what was sent, so that cuts do not matter. */
export function madeUpCallId(seed: string): string {
  return `call_${createHash('sha256').update(seed).digest('hex').slice(0, 24)}`;
}
