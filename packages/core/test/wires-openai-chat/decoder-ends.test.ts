import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { decodeAtAnyCut, decodePieces, failureAtAnyCut } from '../testkit/cuts.ts';
import { sseBytes } from '../testkit/sse.ts';
import { answer, delta, end, failure, head, maker, tool } from './support.ts';

describe('the end of the stream', () => {
  const text = delta({ content: 'a' });

  it('is complete with a finish reason alone, and with [DONE] alone', () => {
    expect(answer([text, end('length')], {}, { done: false }).finishReason).toBe('length');
    expect(answer([text]).finishReason).toBe('stop');
    expect(answer([text, end('')]).finishReason).toBe('stop');
  });

  it('is truncation without either, also inside a tool call before [DONE]', () => {
    expect(failure([text]).kind).toBe('truncated');
    expect(failure([text, end('')]).kind).toBe('truncated');
    const open = tool({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } });
    expect(failure([open], {}).kind).toBe('truncated');
  });

  it('is emptiness when nothing came at all', () => {
    expect(failure([]).kind).toBe('empty');
    expect(failureAtAnyCut(maker(), Buffer.from(': keep-alive\n\n')).kind).toBe('empty');
  });

  it('says when the answer is complete before the marker, and when the marker came', () => {
    const decoder = maker()();
    decoder.push(sseBytes([text], { done: false }));
    expect([decoder.complete, decoder.done]).toEqual([false, false]);
    decoder.push(sseBytes([end('stop')], { done: false }));
    expect([decoder.complete, decoder.done]).toEqual([true, false]);
    const events = decoder.push(sseBytes([]));
    expect([decoder.complete, decoder.done]).toEqual([true, true]);
    expect(events.at(-1)).toMatchObject({ type: 'finish' });
    expect(decoder.push(sseBytes([delta({ content: 'late' })]))).toEqual([]);
    expect(decoder.end()).toEqual([]);
  });

  it('lets an empty answer finish, for the caller of the decoder to see', () => {
    const events = decodeAtAnyCut(maker(), sseBytes([delta({ role: 'assistant', content: '' }), end('stop')]));
    expect(events.map((event) => event.type)).toEqual(['response-start', 'finish']);
  });

  it.each<[string, string]>([
    ['max_tokens', 'length'],
    ['model_length', 'length'],
    ['eos', 'stop'],
    ['end_turn', 'stop'],
    ['COMPLETE', 'stop'],
    ['sensitive', 'content-filter'],
    ['SAFETY', 'content-filter'],
    ['pause_turn', 'pause'],
    ['something_new', 'other'],
  ])('maps %s to %s and keeps the vendor’s word', (raw, reason) => {
    const { finishReason, rawFinishReason } = answer([text, end(raw)]);
    expect([finishReason, rawFinishReason]).toEqual([reason, raw]);
  });

  it.each(['error', 'network_error', 'insufficient_system_resource', 'malformed_function_call'])(
    'is a failure with finish reason %s',
    (raw) => {
      expect(failure([text, end(raw)])).toMatchObject({ kind: 'server', code: raw });
    },
  );
});

