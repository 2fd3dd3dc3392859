import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { decodeAtAnyCut, decodePieces } from '../testkit/cuts.ts';
import { haveRecordings, loadChunks, loadRecording, noRecordings, recordingsOf } from '../testkit/recordings.ts';
import { client, context, createDecoder, decode, served, server, sse, target, type Loose } from './support.ts';

if (!haveRecordings) console.log(noRecordings);
const streams = recordingsOf('gemini-interactions', 'stream');
const wholes = recordingsOf('gemini-interactions', 'whole');

/** The whole answer that the events of a stream make, put together apart from the decoder. */
function wholeOf(payloads: readonly Loose[]): Loose {
  const steps: Loose[] = [];
  let answer: Loose = {};
  for (const { event_type: type, interaction, index, step, delta } of payloads) {
    if (type === 'interaction.completed') answer = interaction;
    if (type === 'step.start') steps[index] = structuredClone(step);
    if (type === 'step.delta') grow(steps[index], delta);
  }
  return { ...answer, steps };
}

function grow(step: Loose, { type, ...fields }: Loose): void {
  const last = step.content?.at(-1);
  if (type === 'text' && last?.type === 'text') last.text += fields.text;
  else if (type === 'text') step.content = [...(step.content ?? []), { type, ...fields }];
  else if (type === 'text_annotation_delta') last.annotations = [...(last.annotations ?? []), ...fields.annotations];
  else if (type === 'thought_summary') step.summary = [...(step.summary ?? []), fields.content];
  else if (type === 'arguments_delta') step.json = (step.json ?? '') + fields.arguments;
  else Object.assign(step, fields);
}

/** The events that say a whole answer piece by piece. */
function streamOf({ steps, ...answer }: Loose): Loose[] {
  const { id, model } = answer;
  const created = {
    interaction: { id, model, created: answer.created, status: 'in_progress' },
    event_type: 'interaction.created',
  };
  const said = (steps as Loose[]).flatMap((step, index) => {
    const { type, ...rest } = step;
    const deltas: Loose[] =
      type === 'model_output'
        ? rest.content.flatMap((item: Loose) => [
            ...(item.text.match(/.{1,9}/gsu) ?? []).map((text: string) => ({ type: 'text', text })),
            ...(item.annotations === undefined
              ? []
              : [{ type: 'text_annotation_delta', annotations: item.annotations }]),
          ])
        : type === 'thought'
          ? [{ type: 'thought_signature', signature: rest.signature }]
          : type === 'function_call'
            ? (JSON.stringify(rest.arguments).match(/.{1,5}/gsu) ?? []).map((json) => ({
                type: 'arguments_delta',
                arguments: json,
              }))
            : [{ type, ...rest }];
    const { id: own, name, call_id: callId } = rest;
    const first = {
      type,
      ...(own && { id: own }),
      ...(name && { name, arguments: {} }),
      ...(callId && { call_id: callId }),
    };
    return [
      { index, step: first, event_type: 'step.start' },
      ...deltas.map((delta) => ({ index, delta, event_type: 'step.delta' })),
      { index, event_type: 'step.stop' },
    ];
  });
  return [created, ...said, { interaction: answer, event_type: 'interaction.completed' }];
}

describe.runIf(haveRecordings)('recorded streams', () => {
  it('are there', () => expect(streams.length).toBeGreaterThan(0));

  it.each(streams)('%s gives the same legal events at any cut', (path) => {
    const bytes = sse(loadChunks(path));
    decodeAtAnyCut(createDecoder, bytes, { cuts: bytes.length < 20_000 ? 200 : 20 });
  });

  it.each(streams)('%s keeps every text, signature, annotation and step', (path) => {
    const payloads = loadChunks(path).map((line): Loose => JSON.parse(line));
    const { steps, usage, id } = wholeOf(payloads);
    const answer = collectEvents(decode(payloads));
    const outputs = steps.flatMap((step: Loose) => (step.type === 'model_output' ? step.content : []));
    expect(answer.text).toBe(outputs.map((item: Loose) => item.text).join(''));
    const kept = JSON.stringify(answer.content);
    for (const step of steps) {
      if (step.signature) expect(kept).toContain(step.signature);
      const own = !['thought', 'model_output', 'function_call'].includes(step.type);
      if (own) expect(answer.content).toContainEqual(expect.objectContaining({ type: 'opaque', value: { step } }));
    }
    for (const { annotations } of outputs) {
      if (annotations !== undefined)
        expect(answer.content).toContainEqual(expect.objectContaining({ value: { annotations } }));
    }
    expect(answer.id).toBe(id || undefined);
    expect(answer.usage).toMatchObject({
      inputTokens: usage.total_input_tokens + (usage.total_tool_use_tokens ?? 0),
      outputTokens: usage.total_output_tokens + usage.total_thought_tokens,
      reasoningTokens: usage.total_thought_tokens,
    });
  });

  it.each(streams)('%s says the same whole', (path) => {
    const payloads = loadChunks(path).map((line): Loose => JSON.parse(line));
    const { createdAt: _date, ...whole } = collectEvents(
      client.decodeWhole(JSON.stringify(wholeOf(payloads)), target()),
    );
    // Only the end of a stream tells its date.
    expect(whole).toEqual(collectEvents(decode(payloads)));
  });

  it.each(streams)('%s survives a pass through the serving side', (path) => {
    const answer = collectEvents(decode(loadChunks(path)));
    const again = decodePieces(createDecoder(), [served(decode(loadChunks(path)))]);
    expect(validateStream(again)).toEqual([]);
    expect({ ...collectEvents(again), id: '' }).toEqual({ ...answer, id: '' });
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
    const again = collectEvents(decodePieces(createDecoder(), [served(events)]));
    expect({ ...again, id: '', createdAt: 0 }).toEqual({ ...answer, id: '', createdAt: 0 });
  });

  it.each(wholes)('%s is written again for a caller', (path) => {
    const original: Loose = JSON.parse(loadRecording(path));
    const answer = collectEvents(client.decodeWhole(loadRecording(path), target()));
    const again: Loose = server.encodeWhole(answer, context);
    // An interaction that is not stored has no id; whoever serves it gives it one.
    expect(again).toEqual({ ...original, id: original.id ?? context.id });
  });
});
