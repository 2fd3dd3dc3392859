import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StreamEvent } from '@standin/core/spec/event';
import { validateStream } from '@standin/core/stream/validate';
import { startSimulator, type Simulator } from '@standin/simulator';
import {
  BIN,
  configToml,
  NODE,
  run as runCommand,
  start as startCommand,
  workspace,
  type RunOptions,
} from './support.ts';

const KEYS = ['planted-key-alpha-1122334455', 'planted-key-beta-6677889900', 'planted-key-gamma-5566778899'];
const TEXT = 'Der Fluß — 流れ 🏞️ — runs on.\nSecond line';

let first: Simulator;
let second: Simulator;
let files: Awaited<ReturnType<typeof workspace>>;

beforeAll(async () => {
  first = await startSimulator({ script: { defaults: { text: TEXT } } });
  second = await startSimulator({ script: { defaults: { text: 'from the spare' } } });
  files = await workspace({
    'standin.toml': configToml(
      {
        'custom.main': {
          uri: `${first.url}/v1`,
          model: 'main-model',
          api_keys: KEYS.slice(0, 2),
          fallback: ['custom.spare'],
        },
        'custom.spare': { uri: `${second.url}/v1`, model: 'spare-model', api_key: KEYS[2], wire_api: 'messages' },
      },
      '[reliability]\nprovider_retries = 0\nprovider_backoff_ms = 1\n\n[agents.other]\nmodel_provider = "custom.spare"',
    ),
    'person.json': JSON.stringify({
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' } },
      required: ['name', 'age'],
    }),
    'dot.png': Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
  });
});
afterAll(async () => {
  await Promise.all([first.close(), second.close(), files.remove()]);
});
beforeEach(() => {
  first.setScript({ defaults: { text: TEXT } });
  second.setScript({ defaults: { text: 'from the spare' } });
  first.reset();
  second.reset();
});

const options = (more: RunOptions = {}): RunOptions => ({ cwd: files.dir, ...more });
const agent = (args: readonly string[], more: RunOptions = {}) => runCommand(['agent', ...args], options(more));

function expectNoSecret(...texts: string[]): void {
  for (const key of KEYS) for (const text of texts) expect(text).not.toContain(key);
}

const sentMessages = (simulator: Simulator) =>
  (simulator.requests.at(-1)?.body as { messages: { role: string; content: unknown }[] } | undefined)?.messages ?? [];
const lastUser = (simulator: Simulator): unknown => sentMessages(simulator).at(-1)?.content;

describe('one turn', () => {
  it('prints the answer on stdout and nothing on stderr, streamed or whole', async () => {
    for (const mode of ['--stream', '--no-stream']) {
      expect(await agent(['-m', 'hi', mode])).toEqual({ code: 0, signal: null, stdout: `${TEXT}\n`, stderr: '' });
    }
    expect(first.requests.map(({ stream, model, key }) => ({ stream, model, key }))).toEqual([
      { stream: true, model: 'main-model', key: KEYS[0] },
      { stream: false, model: 'main-model', key: KEYS[0] },
    ]);
  });

  it('asks what is piped in, alone or as context after -m', async () => {
    await agent([], { input: 'piped ü text' });
    expect(lastUser(first)).toBe('piped ü text');
    await agent(['-m', 'Summarise:'], { input: 'the long text\n' });
    expect(lastUser(first)).toBe('Summarise:\n\nthe long text\n');
    const empty = await agent([], { input: ' \n' });
    expect(empty).toMatchObject({ code: 2, stdout: '' });
  });

  it('answers although its parent never closes its standard input', async () => {
    const child = spawn(NODE, [BIN, 'agent', '-m', 'hi'], { cwd: files.dir, env: { HOME: files.dir }, stdio: 'pipe' });
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(code).toBe(0);
    expect(lastUser(first)).toBe('hi');
  });

  it('sends only the options that were given', async () => {
    await agent(['-m', 'hi']);
    expect(first.requests[0]?.body).not.toHaveProperty('temperature');
    await agent(['-m', 'hi', '--temperature', '0', '--max-tokens', '7', '--model', 'other-model']);
    expect(first.requests[1]?.body).toMatchObject({ temperature: 0, model: 'other-model' });
    expect(JSON.stringify(first.requests[1]?.body)).toMatch(/"max(_completion)?_tokens":7/);
  });

  it('reaches the provider, agent and model it is told to', async () => {
    await agent(['-m', 'hi', '--provider', 'custom.spare']);
    await agent(['-m', 'hi', '--provider', 'custom.spare', '--model', 'm/with/slashes']);
    await agent(['-m', 'hi', '-a', 'other', '--model', 'm3']);
    expect(second.requests.map(({ model }) => model)).toEqual(['spare-model', 'm/with/slashes', 'm3']);
    const [provider, alias] = await Promise.all([
      agent(['-m', 'hi', '--provider', 'custom.mian']),
      agent(['-m', 'hi', '-a', 'othr']),
    ]);
    expect(provider).toMatchObject({ code: 2, stdout: '' });
    expect(provider.stderr).toMatch(/custom\.mian.*did you mean "custom\.main"/);
    expect(alias).toMatchObject({ code: 2, stdout: '' });
    expect(alias.stderr).toMatch(/othr.*did you mean "other"/);
    expect(first.requests).toHaveLength(0);
  });

  it('sends pictures along', async () => {
    const { code } = await agent(['-m', 'look', '--image', 'dot.png', '--image', 'https://example.com/b.jpg']);
    expect(code).toBe(0);
    const sent = JSON.stringify(lastUser(first));
    expect(sent).toContain('data:image/png;base64,iVBORw0KGgo');
    expect(sent).toContain('https://example.com/b.jpg');
    const bad = await agent(['-m', 'look', '--image', 'standin.toml']);
    expect(bad).toMatchObject({ code: 2, stdout: '' });
    expect(bad.stderr).toBe('standin: --image standin.toml: not a PNG, JPEG, GIF or WebP image.\n');
  });
});

