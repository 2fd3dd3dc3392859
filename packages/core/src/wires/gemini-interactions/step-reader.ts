import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { BlockBuilder } from '../../stream/block-builder.ts';
import { isCompleteJson, madeUpCallId } from '../../stream/tool-call-assembler.ts';
import { stepError, WIRE } from './facts.ts';

/** Reads the steps of one interaction, whole or in pieces; several may be open side by side. */
export interface StepReader {
  /** `argumentsText` gives the text of `arguments` as it stood on the wire. */
  start(index: unknown, step: JsonObject, argumentsText: () => string | undefined): void;
  delta(index: unknown, delta: JsonObject, argumentsText: () => string | undefined): void;
  stop(index: unknown): void;
  /** Closes what is open. `isCut`: the output limit ended the answer; calls whose arguments it cut are told. */
  finish(isCut: boolean): { readonly calls: number; readonly error: string | undefined };
  readonly count: number;
  readonly open: boolean;
  readonly callOpen: boolean;
  /** Content was read: text, a call, or an item of the vendor's own. */
  readonly said: boolean;
}

type OpenStep =
  | { readonly kind: 'thought'; signature: string | undefined; readonly others: JsonValue[] }
  | { readonly kind: 'output'; readonly annotations: JsonValue[] }
  | {
      readonly kind: 'call';
      readonly block: number;
      readonly name: string;
      /** Arguments of the step's first form; pieces that come later replace it. */
      first: string | undefined;
      json: string;
      signature: string | undefined;
    }
  | { readonly kind: 'other'; readonly step: JsonObject };

export function createStepReader(builder: BlockBuilder, seed: () => string): StepReader {
  const open = new Map<unknown, OpenStep>();
  const ids = new Set<string>();
  /** Names of calls whose arguments are not whole. */
  const cut: string[] = [];
  let calls = 0;
  let count = 0;
  let error: string | undefined;
  let said = false;

  const opaque = (value: JsonObject): void => {
    said = true;
    builder.opaque(WIRE, value);
  };

  const callId = (given: unknown, name: string): string => {
    const stated = text(given);
    const id = stated === undefined || ids.has(stated) ? madeUpCallId(`${seed()}|${calls}|${name}`) : stated;
    ids.add(id);
    calls += 1;
    said = true;
    return id;
  };

  const summary = (item: JsonValue, step: OpenStep & { kind: 'thought' }): void => {
    if (isJsonObject(item) && typeof item['text'] === 'string') builder.reasoning(item['text']);
    else if (isJsonObject(item)) step.others.push(item);
  };

  /** One item of an output step. Its annotations follow the text they are about. */
  const output = (item: JsonObject, step: OpenStep & { kind: 'output' }): void => {
    const { type, annotations } = item;
    if (typeof item['text'] === 'string' && (type === 'text' || type === undefined)) {
      if (item['text'] !== '') said = true;
      builder.text(item['text']);
      if (Array.isArray(annotations)) step.annotations.push(...annotations);
    } else if (type === 'text_annotation_delta' || type === 'text_annotation') {
      if (Array.isArray(annotations)) step.annotations.push(...annotations);
    } else {
      // An image, a sound, a film: of an answer's content the vocabulary has text only.
      flushOutput(step);
      opaque({ content: item });
    }
  };

  const flushOutput = (step: OpenStep & { kind: 'output' }): void => {
    builder.closeText();
    if (step.annotations.length > 0) opaque({ annotations: step.annotations.splice(0) });
  };

  const start: StepReader['start'] = (index, step, argumentsText) => {
    if (open.has(index)) stop(index);
    count += 1;
    const { type } = step;
    if (type === 'thought') {
      // A thought is a block of its own, also behind another one.
      builder.closeReasoning();
      const state: OpenStep = { kind: 'thought', signature: text(step['signature']), others: [] };
      open.set(index, state);
      for (const item of listOf(step['summary'])) summary(item, state);
    } else if (type === 'model_output') {
      builder.closeText();
      const state: OpenStep = { kind: 'output', annotations: [] };
      open.set(index, state);
      error = stepError(step) ?? error;
      listOf(step['content']).forEach((item, at) => {
        if (!isJsonObject(item)) return;
        if (at > 0) flushOutput(state);
        output(item, state);
      });
    } else if (type === 'function_call') {
      const name = text(step['name']);
      if (name === undefined) {
        throw new ProviderError({ kind: 'protocol', message: 'The vendor sent a tool call without a name.' });
      }
      const block = builder.toolStart(callId(step['id'], name), name);
      const first = argumentsText();
      open.set(index, { kind: 'call', block, name, first, json: '', signature: text(step['signature']) });
    } else if (type === 'user_input') {
      // The question said again is no part of the answer.
      open.set(index, { kind: 'other', step: {} });
    } else open.set(index, { kind: 'other', step: { ...step } });
  };

  const delta: StepReader['delta'] = (index, piece, argumentsText) => {
    const step = open.get(index);
    if (step === undefined) return;
    const { type, ...fields } = piece;
    const signature = text(piece['signature']);
    switch (step.kind) {
      case 'thought':
        step.signature = signature ?? step.signature;
        if (type === 'thought_summary') summary(piece['content'] ?? null, step);
        return;
      case 'output':
        error = stepError(piece) ?? error;
        return output(piece, step);
      case 'call': {
        step.signature = signature ?? step.signature;
        const json = argumentsText();
        if (json === undefined || json === '') return;
        step.json += json;
        return builder.toolDelta(step.block, json);
      }
      default:
        if (Object.keys(step.step).length === 0) return;
        // Such a piece says its fields whole; an empty one takes nothing back.
        for (const [key, value] of Object.entries(fields)) {
          if (value !== null && value !== '' && key !== '__proto__') step.step[key] = value;
        }
    }
  };

  const stop: StepReader['stop'] = (index) => {
    const step = open.get(index);
    if (step === undefined) return;
    open.delete(index);
    switch (step.kind) {
      case 'thought':
        builder.closeReasoning({ signature: step.signature });
        if (step.others.length > 0) builder.opaque(WIRE, { summary: step.others });
        return;
      case 'output':
        return flushOutput(step);
      case 'call':
        if (step.json === '') builder.toolDelta(step.block, step.first ?? '');
        if (!isCompleteJson(step.json || '{}')) cut.push(step.name);
        return builder.toolEnd(step.block, step.signature);
      default:
        if (Object.keys(step.step).length > 0) opaque({ step: step.step });
    }
  };

  return {
    start,
    delta,
    stop,
    finish(isCut) {
      for (const index of open.keys()) stop(index);
      for (const name of isCut ? cut : []) {
        builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
      }
      return { calls, error };
    },
    get count() {
      return count;
    },
    get open() {
      return open.size > 0;
    },
    get callOpen() {
      for (const step of open.values()) if (step.kind === 'call') return true;
      return false;
    },
    get said() {
      return said;
    },
  };
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
