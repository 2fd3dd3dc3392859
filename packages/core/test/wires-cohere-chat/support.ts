import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { cohereChatClient, cohereChatServer } from '../../src/wires/cohere-chat/index.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import type { CallMode, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';

export const client = cohereChatClient;
export const server = cohereChatServer;
export const wire = 'cohere-chat' as const;
export const context = { id: 'answer-1', createdAt: 1_700_000_000, model: 'm-1' };

/** Parsed JSON whose shape the test itself asserts. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export const REASONING_MODEL = 'command-a-reasoning-08-2025';

export function target(model = REASONING_MODEL, quirks: Partial<Quirks> = {}): WireTarget {
  return { model, issuer: `cohere:${model}`, defaults: {}, quirks: { ...DEFAULT_QUIRKS, ...quirks } };
}

export function createDecoder(): StreamDecoder {
  return client.createDecoder(target());
}

/** Payloads in the envelope that Cohere sends: each event has its type as its name. */
export function sse(payloads: readonly unknown[]): Buffer {
  const lines = payloads.map((one) => {
    const text = typeof one === 'string' ? one : JSON.stringify(one);
    return `event: ${JSON.parse(text).type}\ndata: ${text}\n\n`;
  });
  return Buffer.from(`${lines.join('')}data: [DONE]\n\n`);
}

export function decode(payloads: readonly unknown[]): StreamEvent[] {
  return decodePieces(createDecoder(), [sse(payloads)]);
}

export const begin = { id: 'c-1', type: 'message-start', delta: { message: { role: 'assistant', content: [] } } };
export const text = (words: string, index = 0) => ({
  type: 'content-delta',
  index,
  delta: { message: { content: { text: words } } },
});
export const call = (index: number, fields: object, json = '') => ({
  type: 'tool-call-start',
  index,
  delta: { message: { tool_calls: { type: 'function', ...fields, function: { arguments: json, ...fields } } } },
});
export const args = (index: number, json: string) => ({
  type: 'tool-call-delta',
  index,
  delta: { message: { tool_calls: { function: { arguments: json } } } },
});
export const end = (finish_reason = 'COMPLETE', rest: object = {}) => ({
  type: 'message-end',
  delta: { finish_reason, ...rest },
});

export function encode(request: ChatRequest, model?: string, mode: CallMode = 'whole', quirks: Partial<Quirks> = {}) {
  const sent = client.encode(request, target(model, quirks), mode);
  const json: Loose = JSON.parse(sent.body);
  return { ...sent, json };
}

/** What is served of events, through a stream. */
export function served(events: readonly StreamEvent[]): Buffer {
  const encoder = server.createEncoder(context, { request: { messages: [] }, mode: 'stream', includeUsage: true });
  return Buffer.from(events.map((event) => encoder.encode(event)).join(''));
}
