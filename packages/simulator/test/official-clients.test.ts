import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../src/index.ts';

// The vendors' own clients are the oracles of what the simulator writes.
let simulator: Simulator;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  simulator = await startSimulator();
  openai = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'sk-one', maxRetries: 0 });
  anthropic = new Anthropic({ baseURL: simulator.url, apiKey: 'sk-two', maxRetries: 0 });
});
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.setScript({});
  simulator.reset();
});

const weather = {
  type: 'object' as const,
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 3 } },
  required: ['city'],
};
const user = [{ role: 'user' as const, content: 'What is new?' }];
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe('the openai client', () => {
  test('reads a whole answer with usage and finish reason', async () => {
    simulator.setScript({
      rules: [
        { behaviour: { text: 'Grüße, 世界 🌍', usage: { inputTokens: 7, cacheReadTokens: 5, outputTokens: 3 } } },
      ],
    });
    const answer = await openai.chat.completions.create({ model: 'm1', messages: user });
    expect(answer.choices[0]?.message.content).toBe('Grüße, 世界 🌍');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.model).toBe('m1');
    expect(answer.usage).toMatchObject({
      prompt_tokens: 7,
      completion_tokens: 3,
      prompt_tokens_details: { cached_tokens: 5 },
    });
    expect(simulator.requests[0]).toMatchObject({
      key: 'sk-one',
      keyVia: 'bearer',
      model: 'm1',
      stream: false,
      outcome: 'answer',
    });
  });

  test('reads a stream, byte by byte, and the usage it asked for', async () => {
    simulator.setScript({ defaults: { text: 'One two three é 🌍.', bytesPerWrite: 1 } });
    const stream = await openai.chat.completions.create({
      model: 'm',
      messages: user,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe('One two three é 🌍.');
    expect(usage?.prompt_tokens).toBeGreaterThan(0);
    expect(simulator.requests[0]).toMatchObject({ stream: true, textSent: text });
  });

  test('assembles parallel tool calls and gets an answer to their results', async () => {
    simulator.setScript({ rules: [{ behaviour: { toolCalls: 'parallel', deltaChars: 3 } }] });
    const tools = ['weather', 'forecast'].map((name) => ({
      type: 'function' as const,
      function: { name, parameters: weather },
    }));
    const turn = await openai.chat.completions.stream({ model: 'm', messages: user, tools }).finalChatCompletion();
    const message = turn.choices[0]?.message;
    const calls = message?.tool_calls ?? [];
    expect(turn.choices[0]?.finish_reason).toBe('tool_calls');
    expect(calls.map((call) => call.type === 'function' && call.function.name)).toEqual(['weather', 'forecast']);
    expect(calls.map((call) => call.type === 'function' && JSON.parse(call.function.arguments))).toEqual([
      { city: 'sample', days: 3 },
      { city: 'sample', days: 3 },
    ]);
    const results = calls.map((call, i) => ({ role: 'tool' as const, tool_call_id: call.id, content: `result ${i}` }));
    const answer = await openai.chat.completions.create({
      model: 'm',
      tools,
      messages: [...user, ...(message ? [message] : []), ...results],
    });
    expect(answer.choices[0]?.message.content).toContain('result 0 | result 1');
  });

  test('reads tool arguments byte for byte', async () => {
    const json = '{ "a":1.0,\n"b" : "\\u00e9" }';
    simulator.setScript({ defaults: { toolCalls: [{ name: 'f', arguments: json, id: 'call_1' }], deltaChars: 2 } });
    const stream = await openai.chat.completions.create({ model: 'm', messages: user, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? '';
    expect(text).toBe(json);
  });

  test('gets JSON that fits the schema it asked for', async () => {
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['good', 'bad'] }, list: { type: 'array', items: { type: 'number' } } },
    };
    const answer = await openai.chat.completions.create({
      model: 'm',
      messages: user,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    });
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ mood: 'good', list: [7] });
  });

  test('is told which image arrived', async () => {
    const content = [
      { type: 'text' as const, text: 'Look.' },
      { type: 'image_url' as const, image_url: { url: `data:image/png;base64,${PIXEL}` } },
    ];
    const answer = await openai.chat.completions.create({ model: 'm', messages: [{ role: 'user', content }] });
    expect(answer.choices[0]?.message.content).toContain('image/png of 70 bytes');
  });

  test('throws its own class for each error answer', async () => {
    const call = (model: string) => openai.chat.completions.create({ model, messages: user });
    await expect(call('sim-401')).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(call('sim-403')).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    await expect(call('sim-404')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      requestID: expect.stringMatching(/^req_/),
    });
    await expect(call('sim-429-after7')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(call('sim-quota')).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
    await expect(call('sim-context')).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' });
    await expect(call('sim-529')).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await expect(call('sim-reset')).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
  });

  test('throws on an error inside the stream, after the text before it', async () => {
    const stream = await openai.chat.completions.create({ model: 'sim-error-event-at9', messages: user, stream: true });
    let text = '';
    const read = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    };
    await expect(read()).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(text).toHaveLength(9);
  });

  test('lists the models of the script', async () => {
    simulator.setScript({ models: ['a', 'b'] });
    const listed = await openai.models.list();
    expect(listed.data.map((model) => model.id)).toEqual(['a', 'b']);
  });
});

