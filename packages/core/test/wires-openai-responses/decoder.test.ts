import { describe, expect, it } from 'vitest';
import { openaiResponsesClient } from '../../src/wires/openai-responses/index.ts';
import { decodePieces } from '../testkit/cuts.ts';
import { testTarget } from '../testkit/samples.ts';
import { sseBytes } from '../testkit/sse.ts';
import { added, answer, args, call, completed, created, failure, itemDone, maker, message, text } from './support.ts';

const done = (type: string, at: number, fields: object): object => ({
  type: `response.${type}.done`,
  output_index: at,
  content_index: 0,
  ...fields,
});

describe('items are told apart by their place', () => {
  it('when every event carries another id', () => {
    const { content } = answer([
      created(),
      { ...text(1, 'a'), item_id: 'x1' },
      { ...text(1, 'b'), item_id: 'x2' },
      itemDone(1, { ...message(1, 'ab'), id: 'x3' }),
      completed({ id: 'other', output: [{ ...message(9, 'ab'), id: 'x4' }] }),
    ]);
    expect(content).toEqual([{ type: 'text', text: 'ab' }]);
  });

  it('when the arguments of parallel calls interleave', () => {
    const { content, finishReason } = answer([
      created(),
      added(0, call(0, 'f')),
      added(1, call(1, 'g')),
      args(1, '{"y":'),
      args(0, '{"x" : 1.0'),
      args(1, '2}'),
      args(0, '}'),
      itemDone(1, call(1, 'g', '{"y":2}')),
      itemDone(0, call(0, 'f', '{"x" : 1.0}')),
      completed(),
    ]);
    expect(content).toEqual([
      { type: 'tool-call', id: 'call_0', name: 'f', arguments: '{"x" : 1.0}' },
      { type: 'tool-call', id: 'call_1', name: 'g', arguments: '{"y":2}' },
    ]);
    expect(finishReason).toBe('tool-calls');
  });

  it('by item id, or else the last one, where the place is not given', () => {
    const bare = (event: object): object => ({ ...event, output_index: undefined });
    const { content } = answer([
      created(),
      bare(added(0, call(0, 'f'))),
      bare(added(1, call(1, 'g'))),
      args(undefined, '{"a":1', 'fc_0'),
      args(undefined, '{"b":2}', 'fc_1'),
      args(undefined, '}', 'fc_0'),
      bare(itemDone(0, call(0, 'f', '{"a":1}'))),
      bare(itemDone(1, call(1, 'g', '{"b":2}'))),
      completed(),
    ]);
    expect(content).toMatchObject([{ arguments: '{"a":1}' }, { arguments: '{"b":2}' }]);
  });

  it('when one place is used again', () => {
    const { content } = answer([
      created(),
      added(0, call(0, 'f')),
      itemDone(0, call(0, 'f', '{}')),
      added(0, call(1, 'g')),
      args(0, '{"x":1}'),
      itemDone(0, call(1, 'g', '{"x":1}')),
      completed(),
    ]);
    expect(content).toMatchObject([{ id: 'call_0' }, { id: 'call_1', arguments: '{"x":1}' }]);
  });
});

describe('what deltas left out comes from', () => {
  const call0 = call(0, 'f', '{"x":12}');
  it.each([
    ['the end of the text', [text(0, 'one '), done('output_text', 0, { text: 'one two' })]],
    [
      'the end of the part',
      [text(0, 'one'), done('content_part', 0, { part: { type: 'output_text', text: 'one two' } })],
    ],
    ['the end of the item', [added(0, message(0, '')), itemDone(0, message(0, 'one two'))]],
    ['an item that was never begun', [itemDone(0, message(0, 'one two'))]],
  ])('%s, once', (_, events) => {
    expect(answer([created(), ...events, completed()]).text).toBe('one two');
    const output = [message(0, 'one two')];
    expect(answer([created(), ...events, completed({ output })]).content).toHaveLength(1);
  });

  it('the closing event alone', () => {
    const output = [message(0, 'hi'), call(1, 'f', '{"x":1}')];
    expect(answer([completed({ output, model: 'late' })])).toMatchObject({
      model: 'late',
      content: [
        { type: 'text', text: 'hi' },
        { type: 'tool-call', id: 'call_1' },
      ],
    });
  });

  it('the closing event, for calls that were not streamed, and never a second time', () => {
    const output = [call0, call(1, 'g', '{}')];
    const { content } = answer([created(), itemDone(0, call0), completed({ output })]);
    expect(content).toMatchObject([{ id: 'call_0' }, { id: 'call_1' }]);
    const shifted = [call0];
    expect(
      answer([
        created(),
        text(0, 'a'),
        itemDone(0, message(0, 'a')),
        itemDone(1, call0),
        completed({ output: shifted }),
      ]).content,
    ).toHaveLength(2);
  });

  it('the end of the arguments, whose name is only there', () => {
    const events = [args(0, '{"x":'), done('function_call_arguments', 0, { name: 'f', arguments: '{"x":12}' })];
    expect(answer([created(), ...events, completed()]).content).toMatchObject([{ name: 'f', arguments: '{"x":12}' }]);
  });
});

