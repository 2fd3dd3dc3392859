import { Ollama, type ChatResponse, type ToolCall } from 'ollama';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { post, startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

const WIRES = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama-chat'] as const;

interface Bench {
  readonly client: Ollama;
  readonly vendor: Simulator;
  readonly url: string;
}

async function bench(wire: (typeof WIRES)[number], behaviour: Behaviour): Promise<Bench> {
  const vendor = await startSimulator({ script: { defaults: behaviour } });
  const standin = createChainStandin([{ url: vendor.url, wire }]);
  const { url } = await startGateway({ standin });
  onTestFinished(async () => {
    standin.close();
    await vendor.close();
  });
  return { client: new Ollama({ host: url }), vendor, url };
}

// Frozen, because the client writes `stream` into what it is given.
const ASK = Object.freeze({ model: 'm-1', messages: [{ role: 'user', content: 'Where is the north?' }] });
const TOOLS = ['look', 'walk'].map((name) => ({
  type: 'function',
  function: { name, description: `to ${name}`, parameters: { type: 'object', properties: { x: { type: 'number' } } } },
}));

async function read(stream: AsyncIterable<ChatResponse>): Promise<ChatResponse[]> {
  const chunks: ChatResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe.each(WIRES)('the official Ollama client over a vendor of %s', (wire) => {
  test('reads a whole answer, with counts, reason and the model that answered', async () => {
    const usage = { inputTokens: 11, outputTokens: 6 };
    const { client } = await bench(wire, { text: 'Up there — “north” ✓', usage, model: 'm-1-2026' });
    const answer = await client.chat({ ...ASK });
    expect(answer.message).toMatchObject({ role: 'assistant', content: 'Up there — “north” ✓' });
    expect(answer).toMatchObject({ done: true, done_reason: 'stop', prompt_eval_count: 11, eval_count: 6 });
    expect(answer.model).toBe('m-1-2026');
    expect(Number.isNaN(Date.parse(String(answer.created_at)))).toBe(false);
  });

  test('reads a stream to the same answer', async () => {
    const { client } = await bench(wire, { text: 'one two three — ✓', usage: { inputTokens: 9, outputTokens: 3 } });
    const chunks = await read(await client.chat({ ...ASK, stream: true }));
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks.map((chunk) => chunk.message.content).join('')).toBe('one two three — ✓');
    expect(chunks.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 3 });
  });

  test('gets tool calls, and their results reach the vendor', async () => {
    const { client, vendor } = await bench(wire, { text: 'Found.' });
    const calls = [
      { name: 'look', arguments: '{"x":1.5}', id: 'call_a' },
      { name: 'walk', arguments: '{"x":2}', id: 'call_b' },
    ];
    vendor.failNext({ toolCalls: calls });
    const chunks = await read(await client.chat({ ...ASK, tools: TOOLS, stream: true }));
    const got: ToolCall[] = chunks.flatMap((chunk) => chunk.message.tool_calls ?? []);
    expect(got.map((call) => call.function)).toMatchObject([
      { name: 'look', arguments: { x: 1.5 } },
      { name: 'walk', arguments: { x: 2 } },
    ]);
    const second = await client.chat({
      model: 'm-1',
      messages: [
        ...ASK.messages,
        { role: 'assistant', content: '', tool_calls: got },
        { role: 'tool', content: 'a hill', tool_name: 'look' },
        { role: 'tool', content: 'a mile', tool_name: 'walk' },
      ],
      tools: TOOLS,
    });
    expect(second.message.content).toBe('Found.');
    const sent = vendor.requests[1]?.rawBody ?? '';
    expect(sent).toContain('a hill');
    expect(sent).toContain('a mile');
    expect(sent).not.toContain('made up');
  });

  test('gets the digits of tool arguments as they were', async () => {
    const { url } = await bench(wire, { toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS, id: 'c1' }] });
    for (const stream of [false, true]) {
      const text = await (await post(`${url}/api/chat`, { ...ASK, tools: TOOLS, stream })).text();
      expect(text).toContain('"big":12345678901234567890');
    }
  });

  test('sends images, options and a format', async () => {
    const { client, vendor } = await bench(wire, { text: '{"what":"dot"}' });
    await client.chat({
      model: 'm-1',
      messages: [{ role: 'user', content: 'what is it', images: [PIXEL] }],
      format: { type: 'object', properties: { what: { type: 'string' } } },
      options: { temperature: 0.5, num_predict: 50, num_ctx: 4096 },
    });
    const sent = vendor.requests[0]?.rawBody ?? '';
    expect(sent).toContain(PIXEL);
    expect(sent).toContain('what');
    expect(sent.includes('num_ctx')).toBe(wire === 'ollama-chat');
  });

  test('reads thinking apart from the answer', async () => {
    const { client } = await bench(wire, { text: 'so', reasoning: 'let me see' });
    const answer = await client.chat({ ...ASK, think: true });
    expect(answer.message).toMatchObject({ content: 'so', thinking: 'let me see' });
    const chunks = await read(await client.chat({ ...ASK, think: true, stream: true }));
    expect(chunks.map((chunk) => chunk.message.thinking ?? '').join('')).toBe('let me see');
  });

  test('reads an answer that the limit cut', async () => {
    const { client } = await bench(wire, { text: 'so far', finish: 'length' });
    expect((await client.chat({ ...ASK })).done_reason).toBe('length');
  });

  test.each([
    ['context', 400],
    ['auth', 502],
    ['model', 404],
    ['overloaded', 503],
  ] as const)('throws what the vendor error "%s" means as %i', async (error, status) => {
    const { client } = await bench(wire, { error });
    for (const ask of [() => client.chat({ ...ASK }), () => client.chat({ ...ASK, stream: true })]) {
      const thrown = (await thrownBy(ask)) as { readonly name: string; readonly status_code: number };
      expect(thrown.name).toBe('ResponseError');
      expect(thrown.status_code).toBe(status);
    }
  });

  test.each(['fin', 'clean'] as const)('throws on a stream cut by %s, and never sees it done', async (how) => {
    const { client } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how, eventMs: 2 });
    const seen: ChatResponse[] = [];
    const reading = (async () => {
      for await (const chunk of await client.chat({ ...ASK, stream: true })) seen.push(chunk);
    })();
    await expect(reading).rejects.toThrow();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.some((chunk) => chunk.done)).toBe(false);
  });
});

