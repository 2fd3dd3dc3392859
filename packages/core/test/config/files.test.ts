import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { findConfigFile, standinHome } from '../../src/config/files.ts';
import { assertUsable, loadConfig, loadConfigText } from '../../src/config/load.ts';
import { formatIssue } from '../../src/config/issue.ts';
import { TWO_WIRES } from './support.ts';

let root: string;
const ENTRY = '[providers.models.custom.a]\nuri = "http://127.0.0.1:1"\nmodel = "m"\n';

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'standin-config-'));
  mkdirSync(join(root, 'work'));
  mkdirSync(join(root, 'home'));
});

const write = (path: string, text = ENTRY) => {
  writeFileSync(join(root, path), text);
  return join(root, path);
};
const options = (env: Record<string, string> = {}) => ({
  env: { STANDIN_HOME: join(root, 'home'), ...env },
  cwd: join(root, 'work'),
  wires: TWO_WIRES,
  build: {},
});

describe('the config file', () => {
  it('is --config, else STANDIN_CONFIG, else ./standin.toml, else the one in STANDIN_HOME, else none', () => {
    expect(findConfigFile(options())).toBeUndefined();
    const home = write('home/config.toml');
    expect(findConfigFile(options())).toEqual({ path: home, from: 'STANDIN_HOME' });
    const local = write('work/standin.toml');
    expect(findConfigFile(options())).toEqual({ path: local, from: './standin.toml' });
    const named = write('named.toml');
    expect(findConfigFile(options({ STANDIN_CONFIG: named }))).toEqual({ path: named, from: 'STANDIN_CONFIG' });
    const flag = write('work/flag.toml');
    expect(findConfigFile({ ...options({ STANDIN_CONFIG: named }), configPath: 'flag.toml' })).toEqual({
      path: flag,
      from: '--config',
    });
  });

  it('that is named must be there', () => {
    expect(() => loadConfig({ ...options(), configPath: 'none.toml' })).toThrow(/none\.toml: error: no such file/);
    expect(() => loadConfig(options({ STANDIN_CONFIG: '/nowhere/x.toml' }))).toThrow(/STANDIN_CONFIG/);
  });

  it('that cannot be read says why', () => {
    expect(() => loadConfig({ ...options(), configPath: '.' })).toThrow(/is a directory/);
    writeFileSync(join(root, 'work/bytes.toml'), Buffer.from([0x61, 0xff, 0xfe]));
    expect(() => loadConfig({ ...options(), configPath: 'bytes.toml' })).toThrow(/not UTF-8/);
    const locked = write('work/locked.toml');
    chmodSync(locked, 0);
    if (process.getuid?.() !== 0)
      expect(() => loadConfig({ ...options(), configPath: 'locked.toml' })).toThrow(/permission/);
  });

  it('is named in findings as people know it, and kept as an absolute path', () => {
    write('work/standin.toml', `${ENTRY}modle = 1\n`);
    const config = loadConfig(options());
    expect(config.file).toBe(join(root, 'work/standin.toml'));
    expect(config.report.warnings.map(formatIssue)[0]).toMatch(/^standin\.toml:4: warning: /);
  });

  it('may begin with a byte order mark and have CRLF line ends', () => {
    write('work/standin.toml', `\uFEFF${`${ENTRY}modle = 1\n`.replaceAll('\n', '\r\n')}`);
    const config = loadConfig(options());
    expect(config.report.errors).toEqual([]);
    expect(config.report.warnings[0]?.line).toBe(4);
  });

  it('with errors is refused by assertUsable, with all of them', () => {
    write('work/standin.toml', '[gateway]\nport = "x"\nhost = 1\n');
    expect(() => assertUsable(loadConfig(options()))).toThrow(/standin\.toml:2: .*\n.*standin\.toml:3: /);
  });

  it('home defaults to ~/.standin', () => {
    expect(standinHome({ HOME: '/home/me' })).toBe('/home/me/.standin');
    expect(standinHome({ HOME: '/home/me', STANDIN_HOME: '/data' })).toBe('/data');
  });
});

describe('other dialects', () => {
  it.each([
    ['default_provider = "google"\ndefault_model = "gemini-2.0-flash-exp"\n', 'zeroclaw-v1'],
    [
      'default_provider = "google"\n[[providers.openai_codex]]\nprofile = "codex-1"\nmodel = "gpt-4o-mini"\n',
      'fallback-guide',
    ],
    ['schema_version = 2\n[providers.models.openai]\nmodel = "gpt-5.1"\n', 'zeroclaw-v2'],
    ['{"providers": {"default": "anthropic", "anthropic": {"api_key": "planted"}}}', 'zeptoclaw'],
  ])('are told by their content: %j', (text, dialect) => {
    expect(loadConfigText(text, 'old.toml', { env: {}, wires: TWO_WIRES }).dialect).toBe(dialect);
  });

  it.each([
    '',
    '# only a comment\n',
    'schema_version = 3\n',
    '[providers.models.openai.a]\napi_key = "k"\n',
    '[gateway]\nport = 1\n',
  ])('native text is native: %j', (text) => {
    expect(loadConfigText(text, 'x.toml', { env: {}, wires: TWO_WIRES }).dialect).toBe('native');
  });

  it('a newer generation is refused', () => {
    const config = loadConfigText('schema_version = 4\n', 'x.toml', { env: {}, wires: TWO_WIRES });
    expect(config.report.errors[0]).toMatchObject({ line: 1, path: 'schema_version' });
  });
});