describe('thinking', () => {
  const summary = (at: number, part: number, delta: string): object => ({
    type: 'response.reasoning_summary_text.delta',
    output_index: at,
    summary_index: part,
    delta,
  });
  it('joins the parts of a summary and keeps what is encrypted, the same whole', () => {
    const item = {
      type: 'reasoning',
      id: 'rs_0',
      summary: [
        { type: 'summary_text', text: 'one' },
        { type: 'summary_text', text: 'two' },
      ],
      encrypted_content: 'gAAA',
    };
    const expected = [{ type: 'reasoning', text: 'one\n\ntwo', redacted: 'gAAA', id: 'rs_0' }];
    const events = [created(), added(0, { ...item, summary: [] }), summary(0, 0, 'o'), summary(0, 0, 'ne')];
    expect(answer([...events, summary(0, 1, 'two'), itemDone(0, item), completed()]).content).toEqual(expected);
    expect(answer([completed({ output: [item] })]).content).toEqual(expected);
  });

  it('may be raw text, encrypted alone, or nothing', () => {
    const raw = { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'hm' };
    const item = { type: 'reasoning', id: 'rs', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };
    expect(answer([created(), raw, itemDone(0, item), completed()]).content).toEqual([
      { type: 'reasoning', text: 'hm', id: 'rs' },
    ]);
    const sealed = { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'x' };
    expect(answer([created(), itemDone(0, sealed), completed()]).content).toMatchObject([{ text: '', redacted: 'x' }]);
    const empty = { type: 'reasoning', id: 'rs', summary: null };
    expect(answer([created(), itemDone(0, empty), completed()]).content).toEqual([]);
  });

  it('that the vendor has stored is kept by its id, but shown only with what follows it', () => {
    const empty = { type: 'reasoning', id: 'rs_1', summary: [] };
    const events = [
      created({ store: true }),
      itemDone(0, empty),
      text(1, 'a'),
      itemDone(1, message(1, 'a')),
      completed(),
    ];
    const decoder = maker()();
    const before = decoder.push(sseBytes(events.slice(0, 2), { done: false }));
    expect(before.map((event) => event.type)).toEqual(['response-start']);
    expect(answer(events).content).toEqual([
      { type: 'opaque', wire: 'openai-responses', value: empty },
      { type: 'text', text: 'a' },
    ]);
  });
});

describe('an item that has no place in the vocabulary', () => {
  it('is carried whole', () => {
    const search = { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } };
    const custom = { type: 'custom_tool_call', id: 'ct', call_id: 'call_9', name: 'sql', input: 'SELECT 1' };
    const { content, finishReason } = answer([
      created(),
      added(0, { ...search, status: 'in_progress' }),
      { type: 'response.web_search_call.searching', output_index: 0, item_id: 'ws_1' },
      itemDone(0, search),
      added(1, { ...custom, input: '' }),
      { type: 'response.custom_tool_call_input.delta', output_index: 1, delta: 'SELECT 1' },
      itemDone(1, custom),
      { type: 'codex.rate_limits', rate_limits: {} },
      { type: 'keepalive' },
      completed(),
    ]);
    expect(content.map((part) => part.type === 'opaque' && part.value)).toEqual([search, custom]);
    expect(finishReason).toBe('tool-calls');
  });

  it('keeps phase, annotations and the border between two messages', () => {
    const annotations = [{ type: 'url_citation', url: 'u', start_index: 0, end_index: 1, title: 't' }];
    const first = { ...message(0, 'a'), phase: 'commentary' };
    const second = {
      ...message(1, 'b'),
      content: [{ type: 'output_text', text: 'b', annotations, logprobs: [{ token: 'b' }] }],
    };
    const { content } = answer([
      created(),
      added(0, { ...first, content: [] }),
      text(0, 'a'),
      itemDone(0, first),
      itemDone(1, second),
      completed(),
    ]);
    expect(content).toEqual([
      { type: 'opaque', wire: 'openai-responses', value: { item: { phase: 'commentary' } } },
      { type: 'text', text: 'a' },
      { type: 'opaque', wire: 'openai-responses', value: { item: {} } },
      { type: 'text', text: 'b' },
      { type: 'opaque', wire: 'openai-responses', value: { text: { annotations, logprobs: [{ token: 'b' }] } } },
    ]);
  });
});

