import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  type BedrockRuntimeClientConfig,
  type ConverseCommandInput,
  type Message,
} from '@aws-sdk/client-bedrock-runtime';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { createKey, createKeyring } from '@standin/store';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

const WIRES = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'ollama-chat',
] as const;
const MODEL = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-v1:0';

/** The client's other transport, HTTP/1.1, comes with it. */
const { NodeHttpHandler } = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'))(
  '@smithy/node-http-handler',
) as { NodeHttpHandler: new () => NonNullable<BedrockRuntimeClientConfig['requestHandler']> };

function clientAt(url: string, config: Partial<BedrockRuntimeClientConfig> = {}): BedrockRuntimeClient {
  const client = new BedrockRuntimeClient({
    region: 'eu-central-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKIDANY', secretAccessKey: 'whatever', sessionToken: 'any/+==' },
    maxAttempts: 3,
    retryMode: 'standard',
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

interface Bench {
  readonly client: BedrockRuntimeClient;
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
  return { client: clientAt(url), vendor, url };
}

const ask = (rest: Partial<ConverseCommandInput> = {}): ConverseCommandInput => ({
  modelId: MODEL,
  messages: [{ role: 'user', content: [{ text: 'Where is the north?' }] }],
  ...rest,
});

const toolConfig: ConverseCommandInput['toolConfig'] = {
  tools: ['look', 'walk'].map((name) => ({
    toolSpec: {
      name,
      description: `to ${name}`,
      inputSchema: { json: { type: 'object', properties: { x: { type: 'number' } } } },
    },
  })),
};

/** The stream as the client gives it, folded. */
async function streamed(client: BedrockRuntimeClient, input: ConverseCommandInput) {
  const { stream } = await client.send(new ConverseStreamCommand(input));
  const folded = {
    text: '',
    calls: [] as string[],
    inputs: {} as Record<number, string>,
    deltas: 0,
    stop: '',
    usage: 0,
  };
  for await (const event of stream ?? []) {
    const delta = event.contentBlockDelta?.delta;
    if (delta?.text !== undefined) {
      folded.text += delta.text;
      folded.deltas += 1;
    }
    const name = event.contentBlockStart?.start?.toolUse?.name;
    if (name !== undefined) folded.calls.push(name);
    const index = event.contentBlockDelta?.contentBlockIndex ?? 0;
    if (delta?.toolUse?.input !== undefined) folded.inputs[index] = (folded.inputs[index] ?? '') + delta.toolUse.input;
    folded.stop ||= event.messageStop?.stopReason ?? '';
    folded.usage ||= event.metadata?.usage?.outputTokens ?? 0;
  }
  return folded;
}

describe.each(WIRES)('the official AWS client over a vendor of %s', (wire) => {
  test('reads a whole answer, with usage and stop reason', async () => {
    const { client } = await bench(wire, { text: 'Up there — “north” ✓', usage: { inputTokens: 11, outputTokens: 6 } });
    const answer = await client.send(new ConverseCommand(ask()));
    expect(answer.output?.message).toEqual({ role: 'assistant', content: [{ text: 'Up there — “north” ✓' }] });
    expect(answer.stopReason).toBe('end_turn');
    expect(answer.usage).toMatchObject({ inputTokens: 11, outputTokens: 6, totalTokens: 17 });
  });

  test('reads a stream to the same answer', async () => {
    const { client } = await bench(wire, {
      text: 'one two three — ✓',
      usage: { inputTokens: 9, outputTokens: 3 },
      deltaChars: 2,
    });
    const answer = await streamed(client, ask());
    expect(answer).toMatchObject({ text: 'one two three — ✓', stop: 'end_turn', usage: 3 });
    expect(answer.deltas).toBeGreaterThan(3);
  });

  test('gets parallel tool calls, whole and streamed, and its results reach the vendor', async () => {
    const { client, vendor } = await bench(wire, { text: 'Found.' });
    const calls: Behaviour = {
      toolCalls: [
        { name: 'look', arguments: '{"x":1.5}', id: 'call_a' },
        { name: 'walk', arguments: '{"x":2}', id: 'call_b' },
      ],
    };
    vendor.failNext(calls);
    const first = await client.send(new ConverseCommand(ask({ toolConfig })));
    expect(first.stopReason).toBe('tool_use');
    const used = (first.output?.message?.content ?? []).flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [toolUse],
    );
    expect(used).toMatchObject([
      { name: 'look', input: { x: 1.5 } },
      { name: 'walk', input: { x: 2 } },
    ]);
    const results: Message = {
      role: 'user',
      content: used.map(({ toolUseId }, index) => ({
        toolResult: { toolUseId, content: [{ text: `seen ${index}` }], status: 'success' },
      })),
    };
    const messages = [...(ask().messages ?? []), first.output?.message as Message, results];
    const second = await client.send(new ConverseCommand(ask({ messages, toolConfig })));
    expect(second.output?.message?.content).toEqual([{ text: 'Found.' }]);
    expect(JSON.stringify(vendor.requests.at(-1)?.body)).toMatch(/seen 0.*seen 1/);
    vendor.failNext(calls);
    const third = await streamed(client, ask({ toolConfig }));
    expect(third).toMatchObject({ calls: ['look', 'walk'], stop: 'tool_use' });
    expect(Object.values(third.inputs).map((input) => JSON.parse(input) as unknown)).toEqual([{ x: 1.5 }, { x: 2 }]);
  });

  test('sends images', async () => {
    const { client, vendor } = await bench(wire, { text: 'A dot.' });
    const content = [
      { text: 'what is it?' },
      { image: { format: 'png' as const, source: { bytes: Buffer.from(PIXEL, 'base64') } } },
    ];
    const answer = await client.send(new ConverseCommand(ask({ messages: [{ role: 'user', content }] })));
    expect(answer.output?.message?.content).toEqual([{ text: 'A dot.' }]);
    expect(JSON.stringify(vendor.requests[0]?.body)).toContain(PIXEL.slice(0, 40));
  });
});

describe('the official AWS client', () => {
  test.each([
    ['over HTTP/2, its own choice', {}],
    ['over HTTP/1.1', { requestHandler: new NodeHttpHandler() }],
  ] satisfies [string, Partial<BedrockRuntimeClientConfig>][])('is answered %s', async (_how, config) => {
    const { url } = await bench('anthropic-messages', { text: 'A long answer. '.repeat(4_000), deltaChars: 400 });
    const client = clientAt(url, config);
    const big = 'x'.repeat(300_000);
    const input = ask({ messages: [{ role: 'user', content: [{ text: big }] }] });
    const answers = await Promise.all([streamed(client, input), streamed(client, input)]);
    for (const { text, stop } of answers) expect([text.length, stop]).toEqual([60_000, 'end_turn']);
  });

  test('does not hold a gateway open that shuts down', async () => {
    const standin = createFakeStandin((run) => run.answer('hello'));
    const { url, gateway } = await startGateway({ standin });
    const client = clientAt(url);
    expect((await streamed(client, ask())).text).toBe('hello');
    await gateway.close({ graceMs: 60_000 });
    expect(await thrownBy(() => client.send(new ConverseCommand(ask())))).toBeInstanceOf(Error);
  });

  test('keeps the digits of tool arguments', async () => {
    const { client } = await bench('openai-chat', { toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS }] });
    const answer = await streamed(client, ask({ toolConfig }));
    expect(Object.values(answer.inputs).join('')).toBe(ODD_ARGUMENTS);
  });

  test('gets JSON of its schema', async () => {
    const { client, vendor } = await bench('openai-chat', { text: '{"city":"Bern"}' });
    const schema = JSON.stringify({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] });
    const outputConfig = { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'place', schema } } } };
    const answer = await client.send(new ConverseCommand({ ...ask(), outputConfig } as ConverseCommandInput));
    expect(answer.output?.message?.content).toEqual([{ text: '{"city":"Bern"}' }]);
    expect(JSON.stringify(vendor.requests[0]?.body)).toContain('"json_schema"');
  });

  test('counts tokens by estimate', async () => {
    const { client } = await bench('openai-chat', {});
    const converse = { messages: [{ role: 'user' as const, content: [{ text: 'four words are here' }] }] };
    const { inputTokens } = await client.send(new CountTokensCommand({ modelId: 'm', input: { converse } }));
    expect(inputTokens).toBeGreaterThan(2);
  });

  test.each([
    ['context', 'ValidationException', 400],
    ['invalid', 'ValidationException', 400],
    ['rate', 'ThrottlingException', 429],
    ['quota', 'ServiceQuotaExceededException', 400],
    ['model', 'ResourceNotFoundException', 404],
    ['auth', 'ModelErrorException', 424],
    ['server', 'ModelErrorException', 424],
  ] as const)('throws for %s, whole and streamed, as %s', async (error, name, status) => {
    for (const command of [new ConverseCommand(ask()), new ConverseStreamCommand(ask())]) {
      const { url } = await bench('openai-chat', { error });
      const client = clientAt(url, { maxAttempts: 1 });
      const thrown = await thrownBy(() => client.send(command as ConverseCommand));
      expect(thrown).toMatchObject({ name, $metadata: { httpStatusCode: status } });
      expect((thrown as Error).message).toContain('openai.n1');
    }
  });

  test('does not multiply the attempts of a walk that is over', async () => {
    const { client, vendor } = await bench('openai-chat', { error: 'server' });
    expect(await thrownBy(() => client.send(new ConverseCommand(ask())))).toMatchObject({
      name: 'ModelErrorException',
    });
    expect(vendor.requests).toHaveLength(3);
  });

  test('throws the exception that stands in a broken stream', async () => {
    const { client } = await bench('openai-chat', { text: 'half an answer, no more', fault: 'cut', atChars: 10 });
    await expect(streamed(client, ask())).rejects.toMatchObject({
      name: 'InternalServerException',
      message: expect.stringContaining('openai.n1'),
    });
  });

  test('shows a virtual key as its bearer token, and a signature shows none', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'standin-keys-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const path = join(dir, 'keys.json');
    const { key } = createKey(path, { name: 'ci', now: 1 });
    const standin = createFakeStandin((run) => run.answer('hello'));
    const { url } = await startGateway({ standin, keys: createKeyring({ path, required: true }), accounting: {} });
    const bearer = (token: string): BedrockRuntimeClient =>
      clientAt(url, { credentials: undefined, token: { token }, authSchemePreference: ['httpBearerAuth'] });
    const answer = await bearer(key).send(new ConverseCommand(ask()));
    expect(answer.output?.message?.content).toEqual([{ text: 'hello' }]);
    for (const client of [bearer('sk-standin-wrong'), clientAt(url)]) {
      const thrown = await thrownBy(() => client.send(new ConverseCommand(ask())));
      expect(thrown).toMatchObject({ name: 'UnrecognizedClientException', $metadata: { httpStatusCode: 403 } });
    }
    expect(standin.runs).toHaveLength(1);
  });

  test('is told what is wrong with its request', async () => {
    const { client } = await bench('openai-chat', {});
    await expect(client.send(new ConverseCommand(ask({ messages: [] })))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('messages'),
    });
  });
});
