import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { codexVendor } from '../../src/auth/codex/codex.ts';
import { codexFile } from '../../src/auth/codex/auth-file.ts';
import { signIn } from '../../src/auth/oauth/admin.ts';
import { Secret } from '../../src/spec/secret.ts';
import { failureOf, flow, identityServer, jwt, loginFor, realHttp, skippingClock, type Reply } from './support.ts';

const AUTH = 'https://api.openai.com/auth';
const idToken = jwt({ email: 'ann@example.test', [AUTH]: { chatgpt_account_id: 'acc-1', chatgpt_plan_type: 'plus' } });
const END = 4_000_000_000;
const access = jwt({ exp: END });
const tokens: Reply = { json: { id_token: idToken, access_token: access, refresh_token: 'rt-1' } };
const usercode: Reply = { json: { device_auth_id: 'dev-1', user_code: 'ABCD-EFGH', interval: '5' } };
const granted: Reply = { json: { authorization_code: 'code-1', code_challenge: 'c', code_verifier: 'v-1' } };

const PATHS = {
  code: '/api/accounts/deviceauth/usercode',
  poll: '/api/accounts/deviceauth/token',
  token: '/oauth/token',
} as const;

/** An identity server whose polls are answered in turn; the last one stays. */
const server = (polls: readonly Reply[], start: Reply = usercode, token: Reply = tokens) =>
  identityServer(({ path }, count) => {
    if (path === PATHS.code) return start;
    if (path === PATHS.poll) return polls[Math.min(count, polls.length) - 1] ?? { status: 500 };
    return path === PATHS.token ? token : { status: 404 };
  });

describe('the device code of OpenAI', () => {
  it('shows the code, waits through 403 and 404, and exchanges the code with the server’s verifier', async () => {
    const identity = await server([{ status: 403 }, { status: 404 }, granted]);
    const context = flow(identity.url);
    const draft = await codexVendor.device?.(context);
    expect(context.shown).toMatchObject({ url: `${identity.url}/codex/device`, code: 'ABCD-EFGH', waited: 2 });
    expect(context.clock.waits).toEqual([5000, 5000, 5000]);
    expect(draft).toMatchObject({
      accountId: 'acc-1',
      expiresAt: END * 1000,
      metadata: { email: 'ann@example.test', plan: 'plus' },
    });
    expect(draft?.refresh?.reveal()).toBe('rt-1');
    expect(identity.asked[0]?.fields).toEqual({ client_id: 'app_EMoamEEZ73f0CkXaXp7hrann' });
    expect(identity.asked[1]?.fields).toEqual({ device_auth_id: 'dev-1', user_code: 'ABCD-EFGH' });
    expect(identity.asked.at(-1)?.headers['content-type']).toContain('x-www-form-urlencoded');
    expect(identity.asked.at(-1)?.fields).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code-1',
      code_verifier: 'v-1',
      redirect_uri: `${identity.url}/deviceauth/callback`,
    });
  });

  it('takes the other spelling of the code and a missing interval', async () => {
    const identity = await server([granted], { json: { device_auth_id: 'dev-1', usercode: 'WXYZ' } });
    const context = flow(identity.url);
    await codexVendor.device?.(context);
    expect(context.shown.code).toBe('WXYZ');
    expect(context.clock.waits).toEqual([5000]);
  });

  it('says that the server has none after a 404, and the browser is taken when no way was asked for', async () => {
    const identity = await server([], { status: 404 });
    const error = await failureOf(codexVendor.device?.(flow(identity.url)) ?? Promise.resolve());
    expect(error).toMatchObject({ kind: 'auth', rule: 'login:unsupported' });
    expect(error.message).toContain('--browser');
    const context = flow(identity.url, { open: (url) => comeBack(url) });
    const login = await signIn(codexVendor, undefined, context);
    expect(login.access?.reveal()).toBe(access);
    expect((await failureOf(signIn(codexVendor, 'device', flow(identity.url)))).rule).toBe('login:unsupported');
  });

  it('gives up after fifteen minutes', async () => {
    const identity = await server([{ status: 403 }]);
    const context = flow(identity.url);
    const error = await failureOf(codexVendor.device?.(context) ?? Promise.resolve());
    expect(error.rule).toBe('login:expired');
    expect(context.clock.waits.reduce((sum, ms) => sum + ms, 0)).toBe(15 * 60_000);
  });

  it('goes on after a server failure, a 429 and a lost connection between two polls', async () => {
    const identity = await server([{ status: 502, text: '<html>' }, { reset: true }, { status: 429 }, granted]);
    const draft = await codexVendor.device?.(flow(identity.url));
    expect(draft?.access?.reveal()).toBe(access);
  });

  it('stops when the person says no', async () => {
    const identity = await server([{ status: 400, json: { error: { code: 'denied', message: 'not allowed here' } } }]);
    const error = await failureOf(codexVendor.device?.(flow(identity.url)) ?? Promise.resolve());
    expect(error.rule).toBe('login:denied');
    expect(error.message).toContain('not allowed here');
  });

  it('stops at once when it is cancelled', async () => {
    const identity = await server([{ status: 403 }]);
    const stop = new AbortController();
    const context = flow(identity.url, { signal: stop.signal });
    const screen = { ...context.screen, waiting: () => stop.abort() };
    expect(await failureOf(codexVendor.device?.({ ...context, screen }) ?? Promise.resolve())).toMatchObject({
      kind: 'cancelled',
    });
    expect(identity.asked.length).toBe(2);
  });

  it('names a protocol that changed, and tells an outage from a refusal', async () => {
    const odd = await server([], { json: { hello: 1 } });
    expect(await failureOf(codexVendor.device?.(flow(odd.url)) ?? Promise.resolve())).toMatchObject({
      kind: 'protocol',
    });
    const down = await server([], { status: 503, text: 'down' });
    expect(await failureOf(codexVendor.device?.(flow(down.url)) ?? Promise.resolve())).toMatchObject({
      kind: 'overloaded',
    });
    const refused = await server([granted], usercode, { status: 400, json: { error: 'invalid_grant' } });
    expect(await failureOf(codexVendor.device?.(flow(refused.url)) ?? Promise.resolve())).toMatchObject({
      kind: 'auth',
    });
  });
});

