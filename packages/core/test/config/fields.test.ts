import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { configSchema } from '../../src/config/schema/root.ts';
import { nodeAt, type FieldNode } from '../../src/config/schema/walk.ts';
import { describeConfig } from '../../src/config/describe.ts';
import { findings, load } from './support.ts';

/** The list of SPEC §2, each with a value of its type. */
const SEED_FIELDS: Readonly<Record<string, string>> = {
  api_key: '"k"',
  api_keys: '["k2"]',
  chat_template_kwargs: '{ enable_thinking = false }',
  extra_headers: '{ x-team = "a" }',
  fallback: '["custom.other"]',
  fallback_models: '["m2"]',
  kind: '"openai-compatible"',
  max_tokens: '100',
  merge_system_into_user: 'true',
  model: '"m"',
  native_tools: 'true',
  pricing: '{ "m.input" = 1.0, "m.output" = 2.0, "m.cached_input" = 0.1, other = 3 }',
  provider_extra: '{ top_k = 4, nested = { only = ["x"] } }',
  requires_openai_auth: 'false',
  temperature: '0.2',
  think: 'false',
  timeout_secs: '30',
  uri: '"http://127.0.0.1:9/v1"',
  wire_api: '"chat_completions"',
  vision: 'true',
  context_window: '32000',
  replay_assistant_reasoning: 'true',
};

const OTHER = '\n[providers.models.custom.other]\nuri = "http://127.0.0.1:8/v1"\nmodel = "o"\n';

