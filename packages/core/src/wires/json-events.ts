import { createSniffedSse } from '../framing/sniffed-sse.ts';
import { ProviderError } from '../spec/errors.ts';
import type { StreamEvent } from '../spec/event.ts';
import { isJsonObject, type JsonObject } from '../spec/json.ts';
import type { StreamDecoder } from './wire.ts';

/** Reads the JSON events of one answer into events of ours. `text` is the event as it stood on the wire. */
export interface JsonEventReader {
  read(event: JsonObject, text: string): void;
  /** One whole answer, to the events its stream would give. Throws `protocol` when it is none of this wire. */
  readWhole(answer: JsonObject, text: string): void;
  /** The terminal event was read and the closing events are written. */
  readonly done: boolean;
  /** The vendor has said how it ended, though the terminal event may still be on its way. */
  readonly complete: boolean;
  /** Writes the closing events of a complete answer whose terminal event did not come. */
  close(): void;
  /** Arguments of a call are being received: nothing may be missed now. */
  readonly callOpen: boolean;
  /** Anything of an answer was read. */
  readonly anything: boolean;
  take(): StreamEvent[];
}

/** What the decoder of an event stream needs to know of its wire. */
export interface JsonEventWire {
  createReader(): JsonEventReader;
  /** In the text of a broken event: it belonged to a tool call. */
  readonly callMark: string;
  /** Name of the terminal event, for the message of an answer that ends without it. */
  readonly terminal: string;
  /** The failure that an event of the name `error` tells. */
  inBandError(value: unknown): ProviderError;
}

/**
 * An event stream of JSON objects to events. A body that ends before the answer is complete throws `truncated`, or
 * `empty` when nothing came at all. An event that is no JSON is skipped and counted, but throws `protocol` once a tool
 * call has begun, because its arguments would be wrong without anyone noticing.
 */
export function createJsonEventDecoder(wire: JsonEventWire): StreamDecoder {
  const reader = wire.createReader();
  const sse = createSniffedSse();
  let skipped = 0;

  const onEvent = (data: string, event: string): void => {
    if (reader.done || data === '') return;
    if (data.length < 32 && data.trim() === '[DONE]') {
      if (reader.complete) reader.close();
      return;
    }
    const value = parse(data);
    if (event === 'error' && !reader.complete) throw wire.inBandError(value ?? data);
    if (isJsonObject(value)) return reader.read(value, data);
    if (reader.callOpen || data.includes(wire.callMark)) {
      throw new ProviderError({ kind: 'protocol', message: 'A stream event inside a tool call could not be read.' });
    }
    skipped += 1;
  };

  return {
    push(bytes) {
      if (!reader.done) sse.push(bytes, onEvent);
      return reader.take();
    },
    end() {
      if (reader.done) return reader.take();
      let document: string | undefined;
      sse.end(onEvent, (text) => {
        document = text;
      });
      if (document !== undefined) return decodeWholeJson(document, wire);
      if (!reader.done) {
        if (!reader.complete) throw sse.started ? truncated(wire) : nothing();
        reader.close();
      }
      return reader.take();
    },
    get done() {
      return reader.done;
    },
    get complete() {
      return reader.complete;
    },
    get skipped() {
      return skipped;
    },
  };
}

/** One whole answer to the events its stream would give; also reads a stream that came where a document was asked for. */
export function decodeWholeJson(body: string, wire: JsonEventWire): StreamEvent[] {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') throw nothing();
  if (text.startsWith('<')) {
    throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not JSON.' });
  }
  if (/^(data|event|id|retry)?:/.test(text)) {
    const decoder = createJsonEventDecoder(wire);
    const events = decoder.push(Buffer.from(`${text}\n\n`));
    return [...events, ...decoder.end()];
  }
  const answer = parse(text);
  if (!isJsonObject(answer)) {
    const vendorMessage = text.slice(0, 300);
    throw new ProviderError({ kind: 'protocol', message: 'The answer is not valid JSON.', vendorMessage });
  }
  const reader = wire.createReader();
  reader.readWhole(answer, text);
  if (!reader.done) {
    if (!reader.complete) throw truncated(wire);
    reader.close();
  }
  return reader.take();
}

function truncated({ terminal }: JsonEventWire): ProviderError {
  const message = `The answer ended before it was complete (no ${terminal}).`;
  return new ProviderError({ kind: 'truncated', message });
}

function nothing(): ProviderError {
  return new ProviderError({ kind: 'empty', message: 'The vendor answered without any content.' });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
