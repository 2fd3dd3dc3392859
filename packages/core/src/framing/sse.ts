import { ProviderError } from '../spec/errors.ts';

export const DEFAULT_MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** Called for each event; `event` is the value of its `event:` field, or `''`. */
export type SseSink = (data: string, event: string) => void;

export interface SseDecoder {
  /** Throws `ProviderError` kind `protocol` when one event is larger than the limit. */
  push(bytes: Uint8Array, onEvent: SseSink): void;
  /**
   * The body ended. A last event without its blank line is delivered when its data is whole (JSON or `[DONE]`):
   * some servers leave the blank line out, and a cut event must not pass for a complete one.
   */
  end(onEvent: SseSink): void;
  /** Comment lines seen so far; they are signs of life, nothing more. */
  readonly comments: number;
}

const LF = 10;
const CR = 13;
const COLON = 58;
const SPACE = 32;

/**
 * Decodes `text/event-stream` (WHATWG HTML, "Server-sent events") from bytes cut anywhere. Every byte is scanned once
 * and text is decoded from whole lines, so a code point cut in two and a line of many megabytes both cost nothing extra.
 */
export function createSseDecoder(options: { readonly maxEventBytes?: number } = {}): SseDecoder {
  const maxEventBytes = options.maxEventBytes ?? DEFAULT_MAX_EVENT_BYTES;
  /** Pieces of the line that is still open, joined once when its end arrives. */
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let eventBytes = 0;
  let data: string | undefined;
  let eventName = '';
  let afterCr = false;
  let firstLine = true;
  let comments = 0;

  const grow = (bytes: number): void => {
    if (eventBytes + pieceBytes + bytes <= maxEventBytes) return;
    throw new ProviderError({ kind: 'protocol', message: `One stream event is larger than ${maxEventBytes} bytes.` });
  };

  const appendData = (line: Buffer, from: number, to: number): void => {
    const value = line.toString('utf8', from, to);
    grow(to - from);
    eventBytes += to - from;
    data = data === undefined ? value : `${data}\n${value}`;
  };

  const readLine = (line: Buffer, start: number, end: number, onEvent: SseSink): void => {
    let from = start;
    if (firstLine) {
      firstLine = false;
      if (end - from >= 3 && line[from] === 0xef && line[from + 1] === 0xbb && line[from + 2] === 0xbf) from += 3;
    }
    if (from === end) {
      const complete = data;
      const name = eventName;
      data = undefined;
      eventName = '';
      eventBytes = 0;
      if (complete !== undefined) onEvent(complete, name);
      return;
    }
    if (line[from] === COLON) {
      comments += 1;
      return;
    }
    const nameEnd = fieldNameEnd(line, from, end);
    let value = Math.min(nameEnd + 1, end);
    if (value < end && line[value] === SPACE) value += 1;
    if (isField(line, from, nameEnd, 'data')) appendData(line, value, end);
    else if (isField(line, from, nameEnd, 'event')) eventName = line.toString('utf8', value, end);
    else if (isField(line, from, nameEnd, 'error')) {
      // Old llama.cpp servers wrote a failure as a field of its own: `error: {…}`.
      eventName = 'error';
      appendData(line, value, end);
    }
  };

  const closeLine = (chunk: Buffer, start: number, end: number, onEvent: SseSink): void => {
    if (pieceBytes === 0) return readLine(chunk, start, end, onEvent);
    pieces.push(chunk.subarray(start, end));
    const line = Buffer.concat(pieces, pieceBytes + end - start);
    pieces = [];
    pieceBytes = 0;
    readLine(line, 0, line.length, onEvent);
  };

  return {
    push(bytes, onEvent) {
      const chunk = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const length = chunk.length;
      if (length === 0) return;
      let position = 0;
      if (afterCr && chunk[0] === LF) position = 1;
      afterCr = false;
      let nextCr = chunk.indexOf(CR, position);
      let nextLf = chunk.indexOf(LF, position);
      while (nextLf !== -1 || nextCr !== -1) {
        const isCr = nextCr !== -1 && (nextLf === -1 || nextCr < nextLf);
        const lineEnd = isCr ? nextCr : nextLf;
        closeLine(chunk, position, lineEnd, onEvent);
        position = lineEnd + 1;
        if (isCr) {
          if (position === length) afterCr = true;
          else if (chunk[position] === LF) position += 1;
          nextCr = chunk.indexOf(CR, position);
        }
        if (nextLf !== -1 && nextLf < position) nextLf = chunk.indexOf(LF, position);
      }
      if (position < length) {
        grow(length - position);
        // A copy: the transport may reuse its read buffer.
        pieces.push(Buffer.from(chunk.subarray(position)));
        pieceBytes += length - position;
      }
    },
    end(onEvent) {
      if (pieceBytes > 0) closeLine(Buffer.alloc(0), 0, 0, onEvent);
      const rest = data;
      data = undefined;
      if (rest !== undefined && isWhole(rest)) onEvent(rest, eventName);
    },
    get comments() {
      return comments;
    },
  };
}

function fieldNameEnd(line: Buffer, start: number, end: number): number {
  const limit = Math.min(end, start + 16);
  for (let at = start; at < limit; at += 1) if (line[at] === COLON) return at;
  const colon = line.indexOf(COLON, limit);
  return colon === -1 || colon > end ? end : colon;
}

function isField(line: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let at = 0; at < name.length; at += 1) if (line[start + at] !== name.charCodeAt(at)) return false;
  return true;
}

function isWhole(data: string): boolean {
  if (data.trim() === '[DONE]') return true;
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}
