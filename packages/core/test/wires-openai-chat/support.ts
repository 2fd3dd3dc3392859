import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import { decodeAtAnyCut, failureAtAnyCut } from '../testkit/cuts.ts';
import { testTarget } from '../testkit/samples.ts';
import { sseBytes, type SseEnvelope } from '../testkit/sse.ts';

export const head = { id: 'c1', object: 'chat.completion.chunk', created: 7, model: 'm' };
export const delta = (fields: object, index = 0) => ({
  ...head,
  choices: [{ index, delta: fields, finish_reason: null }],
});
export const end = (reason: string | null, rest: object = {}) => ({
  ...head,
  choices: [{ index: 0, delta: {}, finish_reason: reason }],
  ...rest,
});
export const tool = (entry: object) => delta({ tool_calls: [entry] });

export const maker =
  (quirks: Partial<Quirks> = {}) =>
  () =>
    openaiChatClient.createDecoder(testTarget(quirks));
export function answer(
  chunks: readonly unknown[],
  quirks: Partial<Quirks> = {},
  envelope: SseEnvelope = {},
): ChatResponse {
  return collectEvents(decodeAtAnyCut(maker(quirks), sseBytes(chunks, envelope), { cuts: 20 }));
}
export const failure = (chunks: readonly unknown[], envelope: SseEnvelope = { done: false }) =>
  failureAtAnyCut(maker(), sseBytes(chunks, envelope));
