import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { user, assistant, call, result, ask, tools, sameWire, blocksOf } from './requests.ts';
import { encoded, target } from './support.ts';

describe('tools and their choice', () => {
  it('says any, one, none, and one at a time', () => {
    const choice = (rest: Partial<ChatRequest>) => encoded(ask({ tools, ...rest })).json.tool_choice;
    expect(choice({})).toBeUndefined();
    expect(choice({ toolChoice: { type: 'required' } })).toEqual({ type: 'any' });
    expect(choice({ toolChoice: { type: 'tool', name: 'f' } })).toEqual({ type: 'tool', name: 'f' });
    expect(choice({ toolChoice: { type: 'none' }, parallelToolCalls: false })).toEqual({ type: 'none' });
    expect(choice({ parallelToolCalls: false })).toEqual({ type: 'auto', disable_parallel_tool_use: true });
    const bare = encoded(ask({ tools: [], toolChoice: { type: 'required' } }));
    expect([bare.json.tools, bare.json.tool_choice, bare.lost.length]).toEqual([undefined, undefined, 1]);
  });

  it('is lowered to auto where the model would refuse to be forced, declared', () => {
    const forced = ask({ tools, toolChoice: { type: 'required' } });
    for (const [model, reasoning] of [
      ['claude-sonnet-4-5', { enabled: true }],
      ['claude-opus-5-5', undefined],
    ] as const) {
      const { json, lost } = encoded({ ...forced, reasoning }, target(model));
      expect(json.tool_choice).toEqual({ type: 'auto' });
      expect(lost.join()).toContain('lowered to auto');
    }
    expect(encoded(forced, target('claude-opus-4-8')).json.tool_choice).toEqual({ type: 'any' });
  });

  it('carries schemas, opaque tools of this wire, and drops those of others', () => {
    const { json, lost } = encoded(
      ask({
        tools: [
          { name: 'a' },
          { name: 'b', parameters: { properties: { type: { type: 'string' } } } },
          { name: 'web', opaque: { wire: 'anthropic-messages', value: { type: 'web_search_20250305', name: 'web' } } },
          { name: 'x', opaque: { wire: 'openai-responses', value: { type: 'web_search' } } },
        ],
      }),
    );
    expect(json.tools).toEqual([
      { name: 'a', input_schema: { type: 'object', properties: {} } },
      { name: 'b', input_schema: { properties: { type: { type: 'string' } }, type: 'object' } },
      { type: 'web_search_20250305', name: 'web' },
    ]);
    expect(lost).toEqual(['tool x: of openai-responses only']);
  });
});

