import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import { partsOf } from '../../src/spec/message.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { openaiChatServer } from '../../src/wires/openai-chat/index.ts';
import type { CallerError, DecodedRequest } from '../../src/wires/wire.ts';
import { testContext } from '../testkit/samples.ts';

const base = { model: 'm', messages: [{ role: 'user' as const, content: 'hi' }] };
const tools = [{ type: 'function' as const, function: { name: 'look' } }];
const decoded = (includeUsage = true): DecodedRequest => ({ request: { messages: [] }, mode: 'stream', includeUsage });
const overloaded: CallerError = { status: 503, code: 'overloaded', kind: 'overloaded', message: 'busy' };

function written(events: readonly StreamEvent[], includeUsage = true): string {
  const encoder = openaiChatServer.createEncoder(testContext, decoded(includeUsage));
  return events.map((event) => encoder.encode(event)).join('');
}

const answer: ChatResponse = {
  id: 'a1',
  model: 'real-model',
  createdAt: 9,
  content: [
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'Grüße "🎈"\n' },
    { type: 'tool-call', id: 'c1', name: 'look', arguments: '{ "n": 12345678901234567890 }' },
    { type: 'tool-call', id: 'c2', name: 'wait', arguments: '{}' },
  ],
  text: 'Grüße "🎈"\n',
  finishReason: 'tool-calls',
  usage: { inputTokens: 9, cacheReadTokens: 4, outputTokens: 5, reasoningTokens: 2 },
  warnings: [],
};

/** The official SDK, answered by us without a socket. */
function sdk(body: string, type = 'text/event-stream', status = 200): OpenAI {
  const fetch = (): Promise<Response> =>
    Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  return new OpenAI({ apiKey: 'test', baseURL: 'http://127.0.0.1:9/v1', fetch, maxRetries: 0 });
}

describe('the official SDK reads', () => {
  it('a streamed answer', async () => {
    const stream = sdk(written(eventsOf(answer))).chat.completions.stream({
      ...base,
      stream_options: { include_usage: true },
    });
    const final = await stream.finalChatCompletion();
    const [choice] = final.choices;
    expect(final).toMatchObject({ id: 'a1', model: 'real-model', created: 9 });
    expect(choice).toMatchObject({ finish_reason: 'tool_calls', message: { role: 'assistant', content: answer.text } });
    const calls = choice?.message.tool_calls?.map(
      (call) => call.type === 'function' && [call.id, call.function.name, call.function.arguments],
    );
    expect(calls).toEqual([
      ['c1', 'look', '{ "n": 12345678901234567890 }'],
      ['c2', 'wait', '{}'],
    ]);
    expect(final.usage).toEqual({
      prompt_tokens: 9,
      completion_tokens: 5,
      total_tokens: 14,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    });
  });

  it('a whole answer', async () => {
    const body = JSON.stringify(openaiChatServer.encodeWhole(answer, testContext));
    const { choices, usage } = await sdk(body, 'application/json').chat.completions.create(base);
    expect(choices[0]).toMatchObject({
      message: { content: answer.text, reasoning_content: 'hm' },
      finish_reason: 'tool_calls',
    });
    expect(choices[0]?.message.tool_calls).toHaveLength(2);
    expect(usage?.total_tokens).toBe(14);
  });

  it('a failure after the answer began as an error, never as an end', async () => {
    const encoder = openaiChatServer.createEncoder(testContext, decoded());
    const body =
      eventsOf(answer)
        .slice(0, 4)
        .map((event) => encoder.encode(event))
        .join('') + encoder.error(overloaded);
    expect(body).not.toContain('[DONE]');
    const stream = await sdk(body).chat.completions.create({ ...base, stream: true });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.choices).toHaveLength(1);
    };
    await expect(read()).rejects.toMatchObject({ code: 'overloaded', type: 'server_error' });
  });

  it('an error answer', async () => {
    const body = JSON.stringify(openaiChatServer.encodeError({ ...overloaded, status: 429, param: 'model' }));
    const call = sdk(body, 'application/json', 429).chat.completions.create(base);
    await expect(call).rejects.toMatchObject({
      status: 429,
      code: 'overloaded',
      type: 'rate_limit_error',
      param: 'model',
    });
  });
});