describe('provider fields', () => {
  it('all of the list are accepted by the custom slot without a word', () => {
    const lines = Object.entries(SEED_FIELDS).map(([name, value]) => `${name} = ${value}`);
    const config = load(`[providers.models.custom.a]\n${lines.join('\n')}${OTHER}`);
    expect(findings(config)).toEqual([]);
    const listed = describeConfig(config).map((row) => row.path);
    for (const name of Object.keys(SEED_FIELDS)) {
      expect(listed.some((path) => path.startsWith(`providers.models.custom.a.${name}`))).toBe(true);
    }
  });

  it.each(Object.entries(SEED_FIELDS))('%s can be set by its variable', (name, value) => {
    const text = /^[[{]/.test(value) ? JSON.stringify(tomlValue(value)) : value.replaceAll('"', '');
    const config = load(`[providers.models.custom.a]\nuri = "http://127.0.0.1:9/v1"${OTHER}`, {
      [`STANDIN_providers__models__custom__a__${name}`]: text,
    });
    expect(findings(config)).toEqual([]);
    const row = describeConfig(config).find(({ source }) => source === `STANDIN_providers__models__custom__a__${name}`);
    expect(row?.path).toContain(`providers.models.custom.a.${name}`);
  });

  it('an unset temperature stays unset', () => {
    const config = load('[providers.models.custom.a]\nuri = "http://127.0.0.1:9"\n');
    expect(config.entries.get('custom.a')?.fields).toEqual({ uri: 'http://127.0.0.1:9' });
  });

  it.each([
    ['wire_api', '"chat-completions"', 'chat_completions'],
    ['wire_api', '"ChatCompletions"', 'chat_completions'],
    ['wire_api', '"openai-responses"', 'responses'],
    ['wire_api', '"RESPONSES"', 'responses'],
    ['wire_api', '"google"', 'gemini'],
    ['wire_api', '"ollama_chat"', 'ollama'],
    ['wire_api', '"cohere-v2"', 'cohere'],
    ['wire_api', '"google-interactions"', 'interactions'],
    ['auth_mode', '"oauth"', 'oauth'],
    ['auth_mode', '"o_auth"', 'oauth'],
  ])('%s = %s is understood', (name, written, value) => {
    const config = load(`[providers.models.qwen.a]\napi_key = "k"\n${name} = ${written}\n`);
    const fields: Record<string, unknown> = { ...config.entries.get('qwen.a')?.fields };
    expect(fields[name]).toBe(value);
  });

  it('messages makes the custom slot speak the Anthropic protocol', () => {
    const config = load(
      '[providers.models.custom.a]\nuri = "http://127.0.0.1:9"\nmodel = "m"\nwire_api = "messages"\n',
    );
    expect(config.entries.get('custom.a')?.wire).toBe('anthropic-messages');
  });

  it.each([
    ['ollama', 'ollama', 'ollama-chat'],
    ['gemini', 'chat_completions', 'openai-chat'],
    ['custom', 'generate-content', 'gemini'],
    ['cohere', 'cohere', 'cohere-chat'],
    ['gemini', 'interactions', 'gemini-interactions'],
    ['custom', 'cohere', 'cohere-chat'],
    ['custom', 'interactions', 'gemini-interactions'],
  ])('%s with wire_api = %s speaks %s', (slot, written, wire) => {
    const text = `[providers.models.${slot}.a]\nuri = "http://127.0.0.1:9"\nmodel = "m"\nwire_api = "${written}"\n`;
    expect(load(text).entries.get(`${slot}.a`)?.wire).toBe(wire);
  });

  it('wire_api of another vendor is told to have no effect', () => {
    for (const [slot, word] of [
      ['gemini', 'cohere'],
      ['cohere', 'interactions'],
      ['openai', 'cohere'],
    ]) {
      const config = load(`[providers.models.${slot}.a]\napi_key = "k"\nmodel = "m"\nwire_api = "${word}"\n`);
      expect(findings(config).join()).toMatch(/wire_api: has no effect: .* speaks /);
      expect(config.entries.get(`${slot}.a`)?.wire).toBeUndefined();
    }
  });

  it('kind switches the implementation', () => {
    const compatible = load(
      '[providers.models.anthropic.a]\napi_key = "k"\nkind = "openai_compatible"\nuri = "http://127.0.0.1:9"\n',
    );
    expect(compatible.entries.get('anthropic.a')).toMatchObject({ wire: 'openai-chat', keys: [{}] });
    const other = load('[providers.models.custom.a]\nkind = "mistral"\napi_key = "k"\n');
    expect(other.entries.get('custom.a')?.slot).toBe('mistral');
    expect(findings(load('[providers.models.openai.a]\napi_key = "k"\nkind = "opnai"\n')).join()).toMatch(
      /kind.*openai/,
    );
  });

  it('a regional spelling of the type selects its region, and endpoint beats it', () => {
    const config = load(
      '[providers.models.moonshot-cn.a]\napi_key = "k"\n[providers.models.moonshot.b]\napi_key = "k"\nendpoint = "cn"\n[providers.models.moonshot.c]\napi_key = "k"\nendpoint = "mars"\n',
    );
    expect(config.entries.get('moonshot-cn.a')).toMatchObject({ slot: 'moonshot', region: 'cn' });
    expect(config.entries.get('moonshot.b')?.region).toBe('cn');
    expect(findings(config).join()).toMatch(/moonshot\.c\.endpoint.*mars.*cn/);
  });
});

describe('the schema', () => {
  it('describes every field that can be set', () => {
    const bare: string[] = [];
    const visit = (node: FieldNode, path: string) => {
      if (node.shape.type === 'object') {
        for (const [name, field] of Object.entries(node.shape.fields)) {
          const isLeaf = !['object', 'record', 'array'].includes(field.shape.type);
          if (isLeaf && (field.meta.description ?? '') === '') bare.push(`${path}.${name}`);
          visit(field, `${path}.${name}`);
        }
      } else if (node.shape.type === 'record') visit(node.shape.value, `${path}.*`);
      else if (node.shape.type === 'array') visit(node.shape.item, `${path}.#`);
    };
    for (const section of ['providers', 'agents', 'reliability', 'model_routes', 'gateway']) {
      const node = nodeAt([section]);
      if (node !== undefined) visit(node, section);
    }
    expect(bare.filter((path) => !/\.pricing\.|\.delegates\./.test(path))).toEqual([]);
  });

  it('marks every secret, down to the items of a list', () => {
    const secret = ['api_key', 'api_keys', 'extra_headers', 'oauth_client_secret', 'oauth_refresh_token'];
    for (const name of secret) expect(nodeAt(['providers', 'models', 'x', 'y', name])?.meta.secret, name).toBe(true);
    expect(nodeAt(['providers', 'models', 'x', 'y', 'api_keys', '0'])?.meta.secret).toBe(true);
    expect(nodeAt(['providers', 'models', 'x', 'y', 'extra_headers', 'authorization'])?.meta.secret).toBe(true);
    expect(nodeAt(['model_routes', '0', 'api_key'])?.meta.secret).toBe(true);
    expect(nodeAt(['reliability', 'api_keys', '3'])?.meta.secret).toBe(true);
  });

  it('can be turned into JSON Schema', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input' });
    expect(schema.properties).toHaveProperty('providers');
    expect(JSON.stringify(schema)).toContain('Model id as the vendor knows it');
  });
});

function tomlValue(text: string): unknown {
  return JSON.parse(
    text.replaceAll(/([\w.-]+|"[^"]+") = /g, (_whole, key: string) => `${key.startsWith('"') ? key : `"${key}"`}: `),
  ) as unknown;
}
