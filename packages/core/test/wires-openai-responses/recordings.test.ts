import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { openaiResponsesClient, openaiResponsesServer } from '../../src/wires/openai-responses/index.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { testContext, testTarget } from '../testkit/samples.ts';
import { sseBytes, type SseEnvelope } from '../testkit/sse.ts';

if (!haveRecordings) console.log(noRecordings);

interface Payload {
  type?: string;
  object?: string;
  output?: Item[];
  response?: { output: Item[]; usage: { input_tokens: number; output_tokens: number } | null };
  item?: Item;
}
interface Item {
  type: string;
  name?: string;
  arguments?: string;
  content?: { type: string; text?: string }[];
}

const streams = recordingsOf('openai-responses', 'stream');
const failing = streams.filter((path) => path.includes('openai-error'));
const answering = streams.filter((path) => !failing.includes(path));
/** Written by hand: its deltas and its done events tell different texts, and the deltas are what a caller has seen. */
const consistent = answering.filter((path) => !path.includes('openai-shell-container.1'));
const wholes = recordingsOf('openai-responses', 'whole');

const target = testTarget();
const decoder = () => openaiResponsesClient.createDecoder(target);
const named: SseEnvelope = { eventName: (data) => parse(data).type };
/** One recording is a brace short in two of its events. */
function parse(line: string): Payload {
  try {
    return JSON.parse(line) as Payload;
  } catch {
    return JSON.parse(`${line}}`) as Payload;
  }
}
/** A file may hold several answers in a row. */
function answersIn(path: string): string[][] {
  const answers: string[][] = [];
  for (const line of loadChunks(path)) {
    const { type } = parse(line);
    if (type === 'response.created') answers.push([]);
    answers.at(-1)?.push(line);
  }
  return answers;
}
const PLAIN = new Set(['message', 'reasoning', 'function_call']);

/** What an answer must have kept of the vendor's items, counted apart from the decoder. */
function expectKept(answer: ChatResponse, items: readonly Item[]): void {
  const texts = items.flatMap((item) => (item.type === 'message' ? (item.content ?? []) : []));
  expect(answer.text).toBe(texts.map((part) => part.text ?? '').join(''));
  const calls = items.filter((item) => item.type === 'function_call' && item.name !== 'parallel');
  const got = answer.content.filter((part) => part.type === 'tool-call').map((part) => part.arguments);
  if (items.every((item) => item.name !== 'parallel')) expect(got).toEqual(calls.map((call) => call.arguments || '{}'));
  const hosted = items.filter((item) => !PLAIN.has(item.type));
  const opaque = answer.content.flatMap((part) => (part.type === 'opaque' ? [part.value as unknown as Item] : []));
  expect(opaque.filter((value) => value.type !== undefined && value.type !== 'reasoning')).toEqual(hosted);
}

