import Anthropic from '@anthropic-ai/sdk';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { post, startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

const WIRES = ['openai-chat', 'anthropic-messages'] as const;

interface Bench {
  readonly client: Anthropic;
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
  return { client: new Anthropic({ baseURL: url, apiKey: 'sk-caller', maxRetries: 2 }), vendor, url };
}

const ASK = { model: 'm-1', max_tokens: 500, messages: [{ role: 'user' as const, content: 'Where is the north?' }] };
const TOOLS = ['look', 'walk'].map((name) => ({
  name,
  description: `to ${name}`,
  input_schema: { type: 'object' as const, properties: { x: { type: 'number' } } },
}));

describe.each(WIRES)('the official Anthropic client over a vendor of %s', (wire) => {
  test('reads a whole answer, with usage, stop reason and the model that answered', async () => {
    const usage = { inputTokens: 11, cacheReadTokens: 4, outputTokens: 6 };
    const { client } = await bench(wire, { text: 'Up there — “north” ✓', usage, model: 'm-1-2026' });
    const answer = await client.messages.create(ASK);
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Up there — “north” ✓' }]);
    expect(answer.stop_reason).toBe('end_turn');
    expect(answer.model).toBe('m-1-2026');
    expect(answer.usage).toMatchObject({ input_tokens: 7, cache_read_input_tokens: 4, output_tokens: 6 });
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('reads a stream to the same message', async () => {
    const { client } = await bench(wire, { text: 'one two three', usage: { inputTokens: 9, outputTokens: 3 } });
    const answer = await client.messages.stream(ASK).finalMessage();
    expect(answer.content).toMatchObject([{ type: 'text', text: 'one two three' }]);
    expect(answer.stop_reason).toBe('end_turn');
    expect(answer.usage.output_tokens).toBe(3);
  });

  test('gets streamed tool arguments byte for byte', async () => {
    const { client } = await bench(wire, {
      toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS, id: 'toolu_1' }],
      deltaChars: 3,
    });
    let json = '';
    const stream = await client.messages.create({ ...ASK, tools: TOOLS, stream: true });
    let stop: string | null | undefined;
    for await (const event of stream) {
      if (event.type === 'content_block_delta' && event.delta.type === 'input_json_delta')
        json += event.delta.partial_json;
      if (event.type === 'message_delta') stop = event.delta.stop_reason;
    }
    expect(json).toBe(ODD_ARGUMENTS);
    expect(stop).toBe('tool_use');
  });

  test('gets the digits of whole tool arguments as they were', async () => {
    const { url } = await bench(wire, { toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS, id: 'toolu_1' }] });
    const text = await (await post(`${url}/v1/messages`, { ...ASK, tools: TOOLS })).text();
    expect(text).toContain('"input":{"x":1.0,"big":12345678901234567890,');
  });

  test('gets parallel tool calls, and its results reach the vendor with the numbers as they were', async () => {
    const { client, vendor, url } = await bench(wire, {});
    const calls = [
      { name: 'look', arguments: ODD_ARGUMENTS, id: 'toolu_a' },
      { name: 'walk', arguments: '{"x":2}', id: 'toolu_b' },
    ];
    vendor.failNext({ toolCalls: calls });
    const first = await client.messages.stream({ ...ASK, tools: TOOLS }).finalMessage();
    expect(first.content.map((block) => (block.type === 'tool_use' ? block.id : block.type))).toEqual([
      'toolu_a',
      'toolu_b',
    ]);
    // Written by hand: the SDK itself has no way to hold such numbers.
    const content = calls.map(
      (call) => `{"type":"tool_use","id":"${call.id}","name":"${call.name}","input":${call.arguments}}`,
    );
    const results = calls.map((call) => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content: `result of ${call.id}`,
    }));
    const history = `[${JSON.stringify(ASK.messages[0])},{"role":"assistant","content":[${content.join(',')}]},${JSON.stringify({ role: 'user', content: results })}]`;
    const body = `{"model":"m-1","max_tokens":500,"tools":${JSON.stringify(TOOLS)},"messages":${history}}`;
    expect((await post(`${url}/v1/messages`, body)).status).toBe(200);
    const sent = vendor.requests[1]?.rawBody ?? '';
    expect(sent).toContain('result of toolu_a');
    expect(sent).toContain('12345678901234567890');
    expect(sent).toMatch(/x\\?":\s*1\.0/);
  });

  test('sends an image', async () => {
    const { client, vendor } = await bench(wire, { text: 'a dot' });
    await client.messages.create({
      ...ASK,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is it' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
          ],
        },
      ],
    });
    expect(vendor.requests[0]?.rawBody).toContain(PIXEL);
  });

  test('reads thinking before text', async () => {
    const { client } = await bench(wire, { text: 'so', reasoning: 'let me see' });
    const answer = await client.messages
      .stream({ ...ASK, max_tokens: 4_000, thinking: { type: 'enabled', budget_tokens: 1_024 } })
      .finalMessage();
    expect(answer.content.map((block) => block.type)).toEqual(['thinking', 'text']);
    expect(answer.content[0]).toMatchObject({ thinking: 'let me see' });
  });

  test.each([
    ['length', 'max_tokens'],
    ['stop', 'end_turn'],
  ] as const)('reads the finish reason %s as %s', async (finish, told) => {
    const { client } = await bench(wire, { text: 'so far', finish });
    expect((await client.messages.create(ASK)).stop_reason).toBe(told);
  });

  test.each([
    ['context', 400, 1],
    ['policy', 400, 1],
    ['invalid', 400, 1],
    ['auth', 502, 1],
    ['permission', 502, 1],
    ['model', 404, 1],
    ['quota', 429, 1],
    ['server', 502, 3],
    ['overloaded', 503, 3],
  ] as const)('throws what the vendor error "%s" means as %i, and asks only once', async (error, status, asked) => {
    for (const stream of [false, true]) {
      const { client, vendor } = await bench(wire, { error });
      const thrown = await thrownBy(() => client.messages.create({ ...ASK, stream }));
      expect(thrown).toBeInstanceOf(Anthropic.APIError);
      const apiError = thrown as InstanceType<typeof Anthropic.APIError>;
      expect(apiError.status).toBe(status);
      expect(apiError.error).toMatchObject({ type: 'error', error: { attempts: expect.any(Array) as unknown[] } });
      expect(vendor.requests).toHaveLength(asked);
    }
  });

  test.each(['fin', 'rst', 'clean'] as const)('throws on a stream cut by %s, and never sees it stop', async (how) => {
    const { client } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how, eventMs: 2 });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const event of await client.messages.create({ ...ASK, stream: true })) seen.push(event.type);
    })();
    await expect(reading).rejects.toBeInstanceOf(Anthropic.APIError);
    expect(seen).toContain('content_block_delta');
    expect(seen).not.toContain('message_stop');
    expect(seen).not.toContain('message_delta');
  });

  test('that leaves a stream closes the vendor', async () => {
    const { client, vendor } = await bench(wire, { words: 2_000, eventMs: 5 });
    for await (const event of await client.messages.create({ ...ASK, stream: true })) {
      if (event.type === 'content_block_delta') break;
    }
    const left = await vendor.waitFor((request) => request.callerLeftAt !== undefined);
    expect(left.outcome).toBe('caller-left');
  });

  test('lists models and counts tokens', async () => {
    const { client } = await bench(wire, {});
    expect((await client.models.list()).data).toEqual([]);
    const count = await client.messages.countTokens({ model: 'm-1', messages: ASK.messages });
    expect(count.input_tokens).toBeGreaterThan(3);
  });
});

describe('headers of the caller', () => {
  test('reach a vendor of the same protocol, and its key reaches none', async () => {
    for (const wire of WIRES) {
      const { client, vendor } = await bench(wire, { text: 'x' });
      await client.beta.messages.create({ ...ASK, betas: ['some-beta-2026-01-01'] });
      const [asked] = vendor.requests;
      expect(asked?.headers['anthropic-beta']).toBe(wire === 'anthropic-messages' ? 'some-beta-2026-01-01' : undefined);
      expect(JSON.stringify(asked)).not.toContain('sk-caller');
    }
  });
});