describe('around a chat', () => {
  test('models are listed and shown, and the version is told', async () => {
    const { url } = await startGateway({ standin: createFakeStandin() });
    const client = new Ollama({ host: url });
    expect((await client.list()).models.map((model) => model.name)).toEqual(['openai.main', 'openai.main/model-a']);
    const shown = await client.show({ model: 'openai.main/model-a' });
    expect(shown.capabilities).toContain('tools');
    expect(shown.model_info).toMatchObject({ 'openai.context_length': 128_000 });
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await client.ps()).models).toEqual([]);
    const missing = (await thrownBy(() => client.show({ model: 'unknown' }))) as { readonly status_code: number };
    expect(missing.status_code).toBe(404);
  });

  test('a chat streams unless it is told not to', async () => {
    const { url } = await startGateway({ standin: createFakeStandin((run) => run.answer('hello')) });
    const streamed = await post(`${url}/api/chat`, ASK);
    expect(streamed.headers.get('content-type')).toBe('application/x-ndjson');
    expect((await streamed.text()).trim().split('\n').length).toBeGreaterThan(1);
    const whole = await post(`${url}/api/chat`, { ...ASK, stream: false });
    expect(await whole.json()).toMatchObject({ message: { content: 'hello' }, done: true });
  });

  test('a wrong request is told in this protocol', async () => {
    const { url } = await startGateway({ standin: createFakeStandin() });
    const response = await post(`${url}/api/chat`, { model: 'm', messages: [{ role: 'robot', content: 'x' }] });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: expect.stringContaining('messages[0].role') as string });
    expect(await (await fetch(`${url}/api/nothing`)).json()).toEqual({ error: expect.any(String) as string });
  });
});
