import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { openaiChatClient, openaiChatServer } from '../../src/wires/openai-chat/index.ts';
import { decodeAtAnyCut, decodePieces } from '../testkit/cuts.ts';
import { haveRecordings, listRecordings, loadChunks, loadRecording, noRecordings } from '../testkit/recordings.ts';
import { testContext, testTarget } from '../testkit/samples.ts';
import { sseBytes } from '../testkit/sse.ts';

const VENDORS = 'openai openai-compatible azure groq xai deepseek mistral alibaba moonshotai perplexity cohere'.split(
  ' ',
);
const target = testTarget();
const decoder = () => openaiChatClient.createDecoder(target);

interface Chunk {
  choices?: { delta?: { content?: unknown; tool_calls?: { function?: { arguments?: string } }[] }; message?: object }[];
}

const streams = listRecordings(VENDORS, '.chunks.txt').filter((path) => {
  const first = loadChunks(path)[0] ?? '';
  return first.includes('"choices":[') && !path.includes('completion-text');
});
const documents = listRecordings(VENDORS, '.json').filter((path) => {
  const body = JSON.parse(loadRecording(path)) as Chunk;
  return body.choices?.[0]?.message !== undefined;
});

describe('recorded chat-completions streams', () => {
  it('are there, or say that they are not', (context) => {
    if (!haveRecordings) context.skip(noRecordings);
    expect(streams.length).toBeGreaterThan(10);
    expect(documents.length).toBeGreaterThan(8);
  });

  it.each(streams)('%s gives the same events at any cut, with all its text and arguments', (path) => {
    const chunks = loadChunks(path);
    const bytes = sseBytes(chunks);
    // A long recording proves as much with fewer cuts; bytes one by one are in both.
    const events = decodeAtAnyCut(decoder, bytes, { cuts: bytes.length > 40_000 ? 20 : 200 });
    const answer = collectEvents(events);

    const deltas = chunks.flatMap((line) => (JSON.parse(line) as Chunk).choices ?? []).map((one) => one.delta);
    const strings = deltas.map((delta) => delta?.content).filter((piece) => typeof piece === 'string');
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

describe('recorded whole answers', () => {
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

  it('adds reasoning that the vendor counts beside the output', (context) => {
    if (!haveRecordings) context.skip(noRecordings);
    const answer = collectEvents(openaiChatClient.decodeWhole(loadRecording('xai/xai-text.json'), target));
    expect(answer.usage).toMatchObject({ inputTokens: 12, outputTokens: 229, reasoningTokens: 228 });
  });
});
