import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { createGateway } from '../src/index.ts';
import { createChainStandin } from './helpers/chain-standin.ts';
import { startGateway } from './helpers/running-gateway.ts';

const chunk = (delta: object, finish: string | null = null, extra: object = {}): string =>
  JSON.stringify({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta, finish_reason: finish }],
    ...extra,
  });
const USAGE = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };
const usageChunk = JSON.stringify({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [],
  usage: USAGE,
});
const START = chunk({ role: 'assistant', content: '' });
const PIECES = ['Grüße ', 'aus ', '東京 ', '👩‍👩‍👧.'];
const TEXT = PIECES.join('');
const said = [START, ...PIECES.map((content) => chunk({ content }))];
const event = (data: string, end = '\n'): string => `data: ${data}${end}${end}`;

async function send(res: ServerResponse, pieces: readonly string[]): Promise<void> {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.socket?.setNoDelay(true);
  for (const piece of pieces) {
    res.write(piece);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  res.end();
}

interface Seen {
  text: string;
  finish: string[];
  output: number;
  ids: Set<string>;
  calls: { id: string; name: string; args: string }[];
}

/** A gateway before a vendor that sends these pieces, each in a packet of its own, or a document. */
async function gatewayTo(answer: readonly string[] | object, wire = 'chat_completions'): Promise<string> {
  const vendor = createServer((req, res) => {
    req.resume();
    req.on('end', () => {
      if (Array.isArray(answer)) return void send(res, answer);
      res.writeHead(200, { 'content-type': 'application/json' });
      return res.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  const uri = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`;
  const text = `schema_version = 3\n[providers.models.custom.one]\nuri = "${uri}"\napi_key = "sk-one"\nmodel = "m"\nwire_api = "${wire}"\n`;
  const standin = await createStandin({ config: loadConfigText(text, 'standin.toml', { env: {} }), env: {} });
  const gateway = createGateway({ standin });
  const { url } = await gateway.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await gateway.close({ graceMs: 0 });
    vendor.closeAllConnections();
    vendor.close();
  });
  return url;
}

const TOOLS: OpenAI.ChatCompletionTool[] = [
  { type: 'function', function: { name: 'save', parameters: { type: 'object' } } },
];

/** What the official client, which speaks the vendor's protocol, makes of it. */
async function answered(pieces: readonly string[]) {
  const url = await gatewayTo(pieces);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: 'custom.one',
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: 'user', content: 'go' }],
    tools: TOOLS,
  });
  const seen: Seen = { text: '', finish: [], output: 0, ids: new Set(), calls: [] };
  for await (const part of stream) {
    const [choice] = part.choices;
    seen.ids.add(part.id);
    seen.text += choice?.delta.content ?? '';
    if (choice?.finish_reason) seen.finish.push(choice.finish_reason);
    for (const call of choice?.delta.tool_calls ?? []) {
      const known = (seen.calls[call.index] ??= { id: call.id ?? '', name: call.function?.name ?? '', args: '' });
      known.args += call.function?.arguments ?? '';
    }
    seen.output = part.usage?.completion_tokens ?? seen.output;
  }
  return seen;
}

const WHOLE = { text: TEXT, finish: ['stop'], output: 4, ids: new Set(['c1']), calls: [] };
const DONE = '[DONE]';

describe("a vendor's stream in the caller's own protocol arrives once and whole", () => {
  test('when CR and LF of every line end come apart', async () => {
    const all = [...said, chunk({}, 'stop'), usageChunk, DONE].map((data) => event(data, '\r\n'));
    const pieces = all.flatMap((text) => [text.slice(0, -3), text.slice(-3, -1), text.slice(-1)]);
    expect(await answered(pieces)).toEqual(WHOLE);
  });

  test('when lines end in CR alone, or now in one and now in the other', async () => {
    const all = [...said, chunk({}, 'stop'), usageChunk, DONE];
    expect(await answered(all.map((data) => event(data, '\r')))).toEqual(WHOLE);
    expect(await answered(all.map((data, index) => event(data, index % 2 === 0 ? '\r' : '\n')))).toEqual(WHOLE);
  });

  test.each(PIECES.map((_, index) => index))(
    'when a broken event shares a packet with piece %i or the end',
    async (at) => {
      const broken = event('{"id":"c1","choices":[{"ind');
      const all = [...said, chunk({}, 'stop'), usageChunk, DONE].map((data) => event(data));
      expect(await answered(all.map((text, index) => (index === at + 1 ? broken + text : text)))).toEqual(WHOLE);
      expect(await answered(all.map((text, index) => (index === said.length ? broken + text : text)))).toEqual(WHOLE);
    },
  );

  test('when the last event has no blank line and [DONE] never comes', async () => {
    const all = [...said, chunk({}, 'stop')].map((data) => event(data));
    expect(await answered([...all, `data: ${usageChunk}`])).toEqual(WHOLE);
    expect(await answered([...all, event(usageChunk), 'data: [DONE]'])).toEqual(WHOLE);
  });

  test('with its usage in the one place where clients of the protocol look', async () => {
    const groq = chunk({}, 'stop', { x_groq: { id: 'r', usage: USAGE } });
    expect(await answered([...said, groq, DONE].map((data) => event(data)))).toEqual(WHOLE);
    const inChoice = chunk({}, 'stop').replace('"stop"', `"stop","usage":${JSON.stringify(USAGE)}`);
    expect(await answered([...said, inChoice, DONE].map((data) => event(data)))).toEqual(WHOLE);
  });

  test('with a finish reason, where the vendor sent none before [DONE]', async () => {
    expect((await answered([...said, DONE].map((data) => event(data)))).finish).toEqual(['stop']);
  });
});

const A = '{"x": "1"}';
const B = '{"x":"ü\\n"}';
const calls = (...list: object[]): string => chunk({ tool_calls: list });
const save = (args: unknown, more: object = {}) => ({
  type: 'function',
  function: { name: 'save', arguments: args },
  ...more,
});
const TWO = [
  { id: 'a', name: 'save', args: A },
  { id: 'b', name: 'save', args: B },
];

describe('tool calls reach a caller of the same protocol in the shape its client reads', () => {
  const shapes: [string, string[], typeof TWO][] = [
    ['without an index', [calls(save(A, { id: 'a' })), calls(save(B, { id: 'b' }))], TWO],
    ['two at one index', [calls(save(A, { index: 0, id: 'a' })), calls(save(B, { index: 0, id: 'b' }))], TWO],
    ['counted from 1', [calls(save(A, { index: 1, id: 'a' })), calls(save(B, { index: 2, id: 'b' }))], TWO],
    [
      'arguments as an object',
      [calls(save({ x: 1 }, { index: 0, id: 'a' }))],
      [{ id: 'a', name: 'save', args: '{"x":1}' }],
    ],
    ['no arguments', [calls(save(null, { index: 0, id: 'a' }))], [{ id: 'a', name: 'save', args: '{}' }]],
  ];
  test.each(shapes)('%s, whatever the finish reason', async (_, pieces, expected) => {
    for (const reason of ['tool_calls', 'stop']) {
      const seen = await answered([START, ...pieces, chunk({}, reason), DONE].map((data) => event(data)));
      expect(seen.calls).toEqual(expected);
      expect(seen.finish).toEqual(['tool_calls']);
    }
  });

  test('in a whole answer too', async () => {
    const message = { role: 'assistant', content: null, tool_calls: [save({ x: 1 }, { id: 'a' })] };
    const url = await gatewayTo({
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
      usage: USAGE,
    });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'x', maxRetries: 0 });
    const answer = await client.chat.completions.create({
      model: 'custom.one',
      messages: [{ role: 'user', content: 'go' }],
      tools: TOOLS,
    });
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
    expect(answer.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      id: 'a',
      function: { name: 'save', arguments: '{"x":1}' },
    });
    expect(answer.usage?.total_tokens).toBe(13);
  });
});

test('usage that an imitation of Anthropic Messages leaves out is there for the caller', async () => {
  const say = (type: string, more: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
  const url = await gatewayTo(
    [
      say('message_start', {
        message: { id: 'm1', type: 'message', role: 'assistant', model: 'm', content: [], stop_reason: null },
      }),
      say('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      say('content_block_delta', { index: 0, delta: { type: 'text_delta', text: TEXT } }),
      say('content_block_stop', { index: 0 }),
      say('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null } }),
      say('message_stop', {}),
    ],
    'messages',
  );
  const client = new Anthropic({ baseURL: url, apiKey: 'x', maxRetries: 0 });
  const types: string[] = [];
  const stream = client.messages.stream({
    model: 'custom.one',
    max_tokens: 9,
    messages: [{ role: 'user', content: 'go' }],
  });
  stream.on('streamEvent', (part) => {
    types.push(part.type);
    if (part.type === 'message_start') expect(part.message.usage.input_tokens).toBeTypeOf('number');
    if (part.type === 'message_delta') expect(part.usage.output_tokens).toBeTypeOf('number');
  });
  expect(await stream.finalText()).toBe(TEXT);
  expect(types.filter((type) => type === 'message_stop')).toHaveLength(1);
});

describe('a Responses vendor that leaves events out', () => {
  test('is written anew: its caller sees every item open, and the whole answer at the end', async () => {
    const vendor = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const say = (event: object) => response.write(`data: ${JSON.stringify(event)}\n\n`);
        say({ type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'm', delta: 'Hel' });
        say({ type: 'response.output_text.delta', output_index: 0, content_index: 0, item_id: 'm', delta: 'lo' });
        say({ type: 'response.completed', response: { id: 'r', status: 'completed', output: [], usage: null } });
        response.end();
      });
    });
    await new Promise<void>((done) => vendor.listen(0, '127.0.0.1', done));
    onTestFinished(() => void vendor.close());
    const { port } = vendor.address() as AddressInfo;
    const standin = createChainStandin([{ url: `http://127.0.0.1:${port}`, wire: 'openai-responses' }]);
    const { url } = await startGateway({ standin });
    const answer = await fetch(`${url}/v1/responses`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm', input: 'hi', stream: true }),
    });
    const text = await answer.text();
    const types = [...text.matchAll(/"type":"(response\.[a-z_.]+)"/g)].map((match) => match[1]);
    expect(types[0]).toBe('response.created');
    expect(types.indexOf('response.output_item.added')).toBeLessThan(types.indexOf('response.output_text.delta'));
    const last = text.split('\n').findLast((line) => line.startsWith('data: {')) ?? '';
    expect(last).toContain('response.completed');
    expect(last).toContain('Hello');
  });
});
