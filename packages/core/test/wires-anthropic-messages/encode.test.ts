import { describe, expect, it } from 'vitest';
import type { Message, Part } from '../../src/spec/message.ts';
import { user, assistant, call, result, ask, sameWire, messagesOf, blocksOf } from './requests.ts';
import { encoded, target, type Loose } from './support.ts';

describe('head of the call', () => {
  it('posts to /v1/messages with the version of the target', () => {
    const { path, method, headers, json } = encoded(ask());
    expect([method, path, headers['anthropic-version']]).toEqual(['POST', '/v1/messages', '2023-06-01']);
    expect(json).toMatchObject({ model: 'claude-sonnet-4-5', stream: true, max_tokens: 8192 });
    expect(encoded(ask(), target(), 'whole').json.stream).toBeUndefined();
  });

  it("hands on the caller's version and betas, but only of this wire", () => {
    const headers = { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a,b', 'x-other': '1' };
    const own = encoded(ask({ wireHeaders: { wire: 'anthropic-messages', headers } }));
    expect(own.headers).toMatchObject({ 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a,b' });
    expect(own.headers['x-other']).toBeUndefined();
    const other = encoded(ask({ wireHeaders: { wire: 'openai-chat', headers: { 'openai-beta': 'x' } } }));
    expect(other.lost).toEqual(['header openai-beta']);
  });

  it('states max_tokens: of the request, of the target, or room for the thinking', () => {
    expect(encoded(ask({ maxTokens: 5 })).json.max_tokens).toBe(5);
    expect(encoded(ask({ maxTokens: 0 })).json.max_tokens).toBe(0);
    expect(encoded(ask(), target('claude-x', {}, { maxTokens: 77 })).json.max_tokens).toBe(77);
    expect(encoded(ask(), target('claude-3-haiku-20240307')).json.max_tokens).toBe(4096);
    const thinking = encoded(ask({ reasoning: { budgetTokens: 10_000 } })).json;
    expect(thinking.max_tokens).toBeGreaterThan(thinking.thinking.budget_tokens);
  });

  it('sends extensions of its own wire and declares those of others', () => {
    const extensions = { wire: 'anthropic-messages', body: { service_tier: 'auto', metadata: { a: 1 } } } as const;
    const own = encoded(ask({ user: 'u', extensions }));
    expect(own.json).toMatchObject({ service_tier: 'auto', metadata: { a: 1, user_id: 'u' } });
    const other = encoded(
      ask({
        extensions: { wire: 'openai-chat', body: { logit_bias: {} } },
        seed: 1,
        presencePenalty: 1,
        frequencyPenalty: 1,
      }),
    );
    expect(other.json.logit_bias).toBeUndefined();
    expect(other.lost).toEqual(['logit_bias of openai-chat', 'seed', 'presence_penalty', 'frequency_penalty']);
  });

  it('merges provider_extra under what the request set', () => {
    const defaults = { providerExtra: { top_k: 3, temperature: 0.9, stream: false } };
    const { json } = encoded(ask({ temperature: 0.1 }), target('m', {}, defaults));
    expect([json.top_k, json.temperature, json.stream]).toEqual([3, 0.1, true]);
  });

  it('leaves out what the model is known to reject', () => {
    const call = encoded(ask({ temperature: 0.1, topP: 0.5 }), target('m', { omitParameters: ['temperature'] }));
    expect([call.json.temperature, call.json.top_p]).toEqual([undefined, 0.5]);
    expect(call.lost).toEqual(['temperature: this model rejects it']);
  });
});

describe('system text', () => {
  it('moves to the top, with its cache marks', () => {
    const messages: Message[] = [
      { role: 'system', content: 'a' },
      { role: 'system', content: [{ type: 'text', text: 'b', cacheControl: { ttl: '1h' } }] },
      user('hi'),
    ];
    expect(encoded({ messages }).json.system).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', cache_control: { type: 'ephemeral', ttl: '1h' } },
    ]);
  });

  it('keeps its place in mid-conversation as a marked user turn, declared', () => {
    const messages = [
      user('hi'),
      assistant({ type: 'text', text: 'yes' }),
      { role: 'system', content: 'be brief' } as Message,
      user('go'),
    ];
    const { json, lost } = encoded({ messages });
    expect(json.messages.map((m: Loose) => m.role)).toEqual(['user', 'assistant', 'user']);
    expect(blocksOf(json.messages[2]).map((block) => block.text)).toEqual(['<system>\nbe brief\n</system>', 'go']);
    expect(lost).toEqual(['system role on messages[2]: sent as a marked user turn']);
  });

  it('stays a system turn where the version allows it, behind the tool results', () => {
    const messages = [
      user('hi'),
      assistant(call('t')),
      { role: 'system', content: 'be brief' } as Message,
      result('t'),
      user('go'),
    ];
    const call2026 = encoded({ messages }, target('claude-sonnet-5-5', { anthropicVersion: '2026-10-21' }));
    expect(call2026.json.messages.map((m: Loose) => m.role)).toEqual(['user', 'assistant', 'user', 'system', 'user']);
    expect(call2026.json.messages[2].content[0].type).toBe('tool_result');
    expect(call2026.lost).toEqual([]);
  });
});

describe('learnt repairs', () => {
  it('fold system text into the first user turn', () => {
    const messages: Message[] = [{ role: 'system', content: 's' }, user('hi')];
    const { json } = encoded({ messages }, target('m', { systemRole: 'merge' }));
    expect(json.system).toBeUndefined();
    expect(blocksOf(json.messages[0]).map((block) => block.text)).toEqual(['s', 'hi']);
  });

  it('leave all thinking out once its signature was refused', () => {
    const messages = [
      user('q'),
      assistant({ type: 'reasoning', text: 'hm', signature: 'S' }, { type: 'text', text: 'a' }),
      user('b'),
    ];
    const repaired = target('claude-sonnet-4-5', { omitParameters: ['reasoning_replay'] });
    const { json, lost } = encoded({ messages, extensions: sameWire }, repaired);
    expect(blocksOf(json.messages[1]).map((block) => block.type)).toEqual(['text']);
    expect(lost).toHaveLength(1);
  });
});

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer', minimum: 1 }, pattern: { type: 'string' } },
    required: ['n'],
  } as const;
  const outputFormat = { type: 'json-schema', name: 's', schema: schema as Loose } as const;

  it('is a format where the model enforces one, in the subset it takes', () => {
    const { json, lost } = encoded(ask({ outputFormat }));
    expect(json.output_config.format).toEqual({
      type: 'json_schema',
      schema: {
        type: 'object',
        properties: { n: { type: 'integer', description: '(minimum: 1)' }, pattern: { type: 'string' } },
        required: ['n'],
        additionalProperties: false,
      },
    });
    expect(lost).toEqual(['schema.n minimum: 1: said in the description, not enforced']);
    expect(encoded(ask({ outputFormat, extensions: sameWire })).json.output_config.format.schema).toEqual(schema);
  });

  it('is asked for in words elsewhere, declared', () => {
    for (const to of [
      target('claude-3-opus-20240229'),
      target('claude-sonnet-4-5', { structuredOutput: 'none' }),
      target('kimi-k3'),
    ]) {
      const { json, lost } = encoded(ask({ outputFormat }), to);
      expect(json.output_config).toBeUndefined();
      expect(json.system).toContain(JSON.stringify(schema));
      expect(lost).toHaveLength(1);
    }
    expect(encoded(ask({ outputFormat: { type: 'json' } })).json.system).toContain('JSON');
  });
});

