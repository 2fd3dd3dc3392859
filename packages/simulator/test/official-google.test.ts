import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../src/index.ts';

// Google's own client and the one of the `ai` package are the oracles of what the simulator writes for Interactions.
let simulator: Simulator;
let google: GoogleGenAI;

beforeAll(async () => {
  simulator = await startSimulator();
  google = new GoogleGenAI({ apiKey: 'key-1', httpOptions: { baseUrl: simulator.url } });
});
afterAll(() => simulator.close());
beforeEach(() => {
  simulator.setScript({});
  simulator.reset();
});

const TEXT = 'Grüße, 世界 🌍';
const look = { type: 'function' as const, name: 'look', parameters: { type: 'object', properties: {} } };

describe("Google's client", () => {
  test('reads a whole interaction with thinking and usage', async () => {
    simulator.setScript({ defaults: { text: TEXT, reasoning: 'Hm.', usage: { inputTokens: 7, outputTokens: 5 } } });
    const answer = await google.interactions.create({ model: 'gemini-3-flash', input: 'Hi?' });
    expect(answer.status).toBe('completed');
    expect(answer.output_text).toBe(TEXT);
    expect(answer.steps?.map(({ type }) => type)).toEqual(['thought', 'model_output']);
    expect(answer.usage).toMatchObject({ total_input_tokens: 7 });
    expect(simulator.requests[0]).toMatchObject({ model: 'gemini-3-flash', stream: false, outcome: 'answer' });
  });

  test('reads a stream, byte by byte, with a call and its arguments', async () => {
    const toolCalls = [{ name: 'look', arguments: { at: 'Zürich' } }];
    simulator.setScript({ defaults: { text: TEXT, toolCalls, bytesPerWrite: 1 } });
    const stream = await google.interactions.create({ model: 'm', input: 'Hi?', stream: true, tools: [look] });
    let text = '';
    let json = '';
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.event_type);
      if (event.event_type !== 'step.delta') continue;
      if (event.delta.type === 'text') text += event.delta.text;
      if (event.delta.type === 'arguments_delta') json += event.delta.arguments ?? '';
    }
    expect(text).toBe(TEXT);
    expect(JSON.parse(json)).toEqual({ at: 'Zürich' });
    expect([types[0], types.at(-1)]).toEqual(['interaction.created', 'interaction.completed']);
  });

  test('throws for an error, with its status', async () => {
    simulator.setScript({ defaults: { error: 'model' } });
    const failed = google.interactions.create({ model: 'nope', input: 'Hi?' }, { maxRetries: 0 });
    await expect(failed).rejects.toMatchObject({ status: 404 });
  });
});

test("the `ai` package's client reads both forms", async () => {
  simulator.setScript({ defaults: { text: TEXT, toolCalls: [{ name: 'look', arguments: {} }] } });
  const model = createGoogleGenerativeAI({ apiKey: 'key-2', baseURL: `${simulator.url}/v1beta` }).interactions(
    'gemini-3-flash',
  );
  const prompt = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hi?' }] }];
  const tools = [{ type: 'function' as const, name: 'look', inputSchema: { type: 'object' as const } }];
  const whole = await model.doGenerate({ prompt, tools });
  expect(whole.content).toMatchObject([
    { type: 'text', text: TEXT },
    { type: 'tool-call', toolName: 'look', input: '{}' },
  ]);
  expect(whole.finishReason.unified).toBe('tool-calls');
  const { stream } = await model.doStream({ prompt, tools });
  let text = '';
  let finish: unknown;
  for await (const part of stream) {
    if (part.type === 'text-delta') text += part.delta;
    if (part.type === 'finish') finish = part.finishReason.unified;
  }
  expect([text, finish]).toEqual([TEXT, 'tool-calls']);
});
