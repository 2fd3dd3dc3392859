import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { fieldsIn } from '../../src/wires/anthropic-messages/facts.ts';
import { client, context, createDecoder, decode, server, sse, target, type Loose } from './support.ts';

if (!haveRecordings) console.log(noRecordings);
const streams = recordingsOf('anthropic-messages', 'stream');
const wholes = recordingsOf('anthropic-messages', 'whole');

/** A file may hold several answers in a row. */
function answersIn(file: string): string[][] {
  const answers: string[][] = [];
  let ended = true;
  for (const line of loadChunks(file)) {
    if (ended) answers.push([]);
    answers.at(-1)?.push(line);
    ended = JSON.parse(line).type === 'message_stop';
  }
  return answers;
}

describe.runIf(haveRecordings)('recorded streams', () => {
  for (const file of streams) {
    it(`${file} gives the same legal events at any cut`, () => {
      answersIn(file).forEach((lines) => {
        const bytes = Buffer.from(sse(lines));
        // Byte by byte and 200 random cuts; fewer for the recordings of 100 KB.
        decodeAtAnyCut(createDecoder, bytes, { cuts: bytes.length < 20_000 ? 200 : 20 });
      });
    });

    it(`${file} keeps every text, argument and unknown block`, () => {
      answersIn(file).forEach((lines) => {
        const payloads = lines.map((line) => JSON.parse(line));
        const response = collectEvents(decode(sse(lines)));
        const pieces = (type: string, field: string) =>
          payloads.map((payload) => (payload.delta?.type === type ? (payload.delta[field] as string) : '')).join('');
        expect(response.text).toBe(pieces('text_delta', 'text'));
        const unknown = payloads.filter(
          (payload) =>
            payload.type === 'content_block_start' &&
            !['text', 'thinking', 'tool_use'].includes(payload.content_block.type),
        );
        const carried = response.content.filter((part) => part.type === 'opaque' && fieldsIn(part.value) === undefined);
        expect(carried.map((part) => (part as Loose).value.type)).toEqual(unknown.map((one) => one.content_block.type));
        for (const part of response.content) if (part.type === 'tool-call') JSON.parse(part.arguments);
      });
    });
  }
});

describe.runIf(haveRecordings)('recorded whole answers', () => {
  for (const file of wholes) {
    const body = loadRecording(file);
    it(`${file} decodes and is written again for a caller`, () => {
      const events = anthropicMessagesClient.decodeWhole(body, target());
      expect(validateStream(events)).toEqual([]);
      const original = JSON.parse(body);
      const again = server.encodeWhole(collectEvents(events), context) as Loose;
      const expected = original.content
        .map(({ caller, citations, ...block }: Loose) => ({
          ...block,
          ...(caller === undefined || (caller.type === 'direct' && block.type === 'tool_use') ? {} : { caller }),
          ...(citations?.length > 0 ? { citations } : {}),
        }))
        .filter((block: Loose) => block.type !== 'text' || block.text !== '');
      expect(again.content).toEqual(expected);
      expect(again.stop_reason).toBe(original.stop_reason);
      expect(again.usage.input_tokens).toBe(original.usage.input_tokens);
      expect(again.usage.output_tokens).toBe(original.usage.output_tokens);
    });

    it(`${file} gives the same answer through a stream of ours`, () => {
      const events = client.decodeWhole(body, target());
      const encoder = server.createEncoder(context, { request: { messages: [] }, mode: 'stream', includeUsage: true });
      const streamed = events.map((event) => encoder.encode(event)).join('');
      const direct = collectEvents(events);
      const content = direct.content.filter(
        (part) => part.type !== 'opaque' || fieldsIn(part.value)?.block !== 'tool_use',
      );
      const through = collectEvents(decode(streamed));
      expect(through).toEqual({ ...direct, content });
    });
  }
});
