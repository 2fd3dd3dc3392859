import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { client, encode, server, target, wire } from './support.ts';

const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', content: 'hi' }],
  ...rest,
});
const own = (body: object = {}) => ({ extensions: { wire, body: body as never } });
const TOOLS = [{ name: 'look', parameters: { type: 'object' } }, { name: 'walk' }];

describe('a request', () => {
  it('says its mode and its steps, and keeps nothing with the vendor unless its caller says so', () => {
    const input = [{ type: 'user_input', content: [{ type: 'text', text: 'hi' }] }];
    expect(encode(ask(), 'models/m', 'stream')).toMatchObject({
      path: '/interactions',
      headers: { accept: 'text/event-stream' },
      json: { model: 'm', stream: true, input, store: false },
    });
    expect(encode(ask(own())).json).toEqual({ model: 'gemini-2.5-flash', stream: false, input });
  });

  it('goes on from what the vendor has stored, where the caller of this protocol says so', () => {
    const { json, lost } = encode({
      messages: [{ role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', name: 'look', content: 'seen' }] }],
      ...own({ previous_interaction_id: 'v1_a' }),
    });
    expect(json).toMatchObject({
      previous_interaction_id: 'v1_a',
      input: [{ type: 'function_result', call_id: 'a', name: 'look', result: 'seen' }],
    });
    expect([json.store, lost]).toEqual([undefined, []]);
    const foreign = encode(ask({ extensions: { wire: 'openai-responses', body: { previous_response_id: 'r' } } }));
    expect(foreign.lost).toEqual(['previous_response_id (a field of openai-responses)']);
  });

  it('answers at once, whatever it is asked', () => {
    const { json, lost } = encode(ask(own({ background: true })));
    expect([json.background, lost]).toEqual([undefined, ['background (answered at once)']]);
  });

  it('carries arguments byte for byte, results as text or as content', () => {
    const args = '{ "n" : 12345678901234567890, "x":1.0 }';
    const image = { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const;
    const { body, json, lost } = encode({
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [
            { type: 'tool-call', id: 'a', name: 'look', arguments: args },
            { type: 'tool-call', id: 'b', name: 'look', arguments: 'no json' },
          ],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', content: [image] }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'b', content: 'no', isError: true }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', content: 'z' }] },
      ],
    });
    expect(body).toContain(`"arguments":${args}`);
    expect(json.input[2]).toEqual({
      type: 'function_call',
      id: 'b',
      name: 'look',
      arguments: { raw_arguments: 'no json' },
    });
    expect(json.input.slice(3)).toEqual([
      {
        type: 'function_result',
        call_id: 'a',
        name: 'look',
        result: [{ type: 'image', data: 'AAAA', mime_type: 'image/png' }],
      },
      { type: 'function_result', call_id: 'b', name: 'look', result: 'no', is_error: true },
      { type: 'user_input', content: [{ type: 'text', text: '[Result of tool c]\nz' }] },
    ]);
    expect(lost.join()).toMatch(/not JSON.*without its call/);
  });

  it.each([
    [{ type: 'required' }, 'any'],
    [{ type: 'none' }, 'none'],
    [{ type: 'auto' }, 'auto'],
    [{ type: 'tool', name: 'walk' }, { allowed_tools: { mode: 'any', tools: ['walk'] } }],
  ] as const)('with tool choice %j says %j', (toolChoice, expected) => {
    const { json } = encode(ask({ tools: TOOLS, toolChoice }));
    expect(json.generation_config.tool_choice).toEqual(expected);
    expect(json.tools).toEqual([
      { type: 'function', name: 'look', parameters: { type: 'object' } },
      { type: 'function', name: 'walk' },
    ]);
  });

  it('leaves a choice without functions out, which the vendor refuses', () => {
    const search = { name: 'google_search', opaque: { wire, value: { type: 'google_search' } } };
    const { json, lost } = encode(ask({ tools: [search], toolChoice: { type: 'required' }, ...own() }));
    expect([json.tools, json.generation_config]).toEqual([[{ type: 'google_search' }], undefined]);
    expect(lost.join()).toContain('tool_choice');
  });

  it.each([
    ['gemini-3-flash', { effort: 'high' }, 'high'],
    ['gemini-3-flash', { effort: 'max' }, 'high'],
    ['gemini-3-pro', { effort: 'medium' }, 'low'],
    ['gemini-2.5-flash', { budgetTokens: 9000 }, 'medium'],
    ['gemini-2.5-flash', { enabled: false }, 'minimal'],
    ['gemini-2.5-flash', { enabled: true }, undefined],
    ['gemini-2.5-flash', undefined, undefined],
    ['gemini-2.0-flash', { effort: 'high' }, undefined],
  ] as const)('of %s with %j thinks at level %s', (model, reasoning, expected) => {
    expect(encode(ask({ reasoning }), model).json.generation_config?.thinking_level).toBe(expected);
  });

  it('asks for summaries for those who expect them', () => {
    const summaries = (request: ChatRequest) => encode(request).json.generation_config?.thinking_summaries;
    expect(summaries(ask({ reasoning: { enabled: true } }))).toBe('auto');
    expect(summaries(ask({ reasoning: { effort: 'low' }, ...own() }))).toBeUndefined();
    expect(summaries(ask({ reasoning: { summary: 'detailed' } }))).toBe('auto');
    expect(summaries(ask({ reasoning: { enabled: true, summary: 'none' } }))).toBe('none');
  });

  it('gives signatures, annotations and steps back where they came from', () => {
    const step = { type: 'url_context_result', call_id: 'u', result: [] };
    const history = (issuer?: string): ChatRequest => ({
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', signature: 'S1', ...(issuer && { issuer }) },
            { type: 'opaque', wire, value: { summary: [{ type: 'image', data: 'A' }] } },
            { type: 'text', text: 'a' },
            { type: 'opaque', wire, value: { annotations: [{ type: 'url_citation' }] } },
            { type: 'opaque', wire, value: { step } },
            { type: 'opaque', wire, value: { interaction: { service_tier: 'flex' } } },
            { type: 'tool-call', id: 'c', name: 'f', arguments: '{}', signature: 'S2', ...(issuer && { issuer }) },
          ],
        },
      ],
    });
    const mine = encode(history('gemini:gemini-2.5-flash'));
    expect(mine.json.input.slice(1)).toEqual([
      {
        type: 'thought',
        signature: 'S1',
        summary: [
          { type: 'text', text: 'hm' },
          { type: 'image', data: 'A' },
        ],
      },
      { type: 'model_output', content: [{ type: 'text', text: 'a', annotations: [{ type: 'url_citation' }] }] },
      step,
      { type: 'function_call', id: 'c', name: 'f', signature: 'S2', arguments: {} },
    ]);
    expect(mine.lost).toEqual([]);
    const foreign = encode(history('openai:x'));
    expect(JSON.stringify(foreign.json)).not.toMatch(/S1|S2|hm/);
    expect(foreign.lost).toHaveLength(2);
  });

  it('says what it has no field for, and leaves refused ones out', () => {
    const { lost } = encode(
      ask({ topK: 1, presencePenalty: 1, frequencyPenalty: 1, user: 'u', parallelToolCalls: false, tools: TOOLS }),
    );
    expect(lost).toEqual(['top_k', 'presence_penalty', 'frequency_penalty', 'parallel_tool_calls', 'user']);
    const request = ask({ temperature: 1, maxTokens: 9, reasoning: { effort: 'low' } });
    const without = encode(request, 'gemini-3-flash', 'whole', { omitParameters: ['temperature', 'reasoning_effort'] });
    expect([without.json.generation_config, without.lost]).toEqual([
      { max_output_tokens: 9 },
      ['temperature', 'reasoning_effort'],
    ]);
  });

  it('takes fields from everywhere, the request first', () => {
    const request = ask({ temperature: 0.1, ...own({ generation_config: { temperature: 9, seed: 3 } }) });
    const defaults = { maxTokens: 5, providerExtra: { service_tier: 'flex', input: 'no' } };
    const call = client.encode(request, { ...target(), defaults }, 'whole');
    expect(JSON.parse(call.body)).toMatchObject({
      service_tier: 'flex',
      generation_config: { temperature: 0.1, seed: 3, max_output_tokens: 5 },
      input: [{ type: 'user_input' }],
    });
  });

  it('puts system text at the beginning into its field, later one into a marked turn', () => {
    const messages = [
      { role: 'system', content: 'a' },
      { role: 'system', content: 'b' },
      { role: 'user', content: 'x' },
      { role: 'system', content: 'c' },
    ] as const;
    const { json, lost } = encode({ messages });
    expect(json.system_instruction).toBe('a\n\nb');
    expect(json.input[1].content[0].text).toBe('<system>\nc\n</system>');
    expect(lost.join()).toContain('system role of messages[3]');
    const merged = encode({ messages: messages.slice(0, 3) }, 'gemma-4-31b-it', 'whole', { systemRole: 'merge' });
    expect(merged.json.system_instruction).toBeUndefined();
    expect(merged.json.input[0].content[0].text).toBe('a\n\nb');
  });
});

