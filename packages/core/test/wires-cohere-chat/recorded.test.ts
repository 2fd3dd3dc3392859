import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodeAtAnyCut, decodePieces } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { client, context, createDecoder, decode, served, server, sse, target, type Loose } from './support.ts';

if (!haveRecordings) console.log(noRecordings);
const streams = recordingsOf('cohere-chat', 'stream');
const wholes = recordingsOf('cohere-chat', 'whole');

/** The whole answer that the events of a stream make, put together apart from the decoder. */
function wholeOf(payloads: readonly Loose[]): Loose {
  const message: Loose = { role: 'assistant' };
  const calls: Loose[] = [];
  const content: Loose[] = [];
  let answer: Loose = {};
  for (const { type, id, index, delta } of payloads) {
    const said = delta?.message ?? {};
    if (type === 'message-start') answer = { id, message };
    if (type === 'content-start') content[index] = { ...said.content };
    if (type === 'content-delta') for (const key of Object.keys(said.content)) content[index][key] += said.content[key];
    if (type === 'tool-plan-delta') message.tool_plan = (message.tool_plan ?? '') + said.tool_plan;
    if (type === 'tool-call-start') calls[index] = structuredClone(said.tool_calls);
    if (type === 'tool-call-delta') calls[index].function.arguments += said.tool_calls.function.arguments;
    if (type === 'citation-start') message.citations = [...(message.citations ?? []), said.citations];
    if (type === 'message-end') answer = { ...answer, ...delta };
  }
  if (content.length > 0) message.content = content;
  if (calls.length > 0) message.tool_calls = calls;
  return answer;
}

/** The events that say a whole answer piece by piece. */
function streamOf({ id, message, ...rest }: Loose): Loose[] {
  const events: Loose[] = [{ id, type: 'message-start', delta: { message: { role: 'assistant' } } }];
  const content: Loose[] = message.content ?? [];
  content.forEach((item: Loose, index: number) => {
    events.push({
      type: 'content-start',
      index,
      delta: { message: { content: { type: item.type, [item.type]: '' } } },
    });
    for (const piece of pieces(item[item.type])) {
      events.push({ type: 'content-delta', index, delta: { message: { content: { [item.type]: piece } } } });
    }
    events.push({ type: 'content-end', index });
  });
  for (const tool_plan of pieces(message.tool_plan ?? '')) {
    events.push({ type: 'tool-plan-delta', delta: { message: { tool_plan } } });
  }
  (message.tool_calls ?? []).forEach((call: Loose, index: number) => {
    const { arguments: json, ...named } = call.function;
    const tool_calls = { ...call, function: { ...named, arguments: '' } };
    events.push({ type: 'tool-call-start', index, delta: { message: { tool_calls } } });
    for (const piece of pieces(json)) {
      events.push({
        type: 'tool-call-delta',
        index,
        delta: { message: { tool_calls: { function: { arguments: piece } } } },
      });
    }
    events.push({ type: 'tool-call-end', index });
  });
  (message.citations ?? []).forEach((citations: Loose, index: number) => {
    events.push({ type: 'citation-start', index, delta: { message: { citations } } }, { type: 'citation-end', index });
  });
  return [...events, { type: 'message-end', delta: rest }];
}

function pieces(words: string): string[] {
  return words.match(/.{1,3}/gsu) ?? [];
}

describe.runIf(haveRecordings)('recorded streams', () => {
  it('are there', () => expect(streams.length).toBeGreaterThan(0));

  it.each(streams)('%s gives the same legal events at any cut', (path) => {
    decodeAtAnyCut(createDecoder, sse(loadChunks(path)), { cuts: 200 });
  });

  it.each(streams)('%s keeps every text, thought, plan and argument', (path) => {
    const payloads = loadChunks(path).map((line): Loose => JSON.parse(line));
    const { message, usage } = wholeOf(payloads);
    const answer = collectEvents(decode(payloads));
    const said = (type: string): string =>
      (message.content ?? []).map((item: Loose) => (item.type === type ? item[type] : '')).join('');
    const thoughts = answer.content.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
    expect(answer.text).toBe(said('text'));
    expect(thoughts).toBe(said('thinking') + (message.tool_plan ?? ''));
    const made = answer.content.filter((part) => part.type === 'tool-call');
    expect(made.map(({ id, name, arguments: json }) => [id, name, json])).toEqual(
      (message.tool_calls ?? []).map((one: Loose) => [one.id, one.function.name, one.function.arguments || '{}']),
    );
    expect(answer.usage?.inputTokens).toBe(usage.tokens.input_tokens);
    expect(answer.usage?.outputTokens).toBe(usage.tokens.output_tokens);
  });

  it.each(streams)('%s says the same whole', (path) => {
    const payloads = loadChunks(path).map((line): Loose => JSON.parse(line));
    const whole = client.decodeWhole(JSON.stringify(wholeOf(payloads)), target());
    expect(collectEvents(whole)).toEqual(collectEvents(decode(payloads)));
  });

  it.each(streams)('%s survives a pass through the serving side', (path) => {
    const events = decode(loadChunks(path));
    expect(decodePieces(createDecoder(), [served(events)])).toEqual(events);
  });
});

describe.runIf(haveRecordings)('recorded whole answers', () => {
  it.each(wholes)('%s decodes, and says the same streamed', (path) => {
    const body = loadRecording(path);
    const events = client.decodeWhole(body, target());
    expect(validateStream(events)).toEqual([]);
    const answer = collectEvents(events);
    expect(answer.content.length).toBeGreaterThan(0);
    expect(collectEvents(decode(streamOf(JSON.parse(body))))).toEqual(answer);
    expect(collectEvents(decodePieces(createDecoder(), [served(events)]))).toEqual(answer);
  });

  it.each(wholes)('%s is written again for a caller', (path) => {
    const original: Loose = JSON.parse(loadRecording(path));
    for (const call of original.message.tool_calls ?? []) {
      if (call.function.arguments === 'null') call.function.arguments = '{}';
    }
    const answer = collectEvents(client.decodeWhole(loadRecording(path), target()));
    expect(server.encodeWhole(answer, context)).toEqual(original);
  });
});
