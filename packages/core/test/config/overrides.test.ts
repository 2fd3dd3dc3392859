import { describe, expect, it } from 'vitest';

import { describeConfig } from '../../src/config/describe.ts';
import { configFromEnvironment } from '../../src/config/load.ts';
import { findings, load, TWO_WIRES } from './support.ts';

const FILE = `[providers.models.custom.home]
uri = "http://127.0.0.1:1/v1"
model = "file"
[providers.models.custom.My-Box]
uri = "http://127.0.0.1:2/v1"
`;
const HOME = 'providers__models__custom__home__';

describe('environment overrides', () => {
  it.each([
    ['model', 'other', 'other'],
    ['max_tokens', '12', 12],
    ['temperature', '0.5', 0.5],
    ['native_tools', 'true', true],
    ['think', '0', false],
    ['wire_api', 'Chat-Completions', 'chat_completions'],
    ['fallback_models', 'a, b ,c', ['a', 'b', 'c']],
    ['fallback_models', '["a,b"]', ['a,b']],
    ['chat_template_kwargs', '{"enable_thinking":false}', { enable_thinking: false }],
    ['provider_extra__seed', '7', 7],
    ['provider_extra__nested', '{"a":1}', { nested: { a: 1 } }],
    ['pricing', '{"m":1.5}', { m: 1.5 }],
  ])('%s is read by the type of its field', (field, text, value) => {
    const config = load(FILE, { [`STANDIN_${HOME}${field}`]: text });
    expect(config.report.errors).toEqual([]);
    const name = field.split('__')[0] ?? '';
    const fields: Record<string, unknown> = { ...config.entries.get('custom.home')?.fields };
    const expected = field === 'provider_extra__seed' ? { seed: 7 } : value;
    expect(fields[name]).toEqual(expected);
  });

  it('makes entries, agents and routes that the file does not have', () => {
    const config = load(FILE, {
      STANDIN_providers__models__groq__quick__api_key: 'gsk_1',
      STANDIN_agents__helper__model_provider: 'groq.quick',
      STANDIN_model_routes__0__hint: 'fast',
      STANDIN_model_routes__0__model_provider: 'groq.quick',
    });
    expect(config.report.errors).toEqual([]);
    expect(config.entries.get('groq.quick')?.keys).toHaveLength(1);
    expect(config.agents.get('helper')?.entry).toBe('groq.quick');
    expect(config.routes).toEqual([{ hint: 'fast', entry: 'groq.quick' }]);
  });

  it('finds an alias that was written with capitals or hyphens', () => {
    const config = load(FILE, { STANDIN_providers__models__custom__my_box__model: 'm' });
    expect(config.entries.get('custom.My-Box')?.model).toBe('m');
    expect(config.entries.size).toBe(2);
  });

  it('honours both prefixes, ours first', () => {
    const zeroclaw = load(FILE, { [`ZEROCLAW_${HOME}model`]: 'theirs' });
    expect(zeroclaw.entries.get('custom.home')?.model).toBe('theirs');
    const both = load(FILE, { [`ZEROCLAW_${HOME}model`]: 'theirs', [`STANDIN_${HOME}model`]: 'ours' });
    expect(both.entries.get('custom.home')?.model).toBe('ours');
  });

  it.each([
    'STANDIN_gateway__prot',
    'STANDIN_nonsense',
    'ZEROCLAW_providers__models__custom__home__apikey',
    'STANDIN_providers__models__custom',
    'STANDIN_providers__models__custom__home',
    'STANDIN_gateway____port',
    'STANDIN_schema_version',
    'STANDIN_constructor',
  ])('%s names no path: an error that names the variable and not its value', (name) => {
    const config = load(FILE, { [name]: 'planted-value' });
    expect(findings(config).join()).toContain(name);
    expect(findings(config).join()).not.toContain('planted');
    expect(config.report.errors).toHaveLength(1);
  });

  it.each([
    ['gateway__port', 'eight', 'a whole number'],
    ['gateway__port', '70000', 'at most 65535'],
    [`${HOME}native_tools`, 'perhaps', 'true or false'],
    [`${HOME}provider_extra`, 'not json', 'a JSON object'],
    ['reliability__rescue', 'always', 'one of'],
  ])('%s=%s is an error that says what is wanted', (tail, text, wanted) => {
    const config = load(FILE, { [`STANDIN_${tail}`]: text });
    expect(config.report.errors).toHaveLength(1);
    expect(findings(config)[0]).toContain(wanted);
    expect(findings(config)[0]).toContain(`STANDIN_${tail}`);
  });

  it('leaves the settings of the program, empty values and sections of others alone', () => {
    const config = load(FILE, {
      STANDIN_HOME: '/x',
      STANDIN_LOG: 'debug',
      STANDIN_DEFAULT_MODEL: 'm',
      [`STANDIN_${HOME}model`]: '',
      ZEROCLAW_risk_profiles__careful__level: 'full',
    });
    expect(config.report.errors).toEqual([]);
    expect(config.entries.get('custom.home')?.model).toBe('file');
  });

  it('takes a value as it is: no expansion, and it silences an unset variable of the file', () => {
    const config = load('[providers.models.custom.a]\nuri = "http://h"\nmodel = "${UNSET}"\n', {
      STANDIN_providers__models__custom__a__model: '${literal}',
    });
    expect(config.report.errors).toEqual([]);
    expect(config.entries.get('custom.a')?.model).toBe('${literal}');
  });

  it('works without any file', () => {
    const config = configFromEnvironment(
      { STANDIN_providers__models__custom__home__uri: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: 'sk-x' },
      { wires: TWO_WIRES, build: {} },
    );
    expect([...config.entries.keys()]).toEqual(['custom.home']);
  });
});

