import { createAwsEventStreamDecoder, type AwsFrame } from '../../framing/aws-event-stream.ts';
import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { argumentsIn, memberOf, membersOf, skipSpace } from '../json-text.ts';
import type { StreamDecoder } from '../wire.ts';
import { createAnswerReader, type AnswerReader } from './answer-reader.ts';
import { inBandError, parseJson, protocolError } from './errors.ts';

const BRACE = 0x7b;
const BOM = 0xef;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * Bytes of `converse-stream` to events. A frame never begins with a brace or white space (that would be its length), so
 * a body that does is a whole answer or an error that a proxy sent instead.
 */
export function createDecoder(): StreamDecoder {
  const frames = createAwsEventStreamDecoder();
  const reader = createAnswerReader();
  let document: Buffer[] | undefined;
  let begun = false;
  let done = false;
  let skipped = 0;

  const finish = (): void => {
    done = true;
    reader.finish();
  };

  const onFrame = (frame: AwsFrame): void => {
    if (done) return;
    const type = frame.headers[':message-type'] ?? 'event';
    const payload = parseJson(frame.payload.toString('utf8'));
    if (type === 'error') {
      throw inBandError(frame.headers[':error-code'], payload, frame.headers[':error-message']);
    }
    if (type === 'exception') throw inBandError(frame.headers[':exception-type'], payload, plain(frame));
    if (!isJsonObject(payload) || !readEvent(reader, frame.headers[':event-type'] ?? '', payload)) {
      // What was lost may have been a piece of the arguments: a call with a hole in it must not be run.
      if (reader.inToolCall) throw protocolError('An event inside a tool call could not be read.');
      skipped += 1;
      return;
    }
    // Usage comes behind the stop, so the stop alone does not end the stream; an end of the body will.
    if (reader.stopped && reader.metered) finish();
  };

  return {
    push(bytes) {
      if (done || bytes.length === 0) return reader.take();
      if (!begun) {
        begun = true;
        const first = bytes[0] ?? 0;
        if (first === BRACE || first === BOM || SPACES.has(first)) document = [];
      }
      if (document === undefined) frames.push(bytes, onFrame);
      else document.push(Buffer.from(bytes));
      return reader.take();
    },
    end() {
      if (done) return reader.take();
      done = true;
      if (document !== undefined) return decodeWhole(Buffer.concat(document).toString('utf8'));
      if (!reader.stopped) throw incomplete(reader);
      reader.finish();
      return reader.take();
    },
    get done() {
      return done;
    },
    get complete() {
      return reader.stopped;
    },
    get skipped() {
      return skipped;
    },
  };
}

/**
 * Events carry their fields bare; some servers wrap them once more in the event's name. False for one that should say
 * something and does not; unknown events are to be ignored, and are read by that.
 */
function readEvent(reader: AnswerReader, name: string, payload: JsonObject): boolean {
  const wrapped = name === '' ? Object.keys(payload).find((key) => isJsonObject(payload[key])) : name;
  const inner = wrapped === undefined ? undefined : payload[wrapped];
  const event = isJsonObject(inner) ? inner : payload;
  const { start, delta } = event;
  switch (wrapped) {
    case 'messageStart':
      reader.start();
      return true;
    case 'contentBlockStart':
      reader.blockStart(indexOf(event), isJsonObject(start) ? start : {});
      return true;
    case 'contentBlockDelta':
      if (!isJsonObject(delta)) return false;
      reader.blockDelta(indexOf(event), delta);
      return true;
    case 'contentBlockStop':
      reader.blockStop(indexOf(event));
      return true;
    case 'messageStop':
      reader.stop(event);
      return true;
    case 'metadata':
      reader.usage(event['usage']);
      return true;
    default:
      return true;
  }
}

/** Decodes a whole answer to the events that a stream of it would give. Throws `ProviderError`. */
export function decodeWhole(body: string): StreamEvent[] {
  const text = body.startsWith('\uFEFF') ? body.slice(1) : body;
  if (text.trim() === '')
    throw new ProviderError({ kind: 'empty', message: 'The vendor answered with an empty body.' });
  const answer = parseJson(text);
  if (!isJsonObject(answer)) throw protocolError(notAnAnswer(text));
  const message = isJsonObject(answer['output']) ? answer['output']['message'] : undefined;
  if (!isJsonObject(message) || !Array.isArray(message['content'])) {
    if (isError(answer)) throw inBandError(undefined, answer);
    throw protocolError('The vendor answered with JSON that is not a message: it has no `output.message.content`.');
  }
  const reader = createAnswerReader();
  reader.start();
  message['content'].forEach((block, index) => {
    if (isJsonObject(block)) readBlock(reader, index, block, () => inputAt(text, index));
  });
  reader.stop(answer);
  reader.usage(answer['usage']);
  reader.finish();
  return reader.take();
}

/** A whole block through the same doors as its pieces. `rawInput` gives a call's input as it stands on the wire. */
function readBlock(reader: AnswerReader, index: number, block: JsonObject, rawInput: () => string | undefined): void {
  const { text, reasoningContent: thinking, toolUse, citationsContent: cited } = block;
  if (isJsonObject(toolUse) && toolUse['type'] === undefined) {
    reader.blockStart(index, { toolUse });
    const input = rawInput() ?? '';
    // A stream of this call has no piece at all when there are no arguments.
    if (input !== '{}') reader.blockDelta(index, { toolUse: { input } });
  } else if (typeof text === 'string') reader.blockDelta(index, { text });
  else if (isJsonObject(thinking)) {
    const { reasoningText } = thinking;
    reader.blockDelta(index, { reasoningContent: isJsonObject(reasoningText) ? reasoningText : thinking });
  } else if (isJsonObject(cited)) {
    for (const piece of listOf(cited['content'])) if (isJsonObject(piece)) reader.blockDelta(index, piece);
    for (const citation of listOf(cited['citations'])) reader.blockDelta(index, { citation });
  } else reader.blockStart(index, block);
  reader.blockStop(index);
}

/** The `input` of a tool call in the text of the answer, found again for its exact words. */
function inputAt(text: string, index: number): string | undefined {
  let at = skipSpace(text, 0);
  for (const key of ['output', 'message', 'content']) {
    const member = memberOf(text, at, key);
    if (member === undefined) return undefined;
    at = member.start;
  }
  const block = membersOf(text, at)[index];
  const call = block === undefined ? undefined : memberOf(text, block.start, 'toolUse');
  const input = call === undefined ? undefined : memberOf(text, call.start, 'input');
  if (input === undefined) return undefined;
  const raw = text.slice(input.start, input.end);
  // Some servers send the arguments as a string, as other protocols do.
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === 'null' ? undefined : argumentsIn(raw);
}

function indexOf(event: JsonObject): number {
  return typeof event['contentBlockIndex'] === 'number' ? event['contentBlockIndex'] : 0;
}

function isError(answer: JsonObject): boolean {
  return ['message', 'Message', '__type', 'error'].some((key) => answer[key] !== undefined);
}

function plain(frame: AwsFrame): string | undefined {
  const text = frame.payload.toString('utf8').trim();
  return text === '' ? undefined : text;
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

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? (value as JsonObject[]) : [];
}