describe('the serving side', () => {
  const read = (body: object) => server.decodeRequest({ model: 'm', ...body }).request;

  it('reads every form of input', () => {
    const user = (content: unknown) => [{ role: 'user', content }];
    expect(read({ input: 'hi' }).messages).toEqual(user('hi'));
    expect(read({ input: { type: 'text', text: 'hi' } }).messages).toEqual(user('hi'));
    expect(read({ input: [{ type: 'text', text: 'hi' }] }).messages).toEqual(user('hi'));
    expect(read({ input: [{ type: 'user_input', content: 'hi' }] }).messages).toEqual(user('hi'));
    const turns = [
      { role: 'user', content: 'hi' },
      {
        role: 'model',
        content: [
          { type: 'text', text: 'ho' },
          { type: 'function_call', id: 'a', name: 'f', arguments: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'function_result', call_id: 'a', result: { ok: true } },
          { type: 'text', text: 'and?' },
        ],
      },
    ];
    expect(read({ input: turns }).messages).toEqual([
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'ho' },
          { type: 'tool-call', id: 'a', name: 'f', arguments: '{}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', content: '{"ok":true}' }] },
      { role: 'user', content: 'and?' },
    ]);
  });

  it('reads every form of output format and tool choice', () => {
    const format = (response_format: unknown, rest: object = {}) =>
      read({ input: 'x', response_format, ...rest }).outputFormat;
    const schema = { type: 'object', properties: {} };
    const bySchema = { type: 'json-schema', name: 'answer', schema };
    expect(format({ type: 'text', mime_type: 'application/json', schema })).toEqual(bySchema);
    expect(format([{ type: 'text', mime_type: 'application/json' }])).toEqual({ type: 'json' });
    expect(format(schema, { response_mime_type: 'application/json' })).toEqual(bySchema);
    expect(format(undefined, { response_mime_type: 'application/json' })).toEqual({ type: 'json' });
    const image = { type: 'image', aspect_ratio: '1:1' };
    expect(read({ input: 'x', response_format: image }).extensions?.body).toEqual({ response_format: [image] });
    const choice = (tool_choice: unknown) => read({ input: 'x', generation_config: { tool_choice } });
    expect(choice('any').toolChoice).toEqual({ type: 'required' });
    const several = { allowed_tools: { mode: 'any', tools: ['a', 'b'] } };
    expect(choice(several)).toMatchObject({
      toolChoice: { type: 'required' },
      extensions: { body: { generation_config: { tool_choice: several } } },
    });
  });

  it.each([
    [{ model: undefined, input: 'x' }, 'model'],
    [{ model: undefined, agent: 'deep-research', input: 'x' }, 'agent'],
    [{}, 'input'],
    [{ input: [] }, 'input'],
    [{ input: [{ type: 'function_call', name: 'f' }] }, 'input[0].id'],
    [{ input: [{ type: 'user_input', content: [{ type: 'image', data: 'A' }] }] }, 'input[0].content[0].mime_type'],
    [{ input: 'x', generation_config: { thinking_level: 'huge' } }, 'generation_config.thinking_level'],
    [{ input: 'x', generation_config: { tool_choice: 'some' } }, 'generation_config.tool_choice'],
    [{ input: 'x', tools: [{ name: 'f' }] }, 'tools[0].type'],
  ])('refuses %j, naming %s', (body, param) => {
    expect(() => server.decodeRequest({ model: 'm', ...body })).toThrowError(
      expect.objectContaining({ name: 'RequestError', param }),
    );
  });
});
