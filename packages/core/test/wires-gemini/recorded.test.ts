import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodeAtAnyCut, decodePieces } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { array, client, context, createDecoder, server, sse, target, type Loose } from './support.ts';

if (!haveRecordings) console.log(noRecordings);

const streams = recordingsOf('gemini', 'stream');
const wholes = recordingsOf('gemini', 'whole');

/** What a plain reading of the payloads says the answer is. */
function plainReading(payloads: readonly Loose[]) {
  const parts: Loose[] = payloads.flatMap((one) => one.candidates?.[0]?.content?.parts ?? []);
  const texts = parts.filter((part) => typeof part.text === 'string');
  return {
    text: texts.map((part) => (part.thought === true ? '' : part.text)).join(''),
    thoughts: texts.map((part) => (part.thought === true ? part.text : '')).join(''),
    calls: parts.flatMap((part) => (part.functionCall?.name === undefined ? [] : [part.functionCall.name])),
    signatures: parts.flatMap((part) => (part.thoughtSignature === undefined ? [] : [part.thoughtSignature])),
  };
}

describe.runIf(haveRecordings)('recorded streams', () => {
  it('are there', () => expect(streams.length).toBeGreaterThanOrEqual(7));

  for (const file of streams) {
    const lines = loadChunks(file);
    it(`${file} gives the same legal events at any cut`, () => {
      const bytes = Buffer.from(sse(lines));
      decodeAtAnyCut(createDecoder, bytes, { cuts: bytes.length < 10_000 ? 200 : 30 });
    });

    it(`${file} gives the same events as a JSON array`, () => {
      const events = decodePieces(createDecoder(), [Buffer.from(sse(lines))]);
      const body = Buffer.from(array(lines));
      expect(decodeAtAnyCut(createDecoder, body, { cuts: 10 })).toEqual(events);
    });

    it(`${file} keeps every text, thought, call and signature`, () => {
      const payloads = lines.map((line): Loose => JSON.parse(line));
      const expected = plainReading(payloads);
      const response = collectEvents(decodePieces(createDecoder(), [Buffer.from(sse(lines))]));
      expect(response.text).toBe(expected.text);
      const reasoning = response.content.map((part) => (part.type === 'reasoning' ? part.text : ''));
      expect(reasoning.join('')).toBe(expected.thoughts);
      const calls = response.content.filter((part) => part.type === 'tool-call');
      expect(calls.map((call) => call.name)).toEqual(expected.calls);
      for (const call of calls) JSON.parse(call.arguments);
      expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
      const kept = JSON.stringify(response.content);
      for (const signature of expected.signatures) expect(kept).toContain(signature);
      const counted = payloads.at(-1).usageMetadata;
      expect(response.usage).toMatchObject({
        inputTokens: counted.promptTokenCount,
        outputTokens: counted.candidatesTokenCount + (counted.thoughtsTokenCount ?? 0),
      });
    });
  }
});

describe.runIf(haveRecordings)('recorded streams with streamed arguments', () => {
  it('give the object whose values were sent by path', () => {
    let values = 0;
    for (const file of streams.filter((one) => loadRecording(one).includes('partialArgs'))) {
      const response = collectEvents(decodePieces(createDecoder(), [Buffer.from(sse(loadChunks(file)))]));
      const calls = response.content.filter((part) => part.type === 'tool-call');
      streamedValues(file).forEach((sent, index) => {
        const root: Loose = JSON.parse(calls[index]?.arguments ?? '');
        for (const [path, value] of sent) expect(valueAt(root, path), path).toBe(value);
        values += sent.size;
      });
    }
    expect(values).toBeGreaterThan(20);
  });
});

/** Path → value of each call of a recording, strings joined. */
function streamedValues(file: string): Map<string, unknown>[] {
  const calls: Map<string, unknown>[] = [];
  const parts = loadChunks(file).flatMap((line): Loose[] => JSON.parse(line).candidates[0].content.parts);
  for (const { functionCall } of parts.filter((part) => part.functionCall !== undefined)) {
    if (functionCall.name !== undefined) calls.push(new Map());
    for (const { jsonPath, stringValue, numberValue, boolValue } of functionCall.partialArgs ?? []) {
      const before = calls.at(-1)?.get(jsonPath);
      const joined =
        stringValue === undefined ? undefined : `${typeof before === 'string' ? before : ''}${stringValue}`;
      calls.at(-1)?.set(jsonPath, joined ?? numberValue ?? boolValue);
    }
  }
  return calls;
}

function valueAt(root: Loose, path: string): unknown {
  return [...path.matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)].reduce(
    (value: Loose, [, key, at]) => value[key ?? Number(at)],
    root,
  );
}

describe.runIf(haveRecordings)('recorded whole answers', () => {
  for (const file of wholes) {
    const body = loadRecording(file);
    it(`${file} decodes, and is written again for a caller`, () => {
      const events = client.decodeWhole(body, target());
      expect(validateStream(events)).toEqual([]);
      const original: Loose = JSON.parse(body);
      const again: Loose = server.encodeWhole(collectEvents(events), context);
      const [candidate] = again.candidates;
      expect(plainReading([again])).toEqual(plainReading([original]));
      expect(candidate.finishReason).toBe(original.candidates[0].finishReason);
      expect(again.usageMetadata.promptTokenCount).toBe(original.usageMetadata.promptTokenCount);
      expect(again.usageMetadata.candidatesTokenCount).toBe(original.usageMetadata.candidatesTokenCount);
      expect(again.modelVersion).toBe(original.modelVersion);
    });

    it(`${file} gives the same answer streamed`, () => {
      const whole = collectEvents(client.decodeWhole(body, target()));
      const streamed = decodePieces(createDecoder(), [Buffer.from(sse([JSON.stringify(JSON.parse(body))]))]);
      const { content, ...rest } = collectEvents(streamed);
      expect(rest).toEqual({ ...whole, content: undefined, ...rest });
      expect(content).toEqual(whole.content);
    });
  }
});
