import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startDemoVendors, startSimulator, type DemoVendors, type Simulator } from '../src/index.ts';
import { ask, rawCall, textIn } from './testkit/raw-call.ts';

describe('the control endpoints', () => {
  let simulator: Simulator;
  beforeEach(async () => void (simulator = await startSimulator()));
  afterEach(() => simulator.close());
  const post = async (path: string, body = '') => {
    const response = await fetch(simulator.url + path, { method: 'POST', body });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = async (path: string) => (await fetch(simulator.url + path)).text();

  test('tell what was received, never a key', async () => {
    const headers = {
      authorization: 'Bearer sk-very-secret',
      'x-api-key': 'sk-also-secret',
      'x-goog-api-key': 'sk-third-secret',
    };
    await rawCall(
      `${simulator.url}/v1/chat/completions?key=sk-fourth-secret`,
      { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
      headers,
    ).answer;
    const shown = await get('/sim/requests');
    expect(JSON.parse(shown)).toMatchObject({
      requests: [{ sequence: 1, model: 'm', outcome: 'answer', key: expect.stringMatching(/^key:[0-9a-f]{8}$/) }],
    });
    expect(shown).not.toContain('secret');
    expect(simulator.requests[0]?.key).toBe('sk-very-secret');
  });

  test('count requests and are not counted themselves', async () => {
    await ask(simulator.url, 'openai-chat', { model: 'sim-429' }).answer;
    await ask(simulator.url, 'anthropic-messages').answer;
    await get('/sim/requests');
    expect(JSON.parse(await get('/stats'))).toMatchObject({
      requests: 2,
      open: 0,
      byOutcome: { error: 1, answer: 1 },
      byModel: { 'sim-429': 1, m: 1 },
      byStatus: { 200: 1, 429: 1 },
    });
    await post('/sim/reset');
    expect(JSON.parse(await get('/stats'))).toMatchObject({ requests: 0 });
  });

  test('take a script in either form, and say what is wrong with one', async () => {
    expect(await post('/sim/script', '[[rules]]\ntimes = 1\nbehaviour = "503"')).toMatchObject({
      status: 200,
      body: { rules: 1 },
    });
    expect((await ask(simulator.url, 'openai-chat').answer).status).toBe(503);
    expect(await post('/sim/script', '{"rules":[{"behaviour":"504"}]}')).toMatchObject({ status: 200 });
    const wrong = await post('/sim/script', '{"rule":[]}');
    expect(wrong).toMatchObject({
      status: 400,
      body: { path: 'rule', error: expect.stringContaining('Allowed: seed') },
    });
    expect((await ask(simulator.url, 'openai-chat').answer).status).toBe(504);
  });

  test('make the next requests fail', async () => {
    await post('/sim/fail?times=2&kind=429-after3');
    const answers = [
      await ask(simulator.url, 'openai-chat').answer,
      await ask(simulator.url, 'openai-chat').answer,
      await ask(simulator.url, 'openai-chat').answer,
    ];
    expect(answers.map((answer) => answer.status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers['retry-after']).toBe('3');
    expect(await post('/sim/fail?times=-1')).toMatchObject({ status: 400 });
    expect(await post('/sim/fail?kind=boom')).toMatchObject({
      status: 400,
      body: { error: expect.stringContaining('boom') },
    });
  });

  test('explain themselves', async () => {
    expect(await get('/sim/help')).toContain('sim-429-after2-x2');
    expect((await post('/sim/nothing')).status).toBe(404);
    expect(await get('/other')).toContain('404');
  });

  test('a request nobody makes is reported with what was seen', async () => {
    await ask(simulator.url, 'openai-chat', { model: 'seen' }).answer;
    await expect(simulator.waitFor((request) => request.model === 'other', 5)).rejects.toThrow(
      /within 5 ms.*seen answer/,
    );
  });
});

describe.each([
  ['authorization', 'Bearer abc', 'abc', 'bearer'],
  ['x-api-key', 'abc', 'abc', 'x-api-key'],
  ['api-key', 'abc', 'abc', 'api-key'],
  ['x-goog-api-key', 'abc', 'abc', 'x-goog-api-key'],
  [
    'authorization',
    'AWS4-HMAC-SHA256 Credential=AKIA1/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=f',
    'AKIA1',
    'aws',
  ],
])('a key in %s: %s', (header, value, key, keyVia) => {
  test('is recorded', async () => {
    const simulator = await startSimulator();
    await rawCall(`${simulator.url}/v1/messages`, {}, { [header]: value }).answer;
    expect(simulator.requests[0]).toMatchObject({ key, keyVia });
    await simulator.close();
  });
});

describe('the demo vendors', () => {
  let demo: DemoVendors;
  beforeEach(async () => void (demo = await startDemoVendors({ eventMs: 0 })));
  afterEach(() => demo.close());

  test('are one of each shape, and say that they are simulated', async () => {
    expect(demo.vendors.map((vendor) => vendor.wire)).toEqual(['openai-chat', 'anthropic-messages']);
    for (const { url, wire, model } of demo.vendors) {
      expect(model).toMatch(/^simulated\//);
      if (wire !== 'openai-chat' && wire !== 'anthropic-messages') throw new Error(wire);
      const { body } = await ask(url, wire, { model, stream: true }).answer;
      expect(textIn(body)).toContain(`I am ${model}, a simulated model`);
      expect(body).toContain(`"model":"${model}"`);
    }
  });

  test.each([
    ['503', 503],
    ['429', 429],
    ['cut', 200],
  ])('the first one fails when told to: %s', async (kind, status) => {
    const first = demo.vendors[0];
    if (first === undefined) throw new Error('no vendor');
    const { url, wire, model } = first;
    await fetch(`${url}/sim/fail?times=1&kind=${kind}`, { method: 'POST' });
    const call = () => ask(url, wire as 'openai-chat', { model, stream: true }).answer;
    const failed = await call();
    expect(failed.status).toBe(status);
    expect(failed.body).not.toContain('[DONE]');
    expect((await call()).body).toContain('[DONE]');
  });
});
