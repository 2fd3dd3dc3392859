import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ajvValidator } from '../../src/library/schema-validator.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/spec/json.ts';
import { fitSchema, type SchemaDialect } from '../../src/tools/schema/index.ts';
import { DIALECTS } from '../../src/tools/schema/dialects.ts';

const ALL: readonly Exclude<SchemaDialect, 'plain'>[] = ['openai-strict', 'anthropic', 'gemini', 'bedrock-nova'];

const TREE: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: { root: { $ref: '#/$defs/node' } },
  $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, value: { type: 'string' } } } },
};

describe('a schema in a vendor’s subset', () => {
  it('is the same object in the plain dialect', () => {
    expect(fitSchema(TREE, 'plain')).toEqual({ schema: TREE, dropped: [] });
    expect(fitSchema(TREE, 'plain').schema).toBe(TREE);
  });

  it.each(ALL)('keeps properties whose names are keywords: %s', (dialect) => {
    const names = [
      'default',
      '$ref',
      'const',
      'not',
      'format',
      'minimum',
      '$defs',
      'properties',
      'items',
      'required',
      'type',
      '$schema',
    ];
    const schema: JsonObject = {
      type: 'object',
      properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
      required: names,
    };
    const fitted = fitSchema(schema, dialect);
    expect(fitted.schema['properties']).toEqual(schema['properties']);
    expect(fitted.dropped).toEqual([]);
  });

  it.each(ALL)('drops what is not listed and says so with its place: %s', (dialect) => {
    const schema: JsonObject = {
      type: 'object',
      properties: { list: { type: 'array', items: { type: 'string', unknownWord: 1 } } },
      required: ['list'],
      additionalProperties: false,
    };
    const fitted = fitSchema(schema, dialect);
    expect(fitted.dropped).toContain('list[]: unknownWord');
    expect(keywordsIn(fitted.schema)).not.toContain('unknownWord');
  });

  it.each(ALL)('ends with a recursive schema: %s', (dialect) => {
    const { schema, dropped } = fitSchema(TREE, dialect);
    const keepsReferences = dialect === 'openai-strict';
    expect(keywordsIn(schema).includes('$ref')).toBe(keepsReferences);
    if (!keepsReferences) expect(dropped.join()).toContain('recursive');
    expect(keywordsIn(schema)).not.toContain('$schema');
  });

  it.each(ALL)('never says more than its list: %s', (dialect) => {
    const allowed = new Set([...DIALECTS[dialect].keywords, 'nullable']);
    fc.assert(
      fc.property(anySchema, (inner) => {
        const schema: JsonObject = { type: 'object', properties: { a: inner }, required: ['a'] };
        const fitted = fitSchema(schema, dialect);
        for (const word of keywordsIn(fitted.schema)) expect(allowed.has(word), word).toBe(true);
        expect(fitSchema(fitted.schema, dialect).schema).toEqual(fitted.schema);
      }),
      { numRuns: 200 },
    );
  });

  it('does not change the one it was given', () => {
    const before = JSON.stringify(TREE);
    for (const dialect of ALL) fitSchema(TREE, dialect);
    expect(JSON.stringify(TREE)).toBe(before);
  });
});

describe('the strict subset of OpenAI', () => {
  it('requires every property and lets the optional ones be null', () => {
    const { schema } = fitSchema(
      {
        type: 'object',
        properties: {
          a: { type: 'string' },
          b: { type: 'integer' },
          c: { enum: ['x', 'y'] },
          d: { anyOf: [{ type: 'string' }, { type: 'number' }] },
        },
        required: ['a'],
      },
      'openai-strict',
    );
    expect(schema).toEqual({
      type: 'object',
      properties: {
        a: { type: 'string' },
        b: { type: ['integer', 'null'] },
        c: { anyOf: [{ enum: ['x', 'y'] }, { type: 'null' }] },
        d: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] },
      },
      required: ['a', 'b', 'c', 'd'],
      additionalProperties: false,
    });
    expect(ajvValidator({ a: 'x', b: null, c: null, d: null }, schema)).toEqual([]);
  });

  it('says in the description what is not enforced', () => {
    const { schema, dropped } = fitSchema(
      {
        type: 'object',
        properties: { a: { type: 'string', minLength: 2, description: 'A name' } },
        required: ['a'],
        additionalProperties: false,
      },
      'openai-strict',
    );
    expect((schema['properties'] as JsonObject)['a']).toEqual({ type: 'string', description: 'A name (minLength: 2)' });
    expect(dropped).toEqual(['a: minLength']);
  });

  it('merges allOf, also over references, and writes oneOf as anyOf', () => {
    const { schema, dropped } = fitSchema(
      {
        allOf: [
          { $ref: '#/$defs/named' },
          {
            type: 'object',
            properties: { age: { oneOf: [{ type: 'integer' }, { type: 'null' }] } },
            required: ['age'],
          },
        ],
        $defs: { named: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
      },
      'openai-strict',
    );
    expect(schema['properties']).toEqual({
      name: { type: 'string' },
      age: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    });
    expect([...(schema['required'] as string[])].toSorted()).toEqual(['age', 'name']);
    expect(dropped).toEqual([]);
  });
});