describe('failures', () => {
  it('falls back and says so on stderr, with the fields of the contract', async () => {
    first.setScript({ rules: [{ behaviour: '429' }] });
    const { code, stdout, stderr } = await agent(['-m', 'hi', '--log-format', 'json']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'from the spare\n' });
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find((line) => line['message'] === 'Provider recovered (failover/retry)')).toMatchObject({
      level: 'info',
      provider: 'custom.spare',
      model: 'spare-model',
      original_model: 'main-model',
      attempt: 3,
    });
    expectNoSecret(stderr);
    expect(first.requests.map(({ key }) => key)).toEqual(KEYS.slice(0, 2));
    expect(second.requests.map(({ key }) => key)).toEqual([KEYS[2]]);
  });

  it('exits 1 with every attempt when all routes failed, and prints no secret even when a vendor echoes one', async () => {
    first.setScript({
      rules: [{ behaviour: { error: { status: 401, message: `Incorrect API key provided: ${KEYS[0]}` } } }],
    });
    second.setScript({ rules: [{ behaviour: 'server' }] });
    const [plain, json] = [await agent(['-m', 'hi']), await agent(['-m', 'hi', '--json', '--log-level', 'debug'])];
    expect(plain).toMatchObject({ code: 1, stdout: '' });
    expect(plain.stderr).toMatch(/custom\.main main-model key:[0-9a-f]{8}[\s\S]*401[\s\S]*custom\.spare spare-model/);
    expect(json.code).toBe(1);
    const last = JSON.parse(json.stdout.trim().split('\n').at(-1) ?? '') as {
      type: string;
      kind: string;
      attempts: unknown[];
    };
    expect(last.type).toBe('error');
    expect(last.attempts).toHaveLength(3);
    expectNoSecret(plain.stderr, json.stdout, json.stderr);
  });

  it('never passes a broken answer off as a whole one', async () => {
    first.setScript({ defaults: { text: TEXT }, rules: [{ behaviour: 'cut-at10' }] });
    second.setScript({ rules: [{ behaviour: '500' }] });
    const { code, stdout, stderr } = await agent(['-m', 'hi']);
    expect(code).toBe(1);
    expect(TEXT.startsWith(stdout.trimEnd())).toBe(true);
    expect(stderr).toMatch(/broke off/);
  });
});

describe('--json', () => {
  it('prints one valid StreamEvent per line', async () => {
    const { stdout, code } = await agent(['-m', 'hi', '--json']);
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as StreamEvent);
    expect(() => validateStream(events)).not.toThrow();
    expect(events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('')).toBe(TEXT);
  });
});