describe('the Anthropic client', () => {
  const base = { model: 'm', max_tokens: 100, messages: user };

  test('reads a whole answer with thinking, usage and stop reason', async () => {
    simulator.setScript({
      defaults: {
        text: 'Grüße, 世界 🌍',
        reasoning: 'Hm.',
        signature: 'SIG==',
        usage: { inputTokens: 10, cacheReadTokens: 4, cacheWriteTokens: 2, outputTokens: 3 },
      },
    });
    const answer = await anthropic.messages.create(base);
    expect(answer.content).toMatchObject([
      { type: 'thinking', thinking: 'Hm.', signature: 'SIG==' },
      { type: 'text', text: 'Grüße, 世界 🌍' },
    ]);
    expect(answer.stop_reason).toBe('end_turn');
    expect(answer.usage).toMatchObject({
      input_tokens: 4,
      cache_read_input_tokens: 4,
      cache_creation_input_tokens: 2,
      output_tokens: 3,
    });
    expect(simulator.requests[0]).toMatchObject({
      key: 'sk-two',
      wire: 'anthropic-messages',
      outcome: 'answer',
    });
  });

  test('accumulates a stream with thinking and parallel tool calls', async () => {
    const input = { city: 'Zürich' };
    simulator.setScript({
      defaults: {
        reasoning: true,
        text: 'Let me look.',
        toolCalls: [{ name: 'weather', arguments: input }, { name: 'now' }],
        deltaChars: 4,
        randomCuts: 3,
      },
    });
    const stream = anthropic.messages.stream(base);
    const message = await stream.finalMessage();
    expect(message.content.map((block) => block.type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
    expect(message.content[2]).toMatchObject({ name: 'weather', input });
    expect(message.content[3]).toMatchObject({ name: 'now', input: {} });
    expect(message.stop_reason).toBe('tool_use');
    expect(message.usage.output_tokens).toBeGreaterThan(0);
  });

  test('gets an answer to a tool result', async () => {
    simulator.setScript({ defaults: { toolCalls: 'auto' } });
    const tools = [{ name: 'weather', input_schema: weather }];
    const turn = await anthropic.messages.create({ ...base, tools });
    const call = turn.content.find((block) => block.type === 'tool_use');
    const result = { type: 'tool_result' as const, tool_use_id: call?.id ?? '', content: 'sunny' };
    const answer = await anthropic.messages.create({
      ...base,
      tools,
      messages: [...user, { role: 'assistant', content: turn.content }, { role: 'user', content: [result] }],
    });
    expect(answer.content[0]).toMatchObject({ type: 'text', text: expect.stringContaining('sunny') });
  });

  test('throws its own class for each error answer', async () => {
    const call = (model: string) => anthropic.messages.create({ ...base, model });
    await expect(call('sim-401')).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    await expect(call('sim-429')).rejects.toMatchObject({
      status: 429,
      type: 'rate_limit_error',
      requestID: expect.stringMatching(/^req_/),
    });
    await expect(call('sim-context')).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
    await expect(call('sim-529')).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    await expect(call('sim-close')).rejects.toBeInstanceOf(Anthropic.APIConnectionError);
  });

  test('throws on an error inside the stream', async () => {
    const stream = anthropic.messages.stream({ ...base, model: 'sim-error-event-at5-overloaded' });
    let text = '';
    stream.on('text', (delta) => (text += delta));
    await expect(stream.finalMessage()).rejects.toThrow(/overloaded/i);
    expect(text).toHaveLength(5);
  });

  test('counts tokens and lists models', async () => {
    simulator.setScript({ models: ['a', 'b'] });
    expect((await anthropic.messages.countTokens({ model: 'm', messages: user })).input_tokens).toBe(3);
    expect((await anthropic.models.list()).data.map((model) => model.id)).toEqual(['a', 'b']);
  });

  test('a request without max_tokens is refused as the vendor refuses it', async () => {
    const { max_tokens: _, ...without } = base;
    await expect(anthropic.messages.create(without as typeof base)).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
    });
  });
});
