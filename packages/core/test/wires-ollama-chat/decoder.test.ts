import { describe, expect, it } from 'vitest';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import { client, createDecoder, decode, last, line, target } from './support.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe('an answer of lines', () => {
  it('keeps text and thinking apart, with counts, date and model', () => {
    const text =
      line({ thinking: 'let me ' }) + line({ thinking: 'see' }) + line({ content: 'Grüße ' }) + line({ content: '🎈' });
    const events = decodeAtAnyCut(createDecoder, bytes(text + last));
    expect(collectEvents(events)).toMatchObject({
      model: 'qwen3',
      createdAt: 1_793_613_600,
      content: [
        { type: 'reasoning', text: 'let me see' },
        { type: 'text', text: 'Grüße 🎈' },
      ],
      finishReason: 'stop',
      rawFinishReason: 'stop',
      usage: { inputTokens: 9, outputTokens: 4 },
    });
  });

  it('may leave out the last line feed, the last message, the reason and the prompt count', () => {
    const end = line(undefined, { done: true, eval_count: 1 }).trimEnd();
    const response = collectEvents(decodeAtAnyCut(createDecoder, bytes(line({ content: 'a' }) + end)));
    expect(response).toMatchObject({ text: 'a', finishReason: 'stop', usage: { outputTokens: 1 } });
    expect(response.usage?.inputTokens).toBeUndefined();
  });

  it('is over with its last line', () => {
    const decoder = createDecoder();
    decoder.push(bytes(line({ content: 'a' })));
    expect(decoder.done).toBe(false);
    expect(decoder.push(bytes(`${last}{"error":"late"}\n`)).at(-1)?.type).toBe('finish');
    expect(decoder.done).toBe(true);
    expect(decoder.push(bytes(line({ content: 'b' })))).toEqual([]);
  });

  it.each([
    ['stop', 'stop'],
    ['load', 'stop'],
    ['length', 'length'],
    ['content_filter', 'content-filter'],
    ['new word', 'other'],
  ])('of reason %s is %s', (raw, reason) => {
    const response = collectEvents(decode(line({ content: 'a' }, { done: true, done_reason: raw })));
    expect(response).toMatchObject({ finishReason: reason, rawFinishReason: raw });
  });

  it('takes thinking out of the text where the server leaves it in', () => {
    const text = line({ content: '<thi' }) + line({ content: 'nk>hm</think>\n\nso' }) + last;
    const decoder = client.createDecoder(target('deepseek-r1', { inlineReasoning: 'think-tags' }));
    const response = collectEvents(decodePieces(decoder, [bytes(text)]));
    expect(response.content).toMatchObject([
      { type: 'reasoning', text: 'hm' },
      { type: 'text', text: 'so' },
    ]);
  });
});

describe('tool calls', () => {
  it('keep their arguments byte for byte, each a call of its own', () => {
    const raw = '{ "n" : 12345678901234567890, "x":1.0 }';
    const first = `{"model":"m","message":{"role":"assistant","content":"ok","tool_calls":[{"function":{"index":0,"name":"a","arguments":${raw}}},{"id":"mine","function":{"index":0,"name":"a","arguments":{}}}]},"done":false}\n`;
    const second = line({
      tool_calls: [{ id: 'mine', function: { name: 'b' } }, { function: { name: 'c', arguments: '{"s":1}' } }],
    });
    const response = collectEvents(decodeAtAnyCut(createDecoder, bytes(first + second + last)));
    const calls = response.content.flatMap((part) => (part.type === 'tool-call' ? [part] : []));
    expect(calls.map((call) => [call.name, call.arguments])).toEqual([
      ['a', raw],
      ['a', '{}'],
      ['b', '{}'],
      ['c', '{"s":1}'],
    ]);
    expect(calls[1]?.id).toBe('mine');
    expect(new Set(calls.map((call) => call.id)).size).toBe(4);
    expect(response.finishReason).toBe('tool-calls');
  });

  it('fail without a name, and when their line cannot be read', () => {
    const nameless = line({ tool_calls: [{ function: { arguments: {} } }] });
    expect(failureAtAnyCut(createDecoder, bytes(nameless + last))).toMatchObject({ kind: 'protocol' });
    expect(failureAtAnyCut(createDecoder, bytes(`{"message":{"tool_calls":[{\n${last}`))).toMatchObject({
      kind: 'protocol',
    });
  });
});

