import fc from 'fast-check';
import { parse } from 'smol-toml';
import { afterAll, describe, expect, it } from 'vitest';

import { migrateConfig, tomlName } from '../../src/config/migrate/migrate.ts';
import { homeWithLogin, load, names, syntaxError, textOf, walks } from './support.ts';

const home = homeWithLogin();
afterAll(() => home.remove());
const env = { STANDIN_HOME: home.path };

const readable = names().filter((name) => syntaxError(name) === undefined);
const sound = readable.filter((name) => load(textOf(name), name, env).report.errors.length === 0);

describe('migration of each file', () => {
  it('covers most of them', () => {
    expect(sound.length).toBeGreaterThan(30);
  });

  it.each(sound)('%s: the native text gives the same walk, limits and routes', (name) => {
    const text = textOf(name);
    const before = load(text, name, env);
    const after = load(migrateConfig(text, name).text, 'native.toml', env);
    expect(after.report.errors).toEqual([]);
    expect(after.dialect).toBe('native');
    expect(walks(after, text)).toEqual(walks(before, text));
    expect(after.document.reliability).toEqual(before.document.reliability);
    expect(after.document.gateway).toEqual(before.document.gateway);
    expect([...after.entries.keys()]).toEqual([...before.entries.keys()]);
    for (const [ref, entry] of before.entries) {
      const { keys, uri, region, wire, fields } = after.entries.get(ref) ?? entry;
      expect({ keys, uri, region, wire, fields }).toEqual({
        keys: entry.keys,
        uri: entry.uri,
        region: entry.region,
        wire: entry.wire,
        fields: entry.fields,
      });
    }
  });

  it.each(readable)('%s: a second migration changes nothing', (name) => {
    const { text, changed } = migrateConfig(textOf(name), name);
    expect(changed).toBe(load(textOf(name), name).dialect !== 'native');
    expect(migrateConfig(text, tomlName(name))).toMatchObject({ text, changed: false, diff: '' });
  });

  it.each(readable.filter((name) => name.endsWith('.toml')))('%s: every comment is still there', (name) => {
    const { text } = migrateConfig(textOf(name), name);
    for (const [comment] of textOf(name).matchAll(/#[^\n"]*$/gm)) expect(text).toContain(comment.trimEnd());
  });

  it.each(readable)('%s: every value is mapped, kept or listed', (name) => {
    const text = textOf(name);
    const { report, changed } = migrateConfig(text, name);
    if (!changed) return;
    const tree = (name.endsWith('.json') ? JSON.parse(text) : parse(text)) as Record<string, unknown>;
    const told = report.keys.map(({ key }) => key);
    for (const path of leaves(tree)) {
      expect(
        told.some((key) => path === key || path.startsWith(`${key}.`)),
        path,
      ).toBe(true);
    }
  });
});

/** Paths of all values that are no table, as reports write them. */
function leaves(value: unknown, path = ''): string[] {
  if (value === null) return [];
  const isTable =
    typeof value === 'object' && (!Array.isArray(value) || value.some((item) => typeof item === 'object'));
  const inside = isTable ? Object.entries(value) : [];
  if (inside.length === 0) return path === '' || isTable ? [] : [path];
  return inside.flatMap(([key, item]) => {
    const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
    return leaves(item, path === '' ? name : `${path}.${name}`);
  });
}

describe('migration of generated v1 files', () => {
  const vendor = fc.constantFrom(
    'openrouter',
    'anthropic',
    'openai',
    'groq',
    'google',
    'kimi-cn',
    'qwen-us',
    'grok',
    'z.ai',
  );
  const fallback = fc.oneof(vendor, fc.constantFrom('openai:work', 'custom:http://127.0.0.1:9/v1', 'anthropic:b'));
  const model = fc.constantFrom('gpt-5.1', 'claude-opus-4-1', 'gemini-2.5-pro', 'house-1');
  const text = fc
    .record({
      provider: vendor,
      model,
      fallbacks: fc.array(fallback, { maxLength: 5 }),
      keys: fc.array(fc.constantFrom('planted-1', 'planted-2', '${KEY_1}'), { maxLength: 3 }),
      table: fc.dictionary(model, fc.array(model, { maxLength: 3 }), { maxKeys: 3 }),
      routes: fc.array(fc.record({ hint: fc.constantFrom('a', 'gpt-', 'claude-'), provider: fallback }), {
        maxLength: 3,
      }),
      items: fc.array(fc.record({ profile: fc.constantFrom('work', 'b'), model }), { maxLength: 2 }),
      comment: fc.boolean(),
    })
    .map(({ provider, model: first, fallbacks, keys, table, routes, items, comment }) =>
      [
        comment ? '# of the house\n' : '',
        `default_provider = "${provider}"${comment ? ' # mine' : ''}`,
        `default_model = "${first}"`,
        '[reliability]',
        comment ? '# in turn' : '',
        `fallback_providers = ${JSON.stringify(fallbacks)}`,
        `api_keys = ${JSON.stringify(keys)}`,
        '[reliability.model_fallbacks]',
        ...Object.entries(table).map(([key, list]) => `"${key}" = ${JSON.stringify(list)}`),
        ...items.flatMap((item) => ['[[providers.openai]]', `profile = "${item.profile}"`, `model = "${item.model}"`]),
        ...routes.flatMap((route) => ['[[model_routes]]', `hint = "${route.hint}"`, `provider = "${route.provider}"`]),
      ].join('\n'),
    );

  it('keeps the walk of every name', () => {
    fc.assert(
      fc.property(text, (file) => {
        const asked = `${file}\n# ask: gpt-5.1\n# ask: claude-opus-4-1\n# ask: hint:a\n`;
        const migration = migrateConfig(file, 'old.toml');
        const after = load(migration.text, 'new.toml', env);
        expect(walks(after, asked)).toEqual(walks(load(file, 'old.toml', env), asked));
        expect(migrateConfig(migration.text, 'new.toml').changed).toBe(false);
        expect(migration.diff).not.toContain('planted');
      }),
      { numRuns: 100 },
    );
  });
});

describe('migrateConfig', () => {
  it('gives a unified diff that patch understands', () => {
    const { diff } = migrateConfig('default_provider = "openai"\n', 'config.toml');
    expect(diff).toBe(
      '--- config.toml\n+++ config.toml\n@@ -1,1 +1,6 @@\n-default_provider = "openai"\n+schema_version = 3\n+\n' +
        '+[providers.models.openai.default]\n+\n+[agents.default]\n+model_provider = "openai.default"\n',
    );
  });

  it('names a JSON file anew and leaves other names alone', () => {
    expect(tomlName('/home/me/.zeptoclaw/config.json')).toBe('/home/me/.zeptoclaw/config.toml');
    expect(tomlName('old.toml')).toBe('old.toml');
    expect(tomlName('config')).toBe('config');
  });

  it('throws for a syntax error, with file and line and without the text', () => {
    expect(() => migrateConfig('api_key = "planted', 'x.toml')).toThrow(/^x\.toml:1: error: TOML syntax error/);
    expect(() => migrateConfig('{"a": planted}', 'x.json')).toThrow(/^x\.json:1: error: JSON syntax error/);
    expect(() => migrateConfig('{"a": planted}', 'x.json')).not.toThrow(/planted/);
  });

  it('takes CRLF line ends and a byte order mark', () => {
    const { text } = migrateConfig(
      '\uFEFF# mine\r\ndefault_provider = "groq"\r\n\r\n[memory]\r\nkind = "x" # y\r\n',
      'x.toml',
    );
    expect(text).toContain('# mine\n');
    expect(text).toContain('[memory]\nkind = "x" # y\n');
    expect(text).not.toContain('\r');
  });
});
