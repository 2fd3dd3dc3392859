import { expect } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import { geminiArrayServer, geminiClient, geminiServer } from '../../src/wires/gemini/index.ts';
import type { CallMode, EncodedCall, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';

export const client = geminiClient;
export const server = geminiServer;
export const arrayServer = geminiArrayServer;

/** Parsed JSON whose shape the test itself asserts. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

export function target(model = 'gemini-2.5-flash', quirks: Partial<Quirks> = {}): WireTarget {
  return { model, issuer: `gemini:${model}`, defaults: {}, quirks: { ...DEFAULT_QUIRKS, ...quirks } };
}

export const context = { id: 'answer-1', createdAt: 1_700_000_000, model: 'm-1' };

export function createDecoder(): StreamDecoder {
  return client.createDecoder(target());
}

export function decode(text: string): StreamEvent[] {
  return decodePieces(createDecoder(), [Buffer.from(text)]);
}

/** Payloads as the event stream that `alt=sse` gives: Google ends lines with CR LF. */
export function sse(payloads: readonly unknown[]): string {
  return payloads.map((one) => `data: ${typeof one === 'string' ? one : JSON.stringify(one)}\r\n\r\n`).join('');
}

/** The same payloads as the JSON array that comes without `alt=sse`. */
export function array(payloads: readonly unknown[]): string {
  return `[${payloads.map((one) => (typeof one === 'string' ? one : JSON.stringify(one, null, 2))).join('\n,\r\n')}\n]\n`;
}

export function part(...parts: unknown[]): Loose {
  return { candidates: [{ content: { role: 'model', parts }, index: 0 }], responseId: 'r-1', modelVersion: 'm-9' };
}

export function last(finishReason = 'STOP', ...parts: unknown[]): Loose {
  return {
    candidates: [{ content: { role: 'model', parts: parts.length > 0 ? parts : [{ text: '' }] }, finishReason }],
    usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 3, totalTokenCount: 12 },
    responseId: 'r-1',
    modelVersion: 'm-9',
  };
}

/** What the gateway hands to the serving side: the body with what the address says. */
export function received(call: EncodedCall): unknown {
  const found = /^\/(?:models|tunedModels)\/([^/:]+):(\w+)/.exec(call.path);
  expect(found).not.toBeNull();
  const stream = found?.[2] === 'streamGenerateContent';
  return { ...JSON.parse(call.body), model: decodeURIComponent(found?.[1] ?? ''), ...(stream ? { stream } : {}) };
}

export function encode(request: ChatRequest, model?: string, mode: CallMode = 'whole', quirks: Partial<Quirks> = {}) {
  const call = client.encode(request, target(model, quirks), mode);
  const json: Loose = JSON.parse(call.body);
  return { ...call, json };
}