describe('precedence and sources', () => {
  const env = { [`STANDIN_${HOME}model`]: 'variable', KEY: 'sk-1' };
  const source = (config: ReturnType<typeof load>, path: string) =>
    describeConfig(config).find((row) => row.path === path);

  it('flag over variable over file over build over catalog', () => {
    const path = 'providers.models.openai.a.model';
    const entry = '[providers.models.openai.a]\napi_key = "${KEY}"\n';
    const build = { model: 'gpt-built' };
    const variable = { KEY: 'sk-1', STANDIN_providers__models__openai__a__model: 'gpt-variable' };
    const flags = [{ path, value: 'gpt-flag', name: '--model' }];
    const rows = [
      source(load(`${entry}model = "gpt-file"`, variable, { build, flags }), path),
      source(load(`${entry}model = "gpt-file"`, variable, { build }), path),
      source(load(`${entry}model = "gpt-file"`, { KEY: 'sk-1' }, { build }), path),
      source(load(entry, { KEY: 'sk-1' }, { build }), path),
      source(load(entry, { KEY: 'sk-1' }), path),
    ];
    expect(rows).toMatchObject([
      { value: 'gpt-flag', source: '--model' },
      { value: 'gpt-variable', source: 'STANDIN_providers__models__openai__a__model' },
      { value: 'gpt-file', source: 'test.toml:3' },
      { value: 'gpt-built', source: 'build default' },
      { value: expect.stringMatching(/^gpt-/), source: 'catalog' },
    ]);
  });

  it('a build-time model goes to its own vendor only', () => {
    const text = '[providers.models.anthropic.a]\napi_key = "a"\n[providers.models.openai.b]\napi_key = "b"\n';
    const config = load(text, {}, { build: { model: 'gpt-built' } });
    expect(config.entries.get('anthropic.a')?.model).toMatch(/^claude/);
    expect(config.entries.get('openai.b')?.model).toBe('gpt-built');
    const named = load(text, {}, { build: { model: 'house-model', provider: 'openai' } });
    expect(named.entries.get('openai.b')?.model).toBe('house-model');
    expect(named.defaultEntry).toBe('openai.b');
  });

  it('names file, line and the variables inside', () => {
    const config = load(`${FILE}api_key = "\${KEY}"\n`, env);
    expect(source(config, 'providers.models.custom.home.model')?.source).toBe(`STANDIN_${HOME}model`);
    expect(source(config, 'providers.models.custom.home.uri')?.source).toBe('test.toml:2');
    expect(source(config, 'providers.models.custom.My-Box.api_key')).toMatchObject({
      value: expect.stringMatching(/^key:[0-9a-f]{8}$/),
      source: 'test.toml:6 (${KEY})',
      secret: true,
    });
  });
});

describe('a path in capitals', () => {
  it('is an error that names the variable and its right spelling, not ignored in silence', () => {
    const text = '[providers.models.openai.main]\napi_key = "k"\n';
    const said = findings(load(text, { STANDIN_RELIABILITY__PROVIDER_RETRIES: '1' })).join();
    expect(said).toContain('STANDIN_RELIABILITY__PROVIDER_RETRIES names no config path');
    expect(said).toContain('did you mean STANDIN_reliability__provider_retries?');
    const custom = findings(load(text, { ZEROCLAW_PROVIDERS__MODELS__OPENAI__MAIN__API_KEY: 'planted' })).join();
    expect(custom).toContain('ZEROCLAW_providers__models__openai__main__api_key?');
    expect(custom).not.toContain('planted');
  });
});
