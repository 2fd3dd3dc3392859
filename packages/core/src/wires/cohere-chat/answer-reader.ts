import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { createToolCallAssembler } from '../../stream/tool-call-assembler.ts';
import type { JsonEventReader, JsonEventWire } from '../json-events.ts';
import { mergeDelta } from '../merge-delta.ts';
import { failureOf, inBandError } from './errors.ts';
import { billedUnits, PLAN_ID, readFinishReason, readUsage, WIRE } from './facts.ts';

/** What the shared stream decoder needs to know of this wire. */
export const COHERE_EVENTS: JsonEventWire = {
  createReader: createAnswerReader,
  callMark: '"tool-call-',
  terminal: '`message-end`',
  inBandError,
};

/**
 * Events of `/v2/chat` to events of ours. Citations, log probabilities and what is billed have no place in the
 * vocabulary: they are gathered and leave as opaque values, one of each, just before the end.
 */
export function createAnswerReader(): JsonEventReader {
  const builder = createBlockBuilder();
  let id = '';
  const calls = createToolCallAssembler(builder, () => id);
  const citations: JsonValue[] = [];
  const logprobs: JsonValue[] = [];
  /** Content items of kinds that are not in the vocabulary, by their index. */
  const unknown = new Map<unknown, JsonObject>();
  /** Arguments so far of each call, while they may still be the word `null`, which stands for none. */
  const held = new Map<unknown, string>();
  /** Two calls must not share an id, whatever the vendor says. */
  const indexOfId = new Map<string, unknown>();
  let usage: Usage | undefined;
  let billed: JsonObject | undefined;
  let said = false;
  let done = false;
  let anything = false;

  const begin = (stated: unknown): void => {
    anything = true;
    if (builder.started) return;
    id = typeof stated === 'string' ? stated : '';
    builder.start({ id: id === '' ? undefined : id });
  };

  const say = (text: string): void => {
    if (text !== '') said = true;
    builder.text(text);
  };

  const closeContent = (): void => {
    builder.closeText();
    builder.closeReasoning();
  };

  const content = (item: JsonObject, index: unknown, isNew: boolean): void => {
    if (isNew) closeContent();
    const { text, thinking } = item;
    const known =
      item['type'] === undefined ? !unknown.has(index) : item['type'] === 'text' || item['type'] === 'thinking';
    if (!known) {
      const before = unknown.get(index);
      if (before === undefined) unknown.set(index, { ...item });
      else mergeDelta(before, item);
      return;
    }
    if (typeof thinking === 'string') builder.reasoning(thinking);
    if (typeof text === 'string') say(text);
  };

  const endContent = (index: unknown): void => {
    closeContent();
    const item = unknown.get(index);
    unknown.delete(index);
    if (item !== undefined) builder.opaque(WIRE, { content: item });
  };

  const piece = (index: unknown, json: string, isNew: boolean): string => {
    const before = isNew ? '' : held.get(index);
    if (before === undefined) return json;
    const text = before + json;
    held.delete(index);
    if (!'null'.startsWith(text.trim())) return text;
    held.set(index, text);
    return '';
  };

  const ownId = (stated: unknown, index: unknown): string | undefined => {
    if (typeof stated !== 'string' || stated === '') return undefined;
    if (!indexOfId.has(stated)) indexOfId.set(stated, index);
    return indexOfId.get(stated) === index ? stated : undefined;
  };

  const toolCall = (call: JsonObject, index: unknown): void => {
    const holder = isJsonObject(call['function']) ? call['function'] : call;
    const { name, arguments: given } = holder;
    const json = typeof given === 'string' ? given : JSON.stringify(given ?? '').replace(/^""$/, '');
    calls.push({
      index: typeof index === 'number' ? index : undefined,
      id: ownId(call['id'], index),
      name: typeof name === 'string' ? name : undefined,
      arguments: piece(index, json, typeof name === 'string'),
    });
  };

  const endCall = (index: unknown): void => {
    const word = held.get(index) ?? '';
    held.delete(index);
    // The whole word is no argument; a part of it is an argument that was cut.
    if (word.trim() === '' || word.trim() === 'null') return;
    calls.push({ index: typeof index === 'number' ? index : undefined, arguments: word });
  };

  const gather = (value: unknown, into: JsonValue[]): void => {
    if (Array.isArray(value)) into.push(...(value as JsonValue[]));
    else if (isJsonObject(value)) into.push(value);
  };

  const finish = (answer: JsonObject): void => {
    const raw = typeof answer['finish_reason'] === 'string' ? answer['finish_reason'] : undefined;
    const counted = readUsage(answer['usage']);
    if (counted !== undefined) usage = mergeUsage(usage, counted);
    billed = billedUnits(answer['usage']) ?? billed;
    const error = answer['error'];
    const read = raw === undefined ? 'stop' : readFinishReason(raw);
    if (read === 'error' || (typeof error === 'string' && error !== '')) {
      throw failureOf(raw ?? 'ERROR', typeof error === 'string' ? error : undefined);
    }
    closeContent();
    for (const index of unknown.keys()) endContent(index);
    for (const index of held.keys()) endCall(index);
    const cut = read === 'length' ? calls.incomplete() : [];
    calls.finish();
    if (citations.length > 0) builder.opaque(WIRE, { citations });
    if (logprobs.length > 0) builder.opaque(WIRE, { logprobs });
    // An answer without content must not look as if it had some.
    if (billed !== undefined && (said || calls.count > 0)) builder.opaque(WIRE, { usage: billed });
    for (const name of cut) {
      builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
    }
    done = true;
    builder.finish(read === 'stop' && calls.count > 0 ? 'tool-calls' : read, { rawReason: raw, usage });
  };

  const readEvent = (event: JsonObject): void => {
    const { type, index } = event;
    const delta = isJsonObject(event['delta']) ? event['delta'] : {};
    const message = isJsonObject(delta['message']) ? delta['message'] : {};
    const item = isJsonObject(message['content']) ? message['content'] : undefined;
    const call = isJsonObject(message['tool_calls']) ? message['tool_calls'] : undefined;
    switch (type) {
      case 'message-start':
        return begin(event['id']);
      case 'content-start':
      case 'content-delta':
        begin(undefined);
        gather(event['logprobs'], logprobs);
        return item === undefined ? undefined : content(item, index, type === 'content-start');
      case 'content-end':
        return endContent(index);
      case 'tool-plan-delta':
        begin(undefined);
        return typeof message['tool_plan'] === 'string' ? builder.reasoning(message['tool_plan'], PLAN_ID) : undefined;
      case 'tool-call-start':
      case 'tool-call-delta':
        begin(undefined);
        return call === undefined ? undefined : toolCall(call, index);
      case 'tool-call-end':
        return endCall(index);
      case 'citation-start':
        return gather(message['citations'], citations);
      case 'message-end':
        begin(event['id']);
        return finish(delta);
      default:
        // What a debugging server adds, the end of a citation, and kinds that are yet to come.
        return undefined;
    }
  };

  return {
    read(event) {
      const { type, message, error } = event;
      if (type === undefined || type === 'error') {
        if (typeof message === 'string' || error !== undefined) throw inBandError(event);
      }
      readEvent(event);
    },
    readWhole(answer) {
      const { message } = answer;
      if (!isJsonObject(message)) {
        if (typeof message === 'string' || answer['error'] !== undefined) throw inBandError(answer);
        throw new ProviderError({ kind: 'protocol', message: 'The answer has no `message`: is this `/v2/chat`?' });
      }
      begin(answer['id']);
      const items = message['content'];
      if (typeof items === 'string') say(items);
      const list = Array.isArray(items) ? items : [];
      list.forEach((item, at) => {
        if (!isJsonObject(item)) return;
        content(item, at, true);
        endContent(at);
      });
      if (typeof message['tool_plan'] === 'string') builder.reasoning(message['tool_plan'], PLAN_ID);
      const made = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
      made.forEach((call, at) => {
        if (isJsonObject(call)) toolCall(call, at);
      });
      gather(message['citations'], citations);
      gather(answer['logprobs'], logprobs);
      if (typeof answer['finish_reason'] === 'string') finish(answer);
    },
    close() {},
    get done() {
      return done;
    },
    get complete() {
      return done;
    },
    get callOpen() {
      return calls.open;
    },
    get anything() {
      return anything;
    },
    take: () => builder.take(),
  };
}