describe('errors inside the stream', () => {
  const text = delta({ content: 'a' });

  it.each<[string, unknown, object]>([
    [
      'an error object',
      { error: { message: 'no', type: 'server_error', code: null } },
      { kind: 'server', code: 'server_error' },
    ],
    ['a numeric code as status', { error: { code: 429, message: 'slow' } }, { kind: 'rate-limit', status: 429 }],
    ['a code as text', { error: { code: '502', message: 'no' } }, { kind: 'server', status: 502 }],
    ['a code out of range', { error: { code: 1302, message: 'no' } }, { status: undefined, code: '1302' }],
    ['vLLM’s flat error', { object: 'error', message: 'bad', code: 400 }, { kind: 'invalid-request', status: 400 }],
    ['an error string', { error: 'The service is currently unavailable', code: 'x' }, { kind: 'server', code: 'x' }],
    [
      'an error in the choice',
      { ...head, choices: [{ index: 0, delta: {}, error: { code: 503, message: 'm' } }] },
      { status: 503 },
    ],
    [
      'an error beside a finish',
      { ...head, error: { code: 502, message: 'm' }, choices: [{ index: 0, delta: {}, finish_reason: 'error' }] },
      { status: 502 },
    ],
    ['MiniMax’s base_resp', { base_resp: { status_code: 1002, status_msg: 'rate' } }, { code: '1002' }],
    ['Cloudflare’s errors', { success: false, errors: [{ code: 3040, message: 'no capacity' }] }, { code: '3040' }],
    ['x_groq', { ...head, choices: [], x_groq: { error: 'over' } }, { kind: 'server' }],
    ['a list', [{ error: { code: 500, message: 'm' } }], { status: 500 }],
    ['a spent quota', { error: { code: 'insufficient_quota', message: 'm' } }, { kind: 'quota' }],
    ['an overflow', { error: { code: 'context_length_exceeded', message: 'm' } }, { kind: 'context-window' }],
  ])('are thrown: %s', (_shape, chunk, expected) => {
    expect(failure([text, chunk])).toMatchObject(expected);
    expect(failure([chunk])).toMatchObject(expected);
  });

  it('are thrown from an event named error, whatever its data', () => {
    const named = (data: string) => failureAtAnyCut(maker(), Buffer.from(`event: error\ndata: ${data}\n\n`));
    expect(named('{"message":"gone","code":500}')).toMatchObject({ kind: 'server', status: 500 });
    expect(named('upstream fell over')).toMatchObject({ kind: 'server' });
    expect(failureAtAnyCut(maker(), Buffer.from('error: {"code":500,"message":"x"}\n\n'))).toMatchObject({
      status: 500,
    });
  });

  it('keep the vendor’s words out of the message and in their own field', () => {
    const decode = (): StreamEvent[] =>
      decodePieces(maker()(), [sseBytes([{ error: { message: 'key sk-1 is bad' } }])]);
    expect(decode).toThrowError(expect.objectContaining({ vendorMessage: 'key sk-1 is bad' }));
    expect(decode).not.toThrowError(/sk-1/);
  });

  it('cannot take away an answer that was complete', () => {
    const { text: words, warnings } = answer([text, end('stop'), { error: { code: 500, message: 'late' } }]);
    expect(words).toBe('a');
    expect(warnings).toMatchObject([{ code: 'late-error' }]);
  });

  it('are not seen where a vendor says there is none', () => {
    const fine = { ...head, error: null, base_resp: { status_code: 0, status_msg: '' }, ...delta({ content: 'b' }) };
    expect(answer([text, fine, end('stop')]).text).toBe('ab');
  });
});

describe('events that cannot be read', () => {
  it('are skipped and counted amid text', () => {
    const decoder = maker()();
    const bytes = sseBytes([
      delta({ content: 'a' }),
      '{"id":"c1","choi',
      'null',
      '"x"',
      delta({ content: 'b' }),
      end('stop'),
    ]);
    expect(collectEvents(decodePieces(decoder, [bytes])).text).toBe('ab');
    expect(decoder.skipped).toBe(3);
  });

  it('fail the answer once a tool call has begun, or when they may hold one', () => {
    const call = tool({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } });
    expect(failure([call, '{"id":', end('tool_calls')], {}).kind).toBe('protocol');
    expect(failure(['{"choices":[{"delta":{"tool_calls":[{', end('stop')], {}).kind).toBe('protocol');
  });
});

describe('a body that is not a stream', () => {
  it('is decoded as a whole answer when it is JSON', () => {
    const whole = {
      ...head,
      object: 'chat.completion',
      choices: [{ index: 0, message: { content: 'hi' }, finish_reason: 'stop' }],
    };
    const events = decodeAtAnyCut(maker(), Buffer.from(`\n\n${JSON.stringify(whole, null, 1)}`));
    expect(collectEvents(events).text).toBe('hi');
    expect(failureAtAnyCut(maker(), Buffer.from('{"error":{"code":503,"message":"x"}}'))).toMatchObject({
      status: 503,
    });
    expect(failureAtAnyCut(maker(), Buffer.from('{"choices":[')).kind).toBe('protocol');
  });

  it('fails when it is HTML', () => {
    expect(failureAtAnyCut(maker(), Buffer.from('<html><body>502</body></html>')).kind).toBe('protocol');
  });
});
