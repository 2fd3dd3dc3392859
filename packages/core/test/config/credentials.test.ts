import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { describeConfig, maskUri } from '../../src/config/describe.ts';
import { ConfigError } from '../../src/config/issue.ts';
import { findings, load } from './support.ts';

const keysOf = (config: ReturnType<typeof load>, ref: string) =>
  config.entries.get(ref)?.keys.map((key) => key.secret?.reveal());

describe('keys of an entry', () => {
  it('api_key first, then api_keys, each once, trimmed', () => {
    const config = load('[providers.models.openai.a]\napi_key = " k1\\n"\napi_keys = ["k2", "k1", "", "k3 "]\n');
    expect(keysOf(config, 'openai.a')).toEqual(['k1', 'k2', 'k3']);
  });

  it('[reliability] api_keys join the default entry and no other', () => {
    const text = `[providers.models.openai.spare]
api_key = "s"
[providers.models.openai.main]
api_key = "m"
fallback = ["openai.spare"]
[agents.default]
model_provider = "openai.main"
[reliability]
api_keys = ["x", "m", "y"]
`;
    const config = load(text);
    expect(keysOf(config, 'openai.main')).toEqual(['m', 'x', 'y']);
    expect(keysOf(config, 'openai.spare')).toEqual(['s']);
  });

  it('without a key the variables of the vendor are read in order, and none when one is written', () => {
    const text = '[providers.models.gemini.a]\n[providers.models.gemini.b]\napi_key = "own"\n';
    const config = load(text, { GOOGLE_API_KEY: 'second', GEMINI_API_KEY: 'first' });
    expect(keysOf(config, 'gemini.a')).toEqual(['first']);
    expect(config.entries.get('gemini.a')?.keySource).toBe('GEMINI_API_KEY');
    expect(keysOf(config, 'gemini.b')).toEqual(['own']);
    expect(keysOf(load(text, { GOOGLE_API_KEY: 'second' }), 'gemini.a')).toEqual(['second']);
  });

  it('a server that takes no key needs none', () => {
    const config = load('[providers.models.vllm.a]\n[providers.models.custom.b]\nuri = "http://127.0.0.1:1"\n');
    expect(config.report.errors).toEqual([]);
    expect(config.entries.get('custom.b')?.keys).toEqual([{ fingerprint: 'none' }]);
  });

  it('requires_openai_auth takes OPENAI_API_KEY, else the key Codex stored, never api_key', () => {
    const text = '[providers.models.openai.codex]\napi_key = "no"\nrequires_openai_auth = true\n';
    expect(keysOf(load(text, { OPENAI_API_KEY: 'from-variable' }), 'openai.codex')).toEqual(['from-variable']);
    const codex = mkdtempSync(join(tmpdir(), 'standin-codex-'));
    writeFileSync(join(codex, 'auth.json'), '{"OPENAI_API_KEY":"from-file"}');
    expect(keysOf(load(text, { CODEX_HOME: codex }), 'openai.codex')).toEqual(['from-file']);
    expect(findings(load(text)).join()).toContain('requires_openai_auth');
  });

  it.each([
    ['a line break inside', 'planted-one\\nplanted-two', 'line break'],
    ['a control character', 'planted\\u0007x', 'control character'],
    ['a character no header carries', 'planted-\\u2603', 'no HTTP header'],
    ['enc2', 'enc2:00ffplanted', 'encrypted'],
    ['ENC[1]', 'ENC[1:planted]', 'encrypted'],
    ['op://', 'op://planted/item/field', '1Password'],
  ])('%s is a clear error without the value', (_what, text, words) => {
    const config = load(`[providers.models.openai.a]\napi_key = "${text}"\n`);
    expect(config.report.errors[0]).toMatchObject({ line: 2, path: 'providers.models.openai.a.api_key' });
    expect(findings(config).join()).toContain(words);
    expect(findings(config).join()).not.toContain('planted');
  });

  it('the same from a variable names the variable', () => {
    const config = load('[providers.models.openai.a]\n', { OPENAI_API_KEY: 'planted\nplanted' });
    expect(findings(config).join()).toContain('OPENAI_API_KEY');
    expect(findings(config).join()).not.toContain('planted');
  });
});

describe('secrets', () => {
  it('appear in no finding, list, dump or JSON', () => {
    const secret = 'planted-4f1c';
    const text = `[providers.models.openai.a]
api_key = "${secret}-1"
api_keys = ["${secret}-2"]
extra_headers = { authorization = "Bearer ${secret}-3" }
oauth_refresh_token = "${secret}-4"
uri = "http://127.0.0.1:1/v1?key=${secret}-5"
temperature = "wrong"
[reliability]
api_keys = ["${secret}-6"]
[[model_routes]]
hint = "h"
provider = "openai.a"
api_key = "${secret}-7"
`;
    const config = load(text, { STANDIN_providers__models__openai__b__api_key: `${secret}-8` });
    expect(config.report.errors).not.toEqual([]);
    expect(findings(config).join('\n')).not.toContain(secret);
    expect(JSON.stringify(describeConfig(config, { defaults: true }))).not.toContain(secret);
    const withoutUri = {
      ...config,
      document: undefined,
      entries: [...config.entries.values()].map((e) => ({ ...e, uri: '', fields: { ...e.fields, uri: '' } })),
    };
    expect(inspect(withoutUri, { depth: 30 })).not.toContain(secret);
    expect(JSON.stringify(withoutUri)).not.toContain(secret);
    expect(config.entries.get('openai.a')?.keys[0]?.secret?.reveal()).toBe(`${secret}-1`);
  });

  it.each([
    'api_key = "planted',
    'api_key = planted-key',
    'api_key = "a" "planted"',
    '[x\napi_key = "planted"',
    'a = "planted\\q"',
  ])('a syntax error beside one does not quote it: %s', (line) => {
    let message = '';
    try {
      load(`[providers.models.openai.a]\n${line}\n`);
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      message = (error as ConfigError).message;
    }
    expect(message).toMatch(/^test\.toml:[23]: error: TOML syntax error/);
    expect(message).not.toContain('planted');
  });
});