describe('the end', () => {
  const some = [created(), text(0, 'so far')];
  it.each([
    [{ reason: 'max_output_tokens' }, 'length'],
    [{ reason: 'content_filter' }, 'content-filter'],
    [{ reason: 'something_new' }, 'other'],
    [null, 'length'],
  ])('of an incomplete answer (%j) is %s', (incomplete_details, reason) => {
    const fields = { status: 'incomplete', incomplete_details };
    expect(answer([...some, completed(fields, 'response.incomplete')]).finishReason).toBe(reason);
    expect(answer([...some, completed(fields, 'response.done')]).finishReason).toBe(reason);
  });

  it('may be response.done, or a closing event without a response', () => {
    expect(answer([...some, completed({}, 'response.done')]).finishReason).toBe('stop');
    expect(answer([...some, { type: 'response.completed' }]).finishReason).toBe('stop');
  });

  it('names calls whose arguments the limit has cut', () => {
    const fields = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    const got = answer([created(), added(0, call(0, 'f')), args(0, '{"x":'), completed(fields, 'response.incomplete')]);
    expect(got).toMatchObject({ finishReason: 'length', content: [{ arguments: '{"x":' }] });
    expect(got.warnings).toMatchObject([{ code: 'tool-arguments-cut' }]);
  });

  it('is a refusal when the model refused', () => {
    const refusal = { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'no' };
    expect(answer([created(), refusal, completed()])).toMatchObject({
      finishReason: 'refusal',
      content: [{ type: 'refusal', text: 'no' }],
    });
  });

  it('is never [DONE] alone, nor a closed socket', () => {
    expect(failure(some)).toMatchObject({ kind: 'truncated' });
    expect(failure([...some, '[DONE]'])).toMatchObject({ kind: 'truncated' });
    expect(() => decodePieces(maker()(), [Buffer.from(': ping\n\n')])).toThrowError(
      expect.objectContaining({ kind: 'empty' }),
    );
  });

  it('counts usage, and leaves unknown what is not said', () => {
    const usage = {
      input_tokens: 5,
      input_tokens_details: null,
      output_tokens: 7,
      output_tokens_details: null,
      total_tokens: 12,
    };
    expect(answer([...some, completed({ usage })]).usage).toEqual({ inputTokens: 5, outputTokens: 7 });
    const full = {
      ...usage,
      input_tokens_details: { cached_tokens: 9, cache_write_tokens: 1 },
      output_tokens_details: { reasoning_tokens: 3 },
    };
    const expected = { inputTokens: 5, outputTokens: 7, cacheReadTokens: 5, cacheWriteTokens: 1, reasoningTokens: 3 };
    expect(answer([...some, completed({ usage: full })]).usage).toEqual(expected);
    expect(answer([...some, completed({ usage: { ...full, total_tokens: 15 } })]).usage?.outputTokens).toBe(10);
    expect(answer([...some, completed()]).usage).toBeUndefined();
  });
});

