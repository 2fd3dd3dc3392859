import { ProviderError } from '../../spec/errors.ts';
import { createSseDecoder, DEFAULT_MAX_EVENT_BYTES, type SseSink } from '../../framing/sse.ts';

export interface GeminiFraming {
  /** `onPiece` gets each JSON document of the stream as text; `event` is the name of its SSE event, mostly `''`. */
  push(bytes: Uint8Array, onPiece: SseSink): void;
  /** The body ended. Throws kind `truncated` when it ended inside a document outside of an event stream. */
  end(onPiece: SseSink): void;
  /** True once anything but blanks and comments arrived. */
  readonly started: boolean;
  /** The closing bracket of a JSON array was seen. */
  readonly arrayClosed: boolean;
}

const LF = 10;
const CR = 13;

/**
 * The three forms of a streamed answer: an event stream, one JSON array that grows (`alt=sse` left out or dropped on
 * the way), and one document. An event stream may also go over into plain JSON lines: that is how an error in its
 * middle is written.
 */
export function createGeminiFraming(options: { readonly maxBytes?: number } = {}): GeminiFraming {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_EVENT_BYTES;
  const sse = createSseDecoder({ maxEventBytes: maxBytes });
  const json = createDocumentSplitter(maxBytes);
  let mode: 'unknown' | 'sse' | 'json' = 'unknown';
  let atLineStart = true;
  let started = false;
  let bomBytes = 0;

  /** Place of the first byte that tells the form, after blanks and a byte order mark. */
  const decide = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      if (bomBytes < 3 && byte === BOM[bomBytes]) {
        bomBytes += 1;
        continue;
      }
      if (byte === LF || byte === CR || byte === 32 || byte === 9) continue;
      if (byte === 0x3c) {
        throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not a stream.' });
      }
      mode = byte === 0x7b || byte === 0x5b ? 'json' : 'sse';
      return;
    }
  };

  /** Where a line begins with plain JSON, which no field of an event stream does; -1 when none does. */
  const jsonLine = (bytes: Uint8Array): number => {
    let nextCarriageReturn = bytes.indexOf(CR);
    for (let at = 0; at < bytes.length;) {
      if (atLineStart && (bytes[at] === 0x7b || bytes[at] === 0x5b)) return at;
      const nextLineFeed = bytes.indexOf(LF, at);
      if (nextCarriageReturn !== -1 && nextCarriageReturn < at) nextCarriageReturn = bytes.indexOf(CR, at);
      const isLineFeed = nextLineFeed !== -1 && (nextCarriageReturn === -1 || nextLineFeed < nextCarriageReturn);
      const end = isLineFeed ? nextLineFeed : nextCarriageReturn;
      atLineStart = end !== -1;
      if (end === -1) return -1;
      at = end + 1;
    }
    return -1;
  };

  const tell = (onPiece: SseSink): SseSink => {
    return (data, event) => {
      started = true;
      onPiece(data, event);
    };
  };

  return {
    push(bytes, onPiece) {
      if (mode === 'unknown') decide(bytes);
      if (mode !== 'json') {
        const at = mode === 'sse' ? jsonLine(bytes) : -1;
        sse.push(at === -1 ? bytes : bytes.subarray(0, at), tell(onPiece));
        if (at === -1) return;
        mode = 'json';
        started = true;
        return json.push(bytes.subarray(at), (text) => onPiece(text, ''));
      }
      started = true;
      json.push(bytes, (text) => onPiece(text, ''));
    },
    end(onPiece) {
      if (mode === 'json') json.end();
      else sse.end(tell(onPiece));
    },
    get started() {
      return started;
    },
    get arrayClosed() {
      return json.arrayClosed;
    },
  };
}

const BOM = [0xef, 0xbb, 0xbf] as const;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Takes objects out of `[{…},{…}]` or a row of documents as soon as each is complete. Every byte is read once. */
function createDocumentSplitter(maxBytes: number) {
  let pieces: Buffer[] = [];
  let pieceBytes = 0;
  let depth = 0;
  let inString = false;
  let escaped = false;
  let arrayClosed = false;

  const keep = (bytes: Uint8Array): void => {
    pieceBytes += bytes.length;
    if (pieceBytes > maxBytes) {
      throw new ProviderError({ kind: 'protocol', message: `One stream event is larger than ${maxBytes} bytes.` });
    }
    // A copy: the transport may reuse its read buffer.
    pieces.push(Buffer.from(bytes));
  };

  return {
    push(bytes: Uint8Array, onDocument: (text: string) => void): void {
      let from = 0;
      for (let at = 0; at < bytes.length; at += 1) {
        const byte = bytes[at];
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
        } else if (depth === 0) {
          if (byte === 0x5d) arrayClosed = true;
          if (byte !== 0x7b) continue;
          depth = 1;
          from = at;
        } else if (byte === QUOTE) inString = true;
        else if (byte === 0x7b || byte === 0x5b) depth += 1;
        else if (byte === 0x7d || byte === 0x5d) {
          depth -= 1;
          if (depth > 0) continue;
          keep(bytes.subarray(from, at + 1));
          const text = Buffer.concat(pieces, pieceBytes).toString('utf8');
          pieces = [];
          pieceBytes = 0;
          onDocument(text);
        }
      }
      if (depth > 0) keep(bytes.subarray(from));
    },
    end(): void {
      if (depth === 0) return;
      throw new ProviderError({ kind: 'truncated', message: 'The answer ended in the middle of a JSON document.' });
    },
    get arrayClosed() {
      return arrayClosed;
    },
  };
}