describe('--output-format', () => {
  const schema = ['--output-format', 'json-schema', '--schema', 'person.json'];

  it('prints the JSON of an answer that fits its schema', async () => {
    first.setScript({ defaults: { text: '{"name": "Ada", "age": 36}' } });
    const { code, stdout } = await agent(['-m', 'who', ...schema]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"name": "Ada", "age": 36}\n' });
    expect(JSON.stringify(first.requests[0]?.body)).toContain('"required":["name","age"]');
  });

  it('exits 1 for an answer that does not, and 2 for a schema that is none', async () => {
    first.setScript({ defaults: { text: '{"name": "Ada"}' } });
    const unfit = await agent(['-m', 'who', ...schema]);
    expect(unfit).toMatchObject({ code: 1, stdout: '' });
    expect(unfit.stderr).toMatch(/does not fit the schema "person": .*age/);
    const noJson = await agent(['-m', 'who', '--output-format', 'json'], {});
    expect(noJson.stdout).toBe('{"name": "Ada"}\n');
    const bad = await agent(['-m', 'who', '--schema', 'dot.png']);
    expect(bad).toMatchObject({ code: 2, stdout: '' });
    expect(bad.stderr.trimEnd()).not.toContain('\n');
  });
});

describe('--session', () => {
  it('goes on where the last call ended', async () => {
    await agent(['-m', 'first question', '--session', 'talk.json']);
    await agent(['-m', 'second question', '--session', 'talk.json', '--provider', 'custom.spare']);
    expect(sentMessages(second).map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(await readFile(files.path('talk.json'), 'utf8')).toContain('from the spare');
  });
});

describe('leaving', () => {
  const waiting = { defaults: { text: TEXT }, rules: [{ behaviour: 'stall-at12' }] };

  it.each([
    ['before the headers', { rules: [{ behaviour: 'silent' }] }],
    ['in the middle of the answer', waiting],
  ])('Ctrl-C %s cancels upstream and exits 130', async (_when, script) => {
    first.setScript(script);
    const running = startCommand(['agent', '-m', 'hi'], options());
    await first.waitFor(() => true);
    if (script === waiting) await running.until(TEXT.slice(0, 10));
    running.child.kill('SIGINT');
    const result = await running.done;
    expect(result).toMatchObject({ code: 130, stderr: '' });
    const seen = await first.waitFor(({ callerLeftAt }) => callerLeftAt !== undefined);
    expect(seen.outcome).toBe('caller-left');
    expect(second.requests).toHaveLength(0);
  });

  it('a reader that leaves (| head) ends it quietly and cancels upstream', async () => {
    first.setScript({ defaults: { words: 4000, eventMs: 2 } });
    const running = startCommand(['agent', '-m', 'hi'], options());
    await running.until(/\w/);
    running.child.stdout?.destroy();
    const result = await running.done;
    expect(result).toMatchObject({ code: 0, stderr: '' });
    const seen = await first.waitFor(({ callerLeftAt }) => callerLeftAt !== undefined);
    expect(seen.outcome).toBe('caller-left');
  });
});

describe('plan', () => {
  it('prints the walk as the contract says, without a secret', async () => {
    const { stdout, stderr, code } = await runCommand(['plan', '--json'], options());
    expect(code).toBe(0);
    const plan = JSON.parse(stdout) as { targets: unknown[]; warnings: unknown[] };
    expect(plan.targets).toEqual([
      {
        entry: 'custom.main',
        slot: 'custom',
        model: 'main-model',
        wire: 'openai-chat',
        url: `${first.url}/v1/chat/completions`,
        keys: [expect.stringMatching(/^[0-9a-f]{8}$/), expect.stringMatching(/^[0-9a-f]{8}$/)],
      },
      {
        entry: 'custom.spare',
        slot: 'custom',
        model: 'spare-model',
        wire: 'anthropic-messages',
        url: `${second.url}/v1/messages`,
        keys: [expect.stringMatching(/^[0-9a-f]{8}$/)],
      },
    ]);
    expect(plan.warnings).toEqual([]);
    const human = await runCommand(['plan'], options());
    expect(human.stdout).toContain('spare-model');
    expectNoSecret(stdout, stderr, human.stdout);
  });
});
