import { createRequire } from 'node:module';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAwsEventStreamDecoder, encodeAwsFrame, type AwsFrame } from '../../src/framing/aws-event-stream.ts';
import { byteByByte, randomCuts, seededRandom } from '../testkit/cuts.ts';
import { HEX } from './support.ts';

function framesIn(pieces: readonly Uint8Array[], maxFrameBytes?: number): AwsFrame[] {
  const decoder = createAwsEventStreamDecoder({ maxFrameBytes });
  const frames: AwsFrame[] = [];
  for (const piece of pieces) {
    const scratch = Uint8Array.from(piece);
    decoder.push(scratch, (frame) => frames.push(frame));
    scratch.fill(0x23);
  }
  return frames;
}

const readable = ({ headers, payload }: AwsFrame) => ({ headers, payload: payload.toString('utf8') });

/** The codec of the official client. */
function officialCodec() {
  const require = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'));
  const { EventStreamCodec } = require('@smithy/core/event-streams');
  return new EventStreamCodec(
    (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8'),
    (text: string) => Buffer.from(text, 'utf8'),
  );
}

describe('AWS event-stream frames', () => {
  it('reads the samples of a real stream, at any cut', () => {
    const bytes = Buffer.from(Object.values(HEX).join(''), 'hex');
    const expected = framesIn([bytes]).map(readable);
    expect(expected.map(({ headers }) => headers[':event-type'] ?? headers[':exception-type'])).toEqual([
      'messageStart',
      'contentBlockDelta',
      'messageStop',
      'metadata',
      'throttlingException',
      undefined,
    ]);
    expect(expected[1]?.payload).toBe('{"contentBlockIndex":0,"delta":{"text":"é"}}');
    expect(expected[5]).toEqual({
      headers: { ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'boom' },
      payload: '',
    });
    expect(framesIn(byteByByte(bytes)).map(readable)).toEqual(expected);
    const random = seededRandom(3);
    for (let round = 0; round < 200; round += 1)
      expect(framesIn(randomCuts(bytes, random)).map(readable)).toEqual(expected);
  });

  it('writes the same bytes as the service', () => {
    for (const hex of Object.values(HEX)) {
      const [frame] = framesIn([Buffer.from(hex, 'hex')]);
      expect(encodeAwsFrame(frame?.headers ?? {}, frame?.payload ?? '').toString('hex')).toBe(hex);
    }
  });

  it('is read and written like the official codec does', () => {
    const codec = officialCodec();
    const anyHeaders = fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 40 }), {
      maxKeys: 4,
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(anyHeaders, fc.uint8Array({ maxLength: 300 }), (headers, body) => {
        const typed = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, { type: 'string', value }]),
        );
        const official = Buffer.from(codec.encode({ headers: typed, body }));
        expect(encodeAwsFrame(headers, body).equals(official)).toBe(true);
        const [read] = framesIn([official]);
        expect(read?.headers).toEqual(headers);
        expect(read?.payload.equals(Buffer.from(body))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('reads over headers of every other type', () => {
    const official = officialCodec().encode({
      headers: {
        yes: { type: 'boolean', value: true },
        no: { type: 'boolean', value: false },
        byte: { type: 'byte', value: 1 },
        short: { type: 'short', value: 2 },
        int: { type: 'integer', value: 3 },
        raw: { type: 'binary', value: Uint8Array.of(1, 2, 3) },
        uuid: { type: 'uuid', value: '12345678-1234-1234-1234-123456789012' },
        when: { type: 'timestamp', value: new Date(0) },
        ':event-type': { type: 'string', value: 'messageStop' },
      },
      body: Buffer.from('{}'),
    });
    expect(framesIn([official]).map(readable)).toEqual([{ headers: { ':event-type': 'messageStop' }, payload: '{}' }]);
  });

  it('refuses a frame in which any single bit changed', () => {
    const frame = Buffer.from(HEX.delta, 'hex');
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const damaged = Buffer.from(frame);
      const byte = bit >> 3;
      damaged[byte] = (damaged[byte] ?? 0) ^ (1 << (bit & 7));
      expect(() => framesIn([damaged]), `bit ${bit}`).toThrowError(
        expect.objectContaining({ name: 'ProviderError', kind: 'protocol' }),
      );
    }
  });

  it('refuses foreign bytes and too large frames with the prelude alone', () => {
    const isProtocol = expect.objectContaining({ kind: 'protocol' });
    expect(() => framesIn([Buffer.from('<html><body>')])).toThrowError(isProtocol);
    const large = encodeAwsFrame({}, Buffer.alloc(5000));
    expect(() => framesIn([large.subarray(0, 12)], 4096)).toThrowError(isProtocol);
    expect(framesIn([large], 5016)).toHaveLength(1);
  });

  it('costs no more for one large frame byte by byte than its own size', () => {
    const large = encodeAwsFrame({ ':event-type': 'x' }, Buffer.alloc(300_000, 65));
    const decoder = createAwsEventStreamDecoder();
    let seen = 0;
    for (let at = 0; at < large.length; at += 1) decoder.push(large.subarray(at, at + 1), () => (seen += 1));
    expect(seen).toBe(1);
    expect(decoder.pendingBytes).toBe(0);
  });
});