describe.runIf(haveRecordings)('recorded streams', () => {
  it('are there', () => {
    expect(answering.length).toBeGreaterThan(20);
    expect(wholes.length).toBeGreaterThan(25);
  });

  it.each(answering)('%s gives the same legal events at any cut, and all of its content', (path) => {
    for (const chunks of answersIn(path)) {
      const bytes = sseBytes(chunks, { ...named, done: false });
      const events = decodeAtAnyCut(decoder, bytes, {
        cuts: bytes.length < 25_000 ? 200 : bytes.length < 100_000 ? 20 : 4,
      });
      const answer = collectEvents(events);
      const payloads = chunks.map((line) => parse(line));
      if (!consistent.includes(path)) continue;
      expectKept(
        answer,
        payloads.flatMap((one) => (one.type === 'response.output_item.done' && one.item ? [one.item] : [])),
      );
      const usage = payloads.at(-1)?.response?.usage;
      expect(answer.usage?.inputTokens).toBe(usage?.input_tokens);
      expect(answer.usage?.outputTokens).toBe(usage?.output_tokens);
    }
  });

  it.each(consistent)('%s says the same whole as streamed', (path) => {
    for (const chunks of answersIn(path)) {
      const last = parse(chunks.at(-1) ?? '');
      // Some vendors close with an empty output.
      if (last.response === undefined || last.response.output.length === 0) continue;
      const streamed = collectEvents(decodePieces(decoder(), [sseBytes(chunks)]));
      const whole = collectEvents(openaiResponsesClient.decodeWhole(JSON.stringify(last.response), target));
      expect({ ...unsealed(whole), id: '' }).toEqual({ ...unsealed(streamed), id: '' });
    }
  });

  it.each(consistent)('%s survives left-out deltas, left-out starts and items without an index', (path) => {
    for (const chunks of answersIn(path)) {
      const expected = withoutIds(collectEvents(decodePieces(decoder(), [sseBytes(chunks)])));
      const without = (gone: RegExp): unknown =>
        withoutIds(
          collectEvents(
            decodePieces(decoder(), [sseBytes(chunks.filter((line) => !gone.test(parse(line).type ?? '')))]),
          ),
        );
      expect(without(/\.delta$/)).toEqual(expected);
      expect(without(/(_text|_part|_arguments)\.done$/)).toEqual(expected);
      expect(without(/delta$|_text\.|content_part|summary_part|arguments|item\.added/)).toEqual(expected);
    }
  });

  it.each(answering)('%s survives a pass through the serving side', (path) => {
    for (const chunks of answersIn(path)) {
      const events = decodePieces(decoder(), [sseBytes(chunks)]);
      const again = decodePieces(decoder(), [served(events)]);
      expect(validateStream(again)).toEqual([]);
      expect(withoutIds(collectEvents(again))).toEqual(withoutIds(collectEvents(events)));
    }
  });

  it.each(failing)('%s fails as the vendor says', (path) => {
    const chunks = loadChunks(path);
    const expected = { kind: 'quota', code: 'insufficient_quota' };
    expect(failureAtAnyCut(decoder, sseBytes(chunks, named))).toMatchObject(expected);
    const later = chunks.filter((line) => parse(line).type !== 'error');
    expect(failureAtAnyCut(decoder, sseBytes(later, named))).toMatchObject(expected);
  });
});

describe.runIf(haveRecordings)('recorded whole answers', () => {
  it.each(wholes)('%s decodes with all of its content and is written again', (path) => {
    const body = loadRecording(path);
    const events = openaiResponsesClient.decodeWhole(body, target);
    expect(validateStream(events)).toEqual([]);
    const answer = collectEvents(events);
    const { output = [] } = JSON.parse(body) as Payload;
    expectKept(answer, output);
    const written = openaiResponsesServer.encodeWhole(answer, testContext);
    const shown = (items: readonly Item[]): unknown =>
      items
        .filter((item) => item.type !== 'reasoning')
        .map(({ ...item }) => Object.assign(item, { id: '', status: '' }));
    expect(shown(written['output'] as unknown as Item[])).toEqual(shown(output.map(filled)));
    expect(withoutIds(collectEvents(openaiResponsesClient.decodeWhole(JSON.stringify(written), target)))).toEqual(
      withoutIds(answer),
    );
  });
});

/** Vendors leave empty lists out. */
function filled(item: Item): Item {
  if (item.type !== 'message') return item;
  return { ...item, content: (item.content ?? []).map((part) => ({ annotations: [], logprobs: [], ...part })) };
}

function served(events: readonly StreamEvent[]): Uint8Array {
  const encoder = openaiResponsesServer.createEncoder(testContext, {
    request: { messages: [] },
    mode: 'stream',
    includeUsage: true,
  });
  return Buffer.from(events.map((event) => encoder.encode(event)).join(''));
}

/** Vendors encrypt anew each time they say an item. */
function unsealed(answer: ChatResponse): object {
  const text = JSON.stringify(withoutIds(answer));
  return JSON.parse(text.replace(/"gAAAA[^"]*"/g, '"sealed"')) as object;
}

/** The serving side does not store, so ids of items are its own, and reasoning known by its id alone is no content. */
function withoutIds({ content, usage, ...rest }: ChatResponse): object {
  const { inputTokens, outputTokens } = usage ?? {};
  return {
    ...rest,
    rawFinishReason: undefined,
    usage: { inputTokens, outputTokens },
    content: content.flatMap((part): unknown[] => {
      if (part.type === 'reasoning') return [{ ...part, id: undefined }];
      if (part.type !== 'opaque') return [part];
      const value = part.value as { type?: string; id?: string; item?: { id?: string } };
      if (value.type === 'reasoning') return [];
      if (value.item === undefined) return [part];
      const { id: __, ...fields } = value.item;
      return Object.keys(fields).length === 0 ? [] : [{ ...part, value: { item: fields } }];
    }),
  };
}
