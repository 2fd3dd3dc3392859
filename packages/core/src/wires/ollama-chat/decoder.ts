import { ProviderError } from '../../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createNdjsonDecoder } from '../../framing/ndjson.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { madeUpCallId } from '../../stream/tool-call-assembler.ts';
import { argumentsIn, memberOf, membersOf, skipSpace } from '../json-text.ts';
import { createTextSink } from '../think-tags.ts';
import type { StreamDecoder, WireTarget } from '../wire.ts';
import { inBandError } from './errors.ts';
import { readDoneReason, readUsage, WIRE } from './facts.ts';

/** Most text of unreadable lines that is kept, in case they are one document together. */
const MAX_LEFT_OVER = 64 * 1024;

/**
 * Lines of JSON to events, the one with `done: true` being the last. A body that ends before it throws `truncated`
 * (`empty` when nothing came). A line that is no JSON is skipped and counted.
 */
export function createDecoder(target: WireTarget): StreamDecoder {
  const lines = createNdjsonDecoder();
  const reader = createAnswerReader(target);
  let leftOver = '';
  let skipped = 0;
  let ending = false;

  const onLine = (line: string): void => {
    if (reader.done) return;
    if (line.startsWith('<') && !reader.anything && leftOver === '') throw htmlPage();
    const chunk = parse(line);
    if (isJsonObject(chunk)) return reader.read(chunk, line);
    // The last line of a body that was cut is no broken line.
    if (!ending && line.startsWith('{') && line.includes('"tool_calls"')) {
      throw new ProviderError({ kind: 'protocol', message: 'A line with a tool call could not be read.' });
    }
    skipped += 1;
    if (leftOver.length < MAX_LEFT_OVER) leftOver += `${line}\n`;
  };

  return {
    push(bytes) {
      if (!reader.done) lines.push(bytes, onLine);
      return reader.take();
    },
    end() {
      if (reader.done) return reader.take();
      ending = true;
      lines.end(onLine);
      if (!reader.done && !reader.anything) {
        // One document laid out over several lines.
        const document = parse(leftOver);
        if (isJsonObject(document)) reader.read(document, leftOver);
      }
      if (!reader.done) throw reader.anything || leftOver !== '' ? truncated() : nothing();
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
  if (text.startsWith('<')) throw htmlPage();
  const answer = parse(text);
  if (!isJsonObject(answer)) {
    if (!/^\{.*\}\s*\n\s*\{/.test(text)) throw notJson(text);
    const decoder = createDecoder(target);
    return [...decoder.push(Buffer.from(`${text}\n`)), ...decoder.end()];
  }
  const reader = createAnswerReader(target);
  reader.read(answer, text);
  if (!isJsonObject(answer['message']) && answer['done'] !== true) {
    throw new ProviderError({ kind: 'protocol', message: 'The answer has no `message`: is this a chat endpoint?' });
  }
  if (!reader.done) throw truncated();
  return reader.take();
}

interface AnswerReader {
  read(chunk: JsonObject, text: string): void;
  readonly done: boolean;
  /** Anything of an answer was read. */
  readonly anything: boolean;
  take(): StreamEvent[];
}

function createAnswerReader(target: WireTarget): AnswerReader {
  const builder = createBlockBuilder();
  const sink = createTextSink(builder, target.quirks.inlineReasoning);
  const ids = new Set<string>();
  let seed = '';
  let usage: Usage | undefined;
  let calls = 0;
  let done = false;
  let anything = false;

  const begin = (chunk: JsonObject): void => {
    if (builder.started) return;
    const { model, created_at: created } = chunk;
    const at = typeof created === 'string' ? Date.parse(created) : Number.NaN;
    seed = `${typeof model === 'string' ? model : ''}|${typeof created === 'string' ? created : ''}`;
    builder.start({
      model: typeof model === 'string' && model !== '' ? model : undefined,
      createdAt: Number.isNaN(at) ? undefined : Math.floor(at / 1000),
    });
  };

  const toolCall = (entry: JsonObject, raw: () => string | undefined): void => {
    const call = isJsonObject(entry['function']) ? entry['function'] : entry;
    const { name } = call;
    if (typeof name !== 'string' || name === '') {
      throw new ProviderError({ kind: 'protocol', message: 'The vendor sent a tool call without a name.' });
    }
    sink.end();
    const stated = entry['id'];
    // Older versions send no ids. A made-up one depends only on what was sent, so that cuts do not matter.
    const made = madeUpCallId(`${seed}|${calls}|${name}`);
    const id = typeof stated === 'string' && stated !== '' && !ids.has(stated) ? stated : made;
    ids.add(id);
    calls += 1;
    const index = builder.toolStart(id, name);
    builder.toolDelta(index, raw() ?? '');
    builder.toolEnd(index);
  };

  const readMessage = (message: JsonObject, text: string): void => {
    const { thinking, content, tool_calls: toolCalls, images } = message;
    if (typeof thinking === 'string') builder.reasoning(thinking);
    if (typeof content === 'string' && content !== '') sink.text(content);
    if (Array.isArray(images) && images.length > 0) builder.opaque(WIRE, { images });
    if (!Array.isArray(toolCalls)) return;
    toolCalls.forEach((entry, at) => {
      if (isJsonObject(entry)) toolCall(entry, () => argumentsText(text, at));
    });
  };

  const finish = (chunk: JsonObject): void => {
    sink.end();
    done = true;
    const raw = typeof chunk['done_reason'] === 'string' ? chunk['done_reason'] : undefined;
    const read: FinishReason = readDoneReason(raw);
    builder.finish(read === 'stop' && calls > 0 ? 'tool-calls' : read, { rawReason: raw, usage });
  };

  return {
    read(chunk, text) {
      if (chunk['error'] !== undefined && chunk['error'] !== null && chunk['error'] !== '') throw inBandError(chunk);
      const { message } = chunk;
      if (!isJsonObject(message) && chunk['done'] !== true) return;
      anything = true;
      begin(chunk);
      if (isJsonObject(message)) readMessage(message, text);
      const counted = readUsage(chunk);
      if (counted !== undefined) usage = mergeUsage(usage, counted);
      if (chunk['done'] === true) finish(chunk);
    },
    get done() {
      return done;
    },
    get anything() {
      return anything;
    },
    take: () => builder.take(),
  };
}

/** Arguments of one call as written, found again in the text: numbers and spacing of a model are not ours to change. */
function argumentsText(text: string, at: number): string | undefined {
  const message = memberOf(text, skipSpace(text, 0), 'message');
  const list = message === undefined ? undefined : memberOf(text, message.start, 'tool_calls');
  const call = list === undefined ? undefined : membersOf(text, list.start)[at];
  const holder = call === undefined ? undefined : (memberOf(text, call.start, 'function') ?? call);
  const found = holder === undefined ? undefined : memberOf(text, holder.start, 'arguments');
  if (found === undefined) return undefined;
  const raw = text.slice(found.start, found.end);
  // Compatible servers send a string, as other protocols do.
  if (raw.startsWith('"')) return JSON.parse(raw) as string;
  return raw === 'null' ? undefined : argumentsIn(raw);
}

function truncated(): ProviderError {
  return new ProviderError({ kind: 'truncated', message: 'The answer ended before its line with `done: true`.' });
}

function nothing(): ProviderError {
  return new ProviderError({ kind: 'empty', message: 'The vendor answered without any content.' });
}

function htmlPage(): ProviderError {
  return new ProviderError({ kind: 'protocol', message: 'The vendor answered with an HTML page, not JSON.' });
}

function notJson(text: string): ProviderError {
  const vendorMessage = text.slice(0, 300);
  return new ProviderError({ kind: 'protocol', message: 'The answer is not valid JSON.', vendorMessage });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
