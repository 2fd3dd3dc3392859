import { describe, expect, it } from 'vitest';

import { describeConfig } from '../../src/config/describe.ts';
import { configFromEnvironment, loadConfigText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';
import { findings, walk } from './support.ts';

const V1 = 'default_provider = "openai"\ndefault_model = "gpt-5.1"\napi_key = "planted-file"\n';
const ZEPTO = '{"providers": {"default": "openai", "openai": {"api_key": "planted-file", "model": "gpt-5.1"}}}';

const load = (text: string, env: Record<string, string>) =>
  loadConfigText(text, 'old', { env: { HOME: '/nowhere', ...env }, build: {} });
const sourceOf = (config: Config, path: string) => describeConfig(config).find((row) => row.path === path)?.source;
const valueOf = (config: Config, path: string) => describeConfig(config).find((row) => row.path === path)?.value;

const ENTRY = 'providers.models.openai.default';

describe('variables of ZeroClaw v1 over its file', () => {
  it.each([
    ['ZEROCLAW_MODEL', 'gpt-4o', `${ENTRY}.model`, 'gpt-4o'],
    ['ZEROCLAW_PROVIDER_TIMEOUT_SECS', '45', `${ENTRY}.timeout_secs`, 45],
    ['ZEROCLAW_TEMPERATURE', '0.2', `${ENTRY}.temperature`, 0.2],
    ['ZEROCLAW_REASONING_ENABLED', 'true', `${ENTRY}.think`, true],
    ['ZEROCLAW_GATEWAY_PORT', '9999', 'gateway.port', 9999],
    ['ZEROCLAW_GATEWAY_HOST', '0.0.0.0', 'gateway.host', '0.0.0.0'],
    ['ZEROCLAW_REASONING_EFFORT', 'high', `${ENTRY}.provider_extra`, { reasoning_effort: 'high' }],
    ['REASONING_EFFORT', 'low', `${ENTRY}.provider_extra`, { reasoning_effort: 'low' }],
  ])('%s=%s', (name, text, path, value) => {
    const config = load(V1, { [name]: text });
    expect(config.report.errors).toEqual([]);
    expect(valueOf(config, path)).toEqual(value);
    expect(sourceOf(config, path)).toBe(name);
  });

  it('ZEROCLAW_API_KEY wins over the key of the file, API_KEY does not', () => {
    const keys = (config: Config) => config.entries.get('openai.default')?.keys.map(({ secret }) => secret?.reveal());
    expect(keys(load(V1, { ZEROCLAW_API_KEY: 'planted-var' }))).toEqual(['planted-var']);
    expect(sourceOf(load(V1, { ZEROCLAW_API_KEY: 'planted-var' }), `${ENTRY}.api_key`)).toBe('ZEROCLAW_API_KEY');
    expect(keys(load(V1, { API_KEY: 'planted-any' }))).toEqual(['planted-file']);
  });

  it('a variable is taken literally: ${} in it is no reference', () => {
    const config = load(V1, { ZEROCLAW_API_KEY: 'planted${x}' });
    expect(config.report.errors).toEqual([]);
    expect(config.entries.get('openai.default')?.keys[0]?.secret?.reveal()).toBe('planted${x}');
  });

  it('ZEROCLAW_PROVIDER wins over ZEROCLAW_MODEL_PROVIDER, and that over the file; PROVIDER only fills in', () => {
    const first = (env: Record<string, string>, text = V1) => load(text, env).defaultEntry;
    expect(first({ ZEROCLAW_PROVIDER: 'groq', ZEROCLAW_MODEL_PROVIDER: 'xai' })).toBe('groq.default');
    expect(first({ ZEROCLAW_MODEL_PROVIDER: 'xai' })).toBe('xai.default');
    expect(first({ PROVIDER: 'groq', MODEL_PROVIDER: 'groq' })).toBe('openai.default');
    expect(first({ PROVIDER: 'groq' }, 'default_provider = "openrouter"\n')).toBe('groq.default');
  });

  it('ZEROCLAW_EXTRA_HEADERS replaces the headers of the file; a comma may stand in a value', () => {
    const text = `${V1}[extra_headers]\nX-Old = "1"\n`;
    const config = load(text, { ZEROCLAW_EXTRA_HEADERS: 'X-A: planted, b, X-C:d' });
    const headers = config.entries.get('openai.default')?.fields.extra_headers ?? {};
    expect(Object.entries(headers).map(([name, value]) => [name, value.reveal()])).toEqual([
      ['X-A', 'planted, b'],
      ['X-C', 'd'],
    ]);
    expect(JSON.stringify(describeConfig(config))).not.toContain('planted');
  });

  it('ZEROCLAW_PROVIDER_URL and ZEROCLAW_OLLAMA_NUM_CTX speak of Ollama alone', () => {
    const env = { ZEROCLAW_PROVIDER_URL: 'http://10.0.0.2:11434', ZEROCLAW_OLLAMA_NUM_CTX: '16384' };
    const config = load('default_provider = "ollama"\ndefault_model = "qwen3"\napi_url = "http://10.0.0.1"\n', env);
    expect(valueOf(config, 'providers.models.ollama.default.uri')).toBe('http://10.0.0.2:11434');
    expect(valueOf(config, 'providers.models.ollama.default.provider_extra')).toEqual({ options: { num_ctx: 16_384 } });
    expect(load(V1, env).entries.get('openai.default')?.uri).toBeUndefined();
  });

  it('a value of the wrong type is an error that names the variable, without the value', () => {
    const shown = findings(load(V1, { ZEROCLAW_GATEWAY_PORT: 'planted', ZEROCLAW_TEMPERATURE: 'warm' })).join('\n');
    expect(shown).toContain(
      'error: gateway.port: the environment variable ZEROCLAW_GATEWAY_PORT must hold a whole number',
    );
    expect(shown).toContain('ZEROCLAW_TEMPERATURE must hold a number');
    expect(shown).not.toContain('planted');
  });

  it('a value out of range is an error that names the variable and no line', () => {
    const shown = findings(load(V1, { ZEROCLAW_TEMPERATURE: '9' }));
    expect(shown).toContain(
      'error: providers.models.openai.default.temperature: too large: expected at most 2 (set by ZEROCLAW_TEMPERATURE)',
    );
  });

  it('mean nothing to a native file', () => {
    const config = load('[providers.models.openai.a]\napi_key = "k"\n', {
      ZEROCLAW_MODEL: 'x',
      ZEROCLAW_PROVIDER: 'groq',
    });
    expect(config.defaultEntry).toBe('openai.a');
    expect(config.entries.get('openai.a')?.model).toBe('gpt-5.1');
  });

  it('paths of the schema work over an old file too, and win', () => {
    const config = load(V1, {
      ZEROCLAW_MODEL: 'gpt-4o',
      STANDIN_providers__models__openai__default__model: 'gpt-5-mini',
      ZEROCLAW_reliability__provider_retries: '7',
    });
    expect(walk(config)[0]).toMatch(/^openai\.default gpt-5-mini /);
    expect(valueOf(config, 'reliability.provider_retries')).toBe(7);
  });
});

describe('variables of ZeptoClaw over its file', () => {
  it.each([
    ['ZEPTOCLAW_PROVIDERS_OPENAI_MODEL', 'gpt-4o', `${ENTRY}.model`, 'gpt-4o'],
    ['ZEPTOCLAW_PROVIDERS_OPENAI_API_BASE', 'http://127.0.0.1:1/v1', `${ENTRY}.uri`, 'http://127.0.0.1:1/v1'],
    ['ZEPTOCLAW_PROVIDERS_RETRY_MAX_RETRIES', '5', 'reliability.provider_retries', 5],
    ['ZEPTOCLAW_PROVIDERS_RETRY_BASE_DELAY_MS', '50', 'reliability.provider_backoff_ms', 50],
    ['ZEPTOCLAW_PROVIDERS_RETRY_MAX_DELAY_MS', '900', 'reliability.provider_backoff_cap_ms', 900],
    ['ZEPTOCLAW_AGENTS_DEFAULTS_MAX_TOKENS', '99', `${ENTRY}.max_tokens`, 99],
    ['ZEPTOCLAW_AGENTS_DEFAULTS_TEMPERATURE', '0.1', `${ENTRY}.temperature`, 0.1],
    ['ZEPTOCLAW_AGENTS_DEFAULTS_MODEL', 'gpt-4o', 'agents.default.model', 'gpt-4o'],
    ['ZEPTOCLAW_GATEWAY_PORT', '8090', 'gateway.port', 8090],
    ['ZEPTOCLAW_GATEWAY_HOST', '::1', 'gateway.host', '::1'],
  ])('%s=%s', (name, text, path, value) => {
    const config = load(ZEPTO, { [name]: text });
    expect(config.report.errors).toEqual([]);
    expect(valueOf(config, path)).toEqual(value);
    expect(sourceOf(config, path)).toBe(name);
  });

  it('make a fallback and its entry', () => {
    const config = load(ZEPTO, {
      ZEPTOCLAW_PROVIDERS_FALLBACK_ENABLED: 'true',
      ZEPTOCLAW_PROVIDERS_FALLBACK_PROVIDER: 'anthropic',
      ZEPTOCLAW_PROVIDERS_ANTHROPIC_API_KEY: 'planted-ant',
    });
    expect(walk(config).map((stop) => stop.split(' ')[0])).toEqual(['openai.default', 'anthropic.default']);
    expect(sourceOf(config, 'providers.models.anthropic.default.api_key')).toBe(
      'ZEPTOCLAW_PROVIDERS_ANTHROPIC_API_KEY',
    );
  });
});

describe('the same without a file', () => {
  const from = (env: Record<string, string>) => configFromEnvironment({ HOME: '/nowhere', ...env }, { build: {} });

  it('ZEROCLAW_PROVIDER and ZEROCLAW_MODEL say what to call', () => {
    const config = from({ ZEROCLAW_PROVIDER: 'grok', ZEROCLAW_MODEL: 'grok-4', ZEROCLAW_API_KEY: 'planted' });
    expect(walk(config)[0]).toMatch(/^grok\.default grok-4 /);
    expect(config.dialect).toBe('environment');
    expect(sourceOf(config, 'providers.models.grok.default.model')).toBe('ZEROCLAW_MODEL');
    expect(config.report.errors).toEqual([]);
  });

  it('ZEROCLAW_MODEL alone goes to the vendor who makes it', () => {
    const config = from({ ZEROCLAW_MODEL: 'claude-opus-4-1', ANTHROPIC_API_KEY: 'planted' });
    expect(walk(config)[0]).toMatch(/^anthropic\.default claude-opus-4-1 /);
  });

  it('ZEPTOCLAW_PROVIDERS_<NAME>_API_KEY makes that provider', () => {
    const config = from({ ZEPTOCLAW_PROVIDERS_GROQ_API_KEY: 'planted', ZEPTOCLAW_GATEWAY_PORT: '1234' });
    expect(walk(config)[0]).toMatch(/^groq\.default /);
    expect(config.document.gateway?.port).toBe(1234);
  });

  it('names that anybody may use are not taken for ZeroClaw', () => {
    const config = from({ MODEL: 'x', PROVIDER: 'groq', API_KEY: 'planted', OPENAI_API_KEY: 'planted' });
    expect(config.defaultEntry).toBe('openai.default');
  });
});