/** A browser whose person agrees. */
async function comeBack(url: string, change: (query: URLSearchParams) => void = () => {}): Promise<boolean> {
  const asked = new URL(url).searchParams;
  const query = new URLSearchParams({ code: 'code-b', state: asked.get('state') ?? '' });
  change(query);
  const answer = await fetch(`${asked.get('redirect_uri')}?${query.toString()}`);
  await answer.text();
  return true;
}

describe('the browser sign-in of OpenAI', () => {
  it('asks with PKCE and exchanges the code with its own verifier', async () => {
    const identity = await server([]);
    const context = flow(identity.url, { open: (url) => comeBack(url) });
    const draft = await codexVendor.browser?.(context);
    expect(draft?.access?.reveal()).toBe(access);
    const asked = new URL(context.shown.browserUrl ?? '');
    expect(asked.pathname).toBe('/oauth/authorize');
    const query = asked.searchParams;
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: 'code',
      scope: 'openid profile email offline_access',
      code_challenge_method: 'S256',
      id_token_add_organizations: 'true',
      codex_cli_simplified_flow: 'true',
    });
    expect(query.get('redirect_uri')).toMatch(/^http:\/\/localhost:\d+\/auth\/callback$/);
    const exchanged = identity.asked.at(-1)?.fields ?? {};
    const challenge = createHash('sha256').update(String(exchanged['code_verifier'])).digest('base64url');
    expect(challenge).toBe(query.get('code_challenge'));
    expect(exchanged['redirect_uri']).toBe(query.get('redirect_uri'));
  });

  it('turns away answers with another state and waits on', async () => {
    const identity = await server([]);
    const open = async (url: string) => {
      await comeBack(url, (query) => query.set('state', 'stolen'));
      return comeBack(url);
    };
    const draft = await codexVendor.browser?.(flow(identity.url, { open }));
    expect(draft?.access?.reveal()).toBe(access);
    expect(identity.asked.length).toBe(1);
  });

  it('says why it was declined', async () => {
    const identity = await server([]);
    const decline = (query: URLSearchParams): void => {
      query.delete('code');
      query.set('error', 'access_denied');
      query.set('error_description', 'not today');
    };
    const open = (url: string) => comeBack(url, decline);
    const error = await failureOf(codexVendor.browser?.(flow(identity.url, { open })) ?? Promise.resolve());
    expect(error).toMatchObject({ rule: 'login:denied' });
    expect(error.message).toContain('not today');
  });

  it('says that the port is taken', async () => {
    const identity = await server([]);
    const port = Number(new URL(identity.url).port);
    const error = await failureOf(
      codexVendor.browser?.(flow(identity.url, { callbackPort: port })) ?? Promise.resolve(),
    );
    expect(error.message).toContain(`port ${port} is in use`);
  });
});

