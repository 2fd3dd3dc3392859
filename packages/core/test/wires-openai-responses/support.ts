import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { openaiResponsesClient } from '../../src/wires/openai-responses/index.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import { decodeAtAnyCut, failureAtAnyCut } from '../testkit/cuts.ts';
import { testTarget } from '../testkit/samples.ts';
import { sseBytes } from '../testkit/sse.ts';

export interface Loose {
  readonly [key: string]: unknown;
}

export const created = (fields: object = {}): object => ({
  type: 'response.created',
  response: { id: 'resp_1', model: 'm', created_at: 7, status: 'in_progress', output: [], ...fields },
});
export const completed = (fields: object = {}, type = 'response.completed'): object => ({
  type,
  response: { id: 'resp_1', status: 'completed', output: [], usage: null, ...fields },
});
export const added = (at: number, item: object): object => ({
  type: 'response.output_item.added',
  output_index: at,
  item,
});
export const itemDone = (at: number, item: object): object => ({
  type: 'response.output_item.done',
  output_index: at,
  item,
});
export const text = (at: number, delta: string, rest: object = {}): object => ({
  type: 'response.output_text.delta',
  output_index: at,
  content_index: 0,
  item_id: `msg_${at}`,
  delta,
  ...rest,
});
export const args = (at: number | undefined, delta: string, id = `fc_${at}`): object => ({
  type: 'response.function_call_arguments.delta',
  ...(at === undefined ? {} : { output_index: at }),
  item_id: id,
  delta,
});
export const call = (at: number, name: string, json = '', rest: object = {}): object => ({
  type: 'function_call',
  id: `fc_${at}`,
  call_id: `call_${at}`,
  name,
  arguments: json,
  ...rest,
});
export const message = (at: number, said: string, rest: object = {}): object => ({
  type: 'message',
  id: `msg_${at}`,
  role: 'assistant',
  content: said === '' ? [] : [{ type: 'output_text', text: said, annotations: [] }],
  ...rest,
});

export const maker =
  (quirks: Partial<Quirks> = {}) =>
  () =>
    openaiResponsesClient.createDecoder(testTarget(quirks));

export function answer(events: readonly unknown[], quirks: Partial<Quirks> = {}): ChatResponse {
  return collectEvents(decodeAtAnyCut(maker(quirks), sseBytes(events, { done: false }), { cuts: 20 }));
}

export const failure = (events: readonly unknown[], eventName?: (data: string) => string | undefined): Loose =>
  failureAtAnyCut(maker(), sseBytes(events, { done: false, eventName }));
