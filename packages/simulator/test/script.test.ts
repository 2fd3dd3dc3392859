import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkScript, loadScript, parseScript, ScriptError, startSimulator } from '../src/index.ts';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'simulator-'))));
afterAll(() => rm(folder, { recursive: true }));

const load = async (name: string, source: string) => {
  const file = join(folder, name);
  await writeFile(file, source);
  return loadScript(file);
};
const problem = (value: unknown): string => {
  try {
    checkScript(value);
  } catch (error) {
    if (error instanceof ScriptError) return error.message;
    throw error;
  }
  return 'no problem';
};

const TOML = `
seed = 7
models = ["a"]
[defaults]
event_ms = 5
[[rules]]
times = 2
behaviour = "429-after2"
[[rules]]
match = { key = "k1", model = "gpt-*", nth = [1, 3], until_ms = 60000 }
per = "key"
[rules.behaviour]
fault = "cut"
at_chars = 20
how = "rst"
[[rules]]
[rules.behaviour.error]
name = "rate"
hints = { retry_after = 2, rate_limit_reset = "6m0s" }
headers = { X_Odd = "1" }
body = { keep_this = 1 }
`;

test('TOML in snake_case and JSON in camelCase say the same', async () => {
  const script = {
    seed: 7,
    models: ['a'],
    defaults: { eventMs: 5 },
    rules: [
      { times: 2, behaviour: '429-after2' },
      {
        match: { key: 'k1', model: 'gpt-*', nth: [1, 3], untilMs: 60_000 },
        per: 'key',
        behaviour: { fault: 'cut', atChars: 20, how: 'rst' },
      },
      {
        behaviour: {
          error: {
            name: 'rate',
            hints: { retryAfter: 2, rateLimitReset: '6m0s' },
            headers: { x_odd: '1' },
            body: { keep_this: 1 },
          },
        },
      },
    ],
  };
  expect(await load('a.toml', TOML)).toEqual(script);
  expect(await load('a.json', JSON.stringify(script))).toEqual(script);
});

describe('a wrong script names the file, the place and what is allowed', () => {
  test('in its syntax', async () => {
    await expect(load('b.toml', 'seed = 1\nrules = [')).rejects.toThrow(/b\.toml: line 2, column \d+/);
    await expect(load('b.json', '{"seed": }')).rejects.toThrow(/b\.json: This is no JSON/);
    await expect(loadScript(join(folder, 'absent.toml'))).rejects.toThrow(/absent\.toml: .*no such file/);
  });

  test('in its fields', async () => {
    await expect(load('c.toml', '[[rules]]\nbehaviour = { fault = "explode" }')).rejects.toThrow(
      /c\.toml: rules\[0\]\.behaviour\.fault: must be one of reset, .*, not "explode"/,
    );
    expect(() => parseScript('[[rules]]\nbehavior = "ok"')).toThrow(
      /rules\[0\]\.behavior: is not known\. Allowed: match, times, per, behaviour/,
    );
  });

  test.each([
    [[], /must be a table, not \[\]/],
    [{ rules: {} }, /rules: must be a list/],
    [{ rules: [{}] }, /rules\[0\]\.behaviour: is missing/],
    [{ rules: [{ behaviour: 'nonsense' }] }, /rules\[0\]\.behaviour: .*does not know "nonsense"/],
    [{ defaults: { atChars: -1 } }, /defaults\.atChars: must be a whole number, 0 or more, not -1/],
    [{ defaults: { error: 99 } }, /defaults\.error: must be a status, a table, or one of/],
    [{ defaults: { error: { status: 700 } } }, /defaults\.error\.status: must be an HTTP status/],
    [
      { defaults: { error: { hints: { retryAfterSeconds: 1 } } } },
      /hints\.retryAfterSeconds: is not known\. Allowed: retryAfter,/,
    ],
    [{ defaults: { toolCalls: [{ arguments: {} }] } }, /toolCalls\[0\]\.name: is missing/],
    [{ defaults: { usage: true } }, /usage: must be false or a table/],
    [{ keys: [1] }, /keys\[0\]: must be text, not 1/],
    [{ rules: [{ match: { nth: 0 }, behaviour: 'ok' }] }, /match\.nth: must be a whole number, 1 or more, or a list/],
  ])('%j', (value, message) => {
    expect(problem(value)).toMatch(message);
  });

  test('before anything is started or replaced', async () => {
    await expect(startSimulator({ script: { rules: [{ behaviour: 'nonsense' }] } })).rejects.toBeInstanceOf(
      ScriptError,
    );
    const simulator = await startSimulator({ script: { rules: [{ behaviour: '418' }] } });
    expect(() => simulator.setScript({ seed: 0.5 })).toThrow(ScriptError);
    expect((await fetch(`${simulator.url}/v1/chat/completions`, { method: 'POST', body: '{}' })).status).toBe(418);
    await simulator.close();
  });
});
