import { afterAll, describe, expect, it } from 'vitest';
import { configToml, run, workspace } from './support.ts';

const SECRET = 'sk-test-9f8e7d6c5b4a39281706';
const OTHER = 'hush-0123456789abcdef';

const files = await workspace({
  'standin.toml': configToml({
    'custom.main': {
      uri: 'http://127.0.0.1:9/v1',
      model: 'm1',
      api_keys: ['${KEY_A}', OTHER],
      extra_headers: { 'x-team': 'hidden-team-token' },
      fallback: ['custom.spare'],
    },
    'custom.spare': { uri: 'http://127.0.0.1:9/v1', model: 'm2' },
  }),
  'typo.toml': configToml({ 'custom.main': { uri: 'http://127.0.0.1:9/v1', model: 'm1', tempreature: 1 } }),
  'wrong.toml': configToml({ 'custom.main': { uri: 'http://127.0.0.1:9/v1', model: 7 } }),
  'spare.toml': configToml({ 'custom.main': { uri: 'http://127.0.0.1:9/v1', model: 'm', fallback: ['custom.gone'] } }),
  'newline.toml': configToml({
    'custom.main': { uri: 'http://127.0.0.1:9/v1', model: 'm', api_key: 'abc-first\ndef-second' },
  }),
});
afterAll(() => files.remove());

const inFiles = (args: string[], env: Record<string, string> = {}) =>
  run(args, { cwd: files.dir, env: { KEY_A: SECRET, ...env } });

describe('config', () => {
  it('lists every value with its source and no secret', async () => {
    const { stdout, stderr, code } = await inFiles(['config', 'list'], {
      STANDIN_providers__models__custom__spare__model: 'm3',
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^providers\.models\.custom\.main\.model +m1 +standin\.toml:\d+$/m);
    expect(stdout).toMatch(
      /^providers\.models\.custom\.spare\.model +m3 +STANDIN_providers__models__custom__spare__model 💉$/m,
    );
    expect(stdout).toMatch(/api_keys.*key:[0-9a-f]{8}.*\(secret\) +standin\.toml:\d+ \(\$\{KEY_A\}\)/);
    for (const secret of [SECRET, OTHER, 'hidden-team-token']) expect(stdout + stderr).not.toContain(secret);
  });

  it('shows the vendor variable of an entry nobody wrote', async () => {
    const { stdout } = await run(['config', 'list', '--json'], { cwd: '/', env: { OPENAI_API_KEY: SECRET } });
    const settings = JSON.parse(stdout) as { path: string; source: string; secret: boolean }[];
    const key = settings.find(({ path }) => path === 'providers.models.openai.default.api_key');
    expect(key).toMatchObject({ source: 'OPENAI_API_KEY', secret: true });
    expect(settings.find(({ path }) => path.endsWith('.model'))).toMatchObject({ source: 'catalog' });
    expect(stdout).not.toContain(SECRET);
  });

  it('gets one value, tells a secret as set or unset, and names the nearest path for a wrong one', async () => {
    const [model, key, unset, json, wrong] = await Promise.all([
      inFiles(['config', 'get', 'providers.models.custom.main.model']),
      inFiles(['config', 'get', 'providers.models.custom.main.api_keys']),
      inFiles(['config', 'get', 'providers.models.custom.spare.api_key']),
      inFiles(['config', 'get', 'providers.models.custom.main.fallback', '--json']),
      inFiles(['config', 'get', 'providers.models.custom.main.modle']),
    ]);
    expect(model).toMatchObject({ code: 0, stdout: 'm1\n' });
    expect(key).toMatchObject({ code: 0, stdout: 'set\n' });
    expect(unset).toMatchObject({ code: 0, stdout: 'unset\n' });
    expect(JSON.parse(json.stdout)).toEqual({ path: 'providers.models.custom.main.fallback', value: ['custom.spare'] });
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/modle.*did you mean "model"/);
  });

  it('validates: 0 when sound, 2 for an error and for a broken fallback, with file, line and path', async () => {
    const validate = (name: string) => inFiles(['config', 'validate', '--config', name]);
    const [good, typo, wrong, spare, newline] = await Promise.all([
      validate('standin.toml'),
      validate('typo.toml'),
      validate('wrong.toml'),
      validate('spare.toml'),
      validate('newline.toml'),
    ]);
    expect(good).toMatchObject({ code: 0, stderr: '' });
    expect(good.stdout).toMatch(/standin\.toml is valid\.\n$/);
    expect(typo.code).toBe(0);
    expect(typo.stderr).toMatch(
      /typo\.toml:\d+: warning: providers\.models\.custom\.main\.tempreature: .*"temperature"/,
    );
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/wrong\.toml:\d+: error: providers\.models\.custom\.main\.model/);
    expect(spare).toMatchObject({ code: 2, stdout: '' });
    expect(spare.stderr).toMatch(/custom\.gone.*custom\.main|custom\.gone/);
    expect(newline.code).toBe(2);
    expect(newline.stderr).toMatch(/newline\.toml:\d+: error: .*api_key/);
    expect(newline.stderr).not.toMatch(/abc-first|def-second/);
  });

  it('prints the file in use, and where it looked when there is none', async () => {
    const [here, none] = await Promise.all([inFiles(['config', 'path']), run(['config', 'path'], { cwd: '/' })]);
    expect(here.stdout).toBe(`${files.path('standin.toml')}\n`);
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toContain('$STANDIN_CONFIG');
  });

  it('stops a call with a wrong config before anything is sent', async () => {
    const result = await inFiles(['agent', '-m', 'hi', '--config', 'wrong.toml']);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(/^wrong\.toml:\d+: error: /);
  });
});
