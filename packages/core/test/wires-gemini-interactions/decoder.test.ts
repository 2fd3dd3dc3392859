import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import {
  begin,
  client,
  createDecoder,
  decode,
  delta,
  end,
  say,
  sse,
  start,
  stop,
  target,
  type Loose,
} from './support.ts';

const whole = (body: unknown): Loose => collectEvents(client.decodeWhole(JSON.stringify(body), target()));
const opaque = (answer: Loose): unknown[] =>
  answer.content.filter((part: Loose) => part.type === 'opaque').map((part: Loose) => part.value);

describe('a stream', () => {
  it('gives the arguments of a call as they were streamed, also of calls side by side', () => {
    const bytes = sse([
      begin,
      start(0, { type: 'function_call', id: 'a', name: 'look', arguments: {} }),
      delta(0, { type: 'arguments_delta', arguments: '{ "n" : 1234567890123' }),
      start(1, { type: 'function_call', id: 'b', name: 'walk', arguments: {}, signature: 'SIG' }),
      delta(0, { type: 'arguments_delta', arguments: '4567890 }' }),
      delta(1, { type: 'arguments_delta', arguments: '{"é":1.0}' }),
      stop(0),
      stop(1),
      end('requires_action'),
    ]);
    const answer = collectEvents(decodeAtAnyCut(createDecoder, bytes, { cuts: 50 }));
    expect(answer.content).toEqual([
      { type: 'tool-call', id: 'a', name: 'look', arguments: '{ "n" : 12345678901234567890 }' },
      { type: 'tool-call', id: 'b', name: 'walk', arguments: '{"é":1.0}', signature: 'SIG' },
    ]);
    expect(answer.finishReason).toBe('tool-calls');
  });

  it('takes arguments that come with the call itself, to the digit', () => {
    const text = `{"index":0,"step":{"type":"function_call","name":"look","arguments":{"n":1.0, "m":12345678901234567890}},"event_type":"step.start"}`;
    const answer = collectEvents(decode([begin, text, stop(0), end('completed')]));
    expect(answer.content).toMatchObject([{ name: 'look', arguments: '{"n":1.0, "m":12345678901234567890}' }]);
    expect(answer.finishReason).toBe('tool-calls');
    const body = `{"status":"requires_action","steps":[{"type":"function_call","id":"a","name":"look","arguments":{"n":1.0}}]}`;
    expect(collectEvents(client.decodeWhole(body, target())).content).toMatchObject([
      { id: 'a', arguments: '{"n":1.0}' },
    ]);
  });

  it('reads summaries and signatures of thoughts, and what is no text in them', () => {
    const image = { type: 'image', mime_type: 'image/png', data: 'AAAA' };
    const answer = collectEvents(
      decode([
        begin,
        start(0, { type: 'thought', summary: [{ type: 'text', text: 'First. ' }] }),
        delta(0, { type: 'thought_summary', content: { type: 'text', text: 'Second.' } }),
        delta(0, { type: 'thought_summary', content: image }),
        delta(0, { type: 'thought_signature', signature: 'SIG' }),
        stop(0),
        start(1, { type: 'thought', signature: 'S2' }),
        stop(1),
        ...say(2, 'Done.'),
        end(),
      ]),
    );
    expect(answer.content).toMatchObject([
      { type: 'reasoning', text: 'First. Second.', signature: 'SIG' },
      { type: 'opaque', value: { summary: [image] } },
      { type: 'reasoning', text: '', signature: 'S2' },
      { type: 'text', text: 'Done.' },
    ]);
  });

  it('keeps annotations behind their text, media and steps of its own where they stood', () => {
    const cited = [{ type: 'url_citation', url: 'https://a.example', start_index: 0, end_index: 1 }];
    const image = { type: 'image', mime_type: 'image/png', data: 'AAAA' };
    const payloads = [
      begin,
      start(0, { type: 'model_output' }),
      delta(0, { type: 'text', text: 'See: ' }),
      delta(0, { type: 'text_annotation_delta', annotations: cited }),
      delta(0, { type: 'text', text: 'here' }),
      delta(0, image),
      stop(0),
      start(1, { type: 'code_execution_call', id: 'c', signature: '' }),
      delta(1, { type: 'code_execution_call', arguments: { code: 'print(1)', language: 'python' } }),
      stop(1),
      start(2, { type: 'code_execution_result', call_id: 'c' }),
      delta(2, { type: 'code_execution_result', result: '1\n', is_error: false, signature: 'S' }),
      stop(2),
      end(),
    ];
    const answer = collectEvents(decode(payloads));
    expect(answer.content[0]).toEqual({ type: 'text', text: 'See: here' });
    expect(opaque(answer)).toEqual([
      { annotations: cited },
      { content: image },
      {
        step: {
          type: 'code_execution_call',
          id: 'c',
          signature: '',
          arguments: { code: 'print(1)', language: 'python' },
        },
      },
      { step: { type: 'code_execution_result', call_id: 'c', result: '1\n', is_error: false, signature: 'S' } },
    ]);
    const steps = [
      { type: 'model_output', content: [{ type: 'text', text: 'See: here', annotations: cited }, image] },
      ...(opaque(answer) as Loose[]).slice(2).map(({ step }) => step),
    ];
    expect(whole({ id: 'v1_a', model: 'm-9', status: 'completed', steps }).content).toEqual(answer.content);
  });

  it('reads the steps from its end when it told none before', () => {
    const steps = [{ type: 'model_output', content: [{ type: 'text', text: 'All.' }] }];
    expect(collectEvents(decode([begin, end('completed', { steps })])).text).toBe('All.');
  });

  it('does not take the question said again for an answer', () => {
    const asked = start(0, { type: 'user_input', content: [{ type: 'text', text: 'Hi?' }] });
    expect(collectEvents(decode([begin, asked, stop(0), ...say(1, 'Ho.'), end()])).content).toEqual([
      { type: 'text', text: 'Ho.' },
    ]);
  });

  it('counts what tools put into the prompt, and keeps the finer counts', () => {
    const usage = {
      total_tokens: 19,
      total_input_tokens: 5,
      total_cached_tokens: 2,
      total_output_tokens: 4,
      total_thought_tokens: 7,
      total_tool_use_tokens: 3,
      input_tokens_by_modality: [{ modality: 'text', tokens: 5 }],
    };
    const answer = collectEvents(decode([begin, ...say(0, 'a'), end('completed', { usage, service_tier: 'flex' })]));
    expect(answer.usage).toEqual({ inputTokens: 8, cacheReadTokens: 2, outputTokens: 11, reasoningTokens: 7 });
    const { input_tokens_by_modality, total_tool_use_tokens } = usage;
    expect(opaque(answer)).toEqual([
      { interaction: { service_tier: 'flex', usage: { input_tokens_by_modality, total_tool_use_tokens } } },
    ]);
  });

  it('skips what it cannot read in text, and fails in a call', () => {
    const decoder = createDecoder();
    const broken = Buffer.from('data: {"index":0,"del\n\n');
    const bytes = Buffer.concat([sse([begin]), broken, sse([...say(0, 'ab'), end()])]);
    expect(collectEvents(decodePieces(decoder, [bytes])).text).toBe('ab');
    expect(decoder.skipped).toBe(1);
    const open = sse([begin, start(0, { type: 'function_call', id: 'a', name: 'f' })]);
    expect(failureAtAnyCut(createDecoder, Buffer.concat([open, broken, sse([end()])]))).toMatchObject({
      kind: 'protocol',
    });
  });
});

