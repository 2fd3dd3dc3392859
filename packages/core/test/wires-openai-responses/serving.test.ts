import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { openaiResponsesClient, openaiResponsesServer, stateFieldOf } from '../../src/wires/openai-responses/index.ts';
import type { CallerError } from '../../src/wires/wire.ts';
import { decodePieces } from '../testkit/cuts.ts';
import { testContext, testTarget } from '../testkit/samples.ts';

const wire = 'openai-responses' as const;
const base = { model: 'm-1', input: 'hi' };

const answer: ChatResponse = {
  id: 'resp_9',
  model: 'real-model',
  createdAt: 9,
  content: [
    { type: 'reasoning', text: 'hm', redacted: 'ENC' },
    { type: 'text', text: 'Grüße 🎈' },
    { type: 'tool-call', id: 'c1', name: 'look', arguments: '{ "n": 12345678901234567890 }' },
    { type: 'tool-call', id: 'c2', name: 'wait', arguments: '{}' },
  ],
  text: 'Grüße 🎈',
  finishReason: 'tool-calls',
  usage: { inputTokens: 9, outputTokens: 5, cacheReadTokens: 4, reasoningTokens: 2 },
  warnings: [],
};
const overloaded: CallerError = { status: 503, code: 'upstream_overloaded', kind: 'overloaded', message: 'too busy' };

const newEncoder = () => openaiResponsesServer.createEncoder(testContext, openaiResponsesServer.decodeRequest(base));
function written(events: readonly StreamEvent[]): string {
  const encoder = newEncoder();
  return events.map((event) => encoder.encode(event)).join('');
}
interface Sent {
  type: string;
  sequence_number: number;
  output_index?: number;
  item?: { type: string; id: string };
  item_id?: string;
  response?: { status: string; output: { type: string; id: string }[] };
}
function sent(text: string): Sent[] {
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('event: '))
    .map((frame) => {
      const [event, data] = frame.split('\n');
      const parsed = JSON.parse(data?.slice('data: '.length) ?? '') as Sent;
      expect(event).toBe(`event: ${parsed.type}`);
      return parsed;
    });
}
function sdk(body: string, contentType = 'text/event-stream', status = 200): OpenAI {
  const fetch = (): Promise<Response> =>
    Promise.resolve(new Response(body, { status, headers: { 'content-type': contentType } }));
  return new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:9/v1', fetch, maxRetries: 0 });
}

describe('the official SDK reads', () => {
  it('a streamed answer to the same as the whole one', async () => {
    const streamed = await sdk(written(eventsOf(answer)))
      .responses.stream(base)
      .finalResponse();
    const whole = openaiResponsesServer.encodeWhole(answer, testContext);
    const read = await sdk(JSON.stringify(whole), 'application/json').responses.create(base);
    expect(streamed).toMatchObject({ id: 'resp_9', model: 'real-model', created_at: 9, status: 'completed' });
    expect(streamed.output_text).toBe('Grüße 🎈');
    expect(read.output_text).toBe('Grüße 🎈');
    expect(
      JSON.parse(
        JSON.stringify(streamed.output, (key, value: unknown) => (key.startsWith('parsed') ? undefined : value)),
      ),
    ).toEqual(whole['output']);
    expect(whole['output']).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'ENC' },
      { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', annotations: [] }] },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{ "n": 12345678901234567890 }' },
      { type: 'function_call', call_id: 'c2', name: 'wait', arguments: '{}' },
    ]);
    expect(streamed.usage).toEqual({
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 4 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 14,
    });
  });

  it('an error answer', async () => {
    const body = JSON.stringify(openaiResponsesServer.encodeError({ ...overloaded, status: 429, param: 'model' }));
    const call = sdk(body, 'application/json', 429).responses.create(base);
    await expect(call).rejects.toMatchObject({ status: 429, code: 'upstream_overloaded', param: 'model' });
  });
});

