import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/spec/json.ts';
import type { Message } from '../../src/spec/message.ts';
import type { ChatRequest, Tool } from '../../src/spec/request.ts';
import type { Quirks } from '../../src/wires/quirks.ts';
import type { CallMode, WireTarget } from '../../src/wires/wire.ts';
import { openaiResponsesClient } from '../../src/wires/openai-responses/index.ts';
import { testTarget } from '../testkit/samples.ts';

type Rest = Partial<Omit<WireTarget, 'quirks'>>;
const wire = 'openai-responses' as const;

function encoded(
  request: Partial<ChatRequest>,
  quirks: Partial<Quirks> = {},
  rest: Rest = {},
  mode: CallMode = 'whole',
) {
  const full = { messages: [{ role: 'user' as const, content: 'hi' }], ...request };
  const call = openaiResponsesClient.encode(full, testTarget(quirks, rest), mode);
  return { ...call, body: JSON.parse(call.body) as JsonObject & { input: JsonObject[] } };
}
const inputOf = (messages: readonly Message[], quirks: Partial<Quirks> = {}) =>
  encoded({ messages }, quirks).body.input;
const look: Tool = { name: 'look', parameters: { type: 'object' } };
const own = (body: JsonObject = {}) => ({ extensions: { wire, body } });

describe('a request of another protocol', () => {
  it('is sent to /responses, stores nothing, and says no more than it must', () => {
    const call = encoded({});
    expect(call).toMatchObject({ method: 'POST', path: '/responses', lost: [] });
    expect(call.headers['accept']).toBe('application/json');
    expect(call.body).toEqual({
      model: 'm-1',
      input: [{ type: 'message', role: 'user', content: 'hi' }],
      store: false,
    });
    const streamed = encoded({}, {}, {}, 'stream');
    expect(streamed.body['stream']).toBe(true);
    expect(streamed.headers['accept']).toBe('text/event-stream');
  });

  it('puts its opening system text into instructions, later system text into an item', () => {
    const messages: Message[] = [
      { role: 'system', content: 'one' },
      { role: 'system', content: [{ type: 'text', text: 'two' }] },
      { role: 'user', content: 'hi' },
      { role: 'system', content: 'three' },
    ];
    const { body } = encoded({ messages }, { systemRole: 'developer' });
    expect(body['instructions']).toBe('one\n\ntwo');
    expect(body.input.at(-1)).toEqual({
      type: 'message',
      role: 'developer',
      content: [{ type: 'input_text', text: 'three' }],
    });
    expect(encoded({ messages }, { systemRole: 'merge' }).body).not.toHaveProperty('instructions');
    expect(inputOf(messages, { systemRole: 'merge' }).map((item) => item['role'])).toEqual(['user', 'user', 'user']);
  });

  it('sends calls and results by call_id with the arguments byte for byte', () => {
    const json = '{ "n": 12345678901234567890, "s":"\\u00e9" }';
    const messages: Message[] = [
      { role: 'user', content: 'hi' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'so' },
          { type: 'tool-call', id: 'c 1', name: 'mcp.srv/look', arguments: json },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c 1', content: 'seen', isError: true }] },
    ];
    const call = encoded({ messages, tools: [{ name: 'mcp.srv/look' }] }, { toolCallIdFormat: 'word64' });
    const [, said, made, result] = call.body.input;
    expect(said).toEqual({ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'so' }] });
    expect(made).toMatchObject({ type: 'function_call', name: 'mcp_srv_look', arguments: json });
    expect(result).toEqual({ type: 'function_call_output', call_id: made?.['call_id'], output: 'seen' });
    expect(made?.['call_id']).toMatch(/^call_[0-9a-f]{32}$/);
    expect(call.toolNames).toEqual({ mcp_srv_look: 'mcp.srv/look' });
    expect(call.lost).toEqual(['is_error on messages[2]']);
    expect(call.body['tools']).toEqual([
      { type: 'function', name: 'mcp_srv_look', parameters: { type: 'object', properties: {} }, strict: false },
    ]);
  });

  it('sends a result whose call is missing as text, and says so', () => {
    const messages: Message[] = [
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'x', content: 'seen' }] },
    ];
    const call = encoded({ messages });
    expect(JSON.stringify(call.body.input)).toContain('[Result of tool x]');
    expect(call.lost).toHaveLength(1);
    const continued = encoded({ messages, ...own({ previous_response_id: 'resp_1' }) });
    expect(continued.body.input).toEqual([{ type: 'function_call_output', call_id: 'x', output: 'seen' }]);
    expect(continued.lost).toEqual([]);
  });

  it('sends images and documents, or names what it cannot', () => {
    const content: Message['content'] = [
      { type: 'image', source: { type: 'url', url: 'https://x/a.png' }, cacheControl: {} },
      { type: 'document', source: { type: 'text', text: 'words' }, title: 'T' },
      { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data: 'AA' } },
    ];
    const { body, lost } = encoded({ messages: [{ role: 'user', content }] });
    expect(body.input[0]?.['content']).toEqual([
      { type: 'input_image', image_url: 'https://x/a.png' },
      { type: 'input_text', text: '[Document "T"]\nwords' },
      { type: 'input_file', filename: 'document', file_data: 'data:application/pdf;base64,AA' },
    ]);
    expect(lost).toEqual(['cache_control on messages[0]']);
    const blind = encoded({ messages: [{ role: 'user', content }] }, { vision: false });
    expect(blind.body.input[0]?.['content']).toContainEqual({ type: 'input_text', text: '[Image: https://x/a.png]' });
    expect(blind.lost).toContain('image on messages[0]');
  });

  it('names options this protocol does not have', () => {
    const { lost, body } = encoded({
      stop: ['x'],
      seed: 1,
      topK: 2,
      presencePenalty: 1,
      frequencyPenalty: 1,
      maxTokens: 9,
    });
    expect(lost).toEqual(['top_k', 'stop sequences', 'seed', 'presence_penalty', 'frequency_penalty']);
    expect(body).toMatchObject({ max_output_tokens: 9 });
    const foreign = encoded({ extensions: { wire: 'openai-chat', body: { logit_bias: {} } } });
    expect(foreign.lost).toEqual(['logit_bias (a field of openai-chat)']);
  });

  it('carries format, choice of tools and thinking', () => {
    const { body } = encoded(
      {
        tools: [look],
        toolChoice: { type: 'tool', name: 'look' },
        parallelToolCalls: false,
        outputFormat: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true },
        reasoning: { budgetTokens: 10_000, summary: 'concise' },
      },
      { reasoningStyle: 'reasoning_effort' },
    );
    expect(body).toMatchObject({
      tool_choice: { type: 'function', name: 'look' },
      parallel_tool_calls: false,
      text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
      reasoning: { effort: 'medium', summary: 'concise' },
      include: ['reasoning.encrypted_content'],
    });
    expect(encoded({ outputFormat: { type: 'json' } }).body['text']).toEqual({ format: { type: 'json_object' } });
    const plain = encoded({ reasoning: { effort: 'high' } });
    expect(plain.body).not.toHaveProperty('reasoning');
    expect(plain.body).not.toHaveProperty('include');
    expect(plain.lost).toEqual(['reasoning options']);
    const thinks = (think: boolean): unknown =>
      encoded({}, { reasoningStyle: 'reasoning_effort' }, { defaults: { think } }).body['reasoning'];
    expect([thinks(true), thinks(false)]).toEqual([{ effort: 'medium' }, { effort: 'none' }]);
  });

  it('asks for encrypted thinking where the model thinks', () => {
    const asks = (model: string): boolean => encoded({}, {}, { model }).body['include'] !== undefined;
    expect(['gpt-5.1', 'o3-mini', 'gpt-5-codex'].map(asks)).toEqual([true, true, true]);
    expect(['gpt-4.1', 'llama', 'gpt-5-chat-latest'].map(asks)).toEqual([false, false, false]);
  });

  it('lets the request win over configured extras, joined object by object', () => {
    const defaults = {
      temperature: 0.1,
      maxTokens: 5,
      providerExtra: { text: { verbosity: 'low' }, service_tier: 'flex', model: 'x' },
    };
    const { body } = encoded({ temperature: 1, outputFormat: { type: 'json' } }, {}, { defaults });
    expect(body).toMatchObject({
      model: 'm-1',
      temperature: 1,
      max_output_tokens: 5,
      service_tier: 'flex',
      text: { verbosity: 'low', format: { type: 'json_object' } },
    });
  });

  it('leaves out what the model rejects, in words', () => {
    const { body, lost } = encoded({ temperature: 1 }, { omitParameters: ['temperature'] });
    expect(body).not.toHaveProperty('temperature');
    expect(lost).toEqual(['temperature']);
  });

  it('has no lone surrogate', () => {
    expect(encoded({ messages: [{ role: 'user', content: 'a\ud83d' }] }).body.input[0]?.['content']).toBe('a\ufffd');
  });
});

