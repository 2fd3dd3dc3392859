import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, failureAtAnyCut } from '../testkit/cuts.ts';
import { array, client, createDecoder, decode, last, part, sse, target } from './support.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const partial = (...entries: object[]) => part({ functionCall: { partialArgs: entries, willContinue: true } });

describe('text and thinking', () => {
  it('keeps text, thoughts and their signatures apart', () => {
    const events = decodeAtAnyCut(
      createDecoder,
      bytes(
        sse([
          part({ text: 'let me ', thought: true }),
          part({ text: 'see', thought: true, thoughtSignature: 'S-1' }),
          part({ text: 'Grüße ' }, { text: '🎈' }),
          last('STOP', { text: '', thoughtSignature: 'S-2' }),
        ]),
      ),
    );
    expect(collectEvents(events)).toMatchObject({
      id: 'r-1',
      model: 'm-9',
      content: [
        { type: 'reasoning', text: 'let me see', signature: 'S-1' },
        { type: 'text', text: 'Grüße 🎈' },
        { type: 'opaque', wire: 'gemini', value: { part: { text: '', thoughtSignature: 'S-2' } } },
      ],
      finishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 3 },
    });
  });

  it('counts cumulatively, thinking as output, tool prompts and cache as input', () => {
    const counted = {
      promptTokenCount: 10,
      cachedContentTokenCount: 4,
      toolUsePromptTokenCount: 5,
      candidatesTokenCount: 3,
      thoughtsTokenCount: 40,
    };
    const first = { ...part({ text: 'a' }), usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 1 } };
    const response = collectEvents(decode(sse([first, { ...last(), usageMetadata: counted }])));
    expect(response.usage).toEqual({ inputTokens: 15, cacheReadTokens: 4, outputTokens: 43, reasoningTokens: 40 });
  });

  it('carries what it cannot name, and reads the first candidate only', () => {
    const other = {
      candidates: [
        { index: 1, content: { parts: [{ text: 'no' }] } },
        { index: 0, content: { parts: [{ text: 'yes' }] } },
      ],
    };
    const code = { executableCode: { language: 'PYTHON', code: '1+1' } };
    const end = last('STOP');
    end.candidates[0].groundingMetadata = { webSearchQueries: ['q'] };
    const response = collectEvents(decode(sse([other, part(code), end])));
    expect(response.text).toBe('yes');
    expect(response.content).toContainEqual({ type: 'opaque', wire: 'gemini', value: { part: code } });
    const grounding = { candidate: { groundingMetadata: { webSearchQueries: ['q'] } } };
    expect(response.content).toContainEqual({ type: 'opaque', wire: 'gemini', value: grounding });
  });
});

