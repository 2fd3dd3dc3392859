import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { editConfigFile, renaming, setting, unsetting } from '@standin/core/config/edit/index';

let dir: string;
let file: string;
const env = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', STANDIN_HOME: '/nonexistent' };
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'standin-edit-'));
  file = join(dir, 'config.toml');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const TEXT = `# mine
schema_version = 3

[providers.models.openai.main]
model = "gpt-x" # the big one
fallback = ["anthropic.spare", "spare"]

# cheap
[providers.models.anthropic.spare]
model = "claude-x"

[agents.default]
model_provider = "anthropic.spare"
delegates = ["helper", { agent = "helper", mode = "bounded" }]

[agents.helper]
model_provider = "openai.main"

[[model_routes]]
hint = "fast"
provider = "spare"

[reliability]
fallback_providers = ["anthropic.spare"]
`;

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const NODE = existsSync(join(root, 'node_modules/.bin/node')) ? join(root, 'node_modules/.bin/node') : process.execPath;
const EDIT = fileURLToPath(new URL('../../src/config/edit/index.ts', import.meta.url));

function child(code: string): ReturnType<typeof spawn> {
  const source = `const { editConfigFile, setting } = await import(${JSON.stringify(EDIT)}); const file = ${JSON.stringify(file)}; ${code}`;
  return spawn(NODE, ['--input-type=module', '-e', source], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

const ended = (one: ReturnType<typeof spawn>) => new Promise<number | null>((resolve) => one.once('close', resolve));

describe('editing a config file', () => {
  it('replaces it whole, keeps its mode and follows a link to it', async () => {
    const real = join(dir, 'real.toml');
    writeFileSync(real, TEXT);
    chmodSync(real, 0o640);
    symlinkSync(real, file);
    const outcome = await editConfigFile(file, setting(['gateway', 'port'], 9000), { env });
    expect(outcome).toMatchObject({ changed: true, created: false, warnings: [] });
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(statSync(real).mode & 0o777).toBe(0o640);
    expect(readFileSync(real, 'utf8')).toBe(`${TEXT}\n[gateway]\nport = 9000\n`);
    expect(readdirSync(dir).toSorted()).toEqual(['config.toml', 'real.toml']);
  });

  it('makes a new one private', async () => {
    await editConfigFile(file, setting(['gateway', 'port'], 9000), { env });
    expect(readFileSync(file, 'utf8')).toBe('schema_version = 3\n\n[gateway]\nport = 9000\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('refuses what would not load, and leaves the file as it was', async () => {
    writeFileSync(file, TEXT);
    const change = setting(['agents', 'default', 'model_provider'], 'nobody.here');
    await expect(editConfigFile(file, change, { env, at: ['agents', 'default', 'model_provider'] })).rejects.toThrow(
      /not changed: names no entry/,
    );
    await expect(editConfigFile(file, setting(['gateway', 'port'], 99_999), { env })).rejects.toThrow(
      /not changed: too large/,
    );
    expect(readFileSync(file, 'utf8')).toBe(TEXT);
  });

  it('is no obstacle to mending a file that is broken elsewhere', async () => {
    writeFileSync(file, `${TEXT}\n[gateway]\nport = "high"\nworkers = 0\n`);
    await editConfigFile(file, unsetting(['gateway', 'port']), { env });
    expect(readFileSync(file, 'utf8')).toContain('[gateway]\nworkers = 0\n');
  });

  it('renames an entry with every reference to it, however it is spelt', async () => {
    writeFileSync(file, TEXT);
    await editConfigFile(file, renaming(['providers', 'models', 'anthropic', 'spare'], 'second'), { env });
    expect(readFileSync(file, 'utf8')).toBe(
      TEXT.replaceAll('anthropic.spare', 'anthropic.second').replaceAll('"spare"', '"anthropic.second"'),
    );
  });

  it('renames an agent with its delegations', async () => {
    writeFileSync(file, TEXT);
    await editConfigFile(file, renaming(['agents', 'helper'], 'scout'), { env });
    expect(readFileSync(file, 'utf8')).toBe(TEXT.replaceAll('helper', 'scout'));
  });
});

describe('several writers', () => {
  it('in one process and in several lose no change of each other', async () => {
    writeFileSync(file, TEXT);
    const children = [0, 1, 2].map((who) =>
      child(
        `for (let i = 0; i < 5; i++) await editConfigFile(file, setting(['agents', 'w${who}_' + i, 'model_provider'], 'openai.main'));`,
      ),
    );
    const own = Array.from({ length: 10 }, async (_, index) =>
      editConfigFile(file, setting(['agents', `own${index}`, 'model_provider'], 'openai.main'), { env }),
    );
    await Promise.all([...own, ...children.map(ended)]);
    const agents = Object.keys((parse(readFileSync(file, 'utf8')) as { agents: object }).agents);
    expect(agents).toHaveLength(2 + 10 + 15);
    expect(readdirSync(dir)).toEqual(['config.toml']);
  }, 60_000);

  it('take over the lock of one that died', async () => {
    writeFileSync(file, TEXT);
    const dead = spawn(NODE, ['-e', '']);
    await ended(dead);
    const { hostname } = await import('node:os');
    writeFileSync(`${file}.lock`, `${dead.pid ?? 0} ${hostname()} 00`);
    await editConfigFile(file, setting(['gateway', 'port'], 1), { env });
    expect(readdirSync(dir)).toEqual(['config.toml']);
  });
});

describe('a writer that is killed', () => {
  it('at any moment leaves the old or the new file whole', async () => {
    writeFileSync(file, TEXT);
    for (let round = 0; round < 4; round++) {
      const victim = child(
        `console.log('go'); for (let i = 0; ; i++) await editConfigFile(file, setting(['agents', 'default', 'system_prompt'], String(i) + 'x'.repeat(200_000) + i));`,
      );
      await new Promise((resolve) => victim.stdout?.once('data', resolve));
      // Another moment each time.
      await new Promise((resolve) => setTimeout(resolve, 40 + round * 17));
      victim.kill('SIGKILL');
      await ended(victim);
      const { agents } = parse(readFileSync(file, 'utf8')) as { agents: { default: { system_prompt?: string } } };
      const [, first, last] = /^(\d+)x+(\d+)$/.exec(agents.default.system_prompt ?? '0x0') ?? [];
      expect(first).toBe(last);
    }
    // And nobody is kept waiting by what it left.
    await editConfigFile(file, setting(['gateway', 'port'], 1), { env });
  }, 60_000);
});