describe('thinking of earlier turns', () => {
  const turn = (part: object): Message[] => [
    { role: 'assistant', content: [{ type: 'reasoning', text: 'hm', ...part }] },
    { role: 'user', content: 'hi' },
  ];
  const sealed = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'E' };
  it('goes back encrypted to the model that made it and to no other', () => {
    const to = (part: object, extra: Partial<ChatRequest> = {}) => encoded({ messages: turn(part), ...extra });
    expect(to({ redacted: 'E', issuer: 'test:m-1' }).body.input[0]).toEqual(sealed);
    expect(to({ redacted: 'E' }, own({ store: false })).body.input[0]).toEqual(sealed);
    for (const part of [
      { redacted: 'E', issuer: 'other:m' },
      { redacted: 'E' },
      { signature: 'S', issuer: 'test:m-1' },
      {},
    ]) {
      const { body, lost } = to(part);
      expect(body.input).toHaveLength(1);
      expect(lost.join()).toMatch(/reasoning of/);
    }
  });

  it('goes back in clear where the server reads it', () => {
    const [item] = inputOf(turn({}), { reasoningReplay: 'reasoning_content' });
    expect(item).toEqual({ type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] });
  });

  it('is left out once the target has refused it, with every stored id', () => {
    const messages: Message[] = [
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'hm', redacted: 'E' },
          { type: 'opaque', wire, value: { type: 'reasoning', id: 'rs_1', summary: [] } },
          { type: 'opaque', wire, value: { item: { id: 'msg_1', phase: 'final_answer' } } },
          { type: 'text', text: 'so' },
        ],
      },
    ];
    expect(encoded({ messages, ...own() }).body.input.map((item) => item['id'])).toEqual([undefined, 'rs_1', 'msg_1']);
    const { body } = encoded({ messages, ...own() }, { omitParameters: ['reasoning_replay'] });
    expect(body.input).toEqual([
      { type: 'message', role: 'assistant', phase: 'final_answer', content: [{ type: 'output_text', text: 'so' }] },
    ]);
  });
});

