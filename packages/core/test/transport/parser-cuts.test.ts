import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseParser } from '../../src/transport/response-parser.ts';

interface Told {
  status?: number;
  headers?: Record<string, string>;
  body: string;
  done: boolean;
  surplus: boolean;
  problem?: string;
}

function parse(bytes: Buffer, cuts: readonly number[], maxHeadBytes = 65_536): Told {
  const parser = new ResponseParser(maxHeadBytes);
  parser.expectAnswer('POST');
  const told: Told = { body: '', done: false, surplus: false };
  // One buffer for all reads, with leftovers of the reads before, as the pool has it.
  const shared = Buffer.alloc(bytes.length + 8, '\r\n\r\n');
  const edges = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (let index = 1; index < edges.length; index += 1) {
    const [from, to] = [edges[index - 1] ?? 0, edges[index] ?? 0];
    bytes.copy(shared, 0, from, to);
    parser.parse(shared, to - from);
    if (parser.head !== undefined) {
      expect(told.status).toBeUndefined();
      told.status = parser.head.status;
      told.headers = { ...parser.head.headers };
    }
    if (parser.chunk !== undefined) {
      expect(parser.chunk.length).toBeGreaterThan(0);
      told.body += parser.chunk.toString('latin1');
    }
    told.problem = parser.problem;
    if (parser.problem !== undefined) break;
    if (parser.done) {
      told.surplus = parser.surplus || to < bytes.length;
      break;
    }
  }
  told.done = parser.done;
  return told;
}

const answers: Record<string, string> = {
  chunked:
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\nx-a: 2\r\n\r\n' +
    '5\r\nhello\r\n1;ext=1\r\n \r\n00b\r\nbig\r\nworld!\r\n0\r\nTrailer: x\r\n\r\n',
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n\r\n\r\nHTTP/1.1',
  surplus: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK',
  'until close': 'HTTP/1.0 200 OK\r\nServer: x\r\n\r\nsome\r\n\r\nbody',
  'bad chunk': 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n2\r\nokk\r\n',
  'bad head': 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
};

describe('the parser', () => {
  for (const [name, text] of Object.entries(answers)) {
    it(`reads "${name}" the same whole, byte by byte and at any cuts`, () => {
      const bytes = Buffer.from(text, 'latin1');
      const whole = parse(bytes, []);
      expect(parse(bytes, Array.from(bytes.keys()))).toEqual(whole);
      fc.assert(
        fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (cuts) => {
          expect(parse(bytes, cuts)).toEqual(whole);
        }),
        { numRuns: 200 },
      );
      if (name.startsWith('bad')) expect(whole.problem).toBeDefined();
      else expect(whole.status).toBe(200);
    });
  }

  it('gives back any body that was framed in any chunks', () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(400), { maxLength: 10 }), (chunks, cuts) => {
        const framed = chunks.map(
          (piece) => `${piece.length.toString(16)}\r\n${Buffer.from(piece).toString('latin1')}\r\n`,
        );
        const text = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${framed.join('')}0\r\n\r\n`;
        const told = parse(Buffer.from(text, 'latin1'), cuts);
        expect(told).toMatchObject({ done: true, surplus: false, body: Buffer.concat(chunks).toString('latin1') });
      }),
      { numRuns: 200 },
    );
  });

  it('never throws and never both ends and fails, whatever the bytes', () => {
    const parts = [
      'HTTP/1.1 ',
      '200 OK',
      '\r\n',
      '\r',
      '\n',
      ':',
      'content-length: 3',
      'transfer-encoding: chunked',
      '3',
      'abc',
      '0',
      ' ',
      ';',
      '\0',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...parts), { maxLength: 30 }), fc.array(fc.nat(200)), (words, cuts) => {
        const told = parse(Buffer.from(words.join(''), 'latin1'), cuts);
        if (told.problem !== undefined) expect(told.done).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('limits heads and trailers, however they are cut', () => {
    const long = `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(3000)}\r\n\r\n`;
    for (const cuts of [[], [1], [2000], Array.from({ length: 3000 }, (_, at) => at)]) {
      expect(parse(Buffer.from(long), cuts, 2048).problem).toContain('2048');
      expect(parse(Buffer.from(long), cuts, 4096).problem).toBeUndefined();
    }
    const trailers = `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(500)}\r\n`;
    expect(parse(Buffer.from(trailers), [], 2048).problem).toContain('trailers');
    expect(parse(Buffer.from(trailers), [], 4096)).toMatchObject({ done: true });
  });
});
