import { describe, expect, it } from 'vitest';
import { RequestError } from '../../src/spec/errors.ts';
import { client, server, target, thrown } from './support.ts';

describe('a request', () => {
  const minimal = { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] };
  const read = (body: object) => server.decodeRequest({ ...minimal, ...body }).request;

  const bad: readonly [string, unknown, string, RegExp][] = [
    ['not an object', [], '', /JSON object/],
    ['no model', { ...minimal, model: undefined }, 'model', /^model: Field required$/],
    ['no max_tokens', { ...minimal, max_tokens: undefined }, 'max_tokens', /^max_tokens: Field required$/],
    ['a max_tokens of text', { ...minimal, max_tokens: '5' }, 'max_tokens', /valid integer/],
    ['a broken max_tokens', { ...minimal, max_tokens: 1.5 }, 'max_tokens', /valid integer/],
    ['no messages', { ...minimal, messages: undefined }, 'messages', /^messages: Field required$/],
    ['empty messages', { ...minimal, messages: [] }, 'messages', /at least one message/],
    [
      'a strange role',
      { ...minimal, messages: [{ role: 'tool', content: '' }] },
      'messages[0].role',
      /^messages\.0\.role: /,
    ],
    ['no content', { ...minimal, messages: [{ role: 'user' }] }, 'messages[0].content', /Field required/],
    [
      'content of a number',
      { ...minimal, messages: [{ role: 'user', content: 4 }] },
      'messages[0].content',
      /string or list/,
    ],
    [
      'a block without type',
      { ...minimal, messages: [{ role: 'user', content: [{}] }] },
      'messages[0].content[0].type',
      /Field required/,
    ],
    [
      'a text without text',
      { ...minimal, messages: [{ role: 'user', content: [{ type: 'text' }] }] },
      'messages[0].content[0].text',
      /Field required/,
    ],
    [
      'an image without source',
      { ...minimal, messages: [{ role: 'user', content: [{ type: 'image' }] }] },
      'messages[0].content[0].source',
      /Field required/,
    ],
    [
      'a tool_use of the user',
      { ...minimal, messages: [{ role: 'user', content: [{ type: 'tool_use', id: 'a', name: 'b', input: {} }] }] },
      'messages[0].content[0]',
      /assistant/,
    ],
    [
      'an input that is a list',
      { ...minimal, messages: [{ role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'b', input: [] }] }] },
      'messages[0].content[0].input',
      /dictionary/,
    ],
    [
      'a result without id',
      { ...minimal, messages: [{ role: 'user', content: [{ type: 'tool_result' }] }] },
      'messages[0].content[0].tool_use_id',
      /Field required/,
    ],
    ['tools of text', { ...minimal, tools: 'x' }, 'tools', /valid list/],
    [
      'a tool without schema',
      { ...minimal, tools: [{ name: 'f' }] },
      'tools[0].input_schema',
      /^tools\.0\.input_schema: /,
    ],
    ['a strange choice', { ...minimal, tool_choice: { type: 'maybe' } }, 'tool_choice.type', /'auto'/],
    [
      'a small budget',
      { ...minimal, thinking: { type: 'enabled', budget_tokens: 5 } },
      'thinking.budget_tokens',
      /1024/,
    ],
    [
      'a strange ttl',
      { ...minimal, system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral', ttl: '2d' } }] },
      'system[0].cache_control.ttl',
      /1h/,
    ],
    ['stream of text', { ...minimal, stream: 'yes' }, 'stream', /boolean/],
  ];
  for (const [name, body, param, words] of bad) {
    it(`with ${name} is refused by its path`, () => {
      const error = thrown(() =>
        server.decodeRequest(body === undefined ? undefined : JSON.parse(JSON.stringify(body))),
      );
      expect(error).toBeInstanceOf(RequestError);
      expect([error.status, error.param ?? '']).toEqual([400, param]);
      expect(error.message).toMatch(words);
    });
  }

  it('of Claude Code is understood and goes out again the same', () => {
    const body = {
      model: 'claude-sonnet-4-5',
      max_tokens: 32_000,
      stream: true,
      temperature: 1,
      metadata: { user_id: 'user_1' },
      system: [
        { type: 'text', text: 'billing' },
        { type: 'text', text: 'You are Claude Code.', cache_control: { type: 'ephemeral' } },
      ],
      tools: [
        {
          name: 'Bash',
          description: 'runs',
          input_schema: { $schema: 'x', type: 'object', properties: {} },
          eager_input_streaming: true,
        },
        { type: 'web_search_20250305', name: 'web_search', max_uses: 8 },
      ],
      thinking: { type: 'enabled', budget_tokens: 31_999 },
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '<system-reminder>' },
            { type: 'text', text: 'do', cache_control: { type: 'ephemeral', ttl: '1h' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'SIG' },
            { type: 'text', text: 'ok', citations: [{ type: 'char_location', cited_text: 'x' }] },
            { type: 'server_tool_use', id: 'srv', name: 'web_search', input: { query: 'q' } },
            { type: 'web_search_tool_result', tool_use_id: 'srv', content: [] },
            {
              type: 'tool_use',
              id: 'toolu_1',
              name: 'Bash',
              input: { command: 'ls' },
              caller: { type: 'code_execution_20250825', tool_id: 'srv' },
            },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              is_error: true,
              content: [
                { type: 'text', text: 'a' },
                { type: 'tool_reference', tool_name: 'x' },
              ],
              cache_control: { type: 'ephemeral' },
            },
            {
              type: 'document',
              source: { type: 'text', media_type: 'text/plain', data: 'd' },
              title: 't',
              context: 'c',
              citations: { enabled: true },
            },
            { type: 'text', text: 'go' },
          ],
        },
      ],
    };
    const { request, mode } = server.decodeRequest(body);
    expect(mode).toBe('stream');
    expect(request.messages.map((message) => message.role)).toEqual(['system', 'user', 'assistant', 'tool', 'user']);
    const call = client.encode(request, target('claude-sonnet-4-5'), mode);
    const again = JSON.parse(call.body);
    // 1 is what thinking fixes it to.
    expect(again).toEqual({ ...body, temperature: undefined });
    expect(call.lost).toEqual([]);
  });

  it('keeps unknown fields, reads system turns, absent results and old output_format', () => {
    const request = read({
      inference_geo: 'eu',
      messages: [
        { role: 'user', content: 'a' },
        { role: 'system', content: 'mid' },
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 't', name: 'f', input: {} },
            { type: 'redacted_thinking', data: 'R' },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't' }] },
      ],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
      output_format: { type: 'json_schema', schema: { type: 'object' } },
      output_config: { effort: 'max' },
      thinking: { type: 'between_tools' },
    });
    expect(request.extensions).toEqual({
      wire: 'anthropic-messages',
      body: { inference_geo: 'eu', thinking: { type: 'between_tools' } },
    });
    expect(request.messages[1]).toEqual({ role: 'system', content: 'mid' });
    expect(request.messages[3]?.content).toEqual([{ type: 'tool-result', toolCallId: 't', content: '' }]);
    expect([request.toolChoice, request.parallelToolCalls]).toEqual([{ type: 'required' }, false]);
    expect(request.outputFormat).toMatchObject({ type: 'json-schema', schema: { type: 'object' } });
    expect(request.reasoning).toEqual({ effort: 'max' });
  });

  it('hands routing options over instead of sending them to a vendor', () => {
    const { request, routing } = server.decodeRequest({ ...minimal, models: ['a', 'b'], provider: { order: ['x'] } });
    expect(routing).toEqual({ models: ['a', 'b'], provider: { order: ['x'] } });
    expect(request.extensions?.body).toEqual({});
  });
});