describe('the other subsets', () => {
  it('Anthropic: closed objects, small minItems, the rest in the description', () => {
    const { schema, dropped } = fitSchema(
      { type: 'object', properties: { a: { type: 'array', minItems: 3, items: { type: 'string', format: 'uri' } } } },
      'anthropic',
    );
    expect(schema).toEqual({
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'string', format: 'uri' }, description: '(minItems: 3)' } },
      additionalProperties: false,
    });
    expect(dropped).toEqual(['a: minItems']);
  });

  it('Gemini: nullable, enums of texts, references written out', () => {
    const { schema, dropped } = fitSchema(
      {
        type: 'object',
        properties: {
          a: { type: ['string', 'null'] },
          b: { const: 3 },
          c: { $ref: '#/definitions/c' },
          d: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
        },
        definitions: { c: { type: 'object', properties: { x: { type: 'number', exclusiveMinimum: 0 } } } },
        additionalProperties: false,
      },
      'gemini',
    );
    expect(schema).toEqual({
      type: 'object',
      properties: {
        a: { type: 'string', nullable: true },
        b: { type: 'string', enum: ['3'] },
        c: { type: 'object', properties: { x: { type: 'number' } } },
        d: { type: 'integer', nullable: true },
      },
    });
    expect(dropped).toEqual(['c.x: exclusiveMinimum', 'additionalProperties']);
  });

  it('Nova: only three words at the top', () => {
    const { schema, dropped } = fitSchema(
      {
        title: 'T',
        type: 'object',
        properties: { a: { $ref: '#/$defs/a' } },
        additionalProperties: false,
        $defs: { a: { type: 'string', minLength: 1 } },
      },
      'bedrock-nova',
    );
    expect(schema).toEqual({ type: 'object', properties: { a: { type: 'string', minLength: 1 } } });
    expect(dropped).toEqual(['additionalProperties']);
  });
});

/** Keywords at schema positions; names of properties are no keywords. */
function keywordsIn(schema: JsonValue): string[] {
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === 'properties' || key === '$defs' || key === 'definitions')
      return [key, ...Object.values(isJsonObject(value) ? value : {}).flatMap(keywordsIn)];
    if (key === 'items' || key === 'not' || key === 'additionalProperties') return [key, ...keywordsIn(value)];
    return Array.isArray(value) && key.endsWith('Of') ? [key, ...value.flatMap(keywordsIn)] : [key];
  });
}

const leaf = fc.constantFrom<JsonObject>(
  { type: 'string', minLength: 1, format: 'email' },
  { type: 'integer', minimum: 0, multipleOf: 2 },
  { enum: ['a', 1, null] },
  { const: 'x' },
  { type: ['number', 'null'], default: 0 },
  { type: 'string', contentEncoding: 'base64', 'x-vendor': true },
  {},
);

const anySchema: fc.Arbitrary<JsonObject> = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small' },
    leaf,
    tie('schema').map((inner): JsonObject => ({ type: 'array', items: inner, minItems: 2, uniqueItems: true })),
    fc.tuple(tie('schema'), tie('schema')).map(([a, b]): JsonObject => ({
      type: 'object',
      properties: { a, not: b },
      required: ['a'],
      additionalProperties: a,
    })),
    fc.tuple(tie('schema'), tie('schema')).map(([a, b]): JsonObject => ({ anyOf: [a, b], if: a, else: b })),
    fc.tuple(tie('schema'), tie('schema')).map(([a, b]): JsonObject => ({ oneOf: [a, b], description: 'd' })),
  ),
})).schema;