describe('media and cache marks', () => {
  it('reads a data URL, and declares what has no place', () => {
    const { json, lost } = encoded({
      messages: [
        user([
          { type: 'image', source: { type: 'url', url: 'data:image/png;base64,QUJD' }, detail: 'high' },
          { type: 'document', source: { type: 'base64', mediaType: 'text/plain', data: 'aGk=' } },
          { type: 'opaque', wire: 'gemini', value: {} },
        ]),
      ],
    });
    expect(json.messages[0].content).toEqual([
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'QUJD' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'hi' } },
    ]);
    expect(lost).toEqual(['detail on messages[0]', 'opaque gemini item on messages[0]']);
  });

  it('keeps four breakpoints, the newest of the conversation among them', () => {
    const mark = { cacheControl: {} };
    const texts = (n: number): Part[] =>
      Array.from({ length: n }, (_, at) => ({ type: 'text', text: `t${at}`, ...mark }));
    const request = {
      messages: [{ role: 'system', content: [{ type: 'text', text: 's', ...mark }] } as Message, user(texts(5))],
      tools: [{ name: 'f', ...mark }],
    };
    const { json, lost } = encoded(request);
    expect(json.tools[0].cache_control).toEqual({ type: 'ephemeral' });
    expect(json.system[0].cache_control).toEqual({ type: 'ephemeral' });
    expect(json.messages[0].content.map((block: Loose) => block.cache_control !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(lost).toHaveLength(3);
  });

  it('puts the fields of a block back into it', () => {
    const fields = (block: string, value: object): Part => ({
      type: 'opaque',
      wire: 'anthropic-messages',
      value: { type: 'block_fields', block, fields: value as Loose },
    });
    const caller = { type: 'code_execution_20250825', tool_id: 's' };
    const sent = messagesOf([
      user('q'),
      assistant(
        { type: 'text', text: 'a' },
        fields('text', { citations: [1] }),
        call('t'),
        fields('tool_use', { caller }),
      ),
      result('t'),
    ]);
    expect(sent[1].content).toEqual([
      { type: 'text', text: 'a', citations: [1] },
      { type: 'tool_use', id: 't', name: 'f', caller, input: {} },
    ]);
  });
});
