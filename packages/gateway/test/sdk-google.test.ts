import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type, type GenerateContentResponse } from '@google/genai';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { post, startGateway, thrownBy } from './helpers/running-gateway.ts';
import { ODD_ARGUMENTS, PIXEL } from './helpers/samples.ts';

const WIRES = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama-chat'] as const;

interface Bench {
  readonly client: GoogleGenAI;
  readonly vendor: Simulator;
  readonly url: string;
}

function clientAt(url: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey: 'caller-key', httpOptions: { baseUrl: url } });
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

const ASK = { model: 'm-1', contents: 'Where is the north?' };
const TOOLS = [
  {
    functionDeclarations: ['look', 'walk'].map((name) => ({
      name,
      description: `to ${name}`,
      parameters: { type: Type.OBJECT, properties: { x: { type: Type.NUMBER } } },
    })),
  },
];

async function read(stream: AsyncIterable<GenerateContentResponse>): Promise<GenerateContentResponse[]> {
  const chunks: GenerateContentResponse[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe.each(WIRES)('the official Google client over a vendor of %s', (wire) => {
  test('reads a whole answer, with usage, finish reason and the model that answered', async () => {
    const usage = { inputTokens: 11, cacheReadTokens: 4, outputTokens: 6 };
    const { client } = await bench(wire, { text: 'Up there — “north” ✓', usage, model: 'm-1-2026' });
    const answer = await client.models.generateContent(ASK);
    expect(answer.text).toBe('Up there — “north” ✓');
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP');
    expect(answer.modelVersion).toBe('m-1-2026');
    expect(answer.responseId).toBeTruthy();
    expect(answer.usageMetadata).toMatchObject({
      promptTokenCount: 11,
      candidatesTokenCount: 6,
      totalTokenCount: 17,
      // One protocol has no word for it.
      ...(wire === 'ollama-chat' ? {} : { cachedContentTokenCount: 4 }),
    });
  });

  test('reads a stream to the same answer', async () => {
    const usage = { inputTokens: 9, outputTokens: 3 };
    const { client } = await bench(wire, { text: 'one two three — ✓', usage, deltaChars: 2 });
    const chunks = await read(await client.models.generateContentStream(ASK));
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe('one two three — ✓');
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
    expect(chunks.at(-1)?.usageMetadata?.candidatesTokenCount).toBe(3);
  });

  test('gets parallel tool calls, and its results reach the vendor', async () => {
    const { client, vendor } = await bench(wire, { text: 'Found.' });
    vendor.failNext({
      toolCalls: [
        { name: 'look', arguments: '{"x":1.5}', id: 'call_a' },
        { name: 'walk', arguments: '{"x":2}', id: 'call_b' },
      ],
    });
    const first = await client.models.generateContent({ ...ASK, config: { tools: TOOLS } });
    expect(first.functionCalls).toMatchObject([
      { id: 'call_a', name: 'look', args: { x: 1.5 } },
      { id: 'call_b', name: 'walk', args: { x: 2 } },
    ]);
    const responses = (first.functionCalls ?? []).map((call) => ({
      functionResponse: { id: call.id, name: call.name, response: { output: `result of ${call.id}` } },
    }));
    const second = await client.models.generateContent({
      model: 'm-1',
      contents: [
        { role: 'user', parts: [{ text: ASK.contents }] },
        first.candidates?.[0]?.content ?? {},
        { role: 'user', parts: responses },
      ],
      config: { tools: TOOLS },
    });
    expect(second.text).toBe('Found.');
    const sent = vendor.requests[1]?.rawBody ?? '';
    expect(sent).toContain('result of call_a');
    expect(sent).toContain('result of call_b');
    expect(sent).toContain('1.5');
  });

  test('reads streamed tool calls, and calls without ids find their results by name', async () => {
    const { client, vendor } = await bench(wire, { text: 'ok' });
    vendor.failNext({ toolCalls: [{ name: 'look', arguments: '{"x":3}' }], deltaChars: 2 });
    const chunks = await read(await client.models.generateContentStream({ ...ASK, config: { tools: TOOLS } }));
    const calls = chunks.flatMap((chunk) => chunk.functionCalls ?? []);
    expect(calls).toMatchObject([{ name: 'look', args: { x: 3 } }]);
    const contents = [
      { role: 'user', parts: [{ text: 'go' }] },
      { role: 'model', parts: [{ functionCall: { name: 'look', args: { x: 3 } } }] },
      { role: 'user', parts: [{ functionResponse: { name: 'look', response: { seen: 'a hill' } } }] },
    ];
    expect((await client.models.generateContent({ model: 'm-1', contents, config: { tools: TOOLS } })).text).toBe('ok');
    const sent = vendor.requests.at(-1)?.rawBody ?? '';
    expect(sent).toContain('a hill');
    expect(sent).not.toContain('without its call');
  });

  test('demands a call of one tool', async () => {
    const { client, vendor } = await bench(wire, { toolCalls: [{ name: 'walk', arguments: '{}' }] });
    const calling = { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['walk'] };
    const config = { tools: TOOLS, toolConfig: { functionCallingConfig: calling } };
    expect((await client.models.generateContent({ ...ASK, config })).functionCalls?.[0]?.name).toBe('walk');
    expect(JSON.stringify(vendor.requests[0]?.body)).toMatch(/("name":|allowedFunctionNames":\[)"walk"/);
  });

  test('sends an image and a system instruction', async () => {
    const { client, vendor } = await bench(wire, { text: 'a dot' });
    await client.models.generateContent({
      model: 'm-1',
      contents: [{ text: 'what is it' }, { inlineData: { mimeType: 'image/png', data: PIXEL } }],
      config: { systemInstruction: 'Answer in one word.', maxOutputTokens: 50, temperature: 0.5 },
    });
    const sent = vendor.requests[0]?.rawBody ?? '';
    expect(sent).toContain(PIXEL);
    expect(sent).toContain('Answer in one word.');
  });

  test('asks for structured output', async () => {
    const { client, vendor } = await bench(wire, { text: '{"place":"north"}' });
    const config = {
      responseMimeType: 'application/json',
      responseSchema: { type: Type.OBJECT, properties: { place: { type: Type.STRING, nullable: true } } },
    };
    const answer = await client.models.generateContent({ ...ASK, config });
    expect(JSON.parse(answer.text ?? '')).toEqual({ place: 'north' });
    const sent = vendor.requests[0]?.rawBody ?? '';
    expect(sent).toContain('place');
    expect(sent).not.toContain('OBJECT');
  });

  test('reads thoughts apart from the text', async () => {
    const { client } = await bench(wire, { text: 'so', reasoning: 'let me see' });
    const config = { thinkingConfig: { includeThoughts: true, thinkingBudget: 1_024 }, maxOutputTokens: 4_000 };
    const answer = await client.models.generateContent({ ...ASK, config });
    expect(answer.text).toBe('so');
    const thoughts = answer.candidates?.[0]?.content?.parts?.filter((part) => part.thought === true) ?? [];
    expect(thoughts.map((part) => part.text).join('')).toBe('let me see');
    const chunks = await read(await client.models.generateContentStream({ ...ASK, config }));
    expect(chunks.map((chunk) => chunk.text ?? '').join('')).toBe('so');
  });

  test.each([
    ['length', 'MAX_TOKENS'],
    ['stop', 'STOP'],
    ['content-filter', 'SAFETY'],
  ] as const)('reads the finish reason %s as %s', async (finish, told) => {
    const { client } = await bench(wire, { text: 'so far', finish });
    const answer = await client.models.generateContent(ASK);
    expect(answer.candidates?.[0]?.finishReason).toBe(told);
  });

  test.each([
    ['context', 400],
    ['invalid', 400],
    ['auth', 502],
    ['model', 404],
    ['quota', 429],
    ['overloaded', 503],
  ] as const)('throws what the vendor error "%s" means as %i', async (error, status) => {
    const { client } = await bench(wire, { error });
    const asking = [() => client.models.generateContent(ASK), () => client.models.generateContentStream(ASK)];
    for (const ask of asking) {
      const thrown = await thrownBy(ask);
      expect(thrown).toBeInstanceOf(ApiError);
      expect((thrown as ApiError).status).toBe(status);
      expect((JSON.parse((thrown as ApiError).message) as { error: { code: number } }).error.code).toBe(status);
    }
  });

  test.each(['fin', 'rst', 'clean'] as const)('throws on a stream cut by %s, and never sees it stop', async (how) => {
    const { client } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how, eventMs: 2 });
    const seen: GenerateContentResponse[] = [];
    const reading = (async () => {
      for await (const chunk of await client.models.generateContentStream(ASK)) seen.push(chunk);
    })();
    await expect(reading).rejects.toThrow();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.some((chunk) => chunk.candidates?.[0]?.finishReason !== undefined)).toBe(false);
  });

  test('gets the digits of tool arguments as they were, and gives them back so', async () => {
    const { url, vendor } = await bench(wire, { toolCalls: [{ name: 'look', arguments: ODD_ARGUMENTS, id: 'c1' }] });
    const path = `${url}/v1beta/models/m-1`;
    const body = { contents: [{ role: 'user', parts: [{ text: 'go' }] }], tools: TOOLS };
    const whole = await (await post(`${path}:generateContent`, body)).text();
    expect(whole).toContain('"x":1.0,"big":12345678901234567890');
    const streamed = await (await post(`${path}:streamGenerateContent?alt=sse`, body)).text();
    expect(streamed).toContain('"big":12345678901234567890');
    const call = `{"functionCall":{"name":"look","args":${ODD_ARGUMENTS}}}`;
    const contents = `[{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[${call}]}]`;
    await post(`${path}:generateContent`, `{"contents":${contents}}`);
    expect(vendor.requests.at(-1)?.rawBody).toContain('12345678901234567890');
  });

  test('without alt=sse a stream is one JSON array', async () => {
    const { url } = await bench(wire, { text: 'one two three', deltaChars: 3 });
    const response = await post(`${url}/v1beta/models/m-1:streamGenerateContent`, {
      contents: [{ parts: [{ text: 'x' }] }],
    });
    expect(response.headers.get('content-type')).toContain('application/json');
    const chunks = (await response.json()) as GenerateContentResponse[];
    expect(chunks.map((chunk) => chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? '').join('')).toBe(
      'one two three',
    );
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe('STOP');
  });
});

describe('around the calls', () => {
  test('models are listed, got by name, and tokens counted', async () => {
    const { url } = await startGateway({ standin: createFakeStandin() });
    const client = clientAt(url);
    const names: (string | undefined)[] = [];
    for await (const model of await client.models.list()) names.push(model.name);
    expect(names).toEqual(['models/openai.main', 'models/openai.main/model-a']);
    expect((await client.models.get({ model: 'openai.main/model-a' })).inputTokenLimit).toBe(128_000);
    const missing = await thrownBy(() => client.models.get({ model: 'nobody' }));
    expect((missing as ApiError).status).toBe(404);
    const counted = await client.models.countTokens({ model: 'm', contents: 'How long is this text?' });
    expect(counted.totalTokens).toBeGreaterThan(4);
  });

  test('the model of the address chooses the route, slashes included', async () => {
    const standin = createFakeStandin((run) => run.answer('hello'));
    const { url } = await startGateway({ standin });
    const answer = await clientAt(url).models.generateContent({ ...ASK, model: 'openai.main/model-a' });
    expect(answer.text).toBe('hello');
    const body = { contents: [{ role: 'user', parts: [{ text: 'x' }] }] };
    const cloud = '/v1/projects/p/locations/l/publishers/google/models/model-b:generateContent';
    expect((await post(`${url}${cloud}`, body)).status).toBe(200);
    expect((await post(`${url}/v1beta/models/openai.main%2Fc:generateContent`, body)).status).toBe(200);
    expect(standin.selectors).toMatchObject([
      { model: 'openai.main/model-a' },
      { model: 'model-b' },
      { model: 'openai.main/c' },
    ]);
  });

  test('a wrong request is told in this protocol', async () => {
    const { url } = await startGateway({ standin: createFakeStandin() });
    const response = await post(`${url}/v1beta/models/m:generateContent`, { contents: [{ role: 'robot', parts: [] }] });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400, status: 'INVALID_ARGUMENT' } });
    const nowhere = await fetch(`${url}/v1beta/nothing`);
    expect(await nowhere.json()).toMatchObject({ error: { code: 404, status: 'NOT_FOUND' } });
  });
});