describe('the events', () => {
  it('are numbered from 0, begin each item before its deltas and end it, at its own place', () => {
    const all = sent(written(eventsOf(answer)));
    expect(all.map((event) => event.sequence_number)).toEqual(all.map((_, at) => at));
    expect(all.slice(0, 2).map((event) => event.type)).toEqual(['response.created', 'response.in_progress']);
    expect(all.at(-1)?.type).toBe('response.completed');
    const open = new Map<number, string>();
    for (const event of all) {
      const at = event.output_index;
      if (at === undefined) continue;
      if (event.type === 'response.output_item.added') {
        expect(open.has(at)).toBe(false);
        open.set(at, event.item?.id ?? '');
      } else expect(event.item_id ?? event.item?.id).toBe(open.get(at));
    }
    const ends = all.filter((event) => event.type === 'response.output_item.done');
    expect(ends.map((event) => event.item)).toEqual(all.at(-1)?.response?.output);
    expect(ends.map((event) => event.output_index)).toEqual([0, 1, 2, 3]);
  });

  it('keep parallel calls apart and in place', () => {
    const head: StreamEvent[] = [
      { type: 'response-start' },
      { type: 'tool-call-start', index: 0, id: 'a', name: 'f' },
      { type: 'tool-call-start', index: 1, id: 'b', name: 'g' },
      { type: 'tool-call-delta', index: 1, json: '{"y":1}' },
      { type: 'tool-call-delta', index: 0, json: '{"x":1}' },
      { type: 'tool-call-end', index: 1, id: 'b', name: 'g', arguments: '{"y":1}' },
      { type: 'tool-call-end', index: 0, id: 'a', name: 'f', arguments: '{"x":1}' },
      { type: 'finish', reason: 'tool-calls' },
    ];
    const events = decodePieces(openaiResponsesClient.createDecoder(testTarget()), [Buffer.from(written(head))]);
    expect(collectEvents(events).content).toEqual(collectEvents(head).content);
    expect(sent(written(head)).at(-1)?.response?.output).toMatchObject([{ call_id: 'a' }, { call_id: 'b' }]);
  });

  it('of a failure are one response.failed, the last of all, numbered on', () => {
    for (const count of [0, 1, 4]) {
      const encoder = newEncoder();
      const begun = eventsOf(answer)
        .slice(0, count)
        .map((event) => encoder.encode(event));
      const text = begun.join('') + encoder.error(overloaded) + encoder.error(overloaded) + written([]);
      const after = encoder.encode({ type: 'finish', reason: 'stop' });
      expect(after).toBe('');
      const all = sent(text);
      expect(all[0]?.type).toBe('response.created');
      expect(all.filter((event) => event.type === 'response.failed')).toHaveLength(1);
      expect(all.at(-1)).toMatchObject({
        type: 'response.failed',
        sequence_number: all.length - 1,
        response: { status: 'failed', error: { code: 'server_is_overloaded', message: 'too busy' } },
      });
    }
  });

  it.each([
    ['rate-limit', 429, 'rate_limit_exceeded'],
    ['quota', 429, 'insufficient_quota'],
    ['context-window', 400, 'context_length_exceeded'],
    ['content-policy', 400, 'invalid_prompt'],
    ['truncated', 502, 'server_error'],
    ['invalid-request', 400, 'some_code'],
  ] as const)('tell a failure of kind %s as Codex CLI reads it', (kind, status, code) => {
    const text = newEncoder().error({ status, kind, code: 'some_code', message: 'm' });
    expect(sent(text).at(-1)).toMatchObject({ response: { error: { code } } });
  });

  it.each([
    ['stop', 'completed', null],
    ['tool-calls', 'completed', null],
    ['length', 'incomplete', { reason: 'max_output_tokens' }],
    ['content-filter', 'incomplete', { reason: 'content_filter' }],
    ['refusal', 'incomplete', { reason: 'content_filter' }],
    ['pause', 'completed', null],
    ['error', 'failed', null],
  ] as const)('close an answer that ended by %s as %s, streamed and whole', (finishReason, status, details) => {
    const response: ChatResponse = { content: [{ type: 'text', text: 'a' }], text: 'a', finishReason, warnings: [] };
    const last = sent(written(eventsOf(response))).at(-1);
    expect(last).toMatchObject({ type: `response.${status}`, response: { status, incomplete_details: details } });
    expect(openaiResponsesServer.encodeWhole(response, testContext)).toEqual(last?.response);
  });

  it('say a refusal in its own words as a complete answer', () => {
    const content: ChatResponse['content'] = [{ type: 'refusal', text: 'no' }];
    const response: ChatResponse = { content, text: '', finishReason: 'refusal', warnings: [] };
    const events = decodePieces(openaiResponsesClient.createDecoder(testTarget()), [
      Buffer.from(written(eventsOf(response))),
    ]);
    expect(collectEvents(events)).toMatchObject({ content, finishReason: 'refusal' });
  });

  it('carry what only this wire knows, and nothing of another one', () => {
    const item = { type: 'web_search_call', id: 'ws_1', status: 'completed' };
    const annotations = [{ type: 'url_citation', url: 'u' }];
    const content: ChatResponse['content'] = [
      { type: 'opaque', wire, value: item },
      { type: 'opaque', wire, value: { item: { id: 'msg_7', phase: 'final_answer' } } },
      { type: 'text', text: 'a' },
      { type: 'opaque', wire, value: { text: { annotations } } },
      { type: 'opaque', wire: 'gemini', value: { secret: 1 } },
    ];
    const response: ChatResponse = { content, text: 'a', finishReason: 'stop', warnings: [] };
    const whole = openaiResponsesServer.encodeWhole(response, testContext);
    expect(whole['output']).toMatchObject([
      item,
      { id: 'msg_7', phase: 'final_answer', content: [{ text: 'a', annotations }] },
    ]);
    expect(JSON.stringify(whole)).not.toContain('secret');
    expect(written(eventsOf(response))).not.toContain('secret');
  });

  it('bring thinking signed by another wire back as it was', () => {
    const content: ChatResponse['content'] = [
      { type: 'reasoning', text: 'hm', signature: 'S' },
      { type: 'reasoning', text: '', redacted: 'R' },
    ];
    const whole = openaiResponsesServer.encodeWhole(
      { content, text: '', finishReason: 'stop', warnings: [] },
      testContext,
    );
    const output = whole['output'] as object[];
    const { request } = openaiResponsesServer.decodeRequest({
      ...base,
      input: [...output, { role: 'user', content: 'on' }],
    });
    expect(request.messages[0]?.content).toEqual(content);
  });
});

