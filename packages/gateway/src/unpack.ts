import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { RequestError } from '@standin/core/spec/index';
import { BodyPieces, letGo } from '@standin/core/transport/body-pieces';

/** Called once, unless the caller leaves before the body is complete: then never. */
export type BodyDone = (error: RequestError | undefined, body: Buffer) => void;

/** Bytes at a time: each is a turn of the thread pool and of the loop. */
const AT_ONCE = { chunkSize: 64 * 1024 };
/** Bodies that become larger go on one after the other: unpacking takes whole processors, which the calls need too. */
const LARGE = 1024 * 1024;
/** More that wait are refused: each holds a megabyte, and who comes last would wait for all. */
const MOST_WAITING = 32;
const NOTHING = Buffer.alloc(0);

const UNPACKERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip(AT_ONCE)],
  ['x-gzip', () => createGunzip(AT_ONCE)],
  ['deflate', () => createInflate(AT_ONCE)],
  ['br', () => createBrotliDecompress(AT_ONCE)],
  // Codex CLI sends it where it is told that it may.
  ['zstd', () => createZstdDecompress(AT_ONCE)],
]);

const BUSY = `More than ${MOST_WAITING} large packed bodies wait to be unpacked; send the request again in a moment, or send the body plain.`;

/** The large one that is being unpacked, and those that wait for it. */
let current: Transform | undefined;
const waiting: Transform[] = [];

/** Unpacks a body, `limitBytes` at most. `done` is called once. */
export function unpack(encoding: string, body: Buffer, limitBytes: number, done: BodyDone): void {
  const create = UNPACKERS.get(encoding);
  if (create === undefined) {
    const message = `Content-Encoding "${encoding}" is not supported; send the body plain, or as gzip, deflate, br or zstd.`;
    return done(new RequestError(message, { status: 415, code: 'unsupported_encoding' }), NOTHING);
  }
  const unpacking = create();
  const pieces = new BodyPieces(true);
  unpacking.on('data', (piece: Buffer) => {
    if (pieces.size + piece.length > limitBytes) {
      unpacking.destroy();
      pieces.drop();
      letGo(piece);
      return done(tooLarge(limitBytes), NOTHING);
    }
    pieces.push(piece);
    if (pieces.size <= LARGE || takeTurn(unpacking)) return;
    unpacking.destroy();
    pieces.drop();
    done(new RequestError(BUSY, { status: 503, code: 'overloaded' }), NOTHING);
  });
  unpacking.on('end', () => done(undefined, pieces.whole()));
  unpacking.on('error', () => {
    done(new RequestError(`The request body is not valid ${encoding}.`, { code: 'invalid_body' }), NOTHING);
  });
  // After the end, an error and `destroy` alike.
  unpacking.on('close', () => endTurn(unpacking));
  unpacking.end(body);
}

/** False: too many wait already. */
function takeTurn(unpacking: Transform): boolean {
  current ??= unpacking;
  if (current === unpacking) return true;
  if (waiting.length >= MOST_WAITING) return false;
  unpacking.pause();
  waiting.push(unpacking);
  return true;
}

function endTurn(unpacking: Transform): void {
  const place = waiting.indexOf(unpacking);
  if (place >= 0) waiting.splice(place, 1);
  if (current !== unpacking) return;
  current = waiting.shift();
  current?.resume();
}

export function tooLarge(limitBytes: number): RequestError {
  const message = `The request body is larger than the gateway's limit of ${limitBytes} bytes.`;
  return new RequestError(message, { status: 413, code: 'request_too_large' });
}
