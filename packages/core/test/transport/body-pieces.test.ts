import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodyPieces } from '../../src/transport/body-pieces.ts';

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.uint8Array({ minLength: 0, maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 40_000 }), fc.nat(255)).map(([length, byte]) => {
      return new Uint8Array(length).fill(byte);
    }),
  },
);

test('a body is what was sent, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (list) => {
      const pieces = new BodyPieces();
      for (const one of list) pieces.push(one);
      const all = Buffer.concat(list);
      expect(pieces.size).toBe(all.length);
      expect(pieces.whole().equals(all)).toBe(true);
    }),
  );
});

test('a body that came in one piece is not copied', () => {
  const only = Buffer.from('{"model":"m"}');
  const pieces = new BodyPieces();
  pieces.push(only);
  expect(pieces.whole()).toBe(only);
});

test('large pieces stay as they are unless they were given away', () => {
  for (const isOwned of [false, true]) {
    const list = [new Uint8Array(20_000).fill(1), new Uint8Array(20_000).fill(2), new Uint8Array(10).fill(3)];
    const pieces = new BodyPieces(isOwned);
    for (const one of list) pieces.push(one);
    expect(pieces.whole().length).toBe(40_010);
    expect(list.map(({ byteLength }) => byteLength)).toEqual(isOwned ? [0, 0, 10] : [20_000, 20_000, 10]);
  }
});

test('a body of single bytes takes about its own size', () => {
  const bytes = 1_000_000;
  const pieces = new BodyPieces();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < bytes; at++) pieces.push(Buffer.from([at & 0xff]));
  // Kept as they came they would be more than 90 bytes each, there alone; what was let go may not be collected yet.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * bytes);
  expect(pieces.whole().length).toBe(bytes);
});
