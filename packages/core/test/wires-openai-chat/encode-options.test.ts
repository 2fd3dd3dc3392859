import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import { encoded, look } from './encode-support.ts';

describe('tools, format and thinking', () => {
  it('leave out an empty tool list and its choice', () => {
    expect(Object.keys(encoded({ tools: [], toolChoice: { type: 'required' } }).body)).toEqual(['model', 'messages']);
  });

  it.each<[ChatRequest['toolChoice'], Partial<Quirks>, unknown]>([
    [{ type: 'auto' }, {}, 'auto'],
    [{ type: 'none' }, {}, 'none'],
    [{ type: 'required' }, {}, 'required'],
    [{ type: 'required' }, { toolChoiceRequired: 'any' }, 'any'],
    [{ type: 'required' }, { toolChoiceRequired: 'unsupported' }, 'auto'],
    [{ type: 'tool', name: 'look' }, {}, { type: 'function', function: { name: 'look' } }],
  ])('choose %j with %j as %j', (toolChoice, quirks, sent) => {
    const { body, lost } = encoded({ tools: [look], toolChoice }, quirks);
    expect(body['tool_choice']).toEqual(sent);
    expect(lost.length).toBe(quirks.toolChoiceRequired === 'unsupported' ? 1 : 0);
  });

  it('lower a forced choice while thinking where the vendor would refuse', () => {
    const request = { tools: [look], toolChoice: { type: 'required' }, reasoning: { enabled: true } } as const;
    const quirks = { forcedToolWithThinking: false, reasoningStyle: 'thinking-type' } as const;
    expect(encoded(request, quirks).body['tool_choice']).toBe('auto');
    expect(encoded({ ...request, reasoning: { enabled: false } }, quirks).body['tool_choice']).toBe('required');
  });

  it('send extras and parallel calls only with tools and only where understood', () => {
    const quirks = { toolExtra: { tool_stream: true } };
    expect(encoded({}, quirks).body).not.toHaveProperty('tool_stream');
    expect(encoded({ tools: [look], parallelToolCalls: false }, quirks).body).toMatchObject({
      tool_stream: true,
      parallel_tool_calls: false,
    });
    expect(encoded({ tools: [look], parallelToolCalls: false }, { parallelToolCalls: false }).lost).toEqual([
      'parallel_tool_calls',
    ]);
  });

  it('rename illegal tool names alike everywhere, without collisions, and give the way back', () => {
    const tools = ['mcp.server/tool', 'mcp_server_tool', 'é'.repeat(80)].map((name) => ({ ...look, name }));
    const { body, toolNames } = encoded({
      tools,
      toolChoice: { type: 'tool', name: 'mcp.server/tool' },
      messages: [
        { role: 'assistant', content: [{ type: 'tool-call', id: 'a', name: 'mcp.server/tool', arguments: '{}' }] },
      ],
    });
    const sent = (body['tools'] as { function: { name: string } }[]).map((tool) => tool.function.name);
    expect(new Set(sent).size).toBe(3);
    for (const name of sent) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(body['tool_choice']).toEqual({ type: 'function', function: { name: sent[0] } });
    expect(body.messages[0]).toMatchObject({ tool_calls: [{ function: { name: sent[0] } }] });
    expect(toolNames).toEqual({ [sent[0] ?? '']: 'mcp.server/tool', [sent[2] ?? '']: tools[2]?.name });
    expect(encoded({ tools: [look] }).toolNames).toBeUndefined();
  });

  it('degrade a JSON schema as far as the server demands, declared', () => {
    const outputFormat = { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true } as const;
    const schema = { name: 'n', schema: { type: 'object' }, strict: true };
    expect(encoded({ outputFormat }).body['response_format']).toEqual({ type: 'json_schema', json_schema: schema });
    const object = encoded({ outputFormat }, { structuredOutput: 'json_object' });
    expect(object.body['response_format']).toEqual({ type: 'json_object' });
    expect(object.lost).toHaveLength(1);
    expect(encoded({ outputFormat }, { structuredOutput: 'none' }).body).not.toHaveProperty('response_format');
  });

  it.each<[Quirks['reasoningStyle'], ChatRequest['reasoning'], object]>([
    ['reasoning_effort', { effort: 'low' }, { reasoning_effort: 'low' }],
    ['reasoning_effort', { enabled: false }, { reasoning_effort: 'none' }],
    ['reasoning_effort', { budgetTokens: 20_000 }, { reasoning_effort: 'high' }],
    ['reasoning-object', { effort: 'high' }, { reasoning: { effort: 'high' } }],
    ['reasoning-object', { budgetTokens: 9 }, { reasoning: { max_tokens: 9 } }],
    ['reasoning-object', { effort: 'none' }, { reasoning: { enabled: false } }],
    ['thinking-type', { enabled: true }, { thinking: { type: 'enabled' } }],
    ['thinking-type-effort', { effort: 'max' }, { thinking: { type: 'enabled' }, reasoning_effort: 'max' }],
    ['enable_thinking', { budgetTokens: 5 }, { enable_thinking: true, thinking_budget: 5 }],
    ['chat_template_kwargs', { enabled: false }, { chat_template_kwargs: { enable_thinking: false } }],
  ])('ask for thinking by %s: %j', (reasoningStyle, reasoning, expected) => {
    expect(encoded({ reasoning }, { reasoningStyle }).body).toMatchObject(expected);
  });

  it('follow the configured switch, the request over it, and merge template arguments', () => {
    const defaults = { think: false, chatTemplateKwargs: { a: 1, enable_thinking: true } };
    const style = { reasoningStyle: 'chat_template_kwargs' } as const;
    expect(encoded({}, style, { defaults }).body['chat_template_kwargs']).toEqual({ a: 1, enable_thinking: false });
    expect(encoded({ reasoning: { enabled: true } }, style, { defaults }).body['chat_template_kwargs']).toEqual({
      a: 1,
      enable_thinking: true,
    });
    expect(encoded({}, {}, { defaults: { chatTemplateKwargs: { a: 1 } } }).body['chat_template_kwargs']).toEqual({
      a: 1,
    });
    expect(encoded({ reasoning: { effort: 'low' } }, { reasoningStyle: 'none' }).lost).toEqual(['reasoning options']);
  });
});

