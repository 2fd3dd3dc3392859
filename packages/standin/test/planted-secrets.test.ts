import { createCipheriv } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { run, start, workspace } from './support.ts';

/** One of every kind; each holds the word that must never be seen. */
const KEY = Buffer.alloc(32, 0x5a);
const PLANTED = {
  file: 'sk-planted-file-0001',
  list: 'sk-planted-list-0002',
  variable: 'sk-planted-variable-0003',
  header: 'planted-header-0004',
  sealed: 'sk-planted-sealed-0005',
  override: 'sk-planted-override-0006',
  route: 'sk-planted-route-0007',
  uri: 'planted-uri-0008',
  oauth: 'planted-oauth-0009',
  vendor: 'sk-ant-planted-vendor-0010',
  piped: 'sk-planted-piped-0011',
} as const;

function sealed(plain: string): string {
  const nonce = Buffer.alloc(12, 1);
  const cipher = createCipheriv('chacha20-poly1305', KEY, nonce, { authTagLength: 16 });
  return `enc2:${Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('hex')}`;
}

describe('planted secrets', () => {
  let space: Awaited<ReturnType<typeof workspace>>;
  let simulator: Simulator;
  let env: Readonly<Record<string, string>>;
  beforeAll(async () => {
    simulator = await startSimulator({ host: '127.0.0.1', port: 0 });
    space = await workspace();
    env = {
      STANDIN_HOME: space.dir,
      STANDIN_KEYRING: 'off',
      PLANTED_VARIABLE: PLANTED.variable,
      STANDIN_providers__models__custom__over__api_key: PLANTED.override,
      ANTHROPIC_API_KEY: PLANTED.vendor,
      NO_PROXY: '*',
    };
    writeFileSync(space.path('.secret_key'), KEY.toString('hex'));
    chmodSync(space.path('.secret_key'), 0o600);
    const config = `schema_version = 3
[providers.models.custom.main]
uri = "${simulator.url}/v1?key=${PLANTED.uri}"
model = "sim-401"
api_key = "${PLANTED.file}"
api_keys = ["${PLANTED.list}", "\${PLANTED_VARIABLE}", "${sealed(PLANTED.sealed)}"]
extra_headers = { x-team = "${PLANTED.header}" }
fallback = ["custom.over", "anthropic.main"]
oauth_client_secret = "${PLANTED.oauth}"
[providers.models.custom.over]
uri = "${simulator.url}/v1"
model = "sim-500"
[providers.models.anthropic.main]
uri = "${simulator.url}"
model = "sim-429"
[agents.default]
model_provider = "custom.main"
[[model_routes]]
hint = "fast"
model_provider = "custom.over"
api_key = "${PLANTED.route}"
`;
    writeFileSync(space.path('standin.toml'), config);
    // Broken at the very place where a secret stands.
    writeFileSync(space.path('broken.toml'), config.replace(`"${PLANTED.file}"`, `"${PLANTED.file}`));
    writeFileSync(space.path('types.toml'), config.replace(`"${PLANTED.file}"`, `["${PLANTED.file}"]`));
    writeFileSync(space.path('other-key.toml'), config);
    mkdirSync(space.path('elsewhere'));
  });
  afterAll(async () => {
    await simulator.close();
    await space.remove();
  });

  const check = (result: { stdout: string; stderr: string }): void => {
    expect(result.stdout + result.stderr).not.toMatch(/planted-(?!key)/i);
    expect(result.stdout + result.stderr).not.toContain(KEY.toString('hex'));
  };

  it.each(
    [
      ['plan'],
      ['plan', '--json'],
      ['config', 'list'],
      ['config', 'list', '--json', '--defaults'],
      ['config', 'validate'],
      ['config', 'validate', '--json'],
      ['config', 'validate', '--config', 'broken.toml'],
      ['config', 'validate', '--config', 'types.toml'],
      ['config', 'get', 'providers.models.custom.main.api_key'],
      ['config', 'get', 'providers.models.custom.main', '--json'],
      ['config', 'get', 'providers.models.custom.main.uri'],
      ['config', 'set', 'gateway.port', '0'],
      ['config', 'set', 'providers.models.custom.over.api_key', 'sk-planted-argument', '--config', 'broken.toml'],
      ['config', 'rename', 'providers.models.custom.over', 'over2', '--config', 'other-key.toml'],
      ['config', 'secrets', 'encrypt', '--config', 'other-key.toml'],
      ['doctor', '--live'],
      ['doctor', '--json'],
      ['agent', '-m', 'Hi', '--log-level', 'debug'],
      ['agent', '-m', 'Hi', '--log-level', 'debug', '--log-format', 'json', '--json'],
      ['completion', 'words', '--', 'config', 'set', 'providers.models.custom.main.'],
      ['init', '--yes', '--no-call', '--config', 'fresh.toml'],
    ].map((args) => [args.join(' '), args] as const),
  )(
    'are in no output of: standin %s',
    async (_name, args) => {
      check(await run(args, { cwd: space.dir, env }));
    },
    30_000,
  );

  it('are not shown when they are piped in', async () => {
    const args = ['config', 'set', 'providers.models.custom.piped.api_key', '--config', 'piped.toml'];
    check(await run(args, { cwd: space.dir, env, input: `${PLANTED.piped}\n` }));
  });

  it('are in no log of a gateway that reloads and refuses', async () => {
    const gateway = start(['serve', '--port', '0', '--log-level', 'debug'], { cwd: space.dir, env });
    const [, url = ''] = /listening on (http:\S+)/.exec(await gateway.until(/listening on http:\S+\n/)) ?? [];
    const asked = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] }),
    });
    const answer = await asked.text();
    const { readFileSync } = await import('node:fs');
    const text = readFileSync(space.path('standin.toml'), 'utf8');
    writeFileSync(space.path('standin.toml'), text.replace(`"${PLANTED.file}"`, `"${PLANTED.file}`));
    await gateway.until('Config change refused');
    const ready = await (await fetch(`${url}/health`)).text();
    gateway.child.kill('SIGTERM');
    const { stdout, stderr } = await gateway.done;
    check({ stdout: stdout + answer + ready, stderr });
    expect(ready).toContain('"refused"');
  }, 40_000);
});