describe('an end', () => {
  it.each([
    ['completed', 'stop'],
    ['incomplete', 'length'],
    ['budget_exceeded', 'length'],
    ['requires_action', 'pause'],
    ['requires_continuation', 'pause'],
    ['something_new', 'other'],
  ])('%s is %s', (status, reason) => {
    const answer = collectEvents(decode([begin, ...say(0, 'a'), end(status)]));
    expect([answer.finishReason, answer.rawFinishReason]).toEqual([reason, status]);
    const steps = [{ type: 'model_output', content: [{ type: 'text', text: 'a' }] }];
    expect(whole({ status, steps }).finishReason).toBe(reason);
  });

  it('keeps what is needed to go on', () => {
    const answer = collectEvents(
      decode([begin, ...say(0, 'a'), end('requires_continuation', { continuation_token: 't' })]),
    );
    expect(opaque(answer)).toEqual([{ interaction: { continuation_token: 't' } }]);
  });

  it('of an answer that was withheld is a filter', () => {
    const error = { code: 3, message: 'Output blocked: PROHIBITED_CONTENT' };
    const answer = collectEvents(
      decode([begin, start(0, { type: 'model_output', error }), stop(0), end('incomplete')]),
    );
    expect(answer.finishReason).toBe('content-filter');
  });

  it('tells arguments that the limit cut', () => {
    const call = start(0, { type: 'function_call', id: 'a', name: 'f' });
    const piece = delta(0, { type: 'arguments_delta', arguments: '{"b":' });
    for (const close of [[stop(0)], []]) {
      const answer = collectEvents(decode([begin, call, piece, ...close, end('incomplete')]));
      expect([answer.finishReason, answer.warnings.map(({ code }) => code)]).toEqual([
        'length',
        ['tool-arguments-cut'],
      ]);
      expect(answer.content).toMatchObject([{ arguments: '{"b":' }]);
    }
  });

  it.each([
    ['failed', { errors: [{ code: 'RESOURCE_EXHAUSTED', message: 'Too many.' }] }, 'rate-limit'],
    ['failed', { error: { code: 'internal', message: 'Oh.' } }, 'server'],
    ['cancelled', {}, 'server'],
  ])('%s with %j is a failure', (status, rest, kind) => {
    const failure = failureAtAnyCut(createDecoder, sse([begin, ...say(0, 'a'), end(status, rest)]));
    expect(failure).toMatchObject({ kind });
    expect(() => whole({ status, steps: [], ...rest })).toThrowError(expect.objectContaining({ kind }));
  });

  it('that does not come is no success', () => {
    for (const bytes of [
      sse([begin, ...say(0, 'a')]),
      sse([begin, { interaction_id: 'v1_a', status: 'in_progress', event_type: 'interaction.status_update' }]),
      sse([begin, { interaction_id: 'v1_a', status: 'thinking_hard', event_type: 'interaction.status_update' }]),
      sse([begin, start(0, { type: 'function_call', id: 'a', name: 'f' })]),
    ]) {
      expect(failureAtAnyCut(createDecoder, bytes)).toMatchObject({ kind: 'truncated' });
    }
    expect(failureAtAnyCut(createDecoder, Buffer.from(': hi\n\n'))).toMatchObject({ kind: 'empty' });
    expect(() => whole({ id: 'v1_a', status: 'in_progress' })).toThrowError(
      expect.objectContaining({ kind: 'truncated' }),
    );
  });

  it('told by a status alone counts when the stream ends there', () => {
    const update = { interaction_id: 'v1_a', status: 'completed', event_type: 'interaction.status_update' };
    const decoder = createDecoder();
    const events = decodePieces(decoder, [sse([begin, ...say(0, 'a'), update])]);
    expect(collectEvents(events)).toMatchObject({ text: 'a', finishReason: 'stop' });
  });

  it('of an answer without content says nothing that would look like content', () => {
    expect(collectEvents(decode([begin, end('completed', { service_tier: 'standard' })])).content).toEqual([]);
  });
});

