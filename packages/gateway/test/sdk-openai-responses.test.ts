import { WIRE_CLIENTS } from '@standin/core/library/wires';
import { WIRE_IDS, type WireId } from '@standin/core/spec/index';
import { SURFACES } from '@standin/simulator/surfaces';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import OpenAI from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { post, startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

/** Vendors of every protocol that can be both called and stood in for. */
const WIRES = WIRE_IDS.filter(
  (wire) => WIRE_CLIENTS[wire] !== undefined && SURFACES.some((surface) => surface.wire === wire),
);
/** Protocols that hold arguments as text; the others have only their value. */
const TEXT_ARGUMENTS: readonly WireId[] = ['openai-chat', 'openai-responses'];

interface Bench {
  readonly client: OpenAI;
  readonly vendor: Simulator;
  readonly url: string;
}

async function bench(wire: WireId, behaviour: Behaviour): Promise<Bench> {
  const vendor = await startSimulator({ script: { defaults: behaviour } });
  const standin = createChainStandin([{ url: vendor.url, wire }]);
  const { url } = await startGateway({ standin });
  onTestFinished(async () => {
    standin.close();
    await vendor.close();
  });
  return { client: new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller', maxRetries: 2 }), vendor, url };
}

const ASK = { model: 'm-1', input: 'Where is the north?' };
const TOOLS = ['look', 'walk'].map((name) => ({
  type: 'function' as const,
  name,
  description: `to ${name}`,
  strict: false,
  parameters: { type: 'object', properties: { x: { type: 'number' } } },
}));

describe.each(WIRES)('the responses client over a vendor of %s', (wire) => {
  test('reads a whole answer, with usage and status', async () => {
    const { client } = await bench(wire, {
      text: 'Up there — “north” ✓',
      usage: { inputTokens: 11, cacheReadTokens: 4, outputTokens: 6 },
    });
    const answer = await client.responses.create({ ...ASK, instructions: 'be terse' });
    expect(answer.output_text).toBe('Up there — “north” ✓');
    expect(answer).toMatchObject({ object: 'response', status: 'completed', error: null });
    expect(answer.usage).toMatchObject({
      input_tokens: 11,
      output_tokens: 6,
      total_tokens: 17,
      // One protocol has no word for it.
      ...(wire === 'ollama-chat' ? {} : { input_tokens_details: { cached_tokens: 4 } }),
    });
    expect(answer._request_id).toMatch(/^req_/);
  });

  test('follows a stream event by event to the same answer', async () => {
    const { client } = await bench(wire, {
      text: 'one two three',
      deltaChars: 4,
      usage: { inputTokens: 9, outputTokens: 3 },
    });
    const stream = client.responses.stream(ASK);
    const types: string[] = [];
    const numbers: number[] = [];
    let text = '';
    for await (const event of stream) {
      types.push(event.type);
      numbers.push(event.sequence_number);
      if (event.type === 'response.output_text.delta') text += event.delta;
    }
    const final = await stream.finalResponse();
    expect(text).toBe('one two three');
    expect(final.output_text).toBe('one two three');
    expect(final.usage).toMatchObject({ input_tokens: 9, output_tokens: 3 });
    expect(numbers).toEqual(numbers.map((_, at) => at));
    const order = types.filter((type, at) => type !== types[at - 1]).map((type) => type.replace('response.', ''));
    expect(order).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
  });

  test('shows thinking before the answer', async () => {
    const { client } = await bench(wire, { reasoning: 'let me see', text: 'north' });
    const stream = client.responses.stream({ ...ASK, reasoning: { effort: 'low', summary: 'auto' } });
    let thought = '';
    for await (const event of stream)
      if (event.type === 'response.reasoning_summary_text.delta') thought += event.delta;
    const { output } = await stream.finalResponse();
    expect(thought).toBe('let me see');
    expect(output.map((item) => item.type)).toEqual(['reasoning', 'message']);
  });

  test('gets parallel calls, and its results reach the vendor with the arguments as they were', async () => {
    const { client, vendor } = await bench(wire, {});
    vendor.failNext({
      toolCalls: [
        { name: 'look', arguments: ODD_ARGUMENTS, id: 'call_a' },
        { name: 'walk', arguments: '{"x":2}', id: 'call_b' },
      ],
      deltaChars: 3,
    });
    const stream = client.responses.stream({ ...ASK, tools: TOOLS });
    const { output } = await stream.finalResponse();
    const calls = output.filter((item) => item.type === 'function_call');
    expect(calls.map((call) => call.name)).toEqual(['look', 'walk']);
    expect(JSON.parse(calls[0]?.arguments ?? '')).toEqual(JSON.parse(ODD_ARGUMENTS));
    if (TEXT_ARGUMENTS.includes(wire)) expect(calls[0]?.arguments).toBe(ODD_ARGUMENTS);
    const results = calls.map((call) => ({
      type: 'function_call_output' as const,
      call_id: call.call_id,
      output: `result of ${call.name}`,
    }));
    const second = await client.responses.create({
      ...ASK,
      input: [{ role: 'user', content: ASK.input }, ...output.map(plain), ...results],
      tools: TOOLS,
    });
    expect(second.output_text).not.toBe('');
    const sent = vendor.requests[1]?.rawBody ?? '';
    expect(sent).toContain('result of look');
    expect(sent).toContain('result of walk');
    expect(sent).not.toContain('_standin_');
    expect(sent).toContain(
      TEXT_ARGUMENTS.includes(wire) ? JSON.stringify(calls[0]?.arguments) : '12345678901234567890',
    );
  });

  test('sends an image', async () => {
    const { client, vendor } = await bench(wire, { text: 'a dot' });
    const image = {
      type: 'input_image' as const,
      image_url: `data:image/png;base64,${PIXEL}`,
      detail: 'auto' as const,
    };
    await client.responses.create({
      model: 'm-1',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'what is it' }, image] }],
    });
    expect(vendor.requests[0]?.rawBody).toContain(PIXEL);
  });

  test('is told why an answer stopped early', async () => {
    const { client } = await bench(wire, { text: 'so far', finish: 'length' });
    const whole = await client.responses.create(ASK);
    expect(whole).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    const stream = client.responses.stream(ASK);
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types.at(-1)).toBe('response.incomplete');
    expect(types).not.toContain('response.completed');
  });

  test.each([
    ['context', 400, 'context_length_exceeded'],
    ['auth', 502, 'upstream_auth'],
    ['model', 404, 'model_not_found'],
    ['quota', 429, 'insufficient_quota'],
    ['overloaded', 503, 'upstream_overloaded'],
  ] as const)('throws what the vendor error "%s" means as %i', async (error, status, code) => {
    for (const stream of [false, true]) {
      const { client } = await bench(wire, { error });
      const thrown = await thrownBy(() => client.responses.create({ ...ASK, stream }));
      expect(thrown).toBeInstanceOf(OpenAI.APIError);
      expect(thrown).toMatchObject({ status, code });
    }
  });

  test.each(['fin', 'rst', 'clean'] as const)(
    'on a stream cut by %s gets one failure and never an end',
    async (how) => {
      const { url } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how, eventMs: 2 });
      const body = await (await post(`${url}/v1/responses`, { ...ASK, stream: true })).text();
      const types = [...body.matchAll(/^event: (.*)$/gm)].map((match) => match[1]);
      expect(types).toContain('response.output_text.delta');
      expect(types.filter((type) => type === 'response.failed')).toHaveLength(1);
      expect(types.at(-1)).toBe('response.failed');
      expect(types).not.toContain('response.completed');
    },
  );
});

