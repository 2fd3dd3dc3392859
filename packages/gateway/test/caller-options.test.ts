import { request as httpRequest } from 'node:http';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { CHAT, MESSAGES, post } from './helpers/running-gateway.ts';

async function vendors(...behaviours: Behaviour[]): Promise<{ all: Simulator[]; toml: string }> {
  const all = await Promise.all(behaviours.map((defaults) => startSimulator({ script: { defaults } })));
  onTestFinished(async () => void (await Promise.all(all.map((one) => one.close()))));
  const toml = all
    .map(({ url }, at) => {
      const next = at + 1 < all.length ? `fallback = ["custom.v${at + 2}"]` : '';
      return `[providers.models.custom.v${at + 1}]\nuri = "${url}/v1"\napi_key = "k${at + 1}"\nmodel = "m${at + 1}"\n${next}\n`;
    })
    .join('');
  return { all, toml };
}

const asked = (all: readonly Simulator[]) => all.map((one) => one.requests.length);

describe('routing options of a caller', () => {
  test.each([
    ['OpenRouter’s order', { provider: { order: ['custom.v3'] } }, 'custom.v3'],
    ['OpenRouter’s only', { provider: { only: ['custom.v2'] } }, 'custom.v2'],
    ['OpenRouter’s ignore', { provider: { ignore: ['custom.v1', 'custom.v2'] } }, 'custom.v3'],
    ['OpenRouter’s models', { model: undefined, models: ['custom.v2', 'custom.v3'] }, 'custom.v2'],
    ['a model alone', { model: 'custom.v3/else' }, 'custom.v3'],
  ])('%s chooses who answers', async (_what, options, provider) => {
    const { toml } = await vendors({}, {}, {});
    const { url } = await configGateway(toml);
    const response = await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'm1', ...options });
    expect([response.status, response.headers.get('x-standin-provider')]).toEqual([200, provider]);
  });

  test.each([
    ['allow_fallbacks', { provider: { allow_fallbacks: false } }],
    ['disable_fallbacks', { disable_fallbacks: true }],
  ])('%s keeps to the first', async (_what, options) => {
    const { toml, all } = await vendors({ error: 'invalid' }, {});
    const { url } = await configGateway(toml);
    const response = await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'custom.v1', ...options });
    expect(response.status).toBe(400);
    expect(asked(all)).toEqual([1, 0]);
  });

  test.each(['/v1/chat/completions', '/v1/messages'])('LiteLLM’s fallbacks come first at %s', async (path) => {
    const { toml, all } = await vendors({ error: 'auth' }, {}, {});
    const { url } = await configGateway(toml);
    const body = { ...(path === '/v1/messages' ? MESSAGES : CHAT), model: 'custom.v1', fallbacks: ['custom.v3'] };
    const response = await post(`${url}${path}`, body);
    expect(response.headers.get('x-standin-provider')).toBe('custom.v3');
    expect(asked(all)).toEqual([1, 0, 1]);
  });

  test('LiteLLM’s num_retries bounds what one target is asked', async () => {
    const { toml, all } = await vendors({ error: 'server' });
    const { url } = await configGateway(toml);
    await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'custom.v1', num_retries: 0 });
    expect(asked(all)).toEqual([1]);
  });

  test.each([
    ['timeout', { timeout: 0.2 }, {}],
    ['x-stainless-timeout', {}, { 'x-stainless-timeout': '0.2' }],
  ])('%s ends a call that nobody answers', async (_what, options, headers: Record<string, string>) => {
    const { toml } = await vendors({ fault: 'silent' });
    const { url } = await configGateway(toml);
    const began = performance.now();
    const response = await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'custom.v1', ...options }, headers);
    expect(response.status).toBe(504);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(response.headers.get('x-request-id')).not.toBeNull();
  });

  test('what other gateways understand does no harm, and goes to no vendor', async () => {
    const { toml, all } = await vendors({});
    const { url } = await configGateway(toml);
    const extras = {
      usage: { include: true },
      transforms: ['middle-out'],
      route: 'fallback',
      provider: { require_parameters: true, data_collection: 'deny', sort: 'price', quantizations: ['fp8'], zdr: true },
      providerOptions: { gateway: { order: ['x'] } },
      stream_timeout: 30,
    };
    for (const [path, body] of [
      ['/v1/chat/completions', CHAT],
      ['/v1/responses', { input: 'hi' }],
      ['/v1/messages', MESSAGES],
    ] as const)
      expect([path, (await post(`${url}${path}`, { ...body, model: 'custom.v1', ...extras })).status]).toEqual([
        path,
        200,
      ]);
    for (const { rawBody } of all[0]?.requests ?? []) {
      for (const name of Object.keys(extras)) expect(rawBody).not.toContain(`"${name}"`);
    }
  });

  test.each([
    { provider: 'openai' },
    { provider: { order: 'x' } },
    { models: 'm' },
    { fallbacks: [1] },
    { num_retries: -1 },
    { timeout: 0 },
    { timeout: 'soon' },
  ])('%j is a 400 that names the field', async (options) => {
    const { toml, all } = await vendors({});
    const { url } = await configGateway(toml);
    const response = await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'custom.v1', ...options });
    const { error } = (await response.json()) as { error: { param: string } };
    expect(response.status).toBe(400);
    expect(error.param).toContain(Object.keys(options)[0]);
    expect(asked(all)).toEqual([0]);
  });
});

describe('a page of this machine', () => {
  /** `fetch` sets no `Origin` by hand. */
  function asPage(url: string, method: string, headers: Record<string, string>, body?: string) {
    return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
      const req = httpRequest(url, { method, headers }, (res) => {
        res.resume();
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers }));
      });
      req.on('error', reject);
      req.end(body);
    });
  }
  const PREFLIGHT = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  };

  test('may ask, after asking whether it may; one of another site may not', async () => {
    const { toml } = await vendors({});
    const { url } = await configGateway(toml, { callers: { page: {} } });
    const chat = `${url}/v1/chat/completions`;
    const origin = 'http://localhost:5173';
    const asked = await asPage(chat, 'OPTIONS', { origin, ...PREFLIGHT });
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-allow-methods': expect.stringContaining('POST') as string,
    });
    const refused = await asPage(chat, 'POST', { origin }, JSON.stringify(CHAT));
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, origin]);
    for (const headers of [
      { origin: 'https://evil.example', ...PREFLIGHT },
      { origin: 'null', ...PREFLIGHT },
    ]) {
      const foreign = await asPage(chat, 'OPTIONS', headers);
      expect([foreign.status, foreign.headers['access-control-allow-origin']]).toEqual([400, undefined]);
    }
  });

  test('reads the answer and what the headers say of it', async () => {
    const { toml } = await vendors({});
    const { url } = await configGateway(toml);
    for (const stream of [false, true]) {
      const body = JSON.stringify({ ...CHAT, stream });
      const answer = await asPage(`${url}/v1/chat/completions`, 'POST', { origin: 'http://127.0.0.1:3000' }, body);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': 'http://127.0.0.1:3000',
        'access-control-expose-headers': expect.stringContaining('x-standin-provider') as string,
        vary: 'origin',
        'x-standin-provider': 'custom.v1',
      });
    }
  });
});
