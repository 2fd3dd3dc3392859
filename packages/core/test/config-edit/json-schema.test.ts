import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '@standin/core/config/json-schema';

describe('the JSON Schema of the config', () => {
  const schema = configJsonSchema();
  const validate = new Ajv2020({ strict: false }).compile(schema);

  it('is a draft 2020-12 schema that takes a good config and refuses a bad one', () => {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    const entry = { api_key: 'k', fallback: ['a.b'], temperature: 1, extra_headers: { a: 'b' } };
    const config = { schema_version: 3, providers: { models: { openai: { main: entry } } } };
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ providers: { models: { openai: { main: { temperature: 'hot' } } } } })).toBe(false);
    expect(validate({ gateway: { prt: 1 } })).toBe(false);
  });

  it('describes fields, marks secrets, and carries no notes of the program', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('Secret API token');
    expect(text).toContain('"writeOnly":true');
    expect(text).not.toContain('defaultText');
    expect(text).toContain('Default: 8787.');
  });
});