describe('tool calls', () => {
  it('keep their arguments byte for byte, with ids made up where none came', () => {
    const raw = '{ "n" : 12345678901234567890, "x":1.0, "t":"\\u00e9 \\/ ü" }';
    const chunk = `{"candidates":[{"content":{"parts":[{"text":"ok"},{"functionCall":{"name":"a","args":${raw}},"thoughtSignature":"S"},{"functionCall":{"id":"mine","name":"b"}},{"functionCall":{"name":"a","args":{}}}]},"index":0}],"responseId":"r"}`;
    const content = collectEvents(decodeAtAnyCut(createDecoder, bytes(sse([chunk, last()])))).content;
    expect(content).toMatchObject([
      { type: 'text', text: 'ok' },
      { type: 'tool-call', name: 'a', arguments: raw, signature: 'S' },
      { type: 'tool-call', id: 'mine', name: 'b', arguments: '{}' },
      { type: 'tool-call', name: 'a', arguments: '{}' },
    ]);
    const ids = content.flatMap((one) => (one.type === 'tool-call' ? [one.id] : []));
    expect(new Set(ids).size).toBe(3);
    expect(collectEvents(decode(sse([chunk, last()]))).finishReason).toBe('tool-calls');
    const whole = client.decodeWhole(chunk.replace('"index":0', '"finishReason":"STOP"'), target());
    expect(collectEvents(whole).content).toEqual(content);
  });

  it('are put together from streamed arguments', () => {
    const text = sse([
      part({ functionCall: { name: 'cook', willContinue: true }, thoughtSignature: 'S' }),
      partial({ jsonPath: '$.list[0].name', stringValue: 'Nu', willContinue: true }),
      partial({ jsonPath: '$.list[0].name', stringValue: '"dl\n"', willContinue: true }),
      partial({ jsonPath: '$.list[0].name', stringValue: '' }, { jsonPath: '$.list[0].n', numberValue: 1.5 }),
      part({ functionCall: { willContinue: true } }),
      partial({ jsonPath: '$.list[2]', nullValue: null }, { jsonPath: "$['odd.key']", boolValue: true }),
      part({ functionCall: {} }),
      part({ functionCall: { name: 'wait', args: {} } }),
      last(),
    ]);
    const events = decodeAtAnyCut(createDecoder, bytes(text));
    const [cook, wait] = collectEvents(events).content;
    expect(cook).toMatchObject({ name: 'cook', signature: 'S' });
    expect(JSON.parse((cook as { arguments: string }).arguments)).toEqual({
      list: [{ name: 'Nu"dl\n"', n: 1.5 }, null, null],
      'odd.key': true,
    });
    expect(wait).toMatchObject({ name: 'wait', arguments: '{}' });
    expect(events.filter((event) => event.type === 'tool-call-delta').length).toBeGreaterThan(3);
  });

  it('end without their terminal piece', () => {
    const begun = part({ functionCall: { name: 'f', willContinue: true } });
    const piece = partial({ jsonPath: '$.a', stringValue: 'x', willContinue: true });
    const response = collectEvents(decode(sse([begun, piece, last()])));
    expect(response.content).toMatchObject([{ type: 'tool-call', arguments: '{"a":"x"}' }]);
    expect(response.finishReason).toBe('tool-calls');
  });

  it('that the output limit cut are visibly incomplete', () => {
    const begun = part({ functionCall: { name: 'f', willContinue: true } });
    const piece = partial({ jsonPath: '$.a', stringValue: 'x', willContinue: true });
    const response = collectEvents(decode(sse([begun, piece, last('MAX_TOKENS')])));
    expect(response.content).toMatchObject([{ type: 'tool-call', arguments: '{"a":"x' }]);
    expect(response.finishReason).toBe('length');
    expect(response.warnings.map((warning) => warning.code)).toEqual(['tool-arguments-cut']);
  });

  it.each([
    [
      'arguments out of order',
      [
        { jsonPath: '$.a.b', numberValue: 1 },
        { jsonPath: '$.c', numberValue: 1 },
        { jsonPath: '$.a.d', numberValue: 1 },
      ],
    ],
    ['a path that is none', [{ jsonPath: '$.a[', numberValue: 1 }]],
  ])('fail on %s', (_what, entries) => {
    const begun = part({ functionCall: { name: 'f', willContinue: true } });
    expect(failureAtAnyCut(createDecoder, bytes(sse([begun, partial(...entries), last()])))).toMatchObject({
      kind: 'protocol',
    });
  });

  it('fail when a piece of them cannot be read', () => {
    const begun = part({ functionCall: { name: 'f', willContinue: true } });
    expect(failureAtAnyCut(createDecoder, bytes(sse([begun, '{"candidates":[{', last()])))).toMatchObject({
      kind: 'protocol',
    });
  });
});

describe('the ends of an answer', () => {
  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['BLOCKLIST', 'content-filter'],
    ['PROHIBITED_CONTENT', 'content-filter'],
    ['SPII', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
    ['OTHER', 'other'],
    ['LANGUAGE', 'other'],
    ['SOMETHING_NEW', 'other'],
  ])('%s is %s', (raw, reason) => {
    const response = collectEvents(decode(sse([part({ text: 'a' }), { candidates: [{ finishReason: raw }] }])));
    expect(response).toMatchObject({ finishReason: reason, rawFinishReason: raw, text: 'a' });
  });

  it.each(['MALFORMED_FUNCTION_CALL', 'UNEXPECTED_TOOL_CALL'])('%s is a failure', (raw) => {
    const end = { candidates: [{ content: {}, finishReason: raw, finishMessage: 'print(f(x))' }] };
    expect(failureAtAnyCut(createDecoder, bytes(sse([end])))).toMatchObject({ kind: 'server', code: raw });
  });

  it('a blocked prompt is an answer without content', () => {
    const body = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } };
    const events = decodeAtAnyCut(createDecoder, bytes(sse([body])));
    const expected = { content: [], finishReason: 'content-filter', rawFinishReason: 'PROHIBITED_CONTENT' };
    expect(collectEvents(events)).toMatchObject(expected);
    expect(client.decodeWhole(JSON.stringify(body), target())).toEqual(events);
  });

  it('is complete once the finish reason was seen, and done at the end of an array', () => {
    const decoder = createDecoder();
    decoder.push(bytes(sse([part({ text: 'a' })])));
    expect(decoder.complete).toBe(false);
    decoder.push(bytes(sse([last()])));
    expect([decoder.complete, decoder.done]).toEqual([true, false]);
    expect(decoder.end().at(-1)?.type).toBe('finish');
    const growing = createDecoder();
    growing.push(bytes(array([part({ text: 'a' }), last()])));
    expect(growing.done).toBe(true);
  });

  it('cut or missing, is a failure', () => {
    const text = sse([part({ text: 'a' })]);
    expect(failureAtAnyCut(createDecoder, bytes(text))).toMatchObject({ kind: 'truncated' });
    expect(failureAtAnyCut(createDecoder, bytes(array([part({ text: 'a' })]).slice(0, -40)))).toMatchObject({
      kind: 'truncated',
    });
    expect(failureAtAnyCut(createDecoder, bytes(''))).toMatchObject({ kind: 'empty' });
    expect(failureAtAnyCut(createDecoder, bytes(': ping\n\n'))).toMatchObject({ kind: 'empty' });
    expect(failureAtAnyCut(createDecoder, bytes('[]'))).toMatchObject({ kind: 'truncated' });
    expect(failureAtAnyCut(createDecoder, bytes('<!DOCTYPE html><html>'))).toMatchObject({ kind: 'protocol' });
    for (const body of [
      '',
      '{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}',
      '{"id":"v1","steps":[]}',
      '<html>',
      'oops',
    ]) {
      expect(() => client.decodeWhole(body, target())).toThrowError(expect.objectContaining({ name: 'ProviderError' }));
    }
  });
});

