import { ProviderError } from '../../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import type { WireTarget } from '../wire.ts';
import { failureIn } from './errors.ts';
import { objectsIn, textOrNone } from './facts.ts';
import { createItemReader, type Slot } from './item-reader.ts';
import { readUsage } from './usage.ts';

/** Reads the JSON events of one answer, or the answer itself as one object. */
export interface EventReader {
  /** `name` is the stream's `event:` field, for servers that leave `type` out. Throws `ProviderError` for failures. */
  read(event: JsonObject, name: string): void;
  /** A whole response object. */
  readResponse(response: JsonObject): void;
  /** The terminal event was read. */
  readonly done: boolean;
  /** A call is being received: nothing may be missed now. */
  readonly toolOpen: boolean;
  take(): StreamEvent[];
}

export function createEventReader(target: WireTarget): EventReader {
  const builder = createBlockBuilder();
  let headId = '';
  const items = createItemReader(builder, () => headId);
  /** By `output_index`. Ids only help where there is none: Copilot sends another id with every event. */
  const byIndex = new Map<number, Slot>();
  let last: Slot | undefined;
  let done = false;

  const begin = (response: JsonObject): void => {
    if (response['store'] === true) items.stored = true;
    if (builder.started) return;
    const id = textOrNone(response['id']);
    const created = response['created_at'];
    headId = id ?? '';
    builder.start({
      id,
      model: textOrNone(response['model']),
      createdAt: typeof created === 'number' && created > 0 ? Math.floor(created) : undefined,
    });
  };

  const slotOf = (event: JsonObject): Slot => {
    const index = event['output_index'];
    const id = textOrNone(event['item_id']);
    let slot: Slot | undefined;
    if (typeof index === 'number') slot = byIndex.get(index);
    else slot = (id === undefined ? undefined : items.slots.findLast((one) => one.itemId === id)) ?? last;
    if (slot === undefined) {
      slot = items.open();
      slot.itemId = id;
      if (typeof index === 'number') byIndex.set(index, slot);
    }
    last = slot;
    return slot;
  };

  const added = (event: JsonObject, item: JsonObject): Slot => {
    const index = event['output_index'];
    const id = textOrNone(item['id']);
    const callId = textOrNone(item['call_id']);
    const known = typeof index === 'number' ? byIndex.get(index) : items.slots.findLast((one) => one.itemId === id);
    const fits = known !== undefined && !known.done && (known.type === undefined || known.type === item['type']);
    const sameCall = known?.callId === undefined || callId === undefined || known.callId === callId;
    const slot = fits && sameCall ? known : items.open();
    if (typeof index === 'number') byIndex.set(index, slot);
    last = slot;
    items.describe(slot, item);
    return slot;
  };

  const itemDone = (event: JsonObject, item: JsonObject): void => {
    const index = event['output_index'];
    const callId = textOrNone(item['call_id']);
    const id = textOrNone(item['id']);
    let slot = typeof index === 'number' ? byIndex.get(index) : undefined;
    if (typeof index !== 'number') {
      const open = items.slots.filter((one) => !one.done && (one.type ?? item['type']) === item['type']);
      slot = open.find((one) => one.itemId === id || (callId !== undefined && one.callId === callId)) ?? open.at(-1);
    }
    // The same end once more says nothing new; another item under a used index is an item of its own.
    if (slot?.done === true && (slot.type !== item['type'] || slot.callId !== callId)) slot = undefined;
    items.finish(slot ?? added(event, item), item);
  };

  /** The closing event repeats the output: what the stream left out is taken from there, never what it already gave. */
  const fillFrom = (response: JsonObject): void => {
    const output = objectsIn(response['output']);
    const anyStreamed = items.slots.length > 0;
    output.forEach((item, at) => {
      if (!anyStreamed) return items.finish(items.open(), item);
      const id = textOrNone(item['id']);
      const callId = textOrNone(item['call_id']);
      const same = items.slots.find(
        (slot) =>
          slot.type === item['type'] &&
          ((id !== undefined && slot.itemId === id) || (callId !== undefined && slot.callId === callId)),
      );
      const placed = byIndex.get(at);
      const slot = same ?? (placed?.type === item['type'] && callId === undefined ? placed : undefined);
      if (slot !== undefined) items.finish(slot, item);
      else if (!items.slots.some((one) => one.type === item['type']) || isNewCall(item, callId)) {
        items.finish(items.open(), item);
      }
    });
  };
  const isNewCall = (item: JsonObject, callId: string | undefined): boolean =>
    item['type'] === 'function_call' &&
    callId !== undefined &&
    // Where no call has an id of its own they cannot be told apart.
    items.slots.every((slot) => slot.type !== 'function_call' || slot.callId !== undefined);

  const complete = (response: JsonObject, type: string): void => {
    const status = textOrNone(response['status']) ?? (type === 'response.incomplete' ? 'incomplete' : 'completed');
    if (status === 'failed' || status === 'cancelled' || isJsonObject(response['error']))
      throw failed(response, status);
    begin(response);
    fillFrom(response);
    const incomplete = status === 'incomplete' || type === 'response.incomplete';
    const details = isJsonObject(response['incomplete_details']) ? response['incomplete_details'] : {};
    const rawReason = incomplete ? (textOrNone(details['reason']) ?? 'incomplete') : status;
    const cut = incomplete ? items.incomplete() : [];
    items.finishAll();
    const reason = finishReason(incomplete, rawReason);
    for (const name of cut) {
      builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
    }
    const usage = readUsage(response['usage'], target.quirks.outputExcludesReasoning);
    builder.finish(reason, usage === undefined ? { rawReason } : { rawReason, usage });
    done = true;
  };
  const finishReason = (incomplete: boolean, rawReason: string): FinishReason => {
    if (incomplete) {
      if (rawReason.includes('content_filter')) return 'content-filter';
      return /max_(output_)?tokens|length|incomplete/.test(rawReason) ? 'length' : 'other';
    }
    if (items.calls > 0) return 'tool-calls';
    return items.refused ? 'refusal' : 'stop';
  };

  const read: EventReader['read'] = (event, name) => {
    const type = textOrNone(event['type']) ?? name;
    switch (type) {
      case 'response.output_text.delta':
        return items.delta(message(event), `t${indexOf(event['content_index'])}`, event['delta']);
      case 'response.function_call_arguments.delta':
        return items.delta(slotOf(event), 'a', event['delta']);
      case 'response.reasoning_summary_text.delta':
        return items.delta(slotOf(event), `s${indexOf(event['summary_index'])}`, event['delta']);
      case 'response.reasoning_text.delta':
        return items.delta(slotOf(event), `c${indexOf(event['content_index'])}`, event['delta']);
      case 'response.refusal.delta':
        return items.delta(message(event), `r${indexOf(event['content_index'])}`, event['delta']);
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return begin(isJsonObject(event['response']) ? event['response'] : {});
      case 'response.completed':
      case 'response.incomplete':
      case 'response.done':
        return complete(isJsonObject(event['response']) ? event['response'] : {}, type);
      case 'response.failed':
      case 'response.cancelled':
        throw failed(isJsonObject(event['response']) ? event['response'] : event, type.slice('response.'.length));
      case 'error':
      case 'response.error':
        throw failureIn(event);
      default:
        return readDone(event, type);
    }
  };

  const message = (event: JsonObject): Slot => {
    const slot = slotOf(event);
    slot.type ??= 'message';
    return slot;
  };

  const readDone = (event: JsonObject, type: string): void => {
    switch (type) {
      case 'response.output_item.added':
        if (isJsonObject(event['item'])) added(event, event['item']);
        return;
      case 'response.output_item.done':
        if (isJsonObject(event['item'])) itemDone(event, event['item']);
        return;
      case 'response.output_text.done':
        return items.whole(message(event), `t${indexOf(event['content_index'])}`, event['text']);
      case 'response.refusal.done':
        return items.whole(message(event), `r${indexOf(event['content_index'])}`, event['refusal']);
      case 'response.content_part.done':
        if (isJsonObject(event['part'])) {
          items.contentPart(slotOf(event), indexOf(event['content_index']), event['part']);
        }
        return;
      case 'response.function_call_arguments.done': {
        const slot = slotOf(event);
        slot.name ??= textOrNone(event['name']);
        return items.whole(slot, 'a', event['arguments']);
      }
      case 'response.reasoning_summary_text.done':
        return items.whole(slotOf(event), `s${indexOf(event['summary_index'])}`, event['text']);
      case 'response.reasoning_summary_part.done': {
        const part = isJsonObject(event['part']) ? event['part'] : {};
        return items.whole(slotOf(event), `s${indexOf(event['summary_index'])}`, part['text']);
      }
      case 'response.reasoning_text.done':
        return items.whole(slotOf(event), `c${indexOf(event['content_index'])}`, event['text']);
      default:
        // Progress of hosted tools: their finished items say all of it. Errors of proxies have no type at all.
        if (type === '' || type === 'message') readUntyped(event);
    }
  };
  const readUntyped = (event: JsonObject): void => {
    if (event['object'] === 'response') readResponse(event);
    else if (event['error'] !== undefined && event['error'] !== null) throw failureIn(event);
  };

  const readResponse = (response: JsonObject): void => {
    const status = response['status'];
    if (!Array.isArray(response['output'])) {
      if (isJsonObject(response['error']) || typeof response['error'] === 'string') throw failureIn(response);
      if (response['detail'] !== undefined || typeof response['message'] === 'string') throw failureIn(response);
      const message = 'The answer has no `output`: is this a responses endpoint?';
      throw new ProviderError({ kind: 'protocol', message });
    }
    if (status === 'queued' || status === 'in_progress') {
      throw new ProviderError({
        kind: 'protocol',
        message: `The vendor answered with status ${status}, not an answer.`,
      });
    }
    complete(response, 'response.completed');
  };

  return {
    read,
    readResponse,
    get done() {
      return done;
    },
    get toolOpen() {
      return items.toolOpen;
    },
    take: () => builder.take(),
  };
}

function failed(response: JsonObject, status: string): ProviderError {
  if (isJsonObject(response['error'])) return failureIn(response['error']);
  return new ProviderError({
    kind: 'server',
    message: `The vendor ended the answer with status ${status}.`,
    code: status,
  });
}

function indexOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
