import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { run, start } from './support.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const AUTH = 'https://api.openai.com/auth';
const PLANTED = 'plantedtokenvalue';
const accessToken = (n: number): string => `${encode({})}.${encode({ exp: 4_000_000_000, n })}.${PLANTED}${n}`;
const idToken = `${encode({})}.${encode({ email: 'ann@example.test', [AUTH]: { chatgpt_account_id: 'acc-1' } })}.${PLANTED}`;

interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** Identity server and model backend in one, on loopback. `renewals` counts the refresh grants. */
async function openai(options: { readonly pendingForever?: boolean; readonly refused?: readonly string[] } = {}) {
  const seen: Seen[] = [];
  let polls = 0;
  let renewals = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const path = request.url ?? '';
      seen.push({ path, headers: request.headers, text });
      const json = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(body));
      };
      if (path.endsWith('/usercode')) return json(200, { device_auth_id: 'd', user_code: 'CODE-1234', interval: '1' });
      if (path.endsWith('/deviceauth/token')) {
        if (options.pendingForever === true || polls++ === 0) return json(403, {});
        return json(200, { authorization_code: 'c', code_challenge: 'x', code_verifier: 'v' });
      }
      if (path === '/oauth/token') {
        if (text.includes('authorization_code'))
          return json(200, { id_token: idToken, access_token: accessToken(0), refresh_token: `${PLANTED}refresh0` });
        renewals++;
        return json(200, { access_token: accessToken(renewals), refresh_token: `${PLANTED}refresh${renewals}` });
      }
      if (path !== '/codex/responses') return json(404, {});
      const authorization = request.headers.authorization ?? '';
      if (options.refused?.some((token) => authorization.includes(token)) === true)
        return json(401, {
          error: { message: `Your token ${authorization} was invalidated`, code: 'token_invalidated' },
        });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(responsesStream('Hello from Codex'));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, renewals: () => renewals };
}

function responsesStream(text: string): string {
  const item = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  const response = {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    model: 'gpt-x',
    status: 'in_progress',
    output: [],
  };
  const at = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const events: Record<string, unknown>[] = [
    { type: 'response.created', response },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } },
    { type: 'response.output_text.delta', ...at, delta: text },
    { type: 'response.output_text.done', ...at, text },
    { type: 'response.content_part.done', ...at, part: item.content[0] },
    { type: 'response.output_item.done', output_index: 0, item },
    {
      type: 'response.completed',
      response: {
        ...response,
        status: 'completed',
        output: [item],
        usage: { input_tokens: 3, output_tokens: 4, total_tokens: 7 },
      },
    },
  ];
  return events
    .map((event, i) => `event: ${String(event['type'])}\ndata: ${JSON.stringify({ ...event, sequence_number: i })}\n\n`)
    .join('');
}

