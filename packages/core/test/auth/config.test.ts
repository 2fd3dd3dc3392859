import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfigText } from '../../src/config/load.ts';
import { createTokenCipher } from '../../src/config/secrets/token-cipher.ts';
import { createStandin } from '../../src/library/create-standin.ts';
import { collect } from '../../src/stream/collect.ts';
import { identityServer, jwt, loginFor, storeIn, tempFolder, type IdentityServer, type Reply } from './support.ts';

const answer: Reply = {
  json: {
    id: 'c1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  },
};

function world(extra: Record<string, string> = {}) {
  const home = tempFolder();
  return { home, env: { HOME: home, STANDIN_HOME: home, STANDIN_KEYRING: 'off', ...extra } };
}

const entryOf = (toml: string, env: Record<string, string>, ref: string) =>
  loadConfigText(`schema_version = 3\n${toml}`, 'test.toml', { env }).entries.get(ref);

async function ask(toml: string, env: Record<string, string>) {
  const config = loadConfigText(`schema_version = 3\n${toml}`, 'test.toml', { env });
  const standin = await createStandin({ config, env });
  try {
    return await collect(standin.chat({ messages: [{ role: 'user', content: 'hi' }] }, { stream: false }));
  } finally {
    standin.close();
  }
}

describe('an entry with a login', () => {
  it('cannot be used while nobody is signed in, and says what to do', () => {
    const { env } = world();
    const codex = entryOf('[providers.models.openai-codex.x]', env, 'openai-codex.x');
    expect(codex?.unusable).toContain('standin auth login --provider openai-codex');
    const named = entryOf('[providers.models.openai_codex.x]\nprofile = "work"', env, 'openai_codex.x');
    expect(named?.unusable).toContain('--profile work');
    const asked = entryOf('[providers.models.qwen.x]\nauth_mode = "oauth"', env, 'qwen.x');
    expect(asked?.unusable).toContain('standin auth login --provider qwen');
    const plain = entryOf('[providers.models.xai.x]', env, 'xai.x');
    expect(plain?.unusable).toContain('XAI_API_KEY');
  });

  it('takes the profile it names, else the active one, else the file of the vendor’s program; a key wins over all', async () => {
    const { home, env } = world();
    const store = storeIn(home);
    mkdirSync(join(home, '.codex'));
    const file = join(home, '.codex', 'auth.json');
    writeFileSync(file, JSON.stringify({ tokens: { access_token: 'a', refresh_token: 'r' } }));
    const toml = '[providers.models.openai-codex.x]\n';
    expect(entryOf(toml, env, 'openai-codex.x')).toMatchObject({
      login: { from: 'file', path: file },
      keySource: file,
    });
    await store.put(loginFor('openai-codex', { name: 'one' }));
    await store.put(loginFor('openai-codex', { name: 'two' }), { activate: true });
    expect(entryOf(toml, env, 'openai-codex.x')?.login).toMatchObject({ from: 'profile', name: 'two' });
    const named = entryOf(`${toml}auth_profile = "one"`, env, 'openai-codex.x');
    expect(named?.login).toMatchObject({ name: 'one' });
    expect(named?.keys[0]?.secret).toBeUndefined();
    expect(named?.keys[0]?.fingerprint).not.toBe(entryOf(toml, env, 'openai-codex.x')?.keys[0]?.fingerprint);
    const keyed = entryOf(`${toml}api_key = "sk-proj-1"`, env, 'openai-codex.x');
    expect(keyed?.login).toBeUndefined();
    expect(keyed?.keys[0]?.secret?.reveal()).toBe('sk-proj-1');
  });

  it('is chosen by kind and honours its fields without a warning', async () => {
    const { home, env } = world();
    await storeIn(home).put(loginFor('openai-codex', { name: 'work' }));
    const toml =
      '[providers.models.openai.x]\nkind = "openai-codex"\nauth_profile = "work"\nauth_mode = "oauth"\nmodel = "gpt-x"\n';
    const { entries, report } = loadConfigText(`schema_version = 3\n${toml}`, 'test.toml', { env });
    expect(entries.get('openai.x')?.login).toMatchObject({ slot: 'openai-codex', name: 'work' });
    expect(report.warnings).toEqual([]);
  });
});

/** An identity server and a model server in one; `base` is filled in once it listens. */
async function server(reply: (path: string, url: string, authorization: string) => Reply): Promise<IdentityServer> {
  const own = { url: '' };
  const started = await identityServer(({ path, headers }) => reply(path, own.url, headers.authorization ?? ''));
  own.url = started.url;
  return started;
}

describe('a call with a login', () => {
  it('of Copilot: a GitHub token buys one, and the address that came with it is called', async () => {
    const end = Math.floor(Date.now() / 1000) + 1800;
    const vendor = await server((path, url) =>
      path === '/copilot_internal/v2/token'
        ? { json: { token: 'tid=bought', expires_at: end, endpoints: { api: `${url}/api` } } }
        : answer,
    );
    const { env } = world({ STANDIN_AUTH_URL_COPILOT: vendor.url, COPILOT_GITHUB_TOKEN: 'ghu_0123456789abcdefghij' });
    const response = await ask(
      '[providers.models.copilot.x]\nmodel = "gpt-4.1"\nextra_headers = { "x-mine" = "1" }',
      env,
    );
    expect(response.content).toMatchObject([{ type: 'text', text: 'hello' }]);
    expect(vendor.asked.map((asked) => asked.path)).toEqual(['/copilot_internal/v2/token', '/api/chat/completions']);
    expect(vendor.asked[0]?.headers.authorization).toBe('token ghu_0123456789abcdefghij');
    expect(vendor.asked[1]?.headers).toMatchObject({
      authorization: 'Bearer tid=bought',
      'x-initiator': 'user',
      'x-mine': '1',
      'copilot-integration-id': 'vscode-chat',
    });
  });

  it('of Qwen: a token that ended while running is renewed, written back, and used at its address', async () => {
    const vendor = await server((path, url) =>
      path.endsWith('/token')
        ? { json: { access_token: 'q1', refresh_token: 'qr1', expires_in: 3600, resource_url: `${url}/portal` } }
        : answer,
    );
    const { home, env } = world({ STANDIN_AUTH_URL_QWEN: vendor.url });
    mkdirSync(join(home, '.qwen'));
    const path = join(home, '.qwen', 'oauth_creds.json');
    writeFileSync(path, JSON.stringify({ access_token: 'q0', refresh_token: 'qr0', expiry_date: Date.now() + 5_000 }));
    await ask('[providers.models.qwen.x]\napi_key = "qwen-oauth"\nmodel = "qwen3-coder-plus"', env);
    expect(vendor.asked.map((asked) => asked.path)).toEqual(['/api/v1/oauth2/token', '/portal/v1/chat/completions']);
    expect(vendor.asked[1]?.headers.authorization).toBe('Bearer q1');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ refresh_token: 'qr1' });
  });

  it('of MiniMax: the renewal token of the config begins it, and what follows is kept sealed', async () => {
    let count = 0;
    const vendor = await server((path) =>
      path === '/oauth/token'
        ? { json: { status: 'success', access_token: jwt({}, ++count), refresh_token: `mr${count}`, expires_in: 1 } }
        : answer,
    );
    const { home, env } = world({ STANDIN_AUTH_URL_MINIMAX: vendor.url });
    const toml = `[providers.models.minimax.x]\nauth_mode = "oauth"\noauth_refresh_token = "mr0"\nuri = "${vendor.url}/v1"\nmodel = "M2"`;
    await ask(toml, env);
    await ask(toml, env);
    const renewals = vendor.asked.filter((asked) => asked.path === '/oauth/token');
    expect(renewals.map((asked) => asked.fields['refresh_token'])).toEqual(['mr0', 'mr1']);
    const kept = readFileSync(join(home, 'auth-profiles.json'), 'utf8');
    expect(kept).not.toMatch(/"mr\d"/);
    const name = Object.keys((JSON.parse(kept) as { profiles: object }).profiles)[0]?.split(':')[1] ?? '';
    expect(storeIn(home, createTokenCipher(env)).get('minimax', name)?.refresh?.reveal()).toBe('mr2');
  });

  it('of xAI: a 401 renews it once; a second one is told without the token', async () => {
    const vendor = await server((path, url, authorization) => {
      if (path.startsWith('/.well-known'))
        return { json: { authorization_endpoint: `${url}/a`, token_endpoint: `${url}/t` } };
      if (path === '/t') return { json: { access_token: 'second-token-value', expires_in: 3600 } };
      return { status: 401, json: { error: `the token ${authorization} is not valid` } };
    });
    const { home, env } = world({ STANDIN_AUTH_URL_XAI: vendor.url });
    await storeIn(home, createTokenCipher(env)).put(loginFor('xai', { expiresAt: Date.now() + 3_600_000 }));
    const error: unknown = await ask(`[providers.models.xai.x]\nuri = "${vendor.url}/v1"`, env).catch(
      (cause: unknown) => cause,
    );
    expect(vendor.asked.filter((asked) => asked.path === '/t').length).toBe(1);
    expect(vendor.asked.filter((asked) => asked.path.startsWith('/v1')).length).toBe(2);
    expect(String(error)).not.toContain('second-token-value');
    expect(JSON.stringify(error)).not.toContain('second-token-value');
  });

  it.each(['stream', 'whole'] as const)(
    'of Google: goes to Code Assist in its envelope, for the project of the account (%s)',
    async (mode) => {
      const chunk = (text: string, finishReason?: string) => ({
        response: {
          candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason, index: 0 }],
          modelVersion: 'g',
        },
        traceId: 't',
      });
      const stream = [chunk('hel'), chunk('lo', 'STOP')].map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`).join('');
      const vendor = await server((path) => {
        if (path.endsWith(':loadCodeAssist'))
          return { json: { currentTier: { id: 'free' }, cloudaicompanionProject: { id: 'proj-1' } } };
        if (path === '/token') return { json: { access_token: 'ya29.new', expires_in: 3600 } };
        return path.includes(':stream') ? { text: stream } : { json: chunk('hello', 'STOP') };
      });
      const { home, env } = world({ STANDIN_AUTH_URL_GEMINI: vendor.url, GEMINI_OAUTH_CLIENT_SECRET: 'app-secret' });
      mkdirSync(join(home, '.gemini'));
      const creds = { access_token: 'ya29.old', refresh_token: 'gr', expiry_date: 1000, client_id: 'app' };
      writeFileSync(join(home, '.gemini', 'oauth_creds.json'), JSON.stringify(creds));
      const toml = `[providers.models.gemini.x]\nuri = "${vendor.url}"\nmodel = "gemini-2.5-pro"`;
      const config = loadConfigText(`schema_version = 3\n${toml}`, 'test.toml', { env });
      const standin = await createStandin({ config, env });
      const request = { messages: [{ role: 'user', content: 'hi' }] } as const;
      for (let i = 0; i < 2; i++) {
        const response = await collect(standin.chat(request, { stream: mode === 'stream' }));
        expect(response.content).toMatchObject([{ type: 'text', text: 'hello' }]);
      }
      standin.close();
      const verb = mode === 'stream' ? 'streamGenerateContent?alt=sse' : 'generateContent';
      expect(vendor.asked.map((asked) => asked.path)).toEqual([
        '/token',
        '/v1internal:loadCodeAssist',
        `/v1internal:${verb}`,
        `/v1internal:${verb}`,
      ]);
      expect(vendor.asked[0]?.fields).toMatchObject({
        client_id: 'app',
        client_secret: 'app-secret',
        refresh_token: 'gr',
      });
      expect(vendor.asked[2]?.headers.authorization).toBe('Bearer ya29.new');
      expect(vendor.asked[2]?.fields).toMatchObject({
        project: 'proj-1',
        model: 'gemini-2.5-pro',
        user_prompt_id: expect.any(String),
        request: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      });
    },
  );

  it('of Google says that the account is not set up, or which secret is missing', async () => {
    const vendor = await server((path) =>
      path === '/token'
        ? { status: 400, json: { error: 'invalid_request', error_description: 'client_secret is missing.' } }
        : { json: {} },
    );
    const { home, env } = world({ STANDIN_AUTH_URL_GEMINI: vendor.url });
    mkdirSync(join(home, '.gemini'));
    const path = join(home, '.gemini', 'oauth_creds.json');
    const toml = `[providers.models.gemini.x]\nuri = "${vendor.url}"`;
    writeFileSync(
      path,
      JSON.stringify({ access_token: 'ya29.a', refresh_token: 'gr', expiry_date: 1000, client_id: 'app' }),
    );
    await expect(ask(toml, env)).rejects.toThrow('GEMINI_OAUTH_CLIENT_SECRET');
    writeFileSync(path, JSON.stringify({ access_token: 'ya29.a', expiry_date: Date.now() + 3_600_000 }));
    await expect(ask(toml, env)).rejects.toThrow('not set up for Code Assist');
  });
});

describe('requires_openai_auth', () => {
  it('takes the variable, else the key of Codex, else its ChatGPT login, which Codex’s backend serves', async () => {
    const { home, env } = world();
    mkdirSync(join(home, '.codex'));
    const file = join(home, '.codex', 'auth.json');
    const toml = '[providers.models.openai.x]\nrequires_openai_auth = true\nmodel = "gpt-x"\n';
    const entry = (extra = '', more: Record<string, string> = {}) =>
      entryOf(toml + extra, { ...env, ...more }, 'openai.x');
    expect(entry()?.unusable).toContain('OPENAI_API_KEY');
    const tokens = { access_token: 'chatgpt-token', refresh_token: 'r', account_id: 'acc-7' };
    writeFileSync(file, JSON.stringify({ OPENAI_API_KEY: null, tokens }));
    expect(entry()).toMatchObject({ slot: 'openai-codex', login: { from: 'file' } });
    expect(entry('uri = "http://127.0.0.1:9/v1"')).toMatchObject({ slot: 'openai', login: { from: 'file' } });
    writeFileSync(file, JSON.stringify({ OPENAI_API_KEY: 'sk-stored', tokens }));
    expect(entry()?.keys[0]?.secret?.reveal()).toBe('sk-stored');
    expect(entry('', { OPENAI_API_KEY: 'sk-env' })?.keys[0]?.secret?.reveal()).toBe('sk-env');
    writeFileSync(file, JSON.stringify({ tokens }));
    const vendor = await server(() => answer);
    await ask(`${toml}uri = "${vendor.url}/v1"\n`, env);
    expect(vendor.asked[0]?.headers).toMatchObject({
      authorization: 'Bearer chatgpt-token',
      'chatgpt-account-id': 'acc-7',
    });
  });
});

describe('the models of Copilot', () => {
  it('are called by the protocol that serves them, unless the entry names one', async () => {
    const { env } = world({ COPILOT_GITHUB_TOKEN: 'ghu_0123456789abcdefghij' });
    const urls = async (extra: string) => {
      const toml = `schema_version = 3\n[providers.models.copilot.x]\nmodel = "gpt-5-codex"\nfallback_models = ["gpt-4.1"]\n${extra}`;
      const standin = await createStandin({ config: loadConfigText(toml, 'test.toml', { env }), env });
      const { targets } = standin.plan();
      standin.close();
      return targets.map(({ via }) => ('endpoint' in via ? via.endpoint.wire.id : ''));
    };
    expect(await urls('')).toEqual(['openai-responses', 'openai-chat']);
    expect(await urls('wire_api = "chat_completions"')).toEqual(['openai-chat', 'openai-chat']);
  });
});

describe('a spelling that names the login', () => {
  it('takes an access token of its variable, else the login, else the key', async () => {
    const toml = '[providers.models.qwen-oauth.x]\nmodel = "m"';
    const { home, env } = world({ DASHSCOPE_API_KEY: 'sk-dash' });
    expect(entryOf(toml, env, 'qwen-oauth.x')?.keys[0]?.secret?.reveal()).toBe('sk-dash');
    await storeIn(home).put(loginFor('qwen'));
    expect(entryOf(toml, env, 'qwen-oauth.x')?.login).toMatchObject({ slot: 'qwen', name: 'default' });
    const token = entryOf(toml, { ...env, QWEN_OAUTH_TOKEN: 'qt' }, 'qwen-oauth.x');
    expect(token?.keys[0]?.secret?.reveal()).toBe('qt');
  });
});