describe('renewing a login of OpenAI', () => {
  const renew = async (reply: Reply, login = loginFor(codexVendor)) => {
    const identity = await identityServer(() => reply);
    const context = { http: realHttp(), clock: skippingClock(), issuer: identity.url };
    return { identity, result: codexVendor.renew(login, context) };
  };

  it('asks with JSON and reads account and end from the tokens', async () => {
    const { identity, result } = await renew(tokens);
    expect(await result).toMatchObject({ accountId: 'acc-1', expiresAt: END * 1000 });
    expect(identity.asked[0]?.headers['content-type']).toBe('application/json');
    expect(identity.asked[0]?.fields).toEqual({
      client_id: 'app_EMoamEEZ73f0CkXaXp7hrann',
      grant_type: 'refresh_token',
      refresh_token: 'refresh-0',
      scope: 'openid profile email',
    });
  });

  it.each([
    ['refresh_token_expired', 'login:expired'],
    ['refresh_token_reused', 'login:revoked'],
    ['refresh_token_invalidated', 'login:revoked'],
    ['something_else', 'login:revoked'],
  ])('401 %s is final: %s', async (code, rule) => {
    for (const json of [{ error: { code, message: 'no' } }, { error: code }, { code }]) {
      const { result } = await renew({ status: 401, json });
      const error = await failureOf(result);
      expect(error).toMatchObject({ kind: 'auth', rule });
      expect(error.status).toBeUndefined();
      expect(error.message).toContain('standin auth login --provider openai-codex');
    }
  });

  it.each([
    [500, 'server'],
    [503, 'overloaded'],
    [429, 'rate-limit'],
    [404, 'server'],
    [400, 'server'],
  ])('%i may pass: %s', async (status, kind) => {
    const { result } = await renew({ status, text: '<html>gateway</html>' });
    expect(await failureOf(result)).toMatchObject({ kind, rule: 'login:unreachable' });
  });

  it('never repeats a token that the server echoes', async () => {
    const login = loginFor(codexVendor, { refresh: new Secret('plain-words-refresh-value') });
    const { result } = await renew(
      { status: 401, json: { error_description: 'bad token plain-words-refresh-value' } },
      login,
    );
    expect((await failureOf(result)).message).not.toContain('plain-words-refresh-value');
  });

  it('is due eight days after the last one', () => {
    const now = Date.parse('2026-11-20T00:00:00Z');
    const login = (last: string) => loginFor(codexVendor, { metadata: { last_refresh: last } });
    expect(codexVendor.isDue?.(login('2026-11-11T00:00:00Z'), now)).toBe(true);
    expect(codexVendor.isDue?.(login('2026-11-13T00:00:00Z'), now)).toBe(false);
    expect(codexVendor.isDue?.(loginFor(codexVendor), now)).toBe(false);
  });
});

describe('the auth.json of Codex', () => {
  const file = JSON.stringify({
    auth_mode: 'chatgpt',
    OPENAI_API_KEY: null,
    tokens: { id_token: idToken, access_token: access, refresh_token: 'rt-9', account_id: 'acc-9', extra: 1 },
    last_refresh: '2026-11-01T00:00:00Z',
    other: { keep: true },
  });

  it('is read with its account', () => {
    expect(codexFile.parse(file)).toMatchObject({
      accountId: 'acc-9',
      metadata: { email: 'ann@example.test', last_refresh: '2026-11-01T00:00:00Z' },
    });
    expect(codexFile.parse('{"OPENAI_API_KEY":"sk-1","tokens":null}')).toBeUndefined();
  });

  it('keeps what it does not know when tokens are put in', () => {
    const login = loginFor(codexVendor, {
      access: new Secret('new-access'),
      refresh: new Secret('rt-10'),
      accountId: 'acc-9',
    });
    const merged = JSON.parse(codexFile.merge(file, login, Date.parse('2026-11-20T00:00:00Z'))) as Record<
      string,
      unknown
    >;
    expect(merged).toMatchObject({
      auth_mode: 'chatgpt',
      OPENAI_API_KEY: null,
      other: { keep: true },
      last_refresh: '2026-11-20T00:00:00.000Z',
      tokens: { id_token: idToken, access_token: 'new-access', refresh_token: 'rt-10', account_id: 'acc-9', extra: 1 },
    });
  });

  it('lies where CODEX_HOME says', () => {
    expect(codexFile.paths({ HOME: '/h' })).toEqual(['/h/.codex/auth.json']);
    expect(codexFile.paths({ HOME: '/h', CODEX_HOME: '/c' })).toEqual(['/c/auth.json']);
  });
});
