import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { geminiInteractionsClient, geminiInteractionsServer } from '../../src/wires/gemini-interactions/index.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import type { CallMode, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';

export const client = geminiInteractionsClient;
export const server = geminiInteractionsServer;
export const wire = 'gemini-interactions' as const;
export const context = { id: 'answer-1', createdAt: 1_700_000_000, model: 'm-1' };

/** Parsed JSON whose shape the test itself asserts. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export function target(model = 'gemini-2.5-flash', quirks: Partial<Quirks> = {}): WireTarget {
  return { model, issuer: `gemini:${model}`, defaults: {}, quirks: { ...DEFAULT_QUIRKS, ...quirks } };
}

export function createDecoder(): StreamDecoder {
  return client.createDecoder(target());
}

/** Payloads in the envelope that Google sends: each event has its type as its name. */
export function sse(payloads: readonly unknown[]): Buffer {
  const lines = payloads.map((one) => {
    const text = typeof one === 'string' ? one : JSON.stringify(one);
    return `event: ${JSON.parse(text).event_type}\ndata: ${text}\n\n`;
  });
  return Buffer.from(lines.join(''));
}

export function decode(payloads: readonly unknown[]): StreamEvent[] {
  return decodePieces(createDecoder(), [sse(payloads)]);
}

export const begin = {
  interaction: { id: 'v1_a', status: 'in_progress', object: 'interaction', model: 'm-9' },
  event_type: 'interaction.created',
};
export const start = (index: number, step: object) => ({ index, step, event_type: 'step.start' });
export const delta = (index: number, piece: object) => ({ index, delta: piece, event_type: 'step.delta' });
export const stop = (index: number) => ({ index, event_type: 'step.stop' });
export const end = (status = 'completed', rest: object = {}) => ({
  interaction: { id: 'v1_a', status, model: 'm-9', ...rest },
  event_type: 'interaction.completed',
});
export const say = (index: number, words: string) => [
  start(index, { type: 'model_output' }),
  delta(index, { type: 'text', text: words }),
  stop(index),
];

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
