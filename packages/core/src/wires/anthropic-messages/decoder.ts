import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { createSniffedSse } from '../../framing/sniffed-sse.ts';
import type { StreamDecoder } from '../wire.ts';
import { createAnswerReader, type AnswerReader } from './answer-reader.ts';
import { inBandError, protocolError } from './errors.ts';
import { argumentsIn, memberOf, membersOf, skipSpace, type Member } from '../json-text.ts';

/** Bytes of a streamed answer to events. A body that is one JSON document is decoded as a whole answer. */
export function createDecoder(): StreamDecoder {
  const sse = createSniffedSse();
  const reader = createAnswerReader();
  let done = false;
  let skipped = 0;
  let plain = true;

  const finish = (): void => {
    if (!reader.started) throw incomplete(reader);
    done = true;
    reader.finish();
  };

  const onEvent = (data: string, name: string): void => {
    if (done) return;
    if (data === '') return;
    if (data.trim() === '[DONE]') {
      if (reader.stopped) finish();
      return;
    }
    const event = parse(data);
    if (!isJsonObject(event) || event['type'] !== 'content_block_delta') plain = false;
    if (name === 'error' || isError(event)) throw inBandError(event ?? { error: data });
    if (!isJsonObject(event)) {
      // What was lost may have been a piece of the arguments: a call with a hole in it must not be run.
      if (reader.inToolCall) throw protocolError('An event inside a tool call could not be read.');
      skipped += 1;
      return;
    }
    readEvent(reader, event, data, finish);
  };

  return {
    push(bytes) {
      plain = true;
      if (done) return [];
      sse.push(bytes, onEvent);
      return reader.take();
    },
    end() {
      if (done) return reader.take();
      let whole: StreamEvent[] | undefined;
      sse.end(onEvent, (document) => {
        whole = decodeWhole(document);
        done = true;
      });
      if (whole !== undefined) return whole;
      if (!done) {
        if (reader.stopped) finish();
        else throw incomplete(reader);
      }
      return reader.take();
    },
    get done() {
      return done;
    },
    /** The stop reason comes after all content, with the usage: only `message_stop` is missing. */
    get complete() {
      return reader.stopped;
    },
    get skipped() {
      return skipped;
    },
    get plain() {
      return plain;
    },
  };
}

function readEvent(reader: AnswerReader, event: JsonObject, data: string, finish: () => void): void {
  switch (event['type']) {
    case 'message_start': {
      const message = event['message'];
      if (!isJsonObject(message)) return;
      const isFirst = !reader.started;
      reader.messageStart(message);
      // An answer that goes on with a running server tool starts with its calls already there.
      const at = isFirst ? memberOf(data, skipSpace(data, 0), 'message') : undefined;
      if (at !== undefined) readContent(reader, message['content'], data, at.start);
      return;
    }
    case 'content_block_start': {
      const block = event['content_block'];
      if (isJsonObject(block)) reader.blockStart(indexOf(event), block, () => inputText(data, 'content_block', block));
      return;
    }
    case 'content_block_delta':
      if (isJsonObject(event['delta'])) reader.blockDelta(indexOf(event), event['delta']);
      return;
    case 'content_block_stop':
      return reader.blockStop(indexOf(event));
    case 'message_delta':
      return reader.messageDelta(isJsonObject(event['delta']) ? event['delta'] : {}, event['usage']);
    case 'message_stop':
      return finish();
    default:
      // `ping`, and whatever is added later: unknown events are to be ignored.
      return;
  }
}

/** Decodes a whole answer to the events that a stream of it would give. Throws `ProviderError`. */
export function decodeWhole(body: string): StreamEvent[] {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body;
  if (text.trim() === '')
    throw new ProviderError({ kind: 'empty', message: 'The vendor answered with an empty body.' });
  const message = parse(text);
  if (isError(message)) throw inBandError(message);
  if (!isJsonObject(message)) throw protocolError(notAnAnswer(text));
  if (!Array.isArray(message['content'])) {
    throw protocolError('The vendor answered with JSON that is not a message: it has no `content` list.');
  }
  const reader = createAnswerReader();
  reader.messageStart(message);
  readContent(reader, message['content'], text, skipSpace(text, 0));
  reader.finish();
  return reader.take();
}

/** Complete blocks, found again in the text of the object at `start` for the exact words of their inputs. */
function readContent(reader: AnswerReader, content: unknown, text: string, start: number): void {
  if (!Array.isArray(content) || content.length === 0) return;
  let ranges: Member[] | undefined;
  const rangeOf = (index: number): Member | undefined => {
    const list = memberOf(text, start, 'content');
    ranges ??= list === undefined ? [] : membersOf(text, list.start);
    return ranges[index];
  };
  content.forEach((block: unknown, index) => {
    if (!isJsonObject(block)) return;
    reader.blockStart(index, block, () => {
      const range = rangeOf(index);
      return range === undefined ? undefined : inputAt(text, range.start);
    });
    reader.blockStop(index);
  });
}

function inputText(data: string, field: string, block: JsonObject): string | undefined {
  if (isJsonObject(block['input']) && Object.keys(block['input']).length === 0) return '{}';
  const member = memberOf(data, skipSpace(data, 0), field);
  return member === undefined ? undefined : inputAt(data, member.start);
}

function inputAt(text: string, blockStart: number): string | undefined {
  const input = memberOf(text, blockStart, 'input');
  if (input === undefined) return undefined;
  const raw = text.slice(input.start, input.end);
  // Some servers send the arguments as a string, as other protocols do.
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === 'null' ? undefined : argumentsIn(raw);
}

function indexOf(event: JsonObject): number {
  return typeof event['index'] === 'number' ? event['index'] : 0;
}

function isError(event: unknown): boolean {
  if (!isJsonObject(event)) return false;
  if (event['type'] === 'error') return true;
  const error = event['error'];
  return event['type'] === undefined && (isJsonObject(error) || typeof error === 'string');
}

function incomplete(reader: AnswerReader): ProviderError {
  return reader.started
    ? new ProviderError({ kind: 'truncated', message: 'The answer ended before it was complete.' })
    : new ProviderError({ kind: 'empty', message: 'The vendor closed the stream without an answer.' });
}

function notAnAnswer(text: string): string {
  return text.trimStart().startsWith('<')
    ? 'The vendor answered with an HTML page, not a message.'
    : 'The vendor answered with something that is not JSON.';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
