import { describe, expect, it } from 'vitest';

import { configFromEnvironment } from '../../src/config/load.ts';
import { nodeAt } from '../../src/config/schema/walk.ts';
import { allVendors } from '../../src/vendors/lookup.ts';
import { TWO_WIRES, walk } from './support.ts';

const from = (env: Record<string, string>, options = {}) =>
  configFromEnvironment({ HOME: '/nowhere', ...env }, { wires: TWO_WIRES, build: {}, ...options });

describe('a config made from the environment', () => {
  it('chains every vendor whose key is there, each with its own default model', () => {
    const config = from({ GROQ_API_KEY: 'g', OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', MISTRAL_API_KEY: ' ' });
    expect(config.report).toEqual({ errors: [], warnings: [], notes: [] });
    expect(walk(config).map((stop) => stop.split(' ')[0])).toEqual([
      'anthropic.default',
      'openai.default',
      'groq.default',
    ]);
    for (const entry of config.entries.values()) expect(entry.keys).toHaveLength(1);
    expect(config.dialect).toBe('environment');
  });

  it('counts one variable for one vendor', () => {
    expect(from({ DASHSCOPE_API_KEY: 'd' }).entries.size).toBe(1);
  });

  it('puts the build-time provider first', () => {
    const config = from(
      { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' },
      { build: { provider: 'openai', model: 'gpt-built' } },
    );
    expect(walk(config)[0]).toBe('openai.default gpt-built keys=1');
  });

  it('adds servers that were found, after the vendors', () => {
    const found = [{ slot: 'ollama', fields: { uri: 'http://127.0.0.1:11434', model: 'qwen3' } }];
    expect(walk(from({ OPENAI_API_KEY: 'o' }, { found }))).toEqual([
      'openai.default gpt-5.1 keys=1',
      'ollama.default qwen3 keys=1',
    ]);
    expect(walk(from({}, { found }))).toEqual(['ollama.default qwen3 keys=1']);
  });

  it('sends a model to the vendor who makes it', () => {
    const config = from({ OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a' });
    expect(walk(config, 'gpt-4o')[0]).toBe('openai.default gpt-4o keys=1');
    expect(walk(config, 'unheard-of')[0]).toBe('anthropic.default unheard-of keys=1');
  });

  it('is empty, without complaint, when there is nothing', () => {
    const config = from({});
    expect(config.entries.size).toBe(0);
    expect(config.report).toEqual({ errors: [], warnings: [], notes: [] });
  });
});

describe('the vendor table and the schema', () => {
  it('every field a row names can be written in an entry', () => {
    for (const row of allVendors()) {
      const urls = [row.endpoints, ...Object.values(row.wireEndpoints ?? {})].flatMap((endpoints) =>
        Object.values(endpoints),
      );
      const inUrls = urls.flatMap((url) => [...url.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''));
      const names = [...(row.fields ?? []), ...Object.keys(row.fieldVariables ?? {}), ...inUrls];
      for (const name of names)
        expect(nodeAt(['providers', 'models', row.id, 'a', name]), `${row.id}.${name}`).toBeDefined();
    }
  });
});