describe('the Codex backend', () => {
  const quirks: Partial<Quirks> = {
    instructionsRequired: true,
    statelessOnly: true,
    streamOnly: true,
    reasoningStyle: 'reasoning_effort',
    omitParameters: ['max_output_tokens', 'temperature'],
  };
  it('gets instructions, a stream, and nothing that refers to something stored', () => {
    const messages: Message[] = [
      { role: 'system', content: [{ type: 'text', text: 'be kind' }] },
      {
        role: 'assistant',
        content: [
          { type: 'opaque', wire, value: { item: { id: 'msg_1', phase: 'commentary' } } },
          { type: 'text', text: 'so' },
          { type: 'opaque', wire, value: { type: 'item_reference', id: 'rs_9' } },
          { type: 'opaque', wire, value: { type: 'web_search_call', id: 'ws_1', status: 'completed' } },
        ],
      },
      { role: 'user', content: 'hi' },
    ];
    const request = { messages, maxTokens: 5, ...own({ store: true, previous_response_id: 'resp_1' }) };
    const { body, lost, headers } = encoded(request, quirks);
    expect(body).toMatchObject({
      instructions: 'be kind',
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
    });
    expect(headers['accept']).toBe('text/event-stream');
    expect(body.input).toEqual([
      { type: 'message', role: 'assistant', phase: 'commentary', content: [{ type: 'output_text', text: 'so' }] },
      { type: 'web_search_call', status: 'completed' },
      { type: 'message', role: 'user', content: 'hi' },
    ]);
    expect(lost).toEqual(
      expect.arrayContaining(['store', 'previous_response_id', 'max_output_tokens', 'stored item rs_9']),
    );
    expect(encoded({}, quirks).body['instructions']).toMatch(/\S/);
  });
});
