import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { fieldsIn } from '../../src/wires/anthropic-messages/facts.ts';
import { bytewise, client, context, cutAt, decode, server, sse, target, type Loose } from './support.ts';

const folder = join(import.meta.dirname, '../../../../../shared/fixtures/recorded/anthropic');
const present = existsSync(folder);
if (!present) console.log('recorded answers are not here: their tests are left out');
const files = present ? readdirSync(folder) : [];
const streams = files.filter((file) => file.endsWith('.chunks.txt'));
const wholes = files.filter((file) => file.endsWith('.json'));

/** A file may hold several answers in a row. */
function answersIn(file: string): string[][] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n').filter((line) => line.trim() !== '');
  const answers: string[][] = [];
  let ended = true;
  for (const line of lines) {
    if (ended) answers.push([]);
    answers.at(-1)?.push(line);
    ended = (JSON.parse(line) as Loose).type === 'message_stop';
  }
  return answers;
}

function randomCuts(length: number, seed: number): number[] {
  let state = seed * 2_654_435_761 + 1;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648);
  return Array.from({ length: 1 + (next() % 12) }, () => next() % (length + 1));
}

describe.runIf(present)('recorded streams', () => {
  for (const file of streams) {
    it(`${file} gives the same legal events at any cut`, () => {
      answersIn(file).forEach((lines) => {
        const bytes = Buffer.from(sse(lines));
        const events = decode([bytes]);
        expect(validateStream(events)).toEqual([]);
        const rounds = bytes.length < 20_000 ? 200 : 20;
        for (let seed = 1; seed <= rounds; seed += 1) {
          expect(decode(cutAt(bytes, randomCuts(bytes.length, seed)))).toEqual(events);
        }
        if (bytes.length < 20_000) expect(decode(bytewise(bytes))).toEqual(events);
      });
    });

    it(`${file} keeps every text, argument and unknown block`, () => {
      answersIn(file).forEach((lines) => {
        const payloads = lines.map((line) => JSON.parse(line) as Loose);
        const response = collectEvents(decode(sse(lines)));
        const pieces = (type: string, field: string) =>
          payloads.map((payload) => (payload.delta?.type === type ? (payload.delta[field] as string) : '')).join('');
        expect(response.text).toBe(pieces('text_delta', 'text'));
        const unknown = payloads.filter(
          (payload) =>
            payload.type === 'content_block_start' && !['text', 'thinking', 'tool_use'].includes(payload.content_block.type),
        );
        const carried = response.content.filter((part) => part.type === 'opaque' && fieldsIn(part.value) === undefined);
        expect(carried.map((part) => (part as Loose).value.type)).toEqual(unknown.map((one) => one.content_block.type));
        for (const part of response.content) if (part.type === 'tool-call') JSON.parse(part.arguments);
      });
    });
  }
});

describe.runIf(present)('recorded whole answers', () => {
  for (const file of wholes) {
    const body = present ? readFileSync(join(folder, file), 'utf8') : '';
    it(`${file} decodes and is written again for a caller`, () => {
      const events = anthropicMessagesClient.decodeWhole(body, target());
      expect(validateStream(events)).toEqual([]);
      const original = JSON.parse(body) as Loose;
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
      const content = direct.content.filter((part) => part.type !== 'opaque' || fieldsIn(part.value)?.block !== 'tool_use');
      const through = collectEvents(decode(streamed));
      expect(through).toEqual({ ...direct, content });
    });
  }
});