describe('the chunks', () => {
  const chunks = (events: readonly StreamEvent[], usage = true) =>
    written(events, usage)
      .split('\n\n')
      .filter((line) => line.startsWith('data: {'))
      .map(
        (line) =>
          JSON.parse(line.slice(6)) as {
            id: string;
            choices: { index: number; delta: { reasoning_details?: object[] }; finish_reason: unknown }[];
          },
      );

  it('have one head throughout, the role first, and index and finish reason always', () => {
    const all = chunks(eventsOf(answer));
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set(['a1']));
    expect(all[0]?.choices[0]).toEqual({ index: 0, delta: { role: 'assistant', content: null }, finish_reason: null });
    expect(all.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 14 } });
    expect(all.filter(({ choices }) => choices[0]?.finish_reason !== null && choices.length > 0)).toHaveLength(1);
    expect(written(eventsOf(answer)).endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('tell usage only to those who asked', () => {
    expect(written(eventsOf(answer), false)).not.toContain('"usage"');
  });

  it('use the context where the vendor gave no id, time or model, and give a role to an empty answer', () => {
    const [first, ...rest] = chunks([{ type: 'response-start' }, { type: 'finish', reason: 'stop' }]);
    expect(first).toMatchObject({ id: 'answer-1', created: 1_700_000_000, model: 'm-1' });
    expect(first?.choices[0]).toEqual({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: 'stop' });
    expect(rest).toEqual([]);
  });

  it.each<[ChatResponse['finishReason'], string]>([
    ['refusal', 'content_filter'],
    ['content-filter', 'content_filter'],
    ['pause', 'stop'],
    ['length', 'length'],
    ['other', 'stop'],
  ])('say %s as %s, streamed and whole', (finishReason, word) => {
    const refused: ChatResponse = { content: [{ type: 'refusal', text: 'no' }], text: '', finishReason, warnings: [] };
    expect(chunks(eventsOf(refused)).at(-1)?.choices[0]?.finish_reason).toBe(word);
    const whole = openaiChatServer.encodeWhole(refused, testContext);
    expect(whole).toMatchObject({ choices: [{ finish_reason: word, message: { content: null, refusal: 'no' } }] });
  });

  it('carry what only this wire knows where it belongs, and signed reasoning so that it can come back', () => {
    const parts: ChatResponse['content'] = [
      { type: 'reasoning', text: 'hm', signature: 'sig', id: 'r1' },
      { type: 'reasoning', text: '', redacted: 'enc' },
      { type: 'text', text: 'ok' },
      { type: 'opaque', wire: 'gemini', value: { secret: 1 } },
      {
        type: 'opaque',
        wire: 'openai-chat',
        value: { tool_call: { id: 'x', type: 'custom', custom: { name: 'n', input: 'i' } } },
      },
      { type: 'opaque', wire: 'openai-chat', value: { message: { annotations: [1] } } },
      { type: 'opaque', wire: 'openai-chat', value: { choice: { logprobs: { content: [2] } } } },
      { type: 'opaque', wire: 'openai-chat', value: { top: { citations: ['u'] } } },
    ];
    const full: ChatResponse = { content: parts, text: 'ok', finishReason: 'stop', warnings: [] };
    const whole = openaiChatServer.encodeWhole(full, testContext) as { choices: { message: object }[] };
    expect(whole).toMatchObject({
      citations: ['u'],
      choices: [{ logprobs: { content: [2] }, message: { annotations: [1] } }],
    });
    expect(JSON.stringify(whole)).not.toContain('secret');
    const merged = Object.assign({}, ...chunks(eventsOf(full))) as object;
    expect(merged).toMatchObject({ citations: ['u'] });
    const details = chunks(eventsOf(full)).flatMap(({ choices }) => choices[0]?.delta.reasoning_details ?? []);
    expect(whole.choices[0]?.message).toHaveProperty('reasoning_details', details);

    const back = openaiChatServer.decodeRequest({
      ...base,
      messages: [{ ...whole.choices[0]?.message, tool_calls: undefined }],
    });
    expect(back.request.messages[0]?.content.slice(0, 3)).toEqual(parts.slice(0, 3));
  });

  it('escape text that looks like the protocol', () => {
    const nasty = '\n\ndata: [DONE]\n\n\u2028"\\';
    const events = eventsOf({
      content: [{ type: 'text', text: nasty }],
      text: nasty,
      finishReason: 'stop',
      warnings: [],
    });
    expect(written(events).split('data: [DONE]\n\n')).toHaveLength(2);
  });
});

