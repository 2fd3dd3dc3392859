import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run, workspace } from './support.ts';

const SECRET = 'gsk_9f8e7d6c5b4a39281706';
const V1 = `# kitchen
default_provider = "groq" # fast
default_model = "llama-3.3-70b-versatile"
api_key = "${SECRET}"

[reliability]
fallback_providers = ["openai"]

[memory]
backend = "none"

[mystery]
x = 1
`;
const ZEPTO = JSON.stringify({ providers: { default: 'groq', groq: { api_key: SECRET, model: 'llama' } } }, null, 2);

const files = await workspace({
  'old.toml': V1,
  'dry.toml': V1,
  'old.json': ZEPTO,
  'broken.toml': 'default_provider = [',
});
afterAll(() => files.remove());

const OPENAI = { OPENAI_API_KEY: 'sk-test-0123456789abcdef' };
const inFiles = (...args: string[]) => run(args, { cwd: files.dir, env: OPENAI });
const read = (name: string) => readFileSync(join(files.dir, name), 'utf8');

async function planOf(name: string): Promise<unknown> {
  const { stdout, code } = await inFiles('plan', '--json', '--config', name);
  expect(code).toBe(0);
  return (JSON.parse(stdout) as { targets: unknown }).targets;
}

describe('config migrate', () => {
  it('shows a diff, and what becomes of each key, and writes nothing with --dry-run', async () => {
    const { stdout, stderr, code } = await inFiles('config', 'migrate', '--dry-run', '--config', 'dry.toml');
    expect(code).toBe(0);
    expect(stdout).toContain('--- dry.toml\n+++ dry.toml\n@@ ');
    expect(stdout).toContain('+[providers.models.groq.default] # fast');
    expect(stderr).toContain('dry.toml:3: default_model: mapped → providers.models.groq.default.model');
    expect(stderr).toContain('dry.toml:12: mystery: left out (unknown key)');
    expect(stdout + stderr).not.toContain(SECRET);
    expect(read('dry.toml')).toBe(V1);
    expect(existsSync(join(files.dir, 'dry.toml.bak'))).toBe(false);
  });

  it('replaces a TOML file, keeps a copy, plans the same walk, and does nothing the second time', async () => {
    const before = await planOf('old.toml');
    const first = await inFiles('config', 'migrate', '--config', 'old.toml');
    expect(first.code).toBe(0);
    expect(first.stdout + first.stderr).not.toContain(SECRET);
    expect(read('old.toml.bak')).toBe(V1);
    expect(statSync(join(files.dir, 'old.toml.bak')).mode & 0o777).toBe(0o600);
    expect(read('old.toml')).toContain('# kitchen');
    expect(await planOf('old.toml')).toEqual(before);
    const native = read('old.toml');
    const second = await inFiles('config', 'migrate', '--config', 'old.toml', '--json');
    expect(JSON.parse(second.stdout)).toMatchObject({ dialect: 'native', changed: false });
    expect(read('old.toml')).toBe(native);
  });

  it('writes a TOML file beside a JSON file, and refuses to replace another file', async () => {
    const { stdout, code } = await inFiles(
      'config',
      'migrate',
      '--config',
      'old.json',
      '--json',
      '--output',
      'new.toml',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      dialect: 'zeptoclaw',
      changed: true,
      target: join(files.dir, 'new.toml'),
    });
    expect(read('old.json')).toBe(ZEPTO);
    expect(await planOf('new.toml')).toEqual(await planOf('old.json'));
    expect(statSync(join(files.dir, 'new.toml')).mode & 0o777).toBe(0o600);
    writeFileSync(join(files.dir, 'new.toml'), '# somebody else\n');
    const again = await inFiles('config', 'migrate', '--config', 'old.json', '--output', 'new.toml');
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('--output');
    expect(read('new.toml')).toBe('# somebody else\n');
  });

  it('a broken file is an error with its line', async () => {
    const { stderr, code } = await inFiles('config', 'migrate', '--config', 'broken.toml');
    expect(code).toBe(2);
    expect(stderr).toContain('broken.toml:1');
  });
});
