import { Ollama } from 'ollama';
import { startSimulator, type Behaviour } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { configGateway } from './helpers/config-gateway.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { json, jsonOf, startRawVendor } from './helpers/raw-vendor.ts';
import { post, startGateway, thrownBy } from './helpers/running-gateway.ts';
import { PIXEL } from './helpers/samples.ts';

async function bench(wire: 'openai-chat' | 'ollama-chat', behaviour: Behaviour) {
  const vendor = await startSimulator({ script: { defaults: behaviour } });
  const standin = createChainStandin([{ url: vendor.url, wire }]);
  const { url } = await startGateway({ standin });
  onTestFinished(async () => {
    standin.close();
    await vendor.close();
  });
  return { client: new Ollama({ host: url }), vendor };
}

describe.each(['openai-chat', 'ollama-chat'] as const)('a prompt to /api/generate over a vendor of %s', (wire) => {
  test('is one turn of a chat; its answer stands in `response`', async () => {
    const { client, vendor } = await bench(wire, { text: 'north — ✓', usage: { inputTokens: 5, outputTokens: 2 } });
    const answer = await client.generate({
      model: 'm-1',
      prompt: 'Where?',
      system: 'be terse',
      images: [PIXEL],
      options: { temperature: 0.5 },
    });
    expect(answer).toMatchObject({ response: 'north — ✓', done: true, done_reason: 'stop', eval_count: 2 });
    expect('message' in answer).toBe(false);
    const body = vendor.requests[0]?.body as { messages: { role: string; content: unknown }[] };
    expect(body.messages.map((message) => message.role)).toEqual(['system', 'user']);
    expect(JSON.stringify(body)).toContain(PIXEL);
  });

  test('streams, thinking apart from the answer', async () => {
    const { client } = await bench(wire, { text: 'one two', reasoning: 'let me see', deltaChars: 3 });
    let text = '';
    let thinking = '';
    let done = false;
    for await (const chunk of await client.generate({ model: 'm-1', prompt: 'x', stream: true, think: true })) {
      text += chunk.response;
      thinking += chunk.thinking ?? '';
      done = chunk.done;
    }
    expect([text, thinking, done]).toEqual(['one two', 'let me see', true]);
  });

  test('that breaks off is an error, and never done', async () => {
    const { client } = await bench(wire, { words: 40, fault: 'cut', atChars: 50, how: 'fin', eventMs: 2 });
    let done = false;
    const reading = (async () => {
      for await (const chunk of await client.generate({ model: 'm-1', prompt: 'x', stream: true })) done ||= chunk.done;
    })();
    await expect(reading).rejects.toThrow();
    expect(done).toBe(false);
  });
});

describe('what only Ollama’s server can do', () => {
  const answer = { model: 'm', response: 'middle', done: true, prompt_eval_count: 3, eval_count: 1 };

  test('goes to it as it came', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, answer));
    const { url, rows } = await configGateway(`[providers.models.ollama.box]\nuri = "${vendor.url}"\nmodel = "m"\n`);
    const client = new Ollama({ host: url });
    const got = await client.generate({ model: 'ollama.box/coder', prompt: 'def a', suffix: 'return', stream: false });
    expect(got.response).toBe('middle');
    expect(vendor.requests.map((one) => [one.url, jsonOf(one).model, jsonOf(one).suffix])).toEqual([
      ['/api/generate', 'coder', 'return'],
    ]);
    expect(rows()).toMatchObject([{ model: 'coder', input_tokens: 3, output_tokens: 1, outcome: 'ok' }]);
  });

  test('is a clear error where the model is another vendor’s', async () => {
    const toml = '[providers.models.openai.main]\nuri = "http://127.0.0.1:9/v1"\napi_key = "k"\nmodel = "gpt-4o"\n';
    const { url } = await configGateway(toml);
    const thrown = await thrownBy(() =>
      new Ollama({ host: url }).generate({ model: 'gpt-4o', prompt: 'x', raw: true }),
    );
    expect(thrown).toMatchObject({ status_code: 400 });
    expect(String(thrown)).toContain('openai.main');
  });
});

describe('loading a model', () => {
  test.each([
    ['/api/chat', { messages: [] }, 'load'],
    ['/api/generate', {}, 'load'],
    ['/api/generate', { prompt: '', keep_alive: 0 }, 'unload'],
  ])('%s %j asks no vendor', async (path, body, reason) => {
    const standin = createFakeStandin();
    const { url } = await startGateway({ standin });
    const answer = (await (await post(`${url}${path}`, { model: 'm', ...body })).json()) as Record<string, unknown>;
    expect(answer).toMatchObject({ model: 'm', done: true, done_reason: reason });
    expect(standin.runs.length).toBe(0);
    expect((await post(`${url}${path}`, { model: 'unknown', ...body })).status).toBe(404);
  });
});
