import { readFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey, createKeyring, revokeKey, type KeyRights } from '@standin/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFakeStandin, type FakeStandin } from './helpers/fake-standin.ts';
import { CHAT, MESSAGES, post, startGateway, thrownBy } from './helpers/running-gateway.ts';

interface Bench {
  readonly url: string;
  readonly path: string;
  readonly standin: FakeStandin;
  readonly port: number;
}

async function bench(rights: KeyRights | undefined, required = false): Promise<Bench & { readonly key: string }> {
  const dir = mkdtempSync(join(tmpdir(), 'standin-keys-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const path = join(dir, 'keys.json');
  const key = rights === undefined ? '' : createKey(path, { name: 'ci', now: 1, ...rights }).key;
  const standin = createFakeStandin((run) => run.answer('hello'));
  const keys = createKeyring({ path, required });
  const { url, port } = await startGateway({ standin, keys, accounting: {} });
  return { url, path, standin, port, key };
}

const CALLS = [
  { path: '/v1/chat/completions', body: CHAT, type: 'authentication_error' },
  { path: '/v1/responses', body: { model: 'm', input: 'hi' }, type: 'authentication_error' },
  { path: '/v1/messages', body: MESSAGES, type: 'authentication_error' },
  {
    path: '/v1beta/models/m:generateContent',
    body: { contents: [{ parts: [{ text: 'hi' }] }] },
    type: 'UNAUTHENTICATED',
  },
  { path: '/api/chat', body: { model: 'm', messages: CHAT.messages, stream: false }, type: 'key' },
];

describe('a gateway with keys', () => {
  test.each(CALLS)('refuses $path without one, in its own words, and asks no vendor', async ({ path, body, type }) => {
    const { url, standin } = await bench({});
    const tries: Record<string, string>[] = [
      {},
      { authorization: 'Bearer sk-wrong' },
      { 'x-api-key': 'sk-standin-wrong' },
    ];
    for (const headers of tries) {
      const response = await post(`${url}${path}`, body, headers);
      expect(response.status).toBe(401);
      expect(response.headers.get('x-should-retry')).toBe('false');
      const text = await response.text();
      expect(text).toContain(type);
      expect(text).not.toContain('sk-wrong');
    }
    expect(standin.runs.length).toBe(0);
  });

  test('takes a key wherever the official clients put it', async () => {
    const { url, key } = await bench({});
    const places: Record<string, string>[] = [
      { authorization: `Bearer ${key}` },
      { authorization: `bearer  ${key}` },
      { 'x-api-key': key },
      { 'api-key': key },
      { 'x-goog-api-key': key },
      { authorization: 'Bearer some-vendor-token', 'x-api-key': key },
    ];
    for (const headers of places) {
      expect(
        (await post(`${url}/v1/chat/completions`, CHAT, headers)).status,
        JSON.stringify(Object.keys(headers)),
      ).toBe(200);
    }
  });

  test('asks for none on the questions of load balancers, and for one on the rest', async () => {
    const { url, key } = await bench({});
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${url}/v1/models`, { headers: { 'x-api-key': key } })).status).toBe(200);
    expect((await fetch(`${url}/v1/nothing`)).status).toBe(401);
  });

  test('what operators see is not for callers from elsewhere', async () => {
    const { url, key } = await bench({});
    const passedOn = { 'x-forwarded-for': '203.0.113.9' };
    expect((await fetch(`${url}/api/requests`)).status).toBe(200);
    expect((await fetch(`${url}/api/requests`, { headers: { ...passedOn, 'x-api-key': key } })).status).toBe(403);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/health`, { headers: passedOn })).status).toBe(401);
  });

  test('a revoked key is refused, and the gateway stays closed', async () => {
    const { url, key, path } = await bench({});
    revokeKey(path, 'ci', 2);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await post(`${url}/v1/chat/completions`, CHAT, { 'x-api-key': key })).status).toBe(401);
  });

  test('can ask for keys before there is one', async () => {
    const { url } = await bench(undefined, true);
    expect((await post(`${url}/v1/chat/completions`, CHAT)).status).toBe(401);
  });

  test('without keys any key is as good as none', async () => {
    const { url } = await bench(undefined);
    expect((await post(`${url}/v1/chat/completions`, CHAT, { authorization: 'Bearer any' })).status).toBe(200);
  });

  test('models that a key may ask for', async () => {
    const { url, key, standin } = await bench({ models: ['gpt-*', 'model-a'] });
    const ask = (model: string, more: object = {}): Promise<Response> =>
      post(`${url}/v1/chat/completions`, { ...CHAT, model, ...more }, { 'x-api-key': key });
    expect((await ask('gpt-5')).status).toBe(200);
    // The fake walk leads to `model-a`, which the key may use under whatever name.
    expect((await ask('alias')).status).toBe(200);
    const other = await bench({ models: ['gpt-*'] });
    const refused = await post(
      `${other.url}/v1/chat/completions`,
      { ...CHAT, model: 'claude' },
      { 'x-api-key': other.key },
    );
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 'model_not_allowed' } });
    expect(other.standin.runs.length).toBe(0);
    expect(standin.runs.length).toBe(2);
    // A permitted name does not carry further models of the caller's own along.
    const smuggled = { ...CHAT, model: 'gpt-5', models: ['gpt-5', 'claude'] };
    expect((await post(`${other.url}/v1/chat/completions`, smuggled, { 'x-api-key': other.key })).status).toBe(403);
  });

  test('the key is in no answer and not in the file', async () => {
    const { url, key, path } = await bench({});
    const bad = await post(`${url}/v1/chat/completions`, '{', { 'x-api-key': key });
    expect(await bad.text()).not.toContain(key);
    expect(readFileSync(path, 'utf8')).not.toContain(key);
  });

  test('other machines are served only when keys are asked for', async () => {
    const standin = createFakeStandin();
    const error = await thrownBy(() =>
      startGateway({ standin }).then(({ gateway }) => gateway.listen({ host: '0.0.0.0', port: 0 })),
    );
    expect(String(error)).toContain('standin keys create');
  });
});