describe('thinking', () => {
  const of = (reasoning: ChatRequest['reasoning'], model: string, rest: Partial<ChatRequest> = {}) =>
    encoded(ask({ reasoning, ...rest }), target(model));

  it('is a budget, an effort or nothing, as the model takes it', () => {
    expect(of({ effort: 'high' }, 'claude-sonnet-4-5').json.thinking).toEqual({
      type: 'enabled',
      budget_tokens: 16_384,
    });
    expect(of({ effort: 'high' }, 'claude-opus-4-7').json).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'high' },
    });
    expect(of({ budgetTokens: 5000 }, 'claude-opus-4-6').json.thinking).toEqual({
      type: 'enabled',
      budget_tokens: 5000,
    });
    expect(of({ budgetTokens: 5000 }, 'claude-opus-5').json).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
    expect(of({ effort: 'xhigh' }, 'claude-opus-4-6').json.output_config).toEqual({ effort: 'high' });
    expect(of({ enabled: false }, 'claude-opus-4-7').json.thinking).toEqual({ type: 'disabled' });
    expect(of({ effort: 'none' }, 'claude-sonnet-4-5').json.thinking).toEqual({ type: 'disabled' });
    expect(of({ effort: 'high' }, 'claude-3-5-haiku-20241022').json.thinking).toBeUndefined();
    expect(of({ enabled: false }, 'claude-future-9').lost).toEqual(['reasoning off: this model always thinks']);
    expect(of({ effort: 'low', summary: 'auto' }, 'claude-opus-4-8').json.thinking).toEqual({
      type: 'adaptive',
      display: 'summarized',
    });
  });

  it('of a caller of this wire is not switched on by an effort', () => {
    const { json } = of({ effort: 'low' }, 'claude-opus-4-6', { extensions: sameWire });
    expect([json.thinking, json.output_config]).toEqual([undefined, { effort: 'low' }]);
  });

  it('follows the default of the target when the request is silent', () => {
    const think = (value: boolean, reasoning?: ChatRequest['reasoning']) =>
      encoded(ask({ reasoning }), target('claude-sonnet-4-5', {}, { think: value })).json.thinking?.type;
    expect([think(true), think(false), think(true, { enabled: false })]).toEqual(['enabled', 'disabled', 'disabled']);
  });

  it('fits its budget under max_tokens', () => {
    expect(of({ budgetTokens: 9000 }, 'claude-sonnet-4-5', { maxTokens: 4000 }).json.thinking.budget_tokens).toBe(3200);
    expect(of({ effort: 'high' }, 'claude-sonnet-4-5', { maxTokens: 500 }).json.thinking).toBeUndefined();
  });

  it('fixes sampling: no other temperature, no top_k', () => {
    const { json, lost } = of({ enabled: true }, 'claude-sonnet-4-5', { temperature: 0.2, topK: 5, topP: 0.97 });
    expect([json.temperature, json.top_k, json.top_p]).toEqual([undefined, undefined, 0.97]);
    expect(lost).toHaveLength(2);
    expect(of({ enabled: true }, 'claude-sonnet-4-5', { temperature: 1 }).lost).toEqual([]);
  });

  it('is put back only to the model that signed it', () => {
    const messages = (issuer?: string): Message[] => [
      user('q'),
      assistant(
        { type: 'reasoning', text: 'hm', signature: 'S', issuer },
        { type: 'reasoning', text: '', redacted: 'R', issuer },
        { type: 'text', text: 'a' },
      ),
      user('q2'),
    ];
    const types = (request: ChatRequest) => blocksOf(encoded(request).json.messages[1]).map((block) => block.type);
    expect(types({ messages: messages('anthropic:claude-sonnet-4-5') })).toEqual([
      'thinking',
      'redacted_thinking',
      'text',
    ]);
    expect(types({ messages: messages(), extensions: sameWire })).toEqual(['thinking', 'redacted_thinking', 'text']);
    expect(types({ messages: messages('anthropic:claude-opus-4-5') })).toEqual(['text']);
    expect(types({ messages: messages() })).toEqual(['text']);
    expect(encoded({ messages: messages('other:m') }).lost).toEqual(['reasoning on messages[1]: of another model']);
  });

  it('is left out when a tool loop under way has none, because the API would refuse', () => {
    const messages = [user('q'), assistant(call('t')), result('t')];
    const { json, lost } = encoded({ messages, tools, reasoning: { enabled: true } });
    expect(json.thinking).toBeUndefined();
    expect(lost.join()).toContain('no thinking of this model');
    expect(
      encoded({ messages, tools, reasoning: { enabled: true } }, target('claude-opus-4-8')).json.thinking.type,
    ).toBe('adaptive');
  });
});

describe('sampling', () => {
  it('goes only where the model takes it', () => {
    const sampled = (model: string) => encoded(ask({ temperature: 0.3, topP: 0.8, topK: 9 }), target(model));
    expect(sampled('claude-3-7-sonnet-20250219').json).toMatchObject({ temperature: 0.3, top_p: 0.8, top_k: 9 });
    expect(sampled('claude-sonnet-4-5').json).toMatchObject({ temperature: 0.3, top_k: 9 });
    expect(sampled('claude-sonnet-4-5').lost).toEqual(['top_p: not beside a temperature']);
    for (const model of [
      'claude-opus-4-7',
      'anthropic/claude-opus-4.8',
      'claude-sonnet-5',
      'us.anthropic.claude-haiku-5-5-v1:0',
      'claude-novel-1',
    ]) {
      const { json, lost } = sampled(model);
      expect([json.temperature, json.top_p, json.top_k, lost.length]).toEqual([undefined, undefined, undefined, 3]);
    }
    expect(sampled('MiniMax-M3').json).toMatchObject({ temperature: 0.3, top_p: 0.8, top_k: 9 });
    expect(encoded(ask({ temperature: 1.7 })).json.temperature).toBe(1);
  });
});
