import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { ollamaChatClient, ollamaChatServer } from '../../src/wires/ollama-chat/index.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import type { CallMode, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';

export const client = ollamaChatClient;
export const server = ollamaChatServer;

/** Parsed JSON whose shape the test itself asserts. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export function target(model = 'qwen3', quirks: Partial<Quirks> = {}): WireTarget {
  return { model, issuer: `ollama:${model}`, defaults: {}, quirks: { ...DEFAULT_QUIRKS, ...quirks } };
}

export function createDecoder(): StreamDecoder {
  return client.createDecoder(target());
}

export function decode(text: string): StreamEvent[] {
  return decodePieces(createDecoder(), [Buffer.from(text)]);
}

/** One message's fields as a line, or any object. */
export function line(message: object | undefined, rest: object = {}): string {
  const head = { model: 'qwen3', created_at: '2026-11-02T10:00:00.5Z' };
  const body = message === undefined ? {} : { message: { role: 'assistant', content: '', ...message } };
  return `${JSON.stringify({ ...head, ...body, done: false, ...rest })}\n`;
}

export const last = line({}, { done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: 4 });

export function encode(request: ChatRequest, model?: string, mode: CallMode = 'whole', quirks: Partial<Quirks> = {}) {
  const call = client.encode(request, target(model, quirks), mode);
  const json: Loose = JSON.parse(call.body);
  return { ...call, json };
}