describe('a request', () => {
  const read = (body: object) => openaiResponsesServer.decodeRequest({ ...base, ...body });

  it('with a field that cannot be is refused with the path of the field', () => {
    const f = { type: 'function', name: 'f' };
    const cases: [unknown, string | undefined][] = [
      ['text', undefined],
      [[], undefined],
      [{ model: 'm' }, 'input'],
      [{ input: [] }, 'input'],
      [{ input: 7 }, 'input'],
      [{ input: [null] }, 'input[0]'],
      [{ input: [{ role: 'robot', content: '' }] }, 'input[0].role'],
      [{ input: [{ role: 'user' }] }, 'input[0].content'],
      [{ input: [{ role: 'user', content: ['x'] }] }, 'input[0].content[0]'],
      [{ input: [{ role: 'user', content: [{ text: 'x' }] }] }, 'input[0].content[0].type'],
      [{ input: [{ role: 'user', content: [{ type: 'input_text' }] }] }, 'input[0].content[0].text'],
      [{ input: [{ role: 'user', content: [{ type: 'input_image' }] }] }, 'input[0].content[0].image_url'],
      [
        { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:x,y' }] }] },
        'input[0].content[0].image_url',
      ],
      [{ input: [{ role: 'user', content: [{ type: 'input_file' }] }] }, 'input[0].content[0]'],
      [{ input: [{ type: 'function_call', name: 'f' }] }, 'input[0].call_id'],
      [{ input: [{ type: 'function_call', call_id: 'c' }] }, 'input[0].name'],
      [{ input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: {} }] }, 'input[0].arguments'],
      [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'],
      [{ input: [{ type: 'function_call_output', call_id: 'c', output: 7 }] }, 'input[0].output'],
      [{ ...base, instructions: 7 }, 'instructions'],
      [{ ...base, stream: 'yes' }, 'stream'],
      [{ ...base, background: true }, 'background'],
      [{ ...base, max_output_tokens: 0 }, 'max_output_tokens'],
      [{ ...base, temperature: '1' }, 'temperature'],
      [{ ...base, previous_response_id: 7 }, 'previous_response_id'],
      [{ ...base, tools: {} }, 'tools'],
      [{ ...base, tools: [{ name: 'f' }] }, 'tools[0].type'],
      [{ ...base, tools: [{ type: 'function' }] }, 'tools[0].name'],
      [{ ...base, tools: [{ ...f, parameters: [] }] }, 'tools[0].parameters'],
      [{ ...base, tools: [f], tool_choice: 'maybe' }, 'tool_choice'],
      [{ ...base, tools: [f], tool_choice: { type: 'function', name: 'g' } }, 'tool_choice.name'],
      [{ ...base, text: { format: { type: 'json_schema' } } }, 'text.format.name'],
      [{ ...base, reasoning: { effort: 'enormous' } }, 'reasoning.effort'],
      [{ ...base, reasoning: { summary: 'much' } }, 'reasoning.summary'],
    ];
    for (const [body, param] of cases) {
      const decode = (): unknown => openaiResponsesServer.decodeRequest(body);
      expect(decode, JSON.stringify(body)).toThrowError(
        expect.objectContaining({ name: 'RequestError', status: 400, param }),
      );
    }
  });

  it('treats null as absent', () => {
    const nulls =
      'instructions tools tool_choice stream store metadata text reasoning user include previous_response_id';
    expect(read(Object.fromEntries(nulls.split(' ').map((key) => [key, null])))).toEqual({
      request: { model: 'm-1', messages: [{ role: 'user', content: 'hi' }], extensions: { wire, body: {} } },
      mode: 'whole',
      includeUsage: true,
    });
  });

  it('of the Codex CLI is read', () => {
    const { request, mode } = read({
      instructions: 'You are Codex.',
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: '<permissions>' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'ls' }] },
        { type: 'reasoning', summary: [], encrypted_content: 'gAAAA' },
        { type: 'function_call', name: 'shell', arguments: '{"command":["ls"]}', call_id: 'call_1' },
        { type: 'function_call_output', call_id: 'call_1', output: 'a b' },
      ],
      tools: [
        { type: 'function', name: 'shell', description: 'd', strict: false, parameters: { type: 'object' } },
        { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
        { type: 'web_search', external_web_access: false },
      ],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { effort: 'medium', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'k',
      text: { verbosity: 'medium' },
    });
    expect(mode).toBe('stream');
    expect(request.messages.map((message) => message.role)).toEqual(['system', 'system', 'user', 'assistant', 'tool']);
    expect(request.messages[3]?.content).toEqual([
      { type: 'reasoning', text: '', redacted: 'gAAAA' },
      { type: 'tool-call', id: 'call_1', name: 'shell', arguments: '{"command":["ls"]}' },
    ]);
    expect(request.tools?.map((tool) => tool.opaque === undefined)).toEqual([true, false, false]);
    expect(request.extensions?.body).toEqual({
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'k',
      text: { verbosity: 'medium' },
    });
  });

  it('sends no id of ours and, when nothing is stored, none at all', () => {
    const whole = openaiResponsesServer.encodeWhole(answer, testContext);
    const output = (whole['output'] as { id: string }[]).map((item) => ({ ...item }));
    expect(output.every((item) => item.id.includes('_standin_'))).toBe(true);
    const { request } = read({ input: output });
    expect(JSON.stringify(request.messages)).not.toContain('_standin_');
    const theirs = output.map((item, at) => ({ ...item, id: `id_${at}` }));
    expect(JSON.stringify(read({ input: theirs }).request.messages)).toContain('id_1');
    expect(JSON.stringify(read({ input: theirs, store: false }).request.messages)).not.toContain('id_1');
  });

  it('hands over routing options and says when it leans on a stored answer', () => {
    const { routing, request } = read({ models: ['a', 'b'], num_retries: 1, previous_response_id: 'resp_1' });
    expect(routing).toEqual({ models: ['a', 'b'], num_retries: 1 });
    expect(stateFieldOf(request)).toBe('previous_response_id');
    expect(openaiResponsesServer.decodeRequest({ conversation: { id: 'c' } }).request.messages).toEqual([]);
    expect(stateFieldOf(read({}).request)).toBeUndefined();
  });
});