describe('a failure inside the answer', () => {
  const cases: [string, string][] = [
    ['rate_limit_exceeded', 'rate-limit'],
    ['insufficient_quota', 'quota'],
    ['usage_not_included', 'quota'],
    ['context_length_exceeded', 'context-window'],
    ['invalid_prompt', 'content-policy'],
    ['cyber_policy', 'content-policy'],
    ['server_is_overloaded', 'overloaded'],
    ['server_error', 'server'],
    ['invalid_image_format', 'invalid-request'],
    ['invalid_encrypted_content', 'invalid-request'],
    ['data_residency_mismatch', 'permission'],
    ['vector_store_timeout', 'server'],
    ['something_new', 'server'],
  ];
  it.each(cases)('with code %s is %s in every form', (code, kind) => {
    const error = { code, message: 'the words' };
    const forms = [
      { type: 'error', ...error, param: null, sequence_number: 3 },
      { type: 'error', error: { ...error, type: 'x' } },
      { type: 'response.error', ...error },
      { type: 'response.failed', response: { id: 'r', status: 'failed', error, output: [] } },
      { type: 'response.done', response: { id: 'r', status: 'failed', error, output: [] } },
      { error },
    ];
    for (const form of forms) {
      expect(failure([created(), text(0, 'a'), form]), JSON.stringify(form)).toMatchObject({ kind, code });
    }
    expect(failure([error], () => 'error')).toMatchObject({ kind, code });
    const whole = JSON.stringify({ object: 'response', status: 'failed', error, output: [] });
    expect(() => openaiResponsesClient.decodeWhole(whole, testTarget())).toThrowError(
      expect.objectContaining({ kind, code }),
    );
  });

  it('keeps the words apart, and counts nothing after it', () => {
    const decoder = maker()();
    const bytes = sseBytes([created(), { type: 'error', message: 'the words', code: null }], { done: false });
    expect(() => decoder.push(bytes)).toThrowError(
      expect.objectContaining({ vendorMessage: 'the words', kind: 'server' }),
    );
  });
});

describe('a broken event', () => {
  it('is skipped and counted outside of calls', () => {
    const decoder = maker()();
    const bytes = sseBytes([created(), '{"type":"response.output_text.del', text(0, 'a'), completed()], {
      done: false,
    });
    const events = decodePieces(decoder, [bytes]);
    expect(events.at(-1)?.type).toBe('finish');
    expect(decoder.skipped).toBe(1);
  });

  it('inside a call is a failure', () => {
    const begun = [created(), added(0, call(0, 'f'))];
    expect(failure([...begun, '{"type":"resp', completed()])).toMatchObject({ kind: 'protocol' });
    const broken = '{"type":"response.function_call_arguments.delta","output_index":0,"del';
    expect(failure([created(), broken, completed()])).toMatchObject({ kind: 'protocol' });
  });

  it('that closes the answer leaves it truncated', () => {
    expect(failure([created(), text(0, 'a'), '{"type":"response.completed","resp'])).toMatchObject({
      kind: 'truncated',
    });
  });
});

describe('a whole answer', () => {
  const whole = (body: unknown): unknown =>
    openaiResponsesClient.decodeWhole(typeof body === 'string' ? body : JSON.stringify(body), testTarget());
  it('may come as a stream, and a stream as a document', () => {
    const events = [created(), text(0, 'a'), itemDone(0, message(0, 'a')), completed()];
    const bytes = sseBytes(events, { done: false, eventName: () => 'x' });
    expect(whole(Buffer.from(bytes).toString())).toEqual(decodePieces(maker()(), [bytes]));
    const response = { id: 'r', model: 'm', status: 'completed', output: [message(0, 'a')] };
    expect(decodePieces(maker()(), [Buffer.from(JSON.stringify(response))])).toEqual(whole(response));
  });

  it.each([
    ['', 'empty'],
    ['<html>', 'protocol'],
    ['nope', 'protocol'],
    ['{"id":"x","choices":[]}', 'protocol'],
    ['{"status":"queued","output":[]}', 'protocol'],
    ['{"detail":"Unsupported parameter: max_output_tokens"}', 'server'],
    ['{"error":{"code":"rate_limit_exceeded","message":"m"}}', 'rate-limit'],
  ])('that is %j throws %s', (body, kind) => {
    expect(() => whole(body)).toThrowError(expect.objectContaining({ name: 'ProviderError', kind }));
  });

  it('expands the wrapper around parallel calls, and makes ids where there are none', () => {
    const json =
      '{"tool_uses":[{"recipient_name":"functions.f","parameters":{"n":12345678901234567890}},{"recipient_name":"g"}]}';
    const output = [
      call(0, 'parallel', json),
      { type: 'function_call', name: 'h', arguments: { a: 1 } },
      call(0, 'again', '{}'),
    ];
    const { content } = answer([completed({ output })]);
    expect(content).toMatchObject([
      { name: 'f', arguments: '{"n":12345678901234567890}' },
      { name: 'g', arguments: '{}' },
      { name: 'h', arguments: '{"a":1}' },
      { name: 'again' },
    ]);
    expect(new Set(content.map((part) => part.type === 'tool-call' && part.id)).size).toBe(4);
  });
});
