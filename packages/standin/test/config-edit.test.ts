import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { run, start, workspace } from './support.ts';

let space: Awaited<ReturnType<typeof workspace>>;
let simulator: Simulator;
beforeEach(async () => {
  space = await workspace();
  simulator = await startSimulator({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await simulator.close();
  await space.remove();
});
const standin = (args: readonly string[], input?: string, more: Readonly<Record<string, string>> = {}) =>
  run(args, {
    cwd: space.dir,
    env: { STANDIN_HOME: space.path('home'), STANDIN_KEYRING: 'off', ...more },
    ...(input === undefined ? {} : { input }),
  });
const file = () => readFileSync(space.path('home/config.toml'), 'utf8');

describe('config set and unset', () => {
  it('take a secret from a pipe and store it so that only this machine reads it', async () => {
    const set = await standin(['config', 'set', 'providers.models.anthropic.main.api_key'], 'sk-ant-piped\n');
    expect(set).toMatchObject({ code: 0, stdout: '' });
    expect(file()).toMatch(/api_key = "enc2:[0-9a-f]+"/);
    const plan = await standin(['plan', '--json']);
    expect(JSON.parse(plan.stdout)).toMatchObject({ targets: [{ keys: [expect.stringMatching(/^[0-9a-f]{8}$/)] }] });
  });

  it('type the value by its field and refuse what it cannot be, leaving the file alone', async () => {
    await standin(['config', 'set', 'reliability.provider_retries', '4']);
    await standin(['config', 'set', 'reliability.rescue', 'off']);
    await standin(['config', 'set', 'reliability.model_fallbacks', '{"a": ["b"]}']);
    expect(file()).toContain('provider_retries = 4\nrescue = "off"\nmodel_fallbacks = { a = ["b"] }\n');
    const before = file();
    expect(await standin(['config', 'set', 'reliability.provider_retries', 'many'])).toMatchObject({ code: 2 });
    expect(await standin(['config', 'set', 'reliability.rescue', 'often'])).toMatchObject({ code: 2 });
    expect(await standin(['config', 'set', 'gateway.port', '99999'])).toMatchObject({ code: 2 });
    expect(await standin(['config', 'set', 'gateway'])).toMatchObject({ code: 2 });
    expect(file()).toBe(before);
  });

  it('say that a variable wins over the file, and print JSON', async () => {
    const result = await standin(['config', 'set', 'gateway.port', '1', '--json'], undefined, {
      STANDIN_gateway__port: '2',
    });
    expect(JSON.parse(result.stdout)).toMatchObject({ path: 'gateway.port', changed: true });
    expect(result.stderr).toContain('STANDIN_gateway__port is set and wins');
  });

  it('remove a value, a table and a typing error', async () => {
    writeFileSync(
      space.path('standin.toml'),
      '# top\n[gateway]\nport = 1\nprot = 2\n\n# about it\n[reliability]\nrescue = "off"\n',
    );
    await standin(['config', 'unset', 'gateway.prot']);
    await standin(['config', 'unset', 'reliability']);
    expect(readFileSync(space.path('standin.toml'), 'utf8')).toBe('# top\n[gateway]\nport = 1\n');
  });

  it('schema is JSON; init writes comments that change nothing', async () => {
    const schema = await standin(['config', 'schema']);
    expect(JSON.parse(schema.stdout)).toMatchObject({ type: 'object', properties: { gateway: {} } });
    await standin(['config', 'init', 'reliability']);
    expect(file()).toMatch(/\n\[reliability\]\n(# .*\n)*# provider_retries = 2 {2}# /);
    expect((await standin(['config', 'validate'])).code).toBe(0);
  });
});

describe('init without a terminal', () => {
  it('writes what it finds, calls once, and keeps a backup of what was there', async () => {
    const more = { ANTHROPIC_API_KEY: 'sk-ant-x', OPENAI_API_KEY: 'sk-y' };
    const made = await standin(['init', '--yes', '--no-call'], undefined, more);
    expect(made).toMatchObject({ code: 0 });
    const text = file();
    expect(text).toContain('[providers.models.anthropic.main]');
    expect(text).toContain('"openai.main"');
    expect(text).not.toContain('sk-');
    expect(await standin(['init', '--yes', '--no-call'], undefined, more)).toMatchObject({ code: 2 });
    writeFileSync(space.path('home/config.toml'), '# precious\n');
    expect(await standin(['init', '--yes', '--force', '--no-call'], undefined, more)).toMatchObject({ code: 0 });
    expect(readFileSync(space.path('home/config.toml.bak'), 'utf8')).toBe('# precious\n');
    expect((await standin(['plan', '--json'], undefined, more)).code).toBe(0);
  }, 30_000);

  it('says what to do when there is nothing', async () => {
    const result = await standin(['init', '--no-call']);
    expect(result).toMatchObject({ code: 2 });
    expect(result.stderr).toContain('standin init --yes');
    expect(existsSync(space.path('home/config.toml'))).toBe(false);
  });
});

describe('doctor', () => {
  it('tells each phase, the nearest model, a misplaced key; never sends that key', async () => {
    writeFileSync(
      space.path('standin.toml'),
      `[providers.models.custom.home]
uri = "${simulator.url}/v1"
model = "sim-okay"
[providers.models.custom.dead]
uri = "http://127.0.0.1:1/v1"
model = "m"
[providers.models.custom.lost]
uri = "http://no-such-host.invalid/v1"
model = "m"
[providers.models.custom.shape]
uri = "127.0.0.1:9000"
model = "m"
[providers.models.openai.mixed]
api_key = "sk-ant-not-for-openai"
`,
    );
    const result = await standin(['doctor', '--json']);
    expect(result.code).toBe(1);
    const { findings } = JSON.parse(result.stdout) as {
      findings: { level: string; subject: string; message: string; mend?: string }[];
    };
    const about = (subject: string) =>
      findings
        .filter((one) => one.subject.startsWith(subject))
        .map(({ level, message, mend }) => `${level} ${message} | ${mend ?? ''}`)
        .join('\n');
    expect(about('custom.home')).toMatch(/^ok .*answers/);
    expect(about('custom.dead')).toMatch(/error fails at TCP/);
    expect(about('custom.lost')).toMatch(/error fails at DNS/);
    expect(about('providers.models.custom.shape.uri')).toContain(
      'standin config set providers.models.custom.shape.uri http://127.0.0.1:9000',
    );
    expect(about('openai.mixed')).toContain('key of Anthropic');
    expect(about('openai.mixed')).not.toContain('fails at');
    expect(
      findings
        .filter((one) => one.level !== 'ok' && one.subject.startsWith('custom'))
        .every((one) => one.mend !== undefined),
    ).toBe(true);
  }, 30_000);
});

describe('a running gateway', () => {
  it('takes a changed config at once, and refuses a broken one while the last good one serves', async () => {
    const config = (alias: string) =>
      `[providers.models.custom.${alias}]\nuri = "${simulator.url}/v1"\nmodel = "sim-ok"\n`;
    writeFileSync(space.path('standin.toml'), config('home'));
    const gateway = start(['serve', '--port', '0'], { cwd: space.dir, env: { STANDIN_HOME: space.path('home') } });
    const [, url = ''] = /listening on (http:\S+)/.exec(await gateway.until(/listening on http:\S+\n/)) ?? [];
    await gateway.until('Try:');
    const answering = async () => {
      const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] });
      const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body });
      return { status: response.status, provider: response.headers.get('x-standin-provider') };
    };
    expect(await answering()).toEqual({ status: 200, provider: 'custom.home' });
    writeFileSync(space.path('standin.toml'), config('away'));
    await gateway.until('Config reloaded');
    expect(await answering()).toEqual({ status: 200, provider: 'custom.away' });
    writeFileSync(space.path('standin.toml'), config('home'));
    await gateway.until(/(Config reloaded[^]*){2}/);
    writeFileSync(space.path('standin.toml'), 'nonsense');
    await gateway.until('Config change refused');
    expect(await answering()).toEqual({ status: 200, provider: 'custom.home' });
    expect(await (await fetch(`${url}/health/ready`)).json()).toMatchObject({
      status: 'ready',
      config: { refused: expect.stringContaining('standin.toml') },
    });
    writeFileSync(space.path('standin.toml'), config('home'));
    await gateway.until(/(Config reloaded[^]*){3}/);
    gateway.child.kill('SIGHUP');
    await gateway.until(/(Config reloaded[^]*){4}/);
    gateway.child.kill('SIGTERM');
    expect((await gateway.done).code).toBe(0);
    expect(readdirSync(space.dir)).toContain('standin.toml');
  }, 40_000);
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('prints a script for %s that asks the command', async (shell) => {
    const { stdout, code } = await standin(['completion', shell]);
    expect(code).toBe(0);
    expect(stdout).toContain('standin completion words --');
  });

  it.each([
    [[''], 'config'],
    [['con'], 'config'],
    [['config', 'va'], 'validate'],
    [['plan', '--j'], '--json'],
    [['--log-level', ''], 'debug'],
    [['config', 'set', 'rel'], 'reliability.'],
    [['config', 'set', 'reliability.rescue', ''], 'verified'],
    [['config', 'get', 'providers.models.anth'], 'providers.models.anthropic.'],
    [['agent', '--output-format', ''], 'json-schema'],
    [['providers', 'show', 'gro'], 'groq'],
    [['completion', ''], 'fish'],
  ])('%j leads to %s', async (words, wanted) => {
    const { stdout } = await standin(['completion', 'words', '--', ...words]);
    expect(stdout.split('\n')).toContain(wanted);
  });
});