describe('openai-codex that nobody signed in for', () => {
  const wires = { wires: ['openai-responses', 'openai-chat'] as const };
  const text = `default_provider = "openai"
api_key = "sk-main"
[reliability]
fallback_providers = ["openai-codex:codex-1"]
[[providers.openai_codex]]
profile = "codex-1"
model = "gpt-4o-mini"
`;
  const codex = (env: Record<string, string>, toml = text) => {
    const config = load(toml, env, wires);
    return { config, entry: [...config.entries.values()].find((one) => one.slot === 'openai-codex') };
  };

  it('is called through OpenAI’s API with OPENAI_API_KEY, and a warning says so', () => {
    const { config, entry } = codex({ OPENAI_API_KEY: 'sk-planted' });
    expect(entry).toMatchObject({ row: { id: 'openai' }, wire: 'openai-responses', model: 'gpt-4o-mini' });
    expect(entry?.keys[0]?.secret?.reveal()).toBe('sk-planted');
    expect(config.report.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/no login "codex-1" is stored; .*OpenAI's API with OPENAI_API_KEY/),
    ]);
    expect(findings(config).join()).not.toContain('planted');
  });

  it('takes a key the Codex program stored, else is left out', () => {
    const home = mkdtempSync(join(tmpdir(), 'standin-codex-'));
    expect(codex({ CODEX_HOME: home }).entry?.unusable).toContain('no login "codex-1"');
    writeFileSync(join(home, 'auth.json'), '{"OPENAI_API_KEY":"sk-file"}');
    expect(codex({ CODEX_HOME: home }).entry?.keys[0]?.secret?.reveal()).toBe('sk-file');
  });

  it.each(['api_key = "sk-own"', 'profile = "p"\napi_key = "sk-own"', 'requires_openai_auth = true'])('%s', (line) => {
    const toml = `[providers.models.openai-codex.a]\n${line}\n`;
    const { entry } = codex({ OPENAI_API_KEY: line.includes('own') ? 'sk-other' : 'sk-own' }, toml);
    expect(entry).toMatchObject({ row: { id: 'openai' }, wire: 'openai-responses', model: 'gpt-6.1-sol' });
    expect(entry?.keys[0]?.secret?.reveal()).toBe('sk-own');
  });

  it('an access token in api_key and an address of one’s own stay with the backend of Codex', () => {
    const own = (lines: string) => codex({ OPENAI_API_KEY: 'sk-x' }, `[providers.models.codex.a]\n${lines}\n`).entry;
    expect(own('api_key = "eyJ.a.b"')?.row?.id).toBe('openai-codex');
    expect(own('uri = "http://127.0.0.1:1/codex"\napi_key = "sk-own"')?.row?.id).toBe('openai-codex');
    expect(own('uri = "http://127.0.0.1:1/codex"')?.keys).toEqual([]);
  });
});

describe('an entry without a key', () => {
  const routed = (key: string) => `[providers.models.openai.main]
api_key = "m"
[providers.models.groq.fast]
model = "llama-3.3-70b"
[agents.default]
model_provider = "openai.main"
[[model_routes]]
hint = "fast"
model_provider = "groq.fast"
${key}
`;

  it('is no finding when the routes that lead to it bring one', () => {
    expect(findings(load(routed('api_key = "r"')))).toEqual([]);
    expect(findings(load(routed(''))).join()).toContain('groq.fast');
  });
});

describe('a listed config', () => {
  it('masks a password that holds an @, and leaves what only looks like a secret’s name', () => {
    expect(maskUri('http://u:pl@nted@h/v1?a=b')).toBe('http://…@h/v1?a=…');
    expect(maskUri('http://h/v1/a@b')).toBe('http://h/v1/a@b');
    const text =
      '[providers.models.openai.a]\nmax_tokens = 7\nprovider_extra = { max_tokens = 5, tier = "flex", route = { access_token = "planted" } }\n';
    const rows = new Map(describeConfig(load(text)).map(({ path, value }) => [path, value]));
    expect(rows.get('providers.models.openai.a.provider_extra')).toEqual({
      max_tokens: 5,
      tier: 'flex',
      route: { access_token: expect.stringMatching(/^key:/) },
    });
    expect(rows.get('providers.models.openai.a.max_tokens')).toBe(7);
  });
});
