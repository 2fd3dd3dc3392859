import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { client, encode, target } from './support.ts';

const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: 'user', content: 'hi' }],
  ...rest,
});
const TOOLS = [{ name: 'look' }, { name: 'walk', strict: true }];

describe('a request', () => {
  it('says whether it wants a stream, in so many words', () => {
    expect(encode(ask())).toMatchObject({ path: '/api/chat', json: { model: 'qwen3', stream: false } });
    expect(encode(ask(), 'm', 'stream').json).toEqual({
      model: 'm',
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    });
  });

  it('carries arguments byte for byte, and results with their tool', () => {
    const args = '{ "n" : 12345678901234567890, "x":1.0 }';
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
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', content: 'seen', isError: true }] },
      ],
    });
    expect(body).toContain(`"arguments":${args}`);
    expect(json.messages[1].tool_calls[0]).toMatchObject({ id: 'a', function: { name: 'look' } });
    expect(json.messages[1].tool_calls[1].function.arguments).toEqual({ raw_arguments: 'no json' });
    expect(json.messages[2]).toEqual({ role: 'tool', content: 'seen', tool_name: 'look', tool_call_id: 'a' });
    expect(lost.join()).toMatch(/not JSON.*is_error/);
  });

  it('has no tool choice, but what comes near', () => {
    const names = (request: ChatRequest) =>
      encode(request).json.tools?.map((tool: { function: { name: string } }) => tool.function.name);
    expect(names(ask({ tools: TOOLS }))).toEqual(['look', 'walk']);
    expect(names(ask({ tools: TOOLS, toolChoice: { type: 'none' } }))).toBeUndefined();
    expect(names(ask({ tools: TOOLS, toolChoice: { type: 'tool', name: 'walk' } }))).toEqual(['walk']);
    expect(encode(ask({ tools: TOOLS, toolChoice: { type: 'required' } })).lost.join()).toContain('forced tool choice');
  });

  it.each([
    ['qwen3', { effort: 'high' }, true],
    ['qwen3', { enabled: false }, false],
    ['gpt-oss:20b', { effort: 'high' }, 'high'],
    ['gpt-oss:20b', { effort: 'max' }, 'high'],
    ['qwen3', { effort: 'none' }, false],
    ['qwen3', undefined, undefined],
  ] as const)('of %s with %j thinks %j', (model, reasoning, expected) => {
    expect(encode(ask({ reasoning }), model).json.think).toBe(expected);
  });

  it('takes images as base64 and documents as text, and nothing it cannot carry', () => {
    const parts = (...content: object[]): ChatRequest => ({ messages: [{ role: 'user', content: content as never }] });
    const data = Buffer.from('a,b').toString('base64');
    const { json } = encode(
      parts(
        { type: 'image', source: { type: 'url', url: 'data:image/png;base64,AAAA' } },
        { type: 'document', source: { type: 'base64', mediaType: 'text/csv', data }, title: 'T' },
        { type: 'text', text: 'x' },
      ),
    );
    expect(json.messages[0]).toEqual({ role: 'user', content: 'T:\na,b\nx', images: ['AAAA'] });
    for (const part of [
      { type: 'image', source: { type: 'url', url: 'https://example.test/a.png' } },
      { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data } },
    ]) {
      expect(() => encode(parts(part))).toThrowError(expect.objectContaining({ kind: 'unsupported' }));
    }
  });

  it('takes options from everywhere, the request first', () => {
    const request = ask({
      temperature: 0.1,
      extensions: { wire: 'ollama-chat', body: { keep_alive: 5, options: { temperature: 9, min_p: 0.1 } } },
    });
    const defaults = { maxTokens: 5, providerExtra: { num_ctx: 8192, options: { seed: 3 }, keep_alive: 1 } };
    const call = client.encode(request, { ...target(), defaults }, 'whole');
    expect(JSON.parse(call.body)).toMatchObject({
      keep_alive: 5,
      options: { temperature: 0.1, num_predict: 5, min_p: 0.1, num_ctx: 8192, seed: 3 },
    });
    const quirks = { omitParameters: ['temperature', 'reasoning_effort'] };
    const without = encode(ask({ temperature: 1, reasoning: { enabled: true } }), 'm', 'whole', quirks);
    expect(without.json).toEqual({ model: 'm', stream: false, messages: [{ role: 'user', content: 'hi' }] });
    expect(without.lost).toEqual(['temperature', 'reasoning_effort']);
  });

  it('merges the system turn where the model has none', () => {
    const request: ChatRequest = {
      messages: [
        { role: 'system', content: 'short' },
        { role: 'user', content: 'x' },
      ],
    };
    expect(encode(request, 'm', 'whole', { systemRole: 'merge' }).json.messages).toEqual([
      { role: 'user', content: 'short\n\nx' },
    ]);
  });

  it('gives thinking back to the model it came from', () => {
    const history = (issuer?: string): ChatRequest => ({
      messages: [
        { role: 'user', content: 'x' },
        { role: 'assistant', content: [{ type: 'reasoning', text: 'hm', ...(issuer && { issuer }) }] },
      ],
    });
    expect(encode(history('ollama:qwen3')).json.messages[1].thinking).toBe('hm');
    expect(encode(history('openai:x')).json.messages[1].thinking).toBeUndefined();
    expect(encode(history()).lost.join()).toContain('reasoning');
  });
});