describe('an error', () => {
  it.each([
    ['event: error\ndata: {"error":{"code":"UNAVAILABLE","message":"Busy."},"event_type":"error"}\n\n', 'overloaded'],
    ['data: {"error":{"code":"too_many_requests","message":"Slow."},"event_type":"error"}\n\n', 'rate-limit'],
    ['{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}', 'invalid-request'],
  ])('inside a 200 is told: %s', (body, kind) => {
    let failure: Loose;
    try {
      decodePieces(createDecoder(), [Buffer.from(body)]);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ name: 'ProviderError', kind });
    expect(failure.vendorMessage).toMatch(/^\w+\.$/);
  });

  it('of HTTP is read with its code and message', () => {
    const body =
      '{"error":{"message":"Function calling config is set without function_declarations.","code":"invalid_request"}}';
    expect(client.readError(400, body)).toMatchObject({
      status: 400,
      code: 'invalid_request',
      message: 'Function calling config is set without function_declarations.',
    });
  });

  it.each(['<html></html>', '[]', '7', '{"id":"x"}', '{"candidates":[]}'])('is an answer that is none: %s', (body) => {
    expect(() => client.decodeWhole(body, target())).toThrowError(expect.objectContaining({ kind: 'protocol' }));
  });

  it('is a call without a name', () => {
    const failure = failureAtAnyCut(createDecoder, sse([begin, start(0, { type: 'function_call', id: 'a' }), end()]));
    expect(failure).toMatchObject({ kind: 'protocol' });
  });
});