/** What an application sends back of an answer. */
function plain(item: OpenAI.Responses.ResponseOutputItem): OpenAI.Responses.ResponseInputItem {
  return JSON.parse(
    JSON.stringify(item, (key, value: unknown) => (key === 'parsed_arguments' ? undefined : value)),
  ) as OpenAI.Responses.ResponseInputItem;
}

test('a caller of the same protocol keeps what only this protocol knows', async () => {
  const { client, vendor } = await bench('openai-responses', { text: 'ok' });
  await client.responses.create({
    ...ASK,
    previous_response_id: 'resp_before',
    store: true,
    metadata: { a: 'b' },
    text: { verbosity: 'low' },
    tools: [{ type: 'web_search' }],
    include: ['reasoning.encrypted_content'],
  });
  expect(vendor.requests[0]?.body).toMatchObject({
    previous_response_id: 'resp_before',
    store: true,
    metadata: { a: 'b' },
    text: { verbosity: 'low' },
    tools: [{ type: 'web_search' }],
    include: ['reasoning.encrypted_content'],
  });
});

test('state that no target keeps is refused with the field it came in, before anything is sent', async () => {
  const { client, vendor } = await bench('anthropic-messages', { text: 'ok' });
  const asked = client.responses.create({ ...ASK, previous_response_id: 'resp_before' });
  await expect(asked).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
  expect(vendor.requests).toHaveLength(0);
});
