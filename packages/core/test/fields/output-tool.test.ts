import { describe, expect, it } from 'vitest';
import { ajvValidator } from '../../src/library/schema-validator.ts';
import type { JsonObject } from '../../src/spec/json.ts';
import type { ChatRequest, OutputFormat } from '../../src/spec/request.ts';
import { collectEvents } from '../../src/stream/collect.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { load } from '../config/support.ts';
import { planOf, send, WIRES, type Reply } from './support.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
};
const FORMAT: OutputFormat = { type: 'json-schema', name: 'trip plan', description: 'Where to go.', schema: SCHEMA };
const REQUEST: ChatRequest = { messages: [{ role: 'user', content: 'Plan.' }], outputFormat: FORMAT };
const NOTE = 'JSON schema of the output: asked for through a forced tool';

const plan = (slot: string, model: string, ...lines: string[]) =>
  planOf(
    load(
      [`[providers.models.${slot}.a]`, `model = "${model}"`, 'api_key = "id.secret-key-1"', ...lines].join('\n'),
      {},
      { wires: WIRES },
    ),
  );
const oldClaude = (...lines: string[]) => plan('anthropic', 'claude-3-5-haiku-20241022', ...lines);

const claudeCall = (input: unknown, name = 'trip_plan'): Reply => ({
  status: 200,
  body: JSON.stringify({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-3-5-haiku-20241022',
    content: [
      { type: 'text', text: 'Let me fill that in.' },
      { type: 'tool_use', id: 'toolu_1', name, input },
    ],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 4 },
  }),
});

const claudeText = (text: string): Reply => ({
  status: 200,
  body: JSON.stringify({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-3-5-haiku-20241022',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 4 },
  }),
});

function claudeStream(pieces: readonly string[], stop = 'tool_use'): Reply {
  const events: { type: string; [field: string]: unknown }[] = [
    {
      type: 'message_start',
      message: { id: 'm', type: 'message', role: 'assistant', model: 'c', content: [], usage: { input_tokens: 1 } },
    },
    {
      type: 'content_block_start',
      index: 0,
      content_block: { type: 'tool_use', id: 'toolu_1', name: 'trip_plan', input: {} },
    },
    ...pieces.map((piece) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json: piece },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ];
  const body = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
  return { status: 200, body, stream: true };
}

const chatText = (text: string): Reply => ({
  status: 200,
  body: JSON.stringify({
    id: 'c',
    object: 'chat.completion',
    model: 'm',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: text } }],
  }),
});

describe('a schema for a model that enforces none but can be made to call a tool', () => {
  it('is asked for through one forced tool and comes back as text', async () => {
    const sent = await send(oldClaude(), REQUEST, () => claudeCall({ city: 'Bern', days: 2 }), {
      validateSchema: ajvValidator,
    });
    expect(sent.body).toMatchObject({
      tools: [{ name: 'trip_plan', description: 'Gives the answer to the user. Where to go.', input_schema: SCHEMA }],
      tool_choice: { type: 'tool', name: 'trip_plan' },
    });
    expect(sent.body['system']).toBeUndefined();
    expect(validateStream([...sent.events])).toEqual([]);
    const answer = collectEvents(sent.events);
    expect(answer).toMatchObject({ text: '{"city":"Bern","days":2}', finishReason: 'stop' });
    expect(answer.content.map(({ type }) => type)).toEqual(['text']);
    expect(JSON.stringify(sent.events)).not.toMatch(/tool|Let me/);
    expect(sent.attempts[0]?.lost).toContain(NOTE);
  });

  it('streams out as the arguments come', async () => {
    const sent = await send(oldClaude(), REQUEST, () => claudeStream(['{"ci', 'ty": "Be', 'rn"}']), { mode: 'stream' });
    expect(sent.events.filter(({ type }) => type === 'text-delta')).toHaveLength(3);
    expect(collectEvents(sent.events)).toMatchObject({ text: '{"city": "Bern"}', finishReason: 'stop' });
    expect(validateStream([...sent.events])).toEqual([]);
  });

  it('stays cut off when the vendor cut it off', async () => {
    const sent = await send(oldClaude(), REQUEST, () => claudeStream(['{"city": "B'], 'max_tokens'), {
      mode: 'stream',
    });
    expect(collectEvents(sent.events)).toMatchObject({ text: '{"city": "B', finishReason: 'length' });
  });

  it.each([
    ['claude-3-5-haiku-20241022 on Bedrock', 'bedrock', 'anthropic.claude-3-5-haiku-20241022-v1:0', true],
    ['Nova', 'bedrock', 'amazon.nova-pro-v1:0', true],
    ['a newer Claude, which enforces schemas itself', 'bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0', false],
    ['Jamba, whose tools cannot be forced by name', 'bedrock', 'ai21.jamba-1-5-large-v1:0', false],
    ['Llama, which cannot be forced', 'bedrock', 'meta.llama3-1-70b-instruct-v1:0', false],
  ])('goes by what the model takes: %s', async (_what, slot, model, forced) => {
    const sent = await send(plan(slot, model, 'region = "us-east-1"'), REQUEST);
    const config = sent.body['toolConfig'] as { toolChoice?: unknown } | undefined;
    expect(config?.toolChoice).toEqual(forced ? { tool: { name: 'trip_plan' } } : undefined);
  });

  it('is written in place of a root that only refers to it, with its definitions', async () => {
    const schema: JsonObject = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      $ref: '#/definitions/Trip',
      definitions: {
        Trip: { ...SCHEMA, properties: { city: { $ref: '#/definitions/City' } } },
        City: { type: 'string' },
      },
    };
    const sent = await send(oldClaude(), { ...REQUEST, outputFormat: { ...FORMAT, schema } });
    const [tool] = sent.body['tools'] as [{ input_schema: JsonObject }];
    expect(tool.input_schema).toMatchObject({ type: 'object', required: ['city'] });
    expect(tool.input_schema['$ref']).toBeUndefined();
    expect(JSON.stringify(tool.input_schema)).toContain('"City"');
  });

  it('is taken from text when the server did not obey', async () => {
    const sent = await send(oldClaude(), REQUEST, () => claudeText('```json\n{"city": "Bern"}\n```'));
    expect(collectEvents(sent.events)).toMatchObject({ text: '{"city": "Bern"}', finishReason: 'stop' });
  });

  it('is checked in full, and with repair the next attempt says what was wrong', async () => {
    const outputFormat: OutputFormat = { ...FORMAT, repair: true };
    const replies = [claudeCall({ city: 7 }), claudeCall({ city: 'Bern' })];
    const sent = await send(oldClaude(), { ...REQUEST, outputFormat }, (index) => replies[index], {
      validateSchema: ajvValidator,
    });
    expect(sent.attempts.map(({ outcome, rule }) => ({ outcome, rule }))).toEqual([
      { outcome: 'protocol', rule: 'schema' },
      { outcome: 'ok', rule: undefined },
    ]);
    const second = JSON.parse(String(sent.calls[1]?.body)) as JsonObject;
    expect(second['tool_choice']).toEqual({ type: 'tool', name: 'trip_plan' });
    expect(JSON.stringify(second['messages'])).toContain('/city must be string');
    expect(collectEvents(sent.events).text).toBe('{"city":"Bern"}');
  });
});

