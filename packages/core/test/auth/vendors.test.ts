import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copilotVendor } from '../../src/auth/copilot/copilot.ts';
import { initiatorOf } from '../../src/auth/copilot/initiator.ts';
import { geminiVendor } from '../../src/auth/gemini/gemini.ts';
import { minimaxVendor } from '../../src/auth/minimax/minimax.ts';
import { signIn } from '../../src/auth/oauth/admin.ts';
import { filePlace, findLoginFile } from '../../src/auth/oauth/place.ts';
import { createLoginSession } from '../../src/auth/oauth/session.ts';
import type { LoginVendor } from '../../src/auth/oauth/login-vendor.ts';
import type { Login } from '../../src/auth/oauth/login.ts';
import { issuerOf, LOGIN_VENDORS } from '../../src/auth/oauth/vendors.ts';
import { qwenVendor } from '../../src/auth/qwen/qwen.ts';
import { xaiVendor } from '../../src/auth/xai/xai.ts';
import { systemClock } from '../../src/spec/clock.ts';
import { silentLog } from '../../src/spec/log.ts';
import { Secret } from '../../src/spec/secret.ts';
import { failureOf, flow, identityServer, jwt, loginFor, realHttp, tempFolder, type Reply } from './support.ts';

const call = { method: 'POST', url: 'https://api.example.test/chat/completions', headers: {}, body: '{"messages":[]}' };

async function renewed(vendor: LoginVendor, login: Login, answer: (path: string) => Reply) {
  const identity = await identityServer(({ path }) => answer(path));
  const context = { http: realHttp(), clock: systemClock, issuer: identity.url };
  return { identity, result: vendor.renew(login, context) };
}

