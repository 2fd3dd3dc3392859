import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { client, encode, REASONING_MODEL, server, target, wire } from './support.ts';

const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', content: 'hi' }],
  ...rest,
});
const TOOLS = [{ name: 'look', strict: true }, { name: 'walk' }];

describe('a request', () => {
  it('says whether it wants a stream, in so many words', () => {
    expect(encode(ask(), 'm', 'stream')).toMatchObject({
      path: '/v2/chat',
      headers: { accept: 'text/event-stream' },
      json: { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    });
    expect(encode(ask(), 'm').json).toEqual({ model: 'm', stream: false, messages: [{ role: 'user', content: 'hi' }] });
  });

  it('carries arguments byte for byte, results in their order, and their images behind them', () => {
    const image = { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' } } as const;
    const json = '{ "n" : 12345678901234567890, "x":1.0 }';
    const { json: body, lost } = encode({
      messages: [
        { role: 'user', content: 'go' },
        {
          role: 'assistant',
          content: [
            { type: 'tool-call', id: 'a', name: 'look', arguments: json },
            { type: 'tool-call', id: 'b', name: 'look', arguments: '' },
          ],
        },
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'a', content: [{ type: 'text', text: 'x' }, image] }],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'b', content: 'y', isError: true }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c', name: 'gone', content: 'z' }] },
      ],
    });
    expect(body.messages[1]).toEqual({
      role: 'assistant',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'look', arguments: json } },
        { id: 'b', type: 'function', function: { name: 'look', arguments: '{}' } },
      ],
    });
    expect(body.messages.slice(2)).toEqual([
      { role: 'tool', tool_call_id: 'a', content: 'x' },
      { role: 'tool', tool_call_id: 'b', content: 'y' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] },
      { role: 'user', content: '[Result of tool gone]\nz' },
    ]);
    expect(lost.join()).toMatch(/place of images.*is_error.*without its call/);
  });

  it.each([
    [{ type: 'required' }, 'REQUIRED', ['look', 'walk']],
    [{ type: 'none' }, 'NONE', ['look', 'walk']],
    [{ type: 'auto' }, undefined, ['look', 'walk']],
    [{ type: 'tool', name: 'walk' }, 'REQUIRED', ['walk']],
  ] as const)('with tool choice %j says %s', (toolChoice, word, names) => {
    const { json } = encode(ask({ tools: TOOLS, toolChoice }));
    expect(json.tool_choice).toBe(word);
    expect(json.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual(names);
  });

  it('is strict when every tool wants it, and says when it cannot be', () => {
    expect(encode(ask({ tools: TOOLS.slice(0, 1) })).json.strict_tools).toBe(true);
    const mixed = encode(ask({ tools: TOOLS }));
    expect([mixed.json.strict_tools, mixed.lost]).toEqual([undefined, ['strict on tool look']]);
  });

  it('gives tools names that Cohere takes, and back', () => {
    const { json, toolNames } = encode(ask({ tools: [{ name: 'a-b' }, { name: 'a_b' }, { name: '1st' }] }));
    const names: string[] = json.tools.map((tool: { function: { name: string } }) => tool.function.name);
    for (const name of names) expect(name).toMatch(/^[A-Za-z_]\w*$/);
    expect(new Set(names).size).toBe(3);
    expect(names.map((name) => toolNames?.[name] ?? name)).toEqual(['a-b', 'a_b', '1st']);
  });

  it.each([
    [REASONING_MODEL, { enabled: true }, { type: 'enabled' }],
    [REASONING_MODEL, { budgetTokens: 900 }, { type: 'enabled', token_budget: 900 }],
    [REASONING_MODEL, { effort: 'low' }, { type: 'enabled', token_budget: 1024 }],
    [REASONING_MODEL, { effort: 'high' }, { type: 'enabled' }],
    [REASONING_MODEL, { enabled: false }, { type: 'disabled' }],
    [REASONING_MODEL, { effort: 'none' }, { type: 'disabled' }],
    [REASONING_MODEL, undefined, undefined],
    ['command-a-plus-05-2026', { enabled: true }, { type: 'enabled' }],
    ['command-a-03-2025', { enabled: true }, undefined],
    ['command-r7b-12-2024', { enabled: false }, undefined],
  ] as const)('of %s with %j thinks %j', (model, reasoning, expected) => {
    expect(encode(ask({ reasoning }), model).json.thinking).toEqual(expected);
  });

  it('gives thinking, plan and citations back where they came from', () => {
    const history = (issuer?: string): ChatRequest => ({
      messages: [
        { role: 'user', content: 'x' },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', ...(issuer && { issuer }) },
            { type: 'reasoning', text: 'first this', id: 'tool_plan', ...(issuer && { issuer }) },
            { type: 'text', text: 'a' },
            { type: 'opaque', wire, value: { citations: [{ start: 0, end: 1 }] } },
            { type: 'opaque', wire: 'gemini', value: {} },
          ],
        },
      ],
    });
    const own = encode(history(`cohere:${REASONING_MODEL}`));
    expect(own.json.messages[1]).toEqual({
      role: 'assistant',
      tool_plan: 'first this',
      content: [
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'a' },
      ],
      citations: [{ start: 0, end: 1 }],
    });
    expect(own.lost).toEqual(['gemini item on messages[1]']);
    const foreign = encode(history('openai:x'));
    expect(foreign.json.messages[1]).toMatchObject({ content: 'a' });
    expect(foreign.lost).toContain('reasoning on messages[1]');
  });

  it('takes text of documents, and nothing it cannot carry', () => {
    const parts = (...content: object[]): ChatRequest => ({ messages: [{ role: 'user', content: content as never }] });
    const data = Buffer.from('a,b').toString('base64');
    const csv = { type: 'document', source: { type: 'base64', mediaType: 'text/csv', data }, title: 'T' };
    expect(encode(parts(csv)).json.messages[0].content).toBe('T:\na,b');
    for (const part of [
      { type: 'image', source: { type: 'file', fileId: 'f' } },
      { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data } },
    ]) {
      expect(() => encode(parts(part))).toThrowError(expect.objectContaining({ kind: 'unsupported' }));
    }
    const blind = encode(
      parts({ type: 'image', source: { type: 'base64', mediaType: 'image/png', data } }),
      'm',
      'whole',
      {
        vision: false,
      },
    );
    expect([blind.json.messages[0].content, blind.lost]).toEqual(['[Image left out]', ['image on messages[0]']]);
  });

  it('takes fields from everywhere, the request first, and leaves refused ones out', () => {
    const request = ask({ temperature: 0.1, topP: 0.5, extensions: { wire, body: { priority: 1, temperature: 9 } } });
    const defaults = { maxTokens: 5, providerExtra: { safety_mode: 'OFF', priority: 2, model: 'no' } };
    const call = client.encode(request, { ...target('m'), defaults }, 'whole');
    expect(JSON.parse(call.body)).toMatchObject({
      model: 'm',
      temperature: 0.1,
      p: 0.5,
      max_tokens: 5,
      priority: 1,
      safety_mode: 'OFF',
    });
    const without = encode(request, 'm', 'whole', { omitParameters: ['temperature', 'top_p'] });
    expect([without.json.temperature, without.json.p, without.lost]).toEqual([
      undefined,
      undefined,
      ['temperature', 'top_p'],
    ]);
  });

  it('merges the system turn where the model has none', () => {
    const messages = [
      { role: 'system', content: 'short' },
      { role: 'user', content: 'x' },
    ] as const;
    expect(encode({ messages }, 'm', 'whole', { systemRole: 'merge' }).json.messages).toEqual([
      { role: 'user', content: 'short\n\nx' },
    ]);
  });
});

describe('the serving side refuses', () => {
  it.each([
    [{ messages: [] }, 'model'],
    [{ model: 'm', messages: [] }, 'messages'],
    [{ model: 'm', messages: [{ role: 'CHATBOT', content: 'x' }] }, 'messages[0].role'],
    [{ model: 'm', messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [
      { model: 'm', messages: [{ role: 'user', content: [{ type: 'image_url' }] }] },
      'messages[0].content[0].image_url',
    ],
    [{ model: 'm', messages: [{ role: 'user', content: 'x' }], tool_choice: 'auto' }, 'tool_choice'],
    [{ model: 'm', messages: [{ role: 'user', content: 'x' }], thinking: { type: 'on' } }, 'thinking.type'],
    [{ model: 'm', messages: [{ role: 'user', content: 'x' }], temperature: 'hot' }, 'temperature'],
  ])('%j, naming %s', (body, param) => {
    expect(() => server.decodeRequest(body)).toThrowError(expect.objectContaining({ name: 'RequestError', param }));
  });
});
