import { createSniffedSse } from '../../framing/sniffed-sse.ts';
import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject } from '../../spec/json.ts';
import type { StreamDecoder, WireTarget } from '../wire.ts';
import { failureIn } from './errors.ts';
import { createEventReader } from './event-reader.ts';

/**
 * Responses stream to events. Complete only on `response.completed`, `.incomplete` or `.done`; `[DONE]` says nothing.
 * A body that ends before throws `truncated` (`empty` when nothing at all came). An event that is no JSON is skipped
 * and counted, but throws `protocol` once a call has begun.
 */
export function createDecoder(target: WireTarget): StreamDecoder {
  const reader = createEventReader(target);
  const sse = createSniffedSse();
  let skipped = 0;

  const broken = (data: string, name: string): void => {
    if (name === 'error') throw failureIn(data);
    if (reader.toolOpen || data.includes('function_call') || data.includes('custom_tool_call')) {
      throw new ProviderError({ kind: 'protocol', message: 'A stream event inside a tool call could not be read.' });
    }
    skipped += 1;
  };

  const onEvent = (data: string, name: string): void => {
    if (reader.done || data === '') return;
    if (data.length < 32 && data.trim() === '[DONE]') return;
    const event = parse(data);
    if (!isJsonObject(event)) return broken(data, name);
    if (name === 'error' && event['type'] === undefined) throw failureIn(event);
    reader.read(event, name);
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
      if (document !== undefined) return decodeWhole(document, target);
      if (!reader.done) throw sse.started ? truncated() : nothing();
      return reader.take();
    },
    get done() {
      return reader.done;
    },
    get skipped() {
      return skipped;
    },
  };
}

/** One whole answer to the events its stream would give; also reads a stream that came where a document was asked for. */
export function decodeWhole(body: string, target: WireTarget): StreamEvent[] {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') throw nothing();
  if (text.startsWith('<')) {
    throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not JSON.' });
  }
  if (/^(data|event|id|retry)?:/.test(text)) {
    const decoder = createDecoder(target);
    const events = decoder.push(Buffer.from(`${text}\n\n`));
    return [...events, ...decoder.end()];
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw notJson(text, cause);
  }
  const answer: unknown = Array.isArray(parsed) ? (parsed as unknown[])[0] : parsed;
  if (!isJsonObject(answer)) throw notJson(text);
  const reader = createEventReader(target);
  // Some proxies answer with the closing event instead of the response inside it.
  if (typeof answer['type'] === 'string' && answer['output'] === undefined) reader.read(answer, '');
  if (!reader.done) reader.readResponse(answer);
  return reader.take();
}

/** Some servers write an event a brace short (vercel/ai fixtures, read 2026-11); its own end of line says it is whole. */
function parse(data: string): unknown {
  for (const text of [data, `${data}}`]) {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

function truncated(): ProviderError {
  const message = 'The stream ended before the answer was complete (no response.completed).';
  return new ProviderError({ kind: 'truncated', message });
}

function nothing(): ProviderError {
  return new ProviderError({ kind: 'empty', message: 'The vendor answered without any content.' });
}

function notJson(text: string, cause?: unknown): ProviderError {
  return new ProviderError({
    kind: 'protocol',
    message: 'The answer is not valid JSON.',
    vendorMessage: text.slice(0, 300),
    cause,
  });
}
