import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseCommandInput,
} from '@aws-sdk/client-bedrock-runtime';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../src/index.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'TOKEN/abc+==' };
const MODEL = 'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-v1:0';
const TEXT = 'Der Fluß — 流れ 🏞️ — runs on.';

let simulator: Simulator;
let client: BedrockRuntimeClient;

beforeAll(async () => {
  simulator = await startSimulator();
  // The client speaks HTTP/2 unless told otherwise; its own handler for HTTP/1.1 comes with it.
  const { NodeHttpHandler } = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'))(
    '@smithy/node-http-handler',
  );
  client = new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: simulator.url,
    credentials,
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler(),
  });
});
afterAll(async () => {
  client.destroy();
  await simulator.close();
});
beforeEach(() => {
  simulator.reset();
  simulator.setScript({ defaults: { text: TEXT } });
});

const ask = (rest: Partial<ConverseCommandInput> = {}): ConverseCommandInput => ({
  modelId: MODEL,
  messages: [{ role: 'user', content: [{ text: 'hi' }] }],
  ...rest,
});

const tools: ConverseCommandInput['toolConfig'] = {
  tools: [
    {
      toolSpec: {
        name: 'get_weather',
        description: 'Weather of a city.',
        inputSchema: { json: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
      },
    },
  ],
};

/** The stream as the client gives it, folded. */
async function streamed(input: ConverseCommandInput) {
  const { stream } = await client.send(new ConverseStreamCommand(input));
  const seen = { text: '', reasoning: '', inputs: [''], calls: [] as string[], stop: '', tokens: 0 };
  for await (const event of stream ?? []) {
    const delta = event.contentBlockDelta?.delta;
    seen.text += delta?.text ?? '';
    seen.reasoning += delta?.reasoningContent?.text ?? '';
    if (delta?.toolUse?.input !== undefined)
      seen.inputs[seen.calls.length] = (seen.inputs[seen.calls.length] ?? '') + delta.toolUse.input;
    const call = event.contentBlockStart?.start?.toolUse?.name;
    if (call !== undefined) seen.calls.push(call);
    seen.stop = event.messageStop?.stopReason ?? seen.stop;
    seen.tokens += event.metadata?.usage?.totalTokens ?? 0;
  }
  return seen;
}

describe('the official Bedrock client', () => {
  it('reads a whole answer', async () => {
    const answer = await client.send(new ConverseCommand(ask()));
    expect(answer.output?.message?.content).toEqual([{ text: TEXT }]);
    expect(answer.stopReason).toBe('end_turn');
    expect(answer.usage?.totalTokens).toBeGreaterThan(0);
    expect(simulator.requests[0]).toMatchObject({ wire: 'bedrock-converse', model: MODEL, stream: false });
  });

  it('reads a stream, however it is cut', async () => {
    for (const cut of [{}, { bytesPerWrite: 1 }, { randomCuts: 5 }, { eventsPerWrite: 4 }]) {
      simulator.setScript({ defaults: { text: TEXT, reasoning: 'hm, well', deltaChars: 3, ...cut } });
      expect(await streamed(ask())).toMatchObject({ text: TEXT, reasoning: 'hm, well', stop: 'end_turn' });
    }
  });

  it('reads tool calls, whole and streamed', async () => {
    simulator.setScript({
      defaults: {
        toolCalls: [
          { name: 'get_weather', arguments: { city: 'Zürich' } },
          { name: 'get_weather', arguments: { city: 'Genève' } },
        ],
      },
    });
    const whole = await client.send(new ConverseCommand(ask({ toolConfig: tools })));
    expect(whole.output?.message?.content?.map((block) => block.toolUse?.input)).toEqual([
      { city: 'Zürich' },
      { city: 'Genève' },
    ]);
    expect(whole.stopReason).toBe('tool_use');
    const { calls, inputs, stop } = await streamed(ask({ toolConfig: tools }));
    expect([calls, stop]).toEqual([['get_weather', 'get_weather'], 'tool_use']);
    expect(inputs.filter(Boolean).map((input) => JSON.parse(input))).toEqual([{ city: 'Zürich' }, { city: 'Genève' }]);
  });

  it('sends images and documents that are understood', async () => {
    simulator.setScript({ defaults: { words: 3 } });
    const content = [
      { image: { format: 'png' as const, source: { bytes: Buffer.alloc(70, 1) } } },
      { document: { format: 'pdf' as const, name: 'Report', source: { bytes: Buffer.alloc(9, 2) } } },
      { text: 'what is it?' },
    ];
    const answer = await client.send(new ConverseCommand(ask({ messages: [{ role: 'user', content }] })));
    expect(answer.output?.message?.content?.[0]?.text).toContain('image/png of 70 bytes');
  });

  it.each([
    ['rate', 'ThrottlingException', 429],
    ['context', 'ValidationException', 400],
    ['model', 'ValidationException', 400],
    ['auth', 'UnrecognizedClientException', 403],
    ['permission', 'AccessDeniedException', 403],
    ['server', 'InternalServerException', 500],
    ['unavailable', 'ServiceUnavailableException', 503],
    ['timeout', 'ModelTimeoutException', 408],
  ] as const)('throws for %s as %s', async (error, name, status) => {
    simulator.setScript({ defaults: { error } });
    for (const command of [new ConverseCommand(ask()), new ConverseStreamCommand(ask())]) {
      const expected = { name, $metadata: { httpStatusCode: status } };
      await expect(client.send(command as ConverseCommand)).rejects.toMatchObject(expected);
    }
  });

  it('throws the exception that stands in a stream', async () => {
    simulator.setScript({ defaults: { text: TEXT, fault: 'error-event', error: 'rate', atChars: 10, deltaChars: 5 } });
    await expect(streamed(ask())).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('wait'),
    });
  });

  it('throws for a request that is none', async () => {
    await expect(client.send(new ConverseCommand(ask({ messages: [] })))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('messages'),
    });
  });
});
