import OpenAI from 'openai';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

const WIRES = ['openai-chat', 'anthropic-messages'] as const;

interface Bench {
  readonly client: OpenAI;
  readonly vendor: Simulator;
}

async function bench(wire: (typeof WIRES)[number], behaviour: Behaviour): Promise<Bench> {
  const vendor = await startSimulator({ script: { defaults: behaviour } });
  const standin = createChainStandin([{ url: vendor.url, wire }]);
  const { url } = await startGateway({ standin });
  onTestFinished(async () => {
    standin.close();
    await vendor.close();
  });
  return { client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller', maxRetries: 2 }), vendor };
}

const ASK = { model: 'm-1', messages: [{ role: 'user' as const, content: 'Where is the north?' }] };
const TOOLS = ['look', 'walk'].map((name) => ({
  type: 'function' as const,
  function: { name, description: `to ${name}`, parameters: { type: 'object', properties: { x: { type: 'number' } } } },
}));

describe.each(WIRES)('the official openai client over a vendor of %s', (wire) => {
  test('reads a whole answer, with usage, finish reason and the model that answered', async () => {
    const { client } = await bench(wire, {
      text: 'Up there — “north” ✓',
      usage: { inputTokens: 11, cacheReadTokens: 4, outputTokens: 6 },
      model: 'm-1-2026',
    });
    const answer = await client.chat.completions.create(ASK);
    expect(answer.choices[0]?.message.content).toBe('Up there — “north” ✓');
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.model).toBe('m-1-2026');
    expect(answer.usage).toMatchObject({
      prompt_tokens: 11,
      completion_tokens: 6,
      total_tokens: 17,
      prompt_tokens_details: { cached_tokens: 4 },
    });
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('reads a stream to the same text, with usage only when it asks', async () => {
    const { client } = await bench(wire, { text: 'one two three', usage: { inputTokens: 9, outputTokens: 3 } });
    for (const include_usage of [true, false]) {
      const stream = await client.chat.completions.create({ ...ASK, stream: true, stream_options: { include_usage } });
      let text = '';
      let finish: string | null | undefined;
      let usage: unknown;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage ?? usage;
      }
      expect(text).toBe('one two three');
      expect(finish).toBe('stop');
      if (include_usage) expect(usage).toMatchObject({ prompt_tokens: 9, completion_tokens: 3 });
      else expect(usage).toBeUndefined();
    }
  });

  test('gets streamed tool arguments byte for byte', async () => {
    const { client } = await bench(wire, {
      toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS, id: 'call_1' }],
      deltaChars: 3,
    });
    const stream = client.chat.completions.stream({ ...ASK, tools: TOOLS });
    const answer = await stream.finalChatCompletion();
    const call = answer.choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ type: 'function', function: { name: 'look', arguments: ODD_ARGUMENTS } });
    expect(answer.choices[0]?.finish_reason).toBe('tool_calls');
  });

  test('gets parallel tool calls, and its results reach the vendor with the arguments as they were', async () => {
    const { client, vendor } = await bench(wire, {});
    vendor.failNext({
      toolCalls: [
        { name: 'look', arguments: ODD_ARGUMENTS, id: 'call_a' },
        { name: 'walk', arguments: '{"x":2}', id: 'call_b' },
      ],
    });
    const first = await client.chat.completions.create({ ...ASK, tools: TOOLS });
    const message = first.choices[0]?.message;
    expect(message?.tool_calls?.map((call) => call.id)).toEqual(['call_a', 'call_b']);
    if (message === undefined) throw new Error('an answer');
    const results = (message.tool_calls ?? []).map((call) => ({
      role: 'tool' as const,
      tool_call_id: call.id,
      content: `result of ${call.id}`,
    }));
    const second = await client.chat.completions.create({
      ...ASK,
      messages: [...ASK.messages, message, ...results],
      tools: TOOLS,
    });
    expect(second.choices[0]?.message.content).not.toBe('');
    const sent = vendor.requests[1]?.rawBody ?? '';
    expect(sent).toContain('result of call_a');
    expect(sent).toContain('result of call_b');
    // In the one protocol arguments are text inside the body, in the other the text is the body's own.
    expect(sent).toContain(wire === 'openai-chat' ? JSON.stringify(ODD_ARGUMENTS) : '12345678901234567890');
  });

  test('sends an image', async () => {
    const { client, vendor } = await bench(wire, { text: 'a dot' });
    await client.chat.completions.create({
      model: 'm-1',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is it' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
          ],
        },
      ],
    });
    expect(vendor.requests[0]?.rawBody).toContain(PIXEL);
    expect(vendor.requests[0]?.rawBody).toContain(wire === 'openai-chat' ? 'image_url' : '"media_type":"image/png"');
  });

  test.each([
    ['length', 'length'],
    ['content-filter', 'content_filter'],
  ] as const)('reads the finish reason %s as %s', async (finish, told) => {
    const { client } = await bench(wire, {
      text: 'so far',
      finish: wire === 'anthropic-messages' && finish === 'content-filter' ? 'refusal' : finish,
    });
    const answer = await client.chat.completions.create(ASK);
    expect(answer.choices[0]?.finish_reason).toBe(told);
  });

  test.each([
    ['context', 400, 'context_length_exceeded', 1],
    ['policy', 400, 'content_policy_violation', 1],
    ['invalid', 400, undefined, 1],
    ['auth', 502, 'upstream_auth', 1],
    ['permission', 502, 'upstream_auth', 1],
    ['model', 404, 'model_not_found', 1],
    ['quota', 429, 'insufficient_quota', 1],
    ['server', 502, 'upstream_error', 3],
    ['overloaded', 503, 'upstream_overloaded', 3],
  ] as const)(
    'throws what the vendor error "%s" means as %i, and asks only once',
    async (error, status, code, asked) => {
      for (const stream of [false, true]) {
        const { client, vendor } = await bench(wire, { error });
        const thrown = await thrownBy(() => client.chat.completions.create({ ...ASK, stream }));
        expect(thrown).toBeInstanceOf(OpenAI.APIError);
        const apiError = thrown as InstanceType<typeof OpenAI.APIError>;
        expect(apiError.status).toBe(status);
        if (code !== undefined) expect(apiError.code).toBe(code);
        expect((apiError.error as { attempts: unknown[] }).attempts).toHaveLength(asked);
        // Had the client retried too, the vendor would have been asked again as often.
        expect(vendor.requests).toHaveLength(asked);
      }
    },
  );

  test('is told to wait when waiting helps', async () => {
    const { client } = await bench(wire, { error: { name: 'rate', hints: { retryAfter: 30 } } });
    const thrown = await thrownBy(() => client.chat.completions.create(ASK, { maxRetries: 0 }));
    const { status, headers } = thrown as InstanceType<typeof OpenAI.APIError>;
    expect(status).toBe(429);
    expect(headers?.get('x-should-retry')).toBe('true');
    expect(Number(headers?.get('retry-after'))).toBeGreaterThan(25);
    expect(Number(headers?.get('retry-after'))).toBeLessThanOrEqual(30);
  });

  test.each(['fin', 'rst', 'clean'] as const)('throws on a stream cut by %s, and never sees it finish', async (how) => {
    const { client } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how, eventMs: 2 });
    const stream = await client.chat.completions.create({ ...ASK, stream: true });
    let finish: string | null | undefined;
    let text = '';
    const reading = (async () => {
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
      }
    })();
    await expect(reading).rejects.toBeInstanceOf(OpenAI.APIError);
    expect(finish).toBeUndefined();
    expect(text.length).toBeGreaterThan(0);
  });

  test('that leaves a stream closes the vendor', async () => {
    const { client, vendor } = await bench(wire, { words: 2_000, eventMs: 5 });
    const stream = await client.chat.completions.create({ ...ASK, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    const left = await vendor.waitFor((request) => request.callerLeftAt !== undefined);
    expect(left.outcome).toBe('caller-left');
  });
});
