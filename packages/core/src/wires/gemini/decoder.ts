import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { argumentsIn, memberOf, membersOf, skipSpace } from '../json-text.ts';
import type { StreamDecoder } from '../wire.ts';
import { createAnswerReader, type AnswerReader } from './answer-reader.ts';
import { inBandError } from '../google-errors.ts';
import { createGeminiFraming } from './framing.ts';

/**
 * A `streamGenerateContent` answer to events, as an event stream or as a JSON array. Complete once a finish reason or a
 * blocked prompt was seen: this wire has no terminal marker. A body that ends before throws `truncated`, or `empty` when
 * nothing at all came.
 */
export function createDecoder(): StreamDecoder {
  const framing = createGeminiFraming();
  const reader = createAnswerReader();
  let done = false;
  let skipped = 0;

  const onPiece = (data: string, event: string): void => {
    if (done || data === '') return;
    if (data.length < 32 && data.trim() === '[DONE]') {
      if (reader.finishSeen) finish();
      return;
    }
    const chunk = parse(data);
    if (event === 'error') throw inBandError(chunk ?? data);
    const object: unknown = Array.isArray(chunk) ? chunk[0] : chunk;
    if (isJsonObject(object)) return readChunk(reader, object, data, Array.isArray(chunk));
    if (reader.callOpen || data.includes('"functionCall"')) {
      throw new ProviderError({ kind: 'protocol', message: 'A stream event inside a tool call could not be read.' });
    }
    skipped += 1;
  };

  const finish = (): void => {
    done = true;
    reader.complete();
  };

  return {
    push(bytes) {
      if (done) return [];
      framing.push(bytes, onPiece);
      if (framing.arrayClosed && reader.finishSeen && !done) finish();
      return reader.take();
    },
    end() {
      if (done) return reader.take();
      framing.end(onPiece);
      if (!done) {
        if (!reader.finishSeen) throw framing.started && reader.anything ? truncated() : nothing(framing.started);
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
  };
}

/** One whole answer to the events its stream would give; also reads a stream that came where a document was asked for. */
export function decodeWhole(body: string): StreamEvent[] {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') throw nothing(false);
  if (text.startsWith('<')) {
    throw new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not JSON.' });
  }
  if (/^(data|event|id|retry)?:/.test(text) || text.startsWith('[')) {
    const decoder = createDecoder();
    const events = decoder.push(Buffer.from(`${text}\n\n`));
    return [...events, ...decoder.end()];
  }
  const answer = parse(text);
  if (!isJsonObject(answer)) {
    const vendorMessage = text.slice(0, 300);
    throw new ProviderError({ kind: 'protocol', message: 'The answer is not valid JSON.', vendorMessage });
  }
  const reader = createAnswerReader();
  readChunk(reader, answer, text, false);
  if (!reader.anything) {
    throw new ProviderError({
      kind: 'protocol',
      message: 'The answer has no `candidates`: is this a generateContent endpoint?',
    });
  }
  if (!reader.finishSeen) throw truncated();
  reader.complete();
  return reader.take();
}

function readChunk(reader: AnswerReader, chunk: JsonObject, text: string, inArray: boolean): void {
  reader.read(chunk, (part) => argumentsText(text, inArray, part));
}

/** `args` of one part as written, found again in the text: numbers and spacing of a model are not ours to change. */
function argumentsText(text: string, inArray: boolean, part: number): string | undefined {
  const root = inArray ? membersOf(text, skipSpace(text, 0))[0]?.start : skipSpace(text, 0);
  const candidates = root === undefined ? undefined : memberOf(text, root, 'candidates');
  if (candidates === undefined) return undefined;
  for (const candidate of membersOf(text, candidates.start)) {
    const index = memberOf(text, candidate.start, 'index');
    if (index !== undefined && text.slice(index.start, index.end) !== '0') continue;
    const content = memberOf(text, candidate.start, 'content');
    const parts = content === undefined ? undefined : memberOf(text, content.start, 'parts');
    const own = parts === undefined ? undefined : membersOf(text, parts.start)[part];
    const call = own === undefined ? undefined : memberOf(text, own.start, 'functionCall');
    const args = call === undefined ? undefined : memberOf(text, call.start, 'args');
    if (args === undefined) return undefined;
    const raw = text.slice(args.start, args.end);
    // Proxies may send the arguments as a string, as other protocols do.
    if (raw.startsWith('"')) return JSON.parse(raw) as string;
    return raw === 'null' ? undefined : argumentsIn(raw);
  }
  return undefined;
}

function truncated(): ProviderError {
  return new ProviderError({
    kind: 'truncated',
    message: 'The answer ended before it was complete (no finish reason).',
  });
}

function nothing(started: boolean): ProviderError {
  return started
    ? new ProviderError({ kind: 'truncated', message: 'The answer ended without any candidate.' })
    : new ProviderError({ kind: 'empty', message: 'The vendor answered without any content.' });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