describe('GitHub Copilot', () => {
  const exp = Math.floor(Date.now() / 1000) + 1800;
  const bought: Reply = {
    json: {
      token: `tid=1;exp=${exp};proxy-ep=x`,
      expires_at: exp,
      refresh_in: 1500,
      endpoints: { api: 'https://api.individual.example.test/' },
    },
  };
  const start: Reply = {
    json: {
      device_code: 'dc',
      user_code: 'AB-12',
      verification_uri: 'https://github.test/device',
      expires_in: 900,
      interval: 5,
    },
  };
  const pending: Reply = { json: { error: 'authorization_pending' } };
  const server = (polls: readonly Reply[], exchange: Reply = bought) =>
    identityServer(({ path }, count) => {
      if (path === '/login/device/code') return start;
      if (path === '/login/oauth/access_token') return polls[Math.min(count, polls.length) - 1] ?? { status: 500 };
      return path === '/copilot_internal/v2/token' ? exchange : { status: 404 };
    });
  const github: Reply = { json: { access_token: 'gho_0123456789abcdef', token_type: 'bearer', scope: 'read:user' } };

  it('signs in with a code: waits, slows down when told, and buys the first token', async () => {
    const identity = await server([pending, { json: { error: 'slow_down', interval: 10 } }, pending, github]);
    const context = flow(identity.url);
    const draft = await copilotVendor.device?.(context);
    expect(context.shown).toMatchObject({ url: 'https://github.test/device', code: 'AB-12' });
    expect(context.clock.waits).toEqual([5000, 5000, 10_000, 10_000]);
    expect(draft).toMatchObject({ expiresAt: exp * 1000, metadata: { api: 'https://api.individual.example.test' } });
    expect(draft?.refresh?.reveal()).toBe('gho_0123456789abcdef');
    expect(identity.asked[0]?.fields).toEqual({ client_id: 'Iv1.b507a08c87ecfe98', scope: 'read:user' });
    expect(identity.asked[0]?.headers.accept).toBe('application/json');
    expect(identity.asked.at(-1)?.headers.authorization).toBe('token gho_0123456789abcdef');
  });

  it.each([
    ['expired_token', 'login:expired'],
    ['access_denied', 'login:denied'],
    ['device_flow_disabled', 'login:denied'],
  ])('ends on %s', async (error, rule) => {
    for (const status of [200, 400]) {
      const identity = await server([pending, { status, json: { error } }]);
      const ended = signIn(copilotVendor, 'device', flow(identity.url));
      expect(await failureOf(ended)).toMatchObject({
        kind: 'auth',
        rule,
      });
    }
  });

  it('gives up when the code has run out', async () => {
    const identity = await server([pending]);
    const context = flow(identity.url);
    expect(await failureOf(copilotVendor.device?.(context) ?? Promise.resolve())).toMatchObject({
      rule: 'login:expired',
    });
    expect(context.clock.waits.length).toBe(180);
  });

  it.each([
    [401, 'auth', 'login:revoked'],
    [403, 'auth', 'login:denied'],
    [404, 'auth', 'login:denied'],
    [500, 'server', 'login:unreachable'],
    [429, 'rate-limit', 'login:unreachable'],
  ])('a token bought with %i: %s %s', async (status, kind, rule) => {
    const login = loginFor(copilotVendor, { refresh: new Secret('gho_secret_secret_1') });
    const { result } = await renewed(copilotVendor, login, () => ({
      status,
      json: { message: 'no gho_secret_secret_1' },
    }));
    const error = await failureOf(result);
    expect(error).toMatchObject({ kind, rule });
    expect(error.message).not.toContain('gho_secret_secret_1');
  });

  it('reads the end from the token when the answer states none', async () => {
    const login = loginFor(copilotVendor);
    const { result } = await renewed(copilotVendor, login, () => ({ json: { token: `tid=2;exp=${exp};x=1` } }));
    expect((await result).expiresAt).toBe(exp * 1000);
  });

  it('says who asks, and that there are pictures', () => {
    const body = (messages: unknown[]): string => JSON.stringify({ messages });
    const user = { role: 'user', content: 'hi' };
    expect(initiatorOf(body([user])).initiator).toBe('user');
    expect(initiatorOf(body([user, { role: 'assistant' }, { role: 'tool', content: 'x' }])).initiator).toBe('agent');
    expect(
      initiatorOf(JSON.stringify({ input: [{ type: 'message', ...user }, { type: 'function_call_output' }] }))
        .initiator,
    ).toBe('agent');
    expect(initiatorOf(JSON.stringify({ input: [{ type: 'message', ...user }] })).initiator).toBe('user');
    expect(initiatorOf(body([{ role: 'user', content: [{ type: 'tool_result' }] }])).initiator).toBe('agent');
    expect(initiatorOf(body([{ role: 'user', content: [{ type: 'image_url' }] }]))).toEqual({
      initiator: 'user',
      vision: true,
    });
    expect(initiatorOf('no json')).toEqual({ initiator: 'user', vision: false });
    const headers = copilotVendor.headers(loginFor(copilotVendor), call);
    expect(headers).toMatchObject({ authorization: 'Bearer access-0', 'x-initiator': 'user' });
  });
});