describe('error answers', () => {
  it.each<[string, object]>([
    ['{"error":{"message":"m","type":"t","param":"p","code":"c"}}', { message: 'm', type: 't', param: 'p', code: 'c' }],
    ['{"error":"text","code":"The caller"}', { message: 'text', code: 'The caller' }],
    ['{"object":"error","message":"m","code":"3280"}', { message: 'm', code: '3280' }],
    ['{"detail":"Unsupported parameter: x"}', { message: 'Unsupported parameter: x' }],
    ['{"detail":[{"loc":["body","n"],"msg":"bad"},{"msg":"worse"}]}', { message: 'body.n: bad; worse' }],
    ['{"success":false,"errors":[{"code":10000,"message":"m"}],"result":null}', { message: 'm', code: '10000' }],
    ['{"base_resp":{"status_code":1008,"status_msg":"m"}}', { message: 'm', code: '1008' }],
    [
      '[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]',
      { message: 'm', code: '429', type: 'RESOURCE_EXHAUSTED' },
    ],
    ['{"message":"m"}', { message: 'm' }],
    [
      '<html><head><title>401 Authorization Required</title></head></html>',
      { message: 'HTML page: 401 Authorization Required' },
    ],
    ['plain words', { message: 'plain words' }],
    ['', { message: 'HTTP 400' }],
    ['{}', { message: '{}' }],
  ])('are read from %s', (body, expected) => {
    expect(openaiChatClient.readError(400, body)).toMatchObject({ status: 400, ...expected });
  });
});
