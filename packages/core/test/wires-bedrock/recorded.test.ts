import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodeAtAnyCut } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { testContext } from '../testkit/samples.ts';
import { client, createDecoder, decode, frames, server, target, type Loose } from './support.ts';

if (!haveRecordings) console.log(noRecordings);
const streams = recordingsOf('bedrock-converse', 'stream');
const wholes = recordingsOf('bedrock-converse', 'whole');

describe.runIf(haveRecordings)('recorded streams', () => {
  for (const file of streams) {
    it(`${file} gives the same legal events at any cut`, () => {
      decodeAtAnyCut(createDecoder, frames(loadChunks(file)), { cuts: 200 });
    });

    it(`${file} keeps every text, thought and argument`, () => {
      const lines = loadChunks(file).map((line) => JSON.parse(line));
      const response = collectEvents(decode(frames(lines)));
      const pieces = (pick: (delta: Loose) => string | undefined) =>
        lines.map((line) => (line.contentBlockDelta ? (pick(line.contentBlockDelta.delta) ?? '') : '')).join('');
      const parts = response.content as Loose[];
      const joined = (type: string, field: string) =>
        parts.map((part) => (part.type === type ? (part[field] ?? '') : '')).join('');
      expect(response.text).toBe(pieces((delta) => delta.text));
      expect(joined('reasoning', 'text')).toBe(pieces((delta) => delta.reasoningContent?.text));
      expect(joined('reasoning', 'signature')).toBe(pieces((delta) => delta.reasoningContent?.signature));
      expect(joined('tool-call', 'arguments').replaceAll('{}', '')).toBe(pieces((delta) => delta.toolUse?.input));
      const usage = lines.find((line) => line.metadata)?.metadata.usage;
      expect(response.usage?.inputTokens).toBe(usage?.inputTokens);
      expect(response.usage?.outputTokens).toBe(usage?.outputTokens);
    });
  }
});

describe.runIf(haveRecordings)('recorded whole answers', () => {
  for (const file of wholes) {
    const body = loadRecording(file);
    it(`${file} decodes, and a stream of it gives the same answer`, () => {
      const events = client.decodeWhole(body, target());
      expect(validateStream(events)).toEqual([]);
      const direct = collectEvents(events);
      const encoder = server.createEncoder(testContext, {
        request: { messages: [] },
        mode: 'stream',
        includeUsage: true,
      });
      const through = collectEvents(decode(Buffer.concat(events.map((event) => encoder.encode(event)))));
      expect(through).toEqual(direct);
    });

    it(`${file} is written again for a caller`, () => {
      const original = JSON.parse(body);
      const again = server.encodeWhole(collectEvents(client.decodeWhole(body, target())), testContext) as Loose;
      const blocks = (original.output.message.content as Loose[]).map(({ type: _type, ...block }) => block);
      expect(again.output.message.content).toEqual(blocks);
      expect(again.stopReason).toBe(original.stopReason);
      expect(again.usage.totalTokens).toBe(original.usage.totalTokens);
    });
  }
});