describe('failures', () => {
  it.each([
    ['an error line', '{"error":"llama runner process has terminated"}\n', { kind: 'server' }],
    [
      'an error about length',
      '{"error":"prompt too long; exceeded max context length by 5 tokens"}',
      { kind: 'context-window' },
    ],
    ['an error laid out over lines', '{\n  "error": "model \'x\' not found"\n}\n', { kind: 'model-not-found' }],
    [
      'an error object',
      '{"error":{"message":"too many requests","code":"rate"}}',
      { kind: 'rate-limit', code: 'rate' },
    ],
  ])('%s is thrown', (_what, error, expected) => {
    expect(failureAtAnyCut(createDecoder, bytes(error))).toMatchObject(expected);
    expect(failureAtAnyCut(createDecoder, bytes(line({ content: 'a' }) + error.replaceAll('\n', '')))).toMatchObject(
      expected,
    );
    expect(() => client.decodeWhole(error, target())).toThrowError(expect.objectContaining(expected));
  });

  it.each([
    ['', 'empty'],
    ['\n\n', 'empty'],
    [line({ content: 'a' }), 'truncated'],
    [line({ content: 'a' }) + line({ tool_calls: [{ function: { name: 'f' } }] }).slice(0, -9), 'truncated'],
    ['oops\n', 'truncated'],
    ['<html><title>x</title></html>', 'protocol'],
  ])('%j is %s', (text, kind) => {
    expect(failureAtAnyCut(createDecoder, bytes(text))).toMatchObject({ kind });
  });

  it.each(['', '<html>', 'oops', '{"id":1}', line({ content: 'a' })])('%j is no whole answer', (body) => {
    expect(() => client.decodeWhole(body, target())).toThrowError(expect.objectContaining({ name: 'ProviderError' }));
  });

  it('skips and counts lines of text that are broken', () => {
    const decoder = createDecoder();
    const events = decodePieces(decoder, [bytes(`${line({ content: 'a' })}{"mess\n${last}`)]);
    expect([decoder.skipped, collectEvents(events).text]).toEqual([1, 'a']);
  });

  it('reads error bodies of any kind', () => {
    expect(client.readError(404, '{"error":"model \'x\' not found"}')).toMatchObject({
      status: 404,
      message: "model 'x' not found",
    });
    expect(client.readError(401, '{"error":"unauthorized","signin_url":"u"}')).toMatchObject({
      message: 'unauthorized',
    });
    expect(client.readError(502, '<html><title>Bad</title>').message).toBe('HTML page: Bad');
    expect(client.readError(500, '').message).toBe('HTTP 500');
    expect(client.readError(200, '{"error":"x"}').status).toBe(500);
  });
});

describe('whole answers', () => {
  const body = {
    model: 'm',
    created_at: '2026-11-02T10:00:00Z',
    message: {
      role: 'assistant',
      thinking: 'hm',
      content: 'so',
      tool_calls: [{ id: 'c', function: { name: 'f', arguments: { a: 1.5 } } }],
    },
    done: true,
    done_reason: 'stop',
  };

  it('give what a stream of them gives, also laid out over lines', () => {
    const events = client.decodeWhole(JSON.stringify(body), target());
    expect(decodeAtAnyCut(createDecoder, bytes(JSON.stringify(body)))).toEqual(events);
    expect(decodeAtAnyCut(createDecoder, bytes(JSON.stringify(body, null, 2)))).toEqual(events);
    expect(client.decodeWhole(JSON.stringify(body, null, 2), target())).toEqual(events);
    expect(collectEvents(events).content).toMatchObject([{ text: 'hm' }, { text: 'so' }, { arguments: '{"a":1.5}' }]);
  });

  it('may be a stream after all', () => {
    const text = line({ content: 'a' }) + line({ content: 'b' }) + last;
    expect(collectEvents(client.decodeWhole(text, target())).text).toBe('ab');
  });
});