describe('a schema is asked for in words', () => {
  const tools: ChatRequest['tools'] = [{ name: 'look', parameters: { type: 'object' } }];
  const called: ChatRequest['messages'] = [
    { role: 'user', content: 'Look.' },
    { role: 'assistant', content: [{ type: 'tool-call', id: 'c1', name: 'look', arguments: '{}' }] },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'c1', content: 'a room' }] },
  ];
  it.each([
    ['beside the caller’s own tools', { ...REQUEST, tools }],
    ['after calls of earlier turns', { ...REQUEST, messages: called }],
    ['when thinking is asked for', { ...REQUEST, reasoning: { enabled: true } }],
    ['when a root is no object', { ...REQUEST, outputFormat: { ...FORMAT, schema: { type: 'array', items: {} } } }],
    ['when only JSON is asked for', { ...REQUEST, outputFormat: { type: 'json' } }],
  ] satisfies [string, ChatRequest][])('%s', async (_when, request) => {
    const sent = await send(plan('anthropic', 'claude-opus-4-20250514'), request);
    expect(sent.body['tool_choice']).toBeUndefined();
    expect(JSON.stringify(sent.body['system'])).toContain('and nothing else');
    expect(sent.attempts[0]?.lost ?? []).not.toContain(NOTE);
  });

  it.each([
    ['model.does not support tools', 'this model does not support tools'],
    ['tool choice beside thinking', "tool_choice 'specified' is incompatible with thinking enabled"],
  ])('after the forced tool was refused: %s', async (_what, message) => {
    const refusal = { status: 400, body: JSON.stringify({ error: { message, type: 'invalid_request_error' } }) };
    const sent = await send(oldClaude(), REQUEST, (index) => (index === 0 ? refusal : claudeText('{"city":"Bern"}')));
    expect(sent.attempts.map(({ outcome }) => outcome)).toEqual(['unsupported', 'ok']);
    const second = JSON.parse(String(sent.calls[1]?.body)) as JsonObject;
    expect(second['tools']).toBeUndefined();
    expect(JSON.stringify(second['system'])).toContain('JSON Schema');
    expect(collectEvents(sent.events).text).toBe('{"city":"Bern"}');
  });

  it('after a server refused the format and then the tool', async () => {
    const custom = plan('custom', 'm', 'uri = "http://127.0.0.1:9/v1"');
    const said = ["Unsupported parameter: 'response_format' is not supported.", 'm does not support tools'];
    const sent = await send(custom, REQUEST, (index) =>
      index < 2 ? { status: 400, body: JSON.stringify({ error: { message: said[index] } }) } : chatText('{"city":"x"}'),
    );
    const bodies = sent.calls.map(({ body }) => JSON.parse(String(body)) as JsonObject);
    expect(bodies.map((body) => Object.keys(body).filter((key) => /tool|format/.test(key)))).toEqual([
      ['response_format'],
      ['tools', 'tool_choice'],
      [],
    ]);
    expect(collectEvents(sent.events).text).toBe('{"city":"x"}');
  });
});

describe('a stream with a repair round', () => {
  it('is held back until it is checked, so that the bad answer is never seen', async () => {
    const outputFormat: OutputFormat = { ...FORMAT, repair: true };
    const replies = [claudeStream(['{"days": 1}']), claudeStream(['{"city": ', '"Bern"}'])];
    const sent = await send(oldClaude(), { ...REQUEST, outputFormat }, (index) => replies[index], {
      mode: 'stream',
      validateSchema: ajvValidator,
    });
    expect(sent.calls).toHaveLength(2);
    expect(String(sent.calls[1]?.body)).toContain("must have required property 'city'");
    expect(collectEvents(sent.events)).toMatchObject({ text: '{"city": "Bern"}', warnings: [] });
  });
});