describe('errors inside an answer', () => {
  const error = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } };
  const told = { kind: 'overloaded', status: 503, code: 'UNAVAILABLE' };

  it.each([
    ['as an event', sse([part({ text: 'a' }), error])],
    ['as plain JSON after events', sse([part({ text: 'a' })]) + JSON.stringify(error, null, 2)],
    ['as plain JSON lines, in an array', `${sse([part({ text: 'a' })])}[${JSON.stringify(error, null, 2)}]\n`],
    ['inside an array', array([part({ text: 'a' }), error])],
    ['alone, in an array', JSON.stringify([error])],
    ['alone', JSON.stringify(error)],
    ['as a named event', `event: error\ndata: ${JSON.stringify(error)}\n\n`],
  ])('are thrown %s', (_how, text) => {
    expect(failureAtAnyCut(createDecoder, bytes(text))).toMatchObject(told);
  });

  it('are a warning once the answer is complete', () => {
    const response = collectEvents(decode(sse([part({ text: 'a' }), last(), error])));
    expect(response.warnings.map((warning) => warning.code)).toEqual(['late-error']);
  });

  it('read their kind, reason and field', () => {
    const details = [
      { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' },
      { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'contents[0]' }] },
    ];
    const body = [{ error: { code: 400, message: 'API key not valid.', status: 'INVALID_ARGUMENT', details } }];
    expect(client.readError(400, JSON.stringify(body))).toMatchObject({
      status: 400,
      code: 'API_KEY_INVALID',
      type: 'INVALID_ARGUMENT',
      message: 'API key not valid.',
      param: 'contents[0]',
    });
    expect(client.readError(502, '<html><title>Bad Gateway</title>')).toEqual({
      status: 502,
      message: 'HTML page: Bad Gateway',
    });
    expect(client.readError(500, '')).toEqual({ status: 500, message: 'HTTP 500' });
    expect(client.readError(200, JSON.stringify(error))).toMatchObject({ status: 503 });
  });
});

describe('forms of a stream', () => {
  const payloads = [part({ text: 'one, ]} "\\" [{' }), part({ text: 'zwei ü' }), last()];

  it('an array gives what an event stream gives', () => {
    const events = decode(sse(payloads));
    expect(decodeAtAnyCut(createDecoder, bytes(array(payloads)))).toEqual(events);
    expect(decodeAtAnyCut(createDecoder, bytes(`\uFEFF\n ${JSON.stringify(payloads)}`))).toEqual(events);
    expect(decodeAtAnyCut(createDecoder, bytes(payloads.map((one) => JSON.stringify(one)).join('\n')))).toEqual(events);
    expect(client.decodeWhole(array(payloads), target())).toEqual(events);
    expect(client.decodeWhole(sse(payloads), target())).toEqual(events);
  });

  it('broken events of text are skipped and counted, other events ignored', () => {
    const decoder = createDecoder();
    decoder.push(bytes(sse(['{"candid', { usageMetadata: { promptTokenCount: 1 } }, ...payloads, '[DONE]'])));
    expect([decoder.skipped, decoder.done]).toEqual([1, true]);
  });
});
