import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNdjsonDecoder } from '../../src/framing/ndjson.ts';
import { createSniffedSse } from '../../src/framing/sniffed-sse.ts';
import { createSseDecoder } from '../../src/framing/sse.ts';
import { byteByByte, cutAt, randomCuts, seededRandom } from '../testkit/cuts.ts';

type Event = [data: string, event: string];

function decode(pieces: readonly Uint8Array[]): { events: Event[]; comments: number } {
  const decoder = createSseDecoder();
  const events: Event[] = [];
  const sink = (data: string, event: string): void => void events.push([data, event]);
  for (const piece of pieces) decoder.push(piece, sink);
  decoder.end(sink);
  return { events, comments: decoder.comments };
}

function decodeText(text: string): Event[] {
  const bytes = Buffer.from(text);
  const { events } = decode([bytes]);
  const random = seededRandom(3);
  expect(decode(byteByByte(bytes)).events).toEqual(events);
  for (let round = 0; round < 50; round += 1) expect(decode(randomCuts(bytes, random)).events).toEqual(events);
  return events;
}

describe('server-sent events', () => {
  it('reads lines that end with LF, CRLF or a lone CR', () => {
    expect(decodeText('data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n')).toEqual([
      ['a', ''],
      ['b', ''],
      ['c', ''],
      ['d', ''],
    ]);
  });

  it('joins several data lines and removes exactly one space', () => {
    expect(decodeText('data:a\ndata:  b\ndata\n\n')).toEqual([['a\n b\n', '']]);
  });

  it('names events, and forgets the name after each', () => {
    expect(decodeText('event: error\ndata: {}\n\ndata: x\n\nevent: lost\n\ndata: y\n\n')).toEqual([
      ['{}', 'error'],
      ['x', ''],
      ['y', ''],
    ]);
  });

  it('drops one BOM at the very start only', () => {
    expect(decodeText('\uFEFFdata: a\n\n')).toEqual([['a', '']]);
    expect(decodeText('\n\uFEFFdata: a\n\n')).toEqual([]);
  });

  it('counts comments and ignores unknown fields', () => {
    const bytes = Buffer.from(': ping\n\nid: 7\nretry: 10\n:\n\ndata: a\n\n');
    expect(decode([bytes])).toEqual({ events: [['a', '']], comments: 2 });
  });

  it('turns an error field of its own into an error event', () => {
    expect(decodeText('error: {"code":500}\n\n')).toEqual([['{"code":500}', 'error']]);
  });

  it('delivers a last event without its blank line when its data is whole, and drops a cut one', () => {
    expect(decodeText('data: {"a":1}')).toEqual([['{"a":1}', '']]);
    expect(decodeText('data: {"a":1}\n')).toEqual([['{"a":1}', '']]);
    expect(decodeText('data: [DONE]')).toEqual([['[DONE]', '']]);
    expect(decodeText('data: {"a":')).toEqual([]);
    expect(decodeText('data: {"a":1}\ndata: {')).toEqual([]);
  });

  it('keeps every code point whole wherever the bytes are cut', () => {
    const line = fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replace(/[\r\n\uFEFF]/g, ''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(200)), (lines, places) => {
        const bytes = Buffer.from(lines.map((text) => `data: ${text}\n\n`).join(''));
        expect(decode(cutAt(bytes, places)).events.map(([data]) => data)).toEqual(lines.map((s) => s.toWellFormed()));
      }),
    );
  });

  it('refuses an event over its limit, however it arrives', () => {
    const oneLine = createSseDecoder({ maxEventBytes: 100 });
    expect(() => oneLine.push(Buffer.from(`data: ${'x'.repeat(200)}`), () => {})).toThrowError(/larger than 100 bytes/);
    const manyLines = createSseDecoder({ maxEventBytes: 100 });
    const lines = Buffer.from('data: xxxxxxxxxxxxxxxxxxxx\n'.repeat(10));
    expect(() => manyLines.push(lines, () => {})).toThrowError(expect.objectContaining({ kind: 'protocol' }));
    const small = createSseDecoder({ maxEventBytes: 100 });
    let count = 0;
    for (let round = 0; round < 50; round += 1) small.push(Buffer.from('data: xxxxxxxx\n\n'), () => (count += 1));
    expect(count).toBe(50);
  });

  it('reads a line of ten megabytes in small pieces in time that grows with its length only', () => {
    const size = 10 * 1024 * 1024;
    const decoder = createSseDecoder();
    let length = 0;
    const piece = Buffer.alloc(1024, 'x');
    const started = performance.now();
    decoder.push(Buffer.from('data: '), () => {});
    for (let sent = 0; sent < size; sent += piece.length) decoder.push(piece, () => {});
    decoder.push(Buffer.from('\n\n'), (data) => (length = data.length));
    expect(length).toBe(size);
    // Scanning the whole buffer for each piece would take minutes.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('a stream that is not what it says', () => {
  function sniff(text: string): { events: string[]; document?: string } {
    const found: { events: string[]; document?: string } = { events: [] };
    const sniffed = createSniffedSse();
    const sink = (data: string): void => void found.events.push(data);
    for (const piece of byteByByte(Buffer.from(text))) sniffed.push(piece, sink);
    sniffed.end(sink, (document) => (found.document = document));
    return found;
  }

  it('is one JSON document when it begins like one, after blanks and a BOM', () => {
    expect(sniff('\uFEFF\n\n {"a":\n\n1}\n')).toEqual({ events: [], document: '{"a":\n\n1}' });
    expect(sniff('[1]').document).toBe('[1]');
  });

  it('is events otherwise', () => {
    expect(sniff('\n\n: x\n\ndata: {"a":1}\n\n')).toEqual({ events: ['{"a":1}'] });
  });

  it('throws for a page of HTML', () => {
    expect(() => sniff('\n<!doctype html>')).toThrowError(expect.objectContaining({ kind: 'protocol' }));
  });
});

describe('newline-delimited JSON', () => {
  it('gives each line at any cut, also the last without its line feed', () => {
    const bytes = Buffer.from('\uFEFF{"a":"é"}\r\n\n{"b":"🎈"}\n{"c":1}');
    for (const pieces of [[bytes], byteByByte(bytes)]) {
      const lines: string[] = [];
      const decoder = createNdjsonDecoder();
      for (const piece of pieces) decoder.push(piece, (line) => lines.push(line));
      decoder.end((line) => lines.push(line));
      expect(lines).toEqual(['{"a":"é"}', '{"b":"🎈"}', '{"c":1}']);
    }
  });

  it('refuses a line over its limit', () => {
    const decoder = createNdjsonDecoder({ maxLineBytes: 10 });
    expect(() => decoder.push(Buffer.from('x'.repeat(20)), () => {})).toThrowError(/larger than 10 bytes/);
  });
});
