import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { openaiChatClient, openaiChatServer } from '../../src/wires/openai-chat/index.ts';
import { decodeAtAnyCut, decodePieces } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { testContext, testTarget } from '../testkit/samples.ts';
import { sseBytes } from '../testkit/sse.ts';

const target = testTarget();
const decoder = () => openaiChatClient.createDecoder(target);

interface Choice {
  /** Of the older completions. */
  text?: string;
  finish_reason?: string;
  delta?: { content?: unknown; tool_calls?: { function?: { arguments?: string } }[] };
  message?: object;
}
interface Chunk {
  choices?: Choice[];
}

if (!haveRecordings) console.log(noRecordings);
const streams = recordingsOf('openai-chat', 'stream');
const documents = recordingsOf('openai-chat', 'whole');
const errors = recordingsOf('openai-chat', 'error');

describe.runIf(haveRecordings)('recorded chat-completions streams', () => {
  it('are there', () => {
    expect(streams.length).toBeGreaterThan(10);
    expect(documents.length).toBeGreaterThan(8);
  });

  it.each(streams)('%s gives the same events at any cut, with all its text and arguments', (path) => {
    const chunks = loadChunks(path);
    const bytes = sseBytes(chunks);
    // A long recording proves as much with fewer cuts; bytes one by one are in both.
    const events = decodeAtAnyCut(decoder, bytes, { cuts: bytes.length > 40_000 ? 20 : 200 });
    const answer = collectEvents(events);

    const choices = chunks.flatMap((line) => (JSON.parse(line) as Chunk).choices ?? []);
    const deltas = choices.map((one) => one.delta);
    const strings = choices.map((one) => one.delta?.content ?? one.text).filter((piece) => typeof piece === 'string');
    if (strings.some((piece) => piece !== '')) expect(answer.text).toBe(strings.join(''));
    const recorded = deltas.flatMap((delta) => delta?.tool_calls ?? []).map((call) => call.function?.arguments ?? '');
    const decoded = answer.content.map((part) => (part.type === 'tool-call' ? part.arguments : ''));
    expect(decoded.join('')).toBe(recorded.join(''));
    expect(answer.usage?.outputTokens).toBeGreaterThan(0);
  });

  it.each(streams)('%s reads the same with CRLF, comments, a BOM, and without [DONE]', (path) => {
    const chunks = loadChunks(path).slice(-40);
    const plain = decodePieces(decoder(), [sseBytes(chunks)]);
    const envelopes = [
      { lineEnd: '\r\n' as const, comment: 'OPENROUTER PROCESSING' },
      { lineEnd: '\r' as const, bom: true },
      { done: false, eventName: () => 'message' },
    ];
    for (const envelope of envelopes) expect(decodePieces(decoder(), [sseBytes(chunks, envelope)])).toEqual(plain);
  });

  it.each(streams)('%s survives a pass through the serving side', (path) => {
    const events = decodePieces(decoder(), [sseBytes(loadChunks(path))]);
    const encoder = openaiChatServer.createEncoder(testContext, {
      request: { messages: [] },
      mode: 'stream',
      includeUsage: true,
    });
    const bytes = Buffer.from(events.map((event) => encoder.encode(event)).join(''));
    const again = collectEvents(decodePieces(decoder(), [bytes]));
    const before = collectEvents(events);
    expect({ ...again, rawFinishReason: '' }).toEqual({ ...before, rawFinishReason: '' });
  });
});

describe.runIf(haveRecordings)('recorded whole answers', () => {
  it.each(documents)('%s gives the events that its stream would', (path) => {
    const text = loadRecording(path);
    const events = openaiChatClient.decodeWhole(text, target);
    expect(validateStream(events)).toEqual([]);
    const answer = collectEvents(events);
    expect(answer.content.length).toBeGreaterThan(0);

    const body = JSON.parse(text) as { choices: { message: object; finish_reason: string }[]; usage: object };
    const [choice] = body.choices;
    const streamed = [
      { ...body, usage: null, choices: [{ index: 0, delta: choice?.message, finish_reason: null }] },
      { ...body, choices: [{ index: 0, delta: {}, finish_reason: choice?.finish_reason }] },
    ];
    expect(collectEvents(decodePieces(decoder(), [sseBytes(streamed)]))).toEqual(answer);
  });

  it('adds reasoning that the vendor counts beside the output', () => {
    const answer = collectEvents(openaiChatClient.decodeWhole(loadRecording('xai/xai-text.json'), target));
    expect(answer.usage).toMatchObject({ inputTokens: 12, outputTokens: 229, reasoningTokens: 228 });
  });
});

describe.runIf(haveRecordings)('recorded errors', () => {
  it.each(errors)('%s is read with its code, its parameter and its words', (path) => {
    const body = loadRecording(path);
    const { error } = JSON.parse(body) as {
      error: { message: string; type: string; param: string | null; code: string | null };
    };
    const read = openaiChatClient.readError(400, body);
    expect(read).toMatchObject({ status: 400, message: error.message, type: error.type });
    expect([read.code ?? null, read.param ?? null]).toEqual([error.code, error.param]);
    expect(() => openaiChatClient.decodeWhole(body, target)).toThrowError(
      expect.objectContaining({ name: 'ProviderError', vendorMessage: error.message }),
    );
  });
});
