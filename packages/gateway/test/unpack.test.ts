import { randomBytes } from 'node:crypto';
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpack } from '../src/unpack.ts';

const MEBIBYTE = 1024 * 1024;
const LIMIT = 4 * MEBIBYTE;
const quick = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const PACKED: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: (body) => brotliCompressSync(body, quick),
  zstd: zstdCompressSync,
};

/** What became of a body: its bytes, or the status it is refused with. Fails when it is told twice. */
function outcome(encoding: string, body: Buffer): Promise<Buffer | number | undefined> {
  return new Promise((resolve, reject) => {
    let told = false;
    unpack(encoding, body, LIMIT, (error, plain) => {
      if (told) return reject(new Error('told twice'));
      told = true;
      setImmediate(() => resolve(error === undefined ? plain : error.status));
    });
  });
}

/** Hard to pack, so that a broken place in it lies far behind the first megabyte of what comes out. */
const noise = (bytes: number): Buffer => Buffer.from(randomBytes(bytes / 2).toString('hex'), 'latin1');

test.each(Object.keys(PACKED))('%s: large and small bodies at the same time arrive whole', async (encoding) => {
  const bodies = [3 * MEBIBYTE, 2, 2 * MEBIBYTE, 70_000, LIMIT, 2 * MEBIBYTE].map(noise);
  const plain = await Promise.all(bodies.map((body) => outcome(encoding, PACKED[encoding]?.(body) ?? body)));
  expect(plain.map((one, at) => Buffer.isBuffer(one) && one.equals(bodies[at] ?? Buffer.alloc(0)))).not.toContain(
    false,
  );
});

test('one that is refused, and one that breaks while it waits, hold up nobody', async () => {
  const whole = noise(3 * MEBIBYTE);
  const broken = gzipSync(whole);
  broken.fill(0xff, broken.length - 400_000);
  const cut = gzipSync(whole).subarray(0, -1_000);
  const bomb = gzipSync(Buffer.alloc(64 * MEBIBYTE, 0x20));
  const seen = await Promise.all(
    [gzipSync(whole), broken, bomb, cut, bomb, broken, gzipSync(whole)].map((body) => outcome('gzip', body)),
  );
  expect(seen.map((one) => (Buffer.isBuffer(one) ? one.equals(whole) : one))).toEqual([true, 400, 413, 400, 413, 400, true]); // prettier-ignore
});

test('only so many large ones wait; those that do are unpacked, and others may come afterwards', async () => {
  const whole = Buffer.alloc(2 * MEBIBYTE, 0x61);
  const packed = gzipSync(whole);
  const seen = await Promise.all(Array.from({ length: 60 }, () => outcome('gzip', packed)));
  const kinds = seen.map((one) => (Buffer.isBuffer(one) ? one.equals(whole) : one));
  expect(kinds.filter((one) => one === true).length).toBeGreaterThanOrEqual(33);
  expect(kinds.filter((one) => one !== true && one !== 503)).toEqual([]);
  expect(kinds).toContain(503);
  expect(await outcome('gzip', packed)).toEqual(whole);
});

test('an encoding that nobody knows is told at once', async () => {
  expect(await outcome('rot13', Buffer.from('x'))).toBe(415);
});
