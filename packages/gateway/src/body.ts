import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { RequestError } from '@standin/core/spec/index';
import { BodyPieces, letGo } from '@standin/core/transport/body-pieces';
import { keepNumbersUnder } from './exact-numbers.ts';
import { locateJsonError } from './json-error.ts';
import { shapeProblem } from './json-shape.ts';
import { tooLarge, unpack, type BodyDone } from './unpack.ts';

const NOTHING = Buffer.alloc(0);

/** Reads a request's body whole, `limitBytes` at most, before and after decompression. */
export function readBody(req: IncomingMessage, limitBytes: number, done: BodyDone): void {
  readRawBody(req, limitBytes, (error, body) => {
    const encoding = req.headers['content-encoding'];
    if (error !== undefined || encoding === undefined || encoding === 'identity') done(error, body);
    else unpack(encoding.trim().toLowerCase(), body, limitBytes, done);
  });
}

/** Reads a request's body whole, as it came. */
export function readRawBody(req: IncomingMessage, limitBytes: number, done: BodyDone): void {
  const declared = Number(req.headers['content-length'] ?? 0);
  if (declared > limitBytes) {
    discardRest(req);
    return done(tooLarge(limitBytes), NOTHING);
  }
  const pieces = new BodyPieces(true);
  const onData = (piece: Buffer): void => {
    if (pieces.size + piece.length > limitBytes) {
      req.off('data', onData);
      req.off('end', onEnd);
      pieces.drop();
      discardRest(req);
      return done(tooLarge(limitBytes), NOTHING);
    }
    pieces.push(piece);
  };
  const onEnd = (): void => done(undefined, pieces.whole());
  req.on('data', onData);
  req.on('end', onEnd);
}

/** Most bytes of a refused body that are read and thrown away before the connection is cut. */
const DISCARD_BYTES = 64 * 1024 * 1024;
/** Beyond so many they are read slowly: what is only thrown away shall not take the others' time. */
const AT_ONCE_BYTES = 1024 * 1024;
const BREATH_MS = 5;

/**
 * Closing at once would reset the connection under the caller's upload, who then never reads why. So the rest is read
 * past, up to a bound.
 */
function discardRest(req: IncomingMessage): void {
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    letGo(chunk);
    if (size > DISCARD_BYTES) return void req.destroy();
    if (size < AT_ONCE_BYTES) return;
    req.pause();
    setTimeout(() => req.resume(), BREATH_MS);
  });
}

const MOST_LOCATED = 1024 * 1024;

/**
 * The body as JSON, whatever its content type says. Numbers under the key `exactUnder` keep their digits when written
 * again. Throws `RequestError` 400 with line and column.
 */
export function parseJsonBody(body: Buffer, exactUnder?: string): unknown {
  return readJsonBody(body, exactUnder).value;
}

/** The same, with the text that was parsed. */
export function readJsonBody(body: Buffer, exactUnder?: string): { readonly value: unknown; readonly text: string } {
  if (body.length === 0)
    throw new RequestError('The request has no body; send a JSON object.', { code: 'invalid_json' });
  const problem = shapeProblem(body);
  if (problem !== undefined)
    throw new RequestError(`The request body is not taken: ${problem}.`, { code: 'invalid_json' });
  if (!isUtf8(body)) throw new RequestError('The request body is not valid UTF-8.', { code: 'invalid_json' });
  const start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  const text = body.toString('utf8', start);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text) as unknown;
  } catch {
    // Others would wait while a larger text is read once more.
    if (text.length > MOST_LOCATED) {
      const message = `The request body is not valid JSON: it is cut off or malformed. The place is told of bodies up to ${MOST_LOCATED} characters.`;
      throw new RequestError(message, { code: 'invalid_json' });
    }
    // The engine's own message quotes the body, which may hold anything.
    const { line, column, offset, problem } = locateJsonError(text);
    const message = `The request body is not valid JSON: ${problem}, at line ${line}, column ${column} (position ${offset}).`;
    throw new RequestError(message, { code: 'invalid_json' });
  }
  if (exactUnder !== undefined) keepNumbersUnder(exactUnder, text, parsed);
  return { value: parsed, text };
}
