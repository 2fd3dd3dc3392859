import { encodeAwsFrame } from '../../src/framing/aws-event-stream.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { bedrockConverseClient, bedrockConverseServer } from '../../src/wires/bedrock-converse/index.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../../src/wires/quirks.ts';
import type { CallMode, StreamDecoder, WireTarget } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';

/** Frames of a real stream, one of each kind. */
export const HEX = {
  start:
    '000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599',
  delta:
    '0000009400000057b4ab9aee0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a22c3a9227d7dafef29d2',
  stop: '0000007a00000051ca2c46650b3a6576656e742d7479706507000b6d65737361676553746f700d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b2273746f70526561736f6e223a22656e645f7475726e227d5fbf09fc',
  metadata:
    '0000009a0000004e6ff08c4f0b3a6576656e742d747970650700086d657461646174610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b227573616765223a7b22696e707574546f6b656e73223a312c226f7574707574546f6b656e73223a312c22746f74616c546f6b656e73223a327d7d401024a8',
  exception:
    '00000090000000618e91a9b70f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e79207265717565737473227de67f8005',
  error:
    '0000005a0000004a8188a08d0d3a6d6573736167652d747970650700056572726f720b3a6572726f722d636f646507000f496e7465726e616c4661696c7572650e3a6572726f722d6d657373616765070004626f6f6dd78e0703',
} as const;

export const client = bedrockConverseClient;
export const server = bedrockConverseServer;

export const CLAUDE = 'anthropic.claude-sonnet-4-5-20250929-v1:0';

export function target(
  model = CLAUDE,
  quirks: Partial<Quirks> = {},
  defaults: WireTarget['defaults'] = {},
): WireTarget {
  return { model, quirks: { ...DEFAULT_QUIRKS, ...quirks }, issuer: `bedrock:${model}`, defaults };
}

/** Parsed bodies are looked into freely: the type that `JSON.parse` itself gives. */
export type Loose = ReturnType<typeof JSON.parse>;

export function encoded(request: ChatRequest, to: WireTarget = target(), mode: CallMode = 'stream') {
  const call = client.encode(request, to, mode);
  return { ...call, json: JSON.parse(call.body) };
}

/** `{contentBlockDelta: {…}}` lines, as recordings have them, in frames. */
export function frames(payloads: readonly (object | string)[]): Uint8Array {
  return Buffer.concat(
    payloads.map((payload) => {
      const parsed = (typeof payload === 'string' ? JSON.parse(payload) : payload) as Record<string, unknown>;
      const [name = '', inner] = Object.entries(parsed)[0] ?? [];
      return frame(name, JSON.stringify(inner));
    }),
  );
}

export function frame(name: string, payload: string): Uint8Array {
  const headers = { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeAwsFrame(headers, payload);
}

export function exceptionFrame(name: string, payload: object): Uint8Array {
  return encodeAwsFrame({ ':exception-type': name, ':message-type': 'exception' }, JSON.stringify(payload));
}

export const createDecoder = (): StreamDecoder => client.createDecoder(target());

export function decode(...bytes: readonly Uint8Array[]): StreamEvent[] {
  return decodePieces(createDecoder(), bytes);
}

export const start = { messageStart: { role: 'assistant' } };
export const text = (contentBlockIndex: number, words: string) => ({
  contentBlockDelta: { contentBlockIndex, delta: { text: words } },
});
export const toolStart = (contentBlockIndex: number, toolUseId: string, name: string) => ({
  contentBlockStart: { contentBlockIndex, start: { toolUse: { toolUseId, name } } },
});
export const toolInput = (contentBlockIndex: number, input: string) => ({
  contentBlockDelta: { contentBlockIndex, delta: { toolUse: { input } } },
});
export const blockStop = (contentBlockIndex: number) => ({ contentBlockStop: { contentBlockIndex } });
export const stop = (stopReason: string, rest: object = {}) => ({ messageStop: { stopReason, ...rest } });
export const usage = (inputTokens = 3, outputTokens = 5, rest: object = {}) => ({
  metadata: { usage: { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens, ...rest } },
});
