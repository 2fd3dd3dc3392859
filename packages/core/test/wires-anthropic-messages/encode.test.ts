import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message, Part } from '../../src/spec/message.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import { anyArguments } from '../testkit/samples.ts';
import { encoded, target, type Loose } from './support.ts';

const user = (content: string | readonly Part[]): Message => ({ role: 'user', content });
const assistant = (...content: Part[]): Message => ({ role: 'assistant', content });
const call = (id: string, name = 'f', args = '{}'): Part => ({ type: 'tool-call', id, name, arguments: args });
const result = (toolCallId: string, content = 'ok'): Message => ({
  role: 'tool',
  content: [{ type: 'tool-result', toolCallId, content }],
});
const ask = (rest: Partial<ChatRequest> = {}): ChatRequest => ({ messages: [user('hi')], ...rest });
const tools = [{ name: 'f' }];
const sameWire = { wire: 'anthropic-messages', body: {} } as const;
const messagesOf = (messages: Message[], to = target()): Loose[] => encoded({ messages }, to).json.messages;
const blocksOf = (message: Loose): Loose[] =>
  typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;

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

describe('turns', () => {
  it('alternate, begin with the user, and hold every result before the text', () => {
    const sent = messagesOf([
      assistant({ type: 'text', text: 'hello' }),
      user('a'),
      user('b'),
      assistant(call('t1'), call('t2')),
      user('impatient'),
      result('t2', 'two'),
      result('t1', 'one'),
    ]);
    expect(sent.map((m) => m.role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    expect(blocksOf(sent[4]).map((block) => block.tool_use_id ?? block.text)).toEqual(['t1', 't2', 'impatient']);
  });

  it('turn an orphan result into text and make up a missing one, declared', () => {
    const { json, lost } = encoded({ messages: [user('a'), result('ghost', 'boo'), assistant(call('t')), user('b')] });
    expect(blocksOf(json.messages[0])[1].text).toBe('<tool_result id="ghost">\nboo\n</tool_result>');
    expect(json.messages[2].content[0]).toMatchObject({ type: 'tool_result', tool_use_id: 't', is_error: true });
    expect(lost).toHaveLength(2);
  });

  it('never send an id twice, and pair results with the call just before them', () => {
    const sent = messagesOf([
      user('a'),
      assistant(call('call_0')),
      result('call_0', 'x'),
      assistant(call('call_0')),
      result('call_0', 'y'),
    ]);
    const ids = [sent[1].content[0].id, sent[3].content[0].id];
    expect(new Set(ids).size).toBe(2);
    expect([sent[2].content[0].tool_use_id, sent[4].content[0].tool_use_id]).toEqual(ids);
    expect(sent[4].content[0].content).toBe('y');
  });

  it('drop empty texts and the white space that a final assistant turn ends in', () => {
    const sent = messagesOf([
      user([
        { type: 'text', text: ' ' },
        { type: 'text', text: 'q' },
      ]),
      assistant({ type: 'text', text: '' }, { type: 'text', text: 'pre \n' }),
    ]);
    expect(sent).toEqual([
      { role: 'user', content: 'q' },
      { role: 'assistant', content: 'pre' },
    ]);
  });

  it('make up a user turn when there is none', () => {
    expect(messagesOf([{ role: 'system', content: 's' }])[0].role).toBe('user');
  });

  it('hold for any conversation', () => {
    const part = fc.constantFrom<Message>(
      user('u'),
      user(''),
      assistant({ type: 'text', text: 'a' }),
      assistant(call('1'), call('2')),
      assistant({ type: 'reasoning', text: 'x' }, call('bad id!')),
      result('1'),
      result('2'),
      result('bad id!'),
      { role: 'system', content: 's' },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: '1', content: 'r' },
          { type: 'tool-result', toolCallId: '2', content: [] },
        ],
      },
    );
    const check = (messages: Message[]): void => {
      const sent = messagesOf(messages);
      expect(sent[0].role).toBe('user');
      const ids: string[] = [];
      sent.forEach((message, at) => {
        if (at > 0) expect(message.role).not.toBe(sent[at - 1].role);
        const blocks = blocksOf(message);
        expect(blocks.length).toBeGreaterThan(0);
        const calls = blocks.filter((block) => block.type === 'tool_use').map((block) => block.id as string);
        ids.push(...calls);
        for (const id of calls) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
        const next = sent[at + 1] === undefined ? [] : blocksOf(sent[at + 1]);
        const results = next
          .filter((block) => block.type === 'tool_result')
          .map((block) => block.tool_use_id as string);
        expect(results).toEqual(calls);
        expect(next.slice(0, calls.length).every((block) => block.type === 'tool_result')).toBe(true);
      });
      expect(new Set(ids).size).toBe(ids.length);
      expect(blocksOf(sent[0]).some((block) => block.type === 'tool_result')).toBe(false);
    };
    fc.assert(fc.property(fc.array(part, { maxLength: 8 }), check), { numRuns: 300 });
  });
});

