import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import type { AnswerContext, CallMode, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';
import { anthropicMessagesClient, anthropicMessagesServer } from '../../src/wires/anthropic-messages/index.ts';

export const client = anthropicMessagesClient;
export const server = anthropicMessagesServer;
export const context: AnswerContext = { id: 'msg_ctx', createdAt: 1_760_000_000, model: 'asked-model' };

export function target(
  model = 'claude-sonnet-4-5',
  quirks: Partial<Quirks> = {},
  defaults: WireTarget['defaults'] = {},
): WireTarget {
  return { model, quirks: { ...DEFAULT_QUIRKS, ...quirks }, issuer: `anthropic:${model}`, defaults };
}

/** Parsed bodies are looked into freely: the type that `JSON.parse` itself gives. */
export type Loose = ReturnType<typeof JSON.parse>;

export function encoded(request: ChatRequest, to: WireTarget = target(), mode: CallMode = 'stream') {
  const call = client.encode(request, to, mode);
  return { ...call, json: JSON.parse(call.body) };
}

/** SSE text of data payloads, with the `event:` line of their type as the vendor writes it. */
export function sse(payloads: readonly (object | string)[]): string {
  return payloads
    .map((payload) => {
      const data = typeof payload === 'string' ? payload : JSON.stringify(payload);
      const type = /"type"\s*:\s*"([^"]+)"/.exec(data)?.[1] ?? 'message';
      return `event: ${type}\ndata: ${data}      \n\n`;
    })
    .join('');
}

export function createDecoder(): StreamDecoder {
  return client.createDecoder(target());
}

export function decode(text: string | readonly Uint8Array[]): StreamEvent[] {
  return decodePieces(createDecoder(), typeof text === 'string' ? [Buffer.from(text)] : text);
}

export function messageStart(fields: object = {}, usage: object = { input_tokens: 10, output_tokens: 1 }): object {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: [],
    model: 'm',
    stop_reason: null,
    usage,
  };
  return { type: 'message_start', message: { ...message, ...fields } };
}

export function block(index: number, content_block: object, ...deltas: object[]): object[] {
  return [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
}

export function text(index: number, ...pieces: string[]): object[] {
  return block(index, { type: 'text', text: '' }, ...pieces.map((piece) => ({ type: 'text_delta', text: piece })));
}

export function tool(index: number, id: string, name: string, ...pieces: string[]): object[] {
  const deltas = pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
  return block(index, { type: 'tool_use', id, name, input: {} }, ...deltas);
}

export function ending(stop_reason: string, usage: object = { output_tokens: 20 }): object[] {
  return [{ type: 'message_delta', delta: { stop_reason, stop_sequence: null }, usage }, { type: 'message_stop' }];
}

export function thrown(action: () => unknown): Loose {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