describe('a request', () => {
  const read = (body: object) => openaiChatServer.decodeRequest({ ...base, ...body });

  it('with a field that cannot be is refused with the path of the field', () => {
    const cases: [unknown, string | undefined][] = [
      ['text', undefined],
      [[], undefined],
      [{}, 'messages'],
      [{ messages: 'hi' }, 'messages'],
      [{ messages: [] }, 'messages'],
      [{ messages: [null] }, 'messages[0]'],
      [{ messages: [{ role: 'robot', content: '' }] }, 'messages[0].role'],
      [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
      [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
      [{ messages: [{ role: 'user', content: ['x'] }] }, 'messages[0].content[0]'],
      [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
      [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
        'messages[0].content[0].image_url.url',
      ],
      [
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:x,y' } }] }] },
        'messages[0].content[0].image_url.url',
      ],
      [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
      [
        { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: {} } }] }] },
        'messages[0].tool_calls[0].function.arguments',
      ],
      [{ ...base, model: 7 }, 'model'],
      [{ ...base, n: 2 }, 'n'],
      [{ ...base, n: 0 }, 'n'],
      [{ ...base, stream: 'yes' }, 'stream'],
      [{ ...base, stream_options: { include_usage: 1 } }, 'stream_options.include_usage'],
      [{ ...base, max_tokens: 0 }, 'max_tokens'],
      [{ ...base, max_completion_tokens: 1.5 }, 'max_completion_tokens'],
      [{ ...base, temperature: '1' }, 'temperature'],
      [{ ...base, stop: ['a', 1] }, 'stop[1]'],
      [{ ...base, tools: {} }, 'tools'],
      [{ ...base, tools: [{ type: 'function' }] }, 'tools[0].function'],
      [{ ...base, tools: [{ type: 'function', function: { name: '' } }] }, 'tools[0].function.name'],
      [
        { ...base, tools: [{ type: 'function', function: { name: 'f', parameters: [] } }] },
        'tools[0].function.parameters',
      ],
      [{ ...base, tools, tool_choice: 'maybe' }, 'tool_choice'],
      [{ ...base, tools, tool_choice: { type: 'function', function: { name: 'other' } } }, 'tool_choice.function.name'],
      [{ ...base, response_format: { type: 'xml' } }, 'response_format.type'],
      [{ ...base, response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
      [{ ...base, reasoning_effort: 'enormous' }, 'reasoning_effort'],
    ];
    for (const [body, param] of cases) {
      const decode = (): DecodedRequest => openaiChatServer.decodeRequest(body);
      expect(decode, JSON.stringify(body)).toThrowError(
        expect.objectContaining({ name: 'RequestError', status: 400, param }),
      );
    }
  });

  it('treats null as absent', () => {
    const nulls = [
      'tools',
      'tool_choice',
      'stop',
      'seed',
      'n',
      'stream',
      'stream_options',
      'max_tokens',
      'user',
      'logprobs',
      'response_format',
    ];
    expect(read(Object.fromEntries(nulls.map((key) => [key, null])))).toEqual({
      request: base,
      mode: 'whole',
      includeUsage: false,
    });
  });

  it('hands over routing options and keeps them out of what is forwarded; unknown fields are forwarded', () => {
    const routing = {
      models: ['a', 'b'],
      provider: { order: ['x'] },
      route: 'fallback',
      fallbacks: ['c'],
      num_retries: 1,
      timeout: 3,
    };
    const { request, ...rest } = read({
      ...routing,
      logit_bias: { 1: 2 },
      stream: true,
      stream_options: { include_usage: true, include_obfuscation: false },
    });
    expect(rest).toEqual({ mode: 'stream', includeUsage: true, routing });
    expect(request.extensions).toEqual({
      wire: 'openai-chat',
      body: { logit_bias: { 1: 2 }, stream_options: { include_obfuscation: false } },
    });
  });

  it('may be of the old function form', () => {
    const { request } = read({
      functions: [{ name: 'f', parameters: { type: 'object' } }],
      function_call: { name: 'f' },
      messages: [
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
        { role: 'function', name: 'f', content: 'ok' },
      ],
    });
    expect(request).toMatchObject({ tools: [{ name: 'f' }], toolChoice: { type: 'tool', name: 'f' } });
    const [call, result] = request.messages.map((message) => partsOf(message.content)[0]);
    if (call?.type !== 'tool-call' || result?.type !== 'tool-result') throw new Error('no call and result');
    expect(call.id).toBe(result.toolCallId);
  });

  it('keeps what only servers of this wire know', () => {
    const audio = { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } };
    const custom = { type: 'custom', custom: { name: 'grep' } };
    const allowed = { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } };
    const details = [{ type: 'reasoning.encrypted', data: 'x', format: 'other' }];
    const { request } = read({
      messages: [
        { role: 'user', content: [audio] },
        { role: 'assistant', content: 'a', reasoning: 'hm', reasoning_details: details, prefix: true },
      ],
      tools: [custom],
      tool_choice: allowed,
    });
    expect(request.messages[0]?.content).toEqual([{ type: 'opaque', wire: 'openai-chat', value: audio }]);
    expect(request.messages[1]?.content).toEqual([
      { type: 'reasoning', text: 'hm' },
      { type: 'opaque', wire: 'openai-chat', value: { reasoning_details: details } },
      { type: 'text', text: 'a' },
      { type: 'opaque', wire: 'openai-chat', value: { message: { prefix: true } } },
    ]);
    expect(request.tools).toEqual([{ name: 'grep', opaque: { wire: 'openai-chat', value: custom } }]);
    expect(request.extensions?.body).toEqual({ tool_choice: allowed });
  });

  it('reads the thinking options of both kinds', () => {
    expect(read({ reasoning_effort: 'high' }).request.reasoning).toEqual({ effort: 'high' });
    expect(read({ reasoning: { max_tokens: 5, enabled: true } }).request.reasoning).toEqual({
      budgetTokens: 5,
      enabled: true,
    });
  });
});
