import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { createSniffedSse } from '../../framing/sniffed-sse.ts';
import { isJsonObject } from '../../spec/json.ts';
import type { AboutWhole, StreamDecoder, WireTarget } from '../wire.ts';
import { createChunkReader } from './chunk-reader.ts';
import { inBandError } from '../openai-errors.ts';
import { onlyPieceOf, TextTemplate } from './text-template.ts';

/**
 * Chat-completions stream to events. Complete once a finish reason was seen or `[DONE]` came; a body that ends with
 * neither throws `truncated` (`empty` when nothing at all came). An event that is no JSON is skipped and counted, but
 * throws `protocol` once a tool call has begun, because its arguments would be wrong without anyone noticing.
 */
export function createDecoder(target: WireTarget): StreamDecoder {
  const reader = createChunkReader(target);
  const sse = createSniffedSse();
  const template = new TextTemplate();
  let done = false;
  let skipped = 0;
  let plain = true;

  const broken = (data: string, event: string): void => {
    plain = false;
    if (event === 'error') throw inBandError(data);
    if (reader.toolOpen || data.includes('"tool_calls"') || data.includes('"function_call"')) {
      throw new ProviderError({ kind: 'protocol', message: 'A stream event inside a tool call could not be read.' });
    }
    skipped += 1;
  };

  const onEvent = (data: string, event: string): void => {
    if (done) return;
    if (data.length < 32 && data.trim() === '[DONE]') return finish();
    if (data === '') return;
    const piece = event === '' ? template.pieceOf(data) : undefined;
    if (piece !== undefined) return reader.piece(template.kind, piece);
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      return broken(data, event);
    }
    if (typeof chunk !== 'object' || chunk === null) return broken(data, event);
    if (event === 'error' && !reader.finishSeen) throw inBandError(chunk);
    if (!reader.read(chunk, false)) plain = false;
    else if (template.learns && event === '') {
      const only = onlyPieceOf(chunk);
      if (only !== undefined) template.learn(data, only);
    }
  };

  const finish = (): void => {
    if (!reader.finishSeen && reader.incompleteCalls) throw truncated();
    done = true;
    plain = false;
    reader.complete();
  };

  return {
    push(bytes) {
      plain = true;
      if (!done) sse.push(bytes, onEvent);
      return reader.take();
    },
    end() {
      if (done) return reader.take();
      let document: string | undefined;
      sse.end(onEvent, (text) => {
        document = text;
      });
      if (document !== undefined) {
        done = true;
        return decodeWhole(document, target);
      }
      if (!done) {
        if (!reader.finishSeen) throw sse.started ? truncated() : nothing();
        finish();
      }
      return reader.take();
    },
    get done() {
      return done;
    },
    get complete() {
      return done || reader.finishSeen;
    },
    get skipped() {
      return skipped;
    },
    get plain() {
      return plain;
    },
  };
}

/** One whole answer to the events its stream would give; also reads a stream that came where a document was asked for. */
export function decodeWhole(body: string, target: WireTarget, about?: AboutWhole): StreamEvent[] {
  // Most answers are a bare object: nothing before it has to be looked for.
  const text = body.startsWith('{') ? body : body.replace(/^\uFEFF/, '').trim();
  if (text === '') throw nothing();
  if (text.startsWith('<')) {
    throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not JSON.' });
  }
  if (!text.startsWith('{') && !text.startsWith('[')) {
    if (/^(data|event|id|retry)?:/.test(text)) return decodeText(text, target);
    throw notJson(text);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw notJson(text, cause);
  }
  const reader = createChunkReader(target);
  reader.read(parsed, true);
  const answer = (Array.isArray(parsed) ? parsed[0] : parsed) as { choices?: unknown; usage?: unknown };
  if (!Array.isArray(answer.choices)) {
    throw new ProviderError({ kind: 'protocol', message: 'The answer has no `choices`: is this a chat endpoint?' });
  }
  if (about !== undefined) about.plain = reader.finishSeen && !reader.callSeen && isJsonObject(answer.usage);
  reader.complete();
  return reader.take();
}

function decodeText(text: string, target: WireTarget): StreamEvent[] {
  const decoder = createDecoder(target);
  const events = decoder.push(Buffer.from(`${text}\n\n`));
  return [...events, ...decoder.end()];
}

function truncated(): ProviderError {
  const message = 'The stream ended before the answer was complete (no finish reason, no [DONE]).';
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
