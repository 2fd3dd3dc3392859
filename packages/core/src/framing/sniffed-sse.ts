import { ProviderError } from '../spec/errors.ts';
import { createSseDecoder, DEFAULT_MAX_EVENT_BYTES, type SseDecoder, type SseSink } from './sse.ts';

export interface SniffedSse {
  push(bytes: Uint8Array, onEvent: SseSink): void;
  /** `onDocument` gets the whole body when it was one JSON document instead of a stream. */
  end(onEvent: SseSink, onDocument: (text: string) => void): void;
  /** True once any event or document byte arrived; comments and blank lines leave it false. */
  readonly started: boolean;
}

/**
 * A stream as vendors really send it: whatever the content type said, the first non-blank byte tells a JSON document
 * (`{`, `[`) and an HTML page (`<`) from an event stream. HTML throws kind `protocol`.
 */
export function createSniffedSse(options: { readonly maxBytes?: number } = {}): SniffedSse {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_EVENT_BYTES;
  const sse: SseDecoder = createSseDecoder({ maxEventBytes: maxBytes });
  let document: Buffer[] | undefined;
  let documentBytes = 0;
  let decided = false;
  let started = false;
  let bomBytes = 0;

  const keep = (bytes: Uint8Array): void => {
    documentBytes += bytes.length;
    if (documentBytes > maxBytes) {
      throw new ProviderError({ kind: 'protocol', message: `The answer is larger than ${maxBytes} bytes.` });
    }
    document?.push(Buffer.from(bytes));
  };

  const decide = (bytes: Uint8Array): void => {
    for (const byte of bytes) {
      if (bomBytes < 3 && byte === [0xef, 0xbb, 0xbf][bomBytes]) {
        bomBytes += 1;
        continue;
      }
      if (byte === 10 || byte === 13 || byte === 32 || byte === 9) continue;
      decided = true;
      if (byte === 0x7b || byte === 0x5b) document = [];
      else if (byte === 0x3c) {
        throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not a stream.' });
      }
      return;
    }
  };

  return {
    push(bytes, onEvent) {
      if (!decided) decide(bytes);
      if (document !== undefined) {
        started = true;
        return keep(bytes);
      }
      sse.push(bytes, (data, event) => {
        started = true;
        onEvent(data, event);
      });
    },
    end(onEvent, onDocument) {
      if (document !== undefined) return onDocument(Buffer.concat(document).toString('utf8').trim());
      sse.end((data, event) => {
        started = true;
        onEvent(data, event);
      });
    },
    get started() {
      return started;
    },
  };
}