describe('Qwen', () => {
  it('renews as a form, takes the address along and writes everything back', async () => {
    const home = tempFolder();
    mkdirSync(join(home, '.qwen'));
    const path = join(home, '.qwen', 'oauth_creds.json');
    writeFileSync(path, JSON.stringify({ access_token: 'a0', refresh_token: 'r0', expiry_date: 1000, mine: true }));
    const identity = await identityServer(() => ({
      json: { access_token: 'a1', refresh_token: 'r1', expires_in: 3600, resource_url: 'portal.qwen.example.test' },
    }));
    expect(findLoginFile(qwenVendor, { HOME: home })).toBe(path);
    const file = qwenVendor.file;
    if (file === undefined) throw new Error('Qwen has a file');
    const session = createLoginSession({
      place: filePlace(file, path, 'qwen'),
      vendor: qwenVendor,
      issuer: identity.url,
      http: realHttp(),
      clock: systemClock,
      log: silentLog,
    });
    const login = await session.login();
    expect(identity.asked[0]).toMatchObject({
      path: '/api/v1/oauth2/token',
      fields: { grant_type: 'refresh_token', refresh_token: 'r0', client_id: 'f0304373b74a44d2b584a3fb70ca9e56' },
    });
    const written = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    expect(written).toMatchObject({
      access_token: 'a1',
      refresh_token: 'r1',
      resource_url: 'portal.qwen.example.test',
      mine: true,
    });
    expect(Math.abs(Number(written['expiry_date']) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    expect(qwenVendor.base?.(login)).toBe('https://portal.qwen.example.test/v1');
  });

  it.each([
    ['https://x.test/v1/', 'https://x.test/v1'],
    ['x.test', 'https://x.test/v1'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9/v1'],
    ['', undefined],
  ])('the address %s', (resource, base) => {
    expect(qwenVendor.base?.(loginFor(qwenVendor, { metadata: { resource_url: resource } }))).toBe(base);
  });

  it('signs in with a code and PKCE', async () => {
    const identity = await identityServer(({ path }) =>
      path.endsWith('/device/code')
        ? {
            json: {
              device_code: 'd',
              user_code: 'U',
              verification_uri: 'https://q.test',
              verification_uri_complete: 'https://q.test?u',
              expires_in: 60,
            },
          }
        : { json: { access_token: 'a', refresh_token: 'r', expires_in: 60, resource_url: 'p.test' } },
    );
    const draft = await qwenVendor.device?.(flow(identity.url));
    expect(draft?.metadata).toEqual({ resource_url: 'p.test' });
    expect(identity.asked[0]?.fields['code_challenge_method']).toBe('S256');
    expect(identity.asked[1]?.fields['code_verifier']).toEqual(expect.any(String));
  });
});

describe('MiniMax', () => {
  it('renews as a form', async () => {
    const { identity, result } = await renewed(minimaxVendor, loginFor(minimaxVendor), () => ({
      json: { status: 'success', access_token: 'm1', expired_in: 7200 },
    }));
    expect(await result).toMatchObject({ refresh: undefined });
    expect((await result).access?.reveal()).toBe('m1');
    expect(identity.asked[0]).toMatchObject({
      path: '/oauth/token',
      fields: { client_id: '78257093-7e40-4613-99e0-527b14b39113' },
    });
  });

  it('takes a refusal with status 200 as one', async () => {
    const { result } = await renewed(minimaxVendor, loginFor(minimaxVendor), () => ({
      json: { status: 'error', base_resp: { status_code: 1, status_msg: 'refresh token expired' } },
    }));
    const error = await failureOf(result);
    expect(error).toMatchObject({ kind: 'auth', rule: 'login:expired' });
    expect(error.message).toContain('refresh token expired');
  });

  it('asks the server of its region', () => {
    expect(issuerOf(minimaxVendor, {}, 'cn')).toBe('https://api.minimaxi.com');
    expect(issuerOf(minimaxVendor, {}, 'intl')).toBe('https://api.minimax.io');
  });
});

describe('Google', () => {
  it('renews with the app of the login', async () => {
    const login = loginFor(geminiVendor, { metadata: { client_id: 'app' } });
    const { identity, result } = await renewed(geminiVendor, login, () => ({
      json: { access_token: 'ya29.x', expires_in: 3599 },
    }));
    expect((await result).access?.reveal()).toBe('ya29.x');
    expect(identity.asked[0]).toMatchObject({
      path: '/token',
      fields: { client_id: 'app', refresh_token: 'refresh-0' },
    });
  });

  it('tells a withdrawn login from a lost app', async () => {
    const login = loginFor(geminiVendor, { metadata: { client_id: 'app' } });
    const { result } = await renewed(geminiVendor, login, () => ({
      status: 400,
      json: { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' },
    }));
    expect(await failureOf(result)).toMatchObject({ kind: 'auth' });
    const { result: none } = await renewed(geminiVendor, loginFor(geminiVendor), () => ({}));
    expect((await failureOf(none)).message).toContain('oauth_client_id');
  });

  it('reads the file of Gemini CLI, whichever way the end is written', () => {
    const id = jwt({ azp: 'from-id' });
    const parse = (value: unknown) => geminiVendor.file?.parse(JSON.stringify(value));
    expect(
      parse({ access_token: 'a', refresh_token: 'r', expiry_date: 1_800_000_000_000, id_token: id }),
    ).toMatchObject({ expiresAt: 1_800_000_000_000, metadata: { client_id: 'from-id' } });
    expect(parse({ access_token: 'a', expiry: '2030-01-01T00:00:00Z', client_id: 'own' })).toMatchObject({
      expiresAt: Date.parse('2030-01-01T00:00:00Z'),
      metadata: { client_id: 'own' },
    });
  });
});

describe('xAI', () => {
  const discovery = (base: string): Reply => ({
    json: {
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/oauth2/token`,
      device_authorization_endpoint: `${base}/device`,
    },
  });
  const tokens: Reply = {
    json: { access_token: 'x1', refresh_token: 'xr1', id_token: jwt({ email: 'x@ai.test' }), expires_in: 600 },
  };
  const server = async (wrong?: string) => {
    const base: { url?: string } = {};
    const identity = await identityServer(({ path }) =>
      path === '/.well-known/openid-configuration' ? discovery(wrong ?? base.url ?? '') : tokens,
    );
    base.url = identity.url;
    return identity;
  };

  it('finds the addresses by discovery and signs in by browser', async () => {
    const identity = await server();
    const open = async (url: string): Promise<boolean> => {
      const query = new URL(url).searchParams;
      const back = new URLSearchParams({ code: 'c', state: query.get('state') ?? '' });
      await (await fetch(`${query.get('redirect_uri')}?${back.toString()}`)).text();
      return true;
    };
    const draft = await xaiVendor.browser?.(flow(identity.url, { open }));
    expect(draft?.metadata).toEqual({ email: 'x@ai.test' });
    expect(identity.asked.at(-1)).toMatchObject({
      path: '/oauth2/token',
      fields: { grant_type: 'authorization_code' },
    });
  });

  it('renews, and sends no token to an address that is not the issuer’s', async () => {
    const good = await server();
    const context = { http: realHttp(), clock: systemClock, issuer: good.url };
    expect((await xaiVendor.renew(loginFor(xaiVendor), context)).refresh?.reveal()).toBe('xr1');
    const evil = await server('http://127.0.0.2:1');
    const error = await failureOf(xaiVendor.renew(loginFor(xaiVendor), { ...context, issuer: evil.url }));
    expect(error).toMatchObject({ rule: 'login:unsupported' });
    expect(evil.asked.length).toBe(1);
  });

  it('reads tokens wherever the file keeps them', () => {
    const parse = (value: unknown) => xaiVendor.file?.parse(JSON.stringify(value))?.refresh?.reveal();
    expect(parse({ access_token: 'a', refresh_token: 'r' })).toBe('r');
    expect(parse({ 'https://auth.x.ai::client': { accessToken: 'a', refreshToken: 'r2' } })).toBe('r2');
    expect(parse({ nothing: 1 })).toBeUndefined();
  });
});

describe('every vendor with a sign-in', () => {
  it('takes another identity server only over https or on this machine', () => {
    for (const vendor of LOGIN_VENDORS) {
      const name = `STANDIN_AUTH_URL_${vendor.slot.replaceAll('-', '_').toUpperCase()}`;
      expect(issuerOf(vendor, { [name]: 'https://id.example.test/' })).toBe('https://id.example.test');
      expect(issuerOf(vendor, { [name]: 'http://127.0.0.1:9' })).toBe('http://127.0.0.1:9');
      expect(() => issuerOf(vendor, { [name]: 'http://id.example.test' })).toThrow(name);
    }
  });

  it('leaves what a file holds when tokens are put in and reads them back', () => {
    for (const { file, slot } of LOGIN_VENDORS) {
      if (file === undefined) continue;
      const login = loginFor(slot, { expiresAt: 1_900_000_000_000 });
      const text = file.merge('{"mine":{"keep":1}}', login, Date.now());
      expect(JSON.parse(text)).toMatchObject({ mine: { keep: 1 } });
      const back = file.parse(text);
      expect(back?.access?.reveal()).toBe('access-0');
      expect(back?.refresh?.reveal()).toBe('refresh-0');
      expect(() => file.parse('[]')).toThrow();
    }
  });
});