function home() {
  const folder = mkdtempSync(join(tmpdir(), 'standin-auth-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function setUp(url: string, folder = home()) {
  const env = { STANDIN_HOME: folder, HOME: folder, STANDIN_AUTH_URL_OPENAI_CODEX: url, STANDIN_KEYRING: 'off' };
  return { env, cwd: folder, folder, profiles: join(folder, 'auth-profiles.json') };
}

const login = ['auth', 'login', '--provider', 'openai-codex'];

describe('auth', () => {
  it('signs in with a code, shows the login without a token, calls with it, renews it after a 401, and forgets it', async () => {
    const vendor = await openai({ refused: [accessToken(0)] });
    const { env, cwd, folder, profiles } = setUp(vendor.url);
    const outputs: string[] = [];
    const command = async (args: readonly string[], code = 0) => {
      const result = await run(args, { env, cwd });
      outputs.push(result.stdout, result.stderr);
      expect(result, result.stderr).toMatchObject({ code });
      return result;
    };
    const signedIn = await command(login);
    expect(signedIn.stdout).toBe('');
    expect(signedIn.stderr).toContain(`${vendor.url}/codex/device`);
    expect(signedIn.stderr).toContain('CODE-1234');
    expect(signedIn.stderr).toContain('ann@example.test');
    expect(statSync(profiles).mode & 0o777).toBe(0o600);
    expect(readFileSync(profiles, 'utf8')).not.toContain(PLANTED);
    expect(readFileSync(profiles, 'utf8')).toContain('enc2:');

    const status = await command(['auth', 'status']);
    expect(status.stdout).toMatch(/openai-codex:default \*\s+ann@example\.test\s+good/);
    const [row] = JSON.parse((await command(['auth', 'status', '--json'])).stdout) as Record<string, unknown>[];
    expect(row).toMatchObject({ provider: 'openai-codex', profile: 'default', state: 'good', renewable: true });

    const toml = `schema_version = 3\n[providers.models.openai-codex.main]\nuri = "${vendor.url}/codex"\n[agents.default]\nmodel_provider = "openai-codex.main"\n`;
    writeFileSync(join(folder, 'config.toml'), toml);
    const called = await command(['agent', '-m', 'hi', '--no-stream', '--temperature', '0.5']);
    expect(called.stdout).toContain('Hello from Codex');
    expect(vendor.renewals()).toBe(1);
    const calls = vendor.seen.filter((one) => one.path === '/codex/responses');
    expect(calls.map((one) => one.headers.authorization)).toEqual([
      `Bearer ${accessToken(0)}`,
      `Bearer ${accessToken(1)}`,
    ]);
    expect(calls[1]?.headers).toMatchObject({
      'chatgpt-account-id': 'acc-1',
      'openai-beta': 'responses=experimental',
      accept: 'text/event-stream',
    });
    const body = JSON.parse(calls[1]?.text ?? '{}') as Record<string, unknown>;
    expect(body).toMatchObject({ store: false, stream: true, include: ['reasoning.encrypted_content'] });
    expect(String(body['instructions'])).not.toBe('');
    expect(body).not.toHaveProperty('temperature');
    expect(body).not.toHaveProperty('max_output_tokens');

    await command(['auth', 'refresh', '--provider', 'codex']);
    expect(vendor.renewals()).toBe(2);
    await command(['auth', 'logout', '--provider', 'openai-codex']);
    await command(['auth', 'logout', '--provider', 'openai-codex'], 2);
    const without = await command(['agent', '-m', 'hi'], 2);
    expect(without.stderr).toContain('standin auth login --provider openai-codex');
    expect(outputs.join('\n')).not.toContain(PLANTED);
  }, 40_000);

  it('ends with 130 when it is interrupted while it waits', async () => {
    const vendor = await openai({ pendingForever: true });
    const running = start(login, setUp(vendor.url));
    await running.until('Waiting');
    running.child.kill('SIGINT');
    expect(await running.done).toMatchObject({ code: 130, stdout: '' });
  }, 20_000);

  it('takes over the login of the vendor’s program and writes renewed tokens back there', async () => {
    const vendor = await openai();
    const { env, cwd, folder } = setUp(vendor.url);
    mkdirSync(join(folder, '.codex'));
    const path = join(folder, '.codex', 'auth.json');
    const tokens = {
      id_token: idToken,
      access_token: accessToken(9),
      refresh_token: `${PLANTED}refresh9`,
      account_id: 'acc-1',
    };
    writeFileSync(path, JSON.stringify({ tokens, mine: 1 }));
    const seenFirst = await run(['auth', 'status'], { env, cwd });
    expect(seenFirst.stdout).toContain(path);
    const taken = await run(['auth', 'import', '--provider', 'openai-codex', '--profile', 'work'], { env, cwd });
    expect(taken).toMatchObject({ code: 0 });
    expect(
      await run(['auth', 'refresh', '--provider', 'openai-codex', '--profile', 'work'], { env, cwd }),
    ).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      mine: 1,
      tokens: { refresh_token: `${PLANTED}refresh1` },
    });
  }, 30_000);

  it('refuses what makes no sense, with the way out', async () => {
    const folder = setUp('http://127.0.0.1:9');
    const [groq, unknown, nobody, name, clear] = await Promise.all([
      run(['auth', 'login', '--provider', 'groq'], folder),
      run(['auth', 'login', '--provider', 'opnai-codex'], folder),
      run(['auth', 'refresh', '--provider', 'copilot'], folder),
      run(['auth', 'login', '--provider', 'copilot', '--profile', 'a b'], folder),
      run(login, { ...folder, env: { ...folder.env, STANDIN_AUTH_URL_OPENAI_CODEX: 'http://elsewhere.test' } }),
    ]);
    expect(groq).toMatchObject({ code: 2, stderr: expect.stringContaining('takes an API key') });
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean') });
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('standin auth login --provider copilot') });
    expect(name).toMatchObject({ code: 2 });
    expect(clear.stderr).toContain('https');
  }, 20_000);
});