describe('tool arguments', () => {
  it('reach the body byte for byte', () => {
    const check = (args: string): void => {
      const { body } = encoded({ messages: [user('a'), assistant(call('t', 'f', args))] });
      const safe = args.includes('\\ud83d\\u00e9') ? args.replace('\\ud83d', '\\ufffd') : args;
      expect(body).toContain(`"input":${safe}}`);
      JSON.parse(body);
    };
    fc.assert(fc.property(anyArguments, check), { numRuns: 200 });
    check('{"b":1.0,"a":12345678901234567890,"b":[ ],"t":"\\ud83d\\ude00"}');
  });

  it('that are not an object are wrapped, declared', () => {
    const inputOf = (args: string) => {
      const { json, lost } = encoded({ messages: [user('a'), assistant(call('t', 'f', args)), result('t')] });
      return [json.messages[1].content[0].input, lost.length];
    };
    expect(inputOf('')).toEqual([{}, 0]);
    expect(inputOf('{"a":')).toEqual([{ raw_arguments: '{"a":' }, 1]);
    expect(inputOf('[1]')).toEqual([{ value: [1] }, 1]);
    expect(inputOf('null')).toEqual([{}, 1]);
  });

  it('and texts never carry half a surrogate', () => {
    const { body } = encoded({
      messages: [user('x\uD83D y'), assistant(call('t', 'f', '{"a":"\\ud83d","\uD83D":1}'))],
    });
    expect(body).not.toMatch(/\\ud[89a-f]/i);
    expect(body.isWellFormed()).toBe(true);
  });
});

describe('names and ids', () => {
  it('are touched only when illegal, alike in tools, history and choice, and can be restored', () => {
    const request: ChatRequest = {
      messages: [user('a'), assistant(call('id.1', 'mcp.server/tool')), result('id.1')],
      tools: [{ name: 'mcp.server/tool' }, { name: 'mcp_server_tool' }, { name: 'fine-1' }],
      toolChoice: { type: 'tool', name: 'mcp.server/tool' },
    };
    const { json, toolNames } = encoded(request);
    const made = json.tools[0].name as string;
    expect(made).toMatch(/^[a-zA-Z0-9_-]{1,128}$/);
    expect(json.tools.slice(1).map((tool: Loose) => tool.name)).toEqual(['mcp_server_tool', 'fine-1']);
    expect(new Set(json.tools.map((tool: Loose) => tool.name)).size).toBe(3);
    expect(json.messages[1].content[0].name).toBe(made);
    expect(json.tool_choice).toEqual({ type: 'tool', name: made });
    expect(toolNames).toEqual({ [made]: 'mcp.server/tool' });
    expect(encoded(request).json).toEqual(json);
    expect(encoded(ask({ tools })).toolNames).toBeUndefined();
  });

  it('map different ids to different ones', () => {
    const ids = ['a.b', 'a:b', 'a b', 'a_b', 'x'.repeat(65), 'x'.repeat(66), 'é', 'ö', ''];
    const sent = messagesOf([
      user('a'),
      assistant(...ids.map((id) => call(id))),
      { role: 'tool', content: ids.map((id) => ({ type: 'tool-result', toolCallId: id, content: id })) },
    ]);
    const made = sent[1].content.map((block: Loose) => block.id);
    expect(new Set(made).size).toBe(ids.length);
    expect(made[3]).toBe('a_b');
    expect(sent[2].content.map((block: Loose) => [block.tool_use_id, block.content ?? ''])).toEqual(
      ids.map((id, at) => [made[at], id]),
    );
  });
});

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
