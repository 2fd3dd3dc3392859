import { isJsonObject, type JsonObject, type JsonValue } from '@standin/core/spec/index';

const FORMATS: Readonly<Record<string, string>> = {
  date: '2026-01-31',
  time: '12:30:00Z',
  'date-time': '2026-01-31T12:30:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  hostname: 'example.com',
  duration: 'PT1M',
};
const MAX_DEPTH = 12;

/** A value that fits the usual JSON Schema keywords: every property is filled, the first of several choices is taken. */
export function sampleOf(schema: JsonValue | undefined, root = schema, depth = 0): JsonValue {
  if (!isJsonObject(schema) || depth > MAX_DEPTH) return null;
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum']) && schema['enum'].length > 0) return schema['enum'][0] ?? null;
  if (typeof schema['$ref'] === 'string') return sampleOf(resolve(root, schema['$ref']), root, depth + 1);
  for (const keyword of ['anyOf', 'oneOf']) {
    const choices = schema[keyword];
    if (Array.isArray(choices)) return sampleOf(choices[0], root, depth + 1);
  }
  if (Array.isArray(schema['allOf'])) {
    const parts = schema['allOf'].map((part) => sampleOf(part, root, depth + 1)).filter(isJsonObject);
    return Object.assign(
      {},
      ...parts,
      isJsonObject(schema['properties']) ? object(schema, root, depth) : {},
    ) as JsonObject;
  }
  return byType(schema, root, depth);
}

function byType(schema: JsonObject, root: JsonValue | undefined, depth: number): JsonValue {
  const declared = Array.isArray(schema['type']) ? schema['type'].find((type) => type !== 'null') : schema['type'];
  switch (declared ?? (schema['properties'] === undefined ? 'string' : 'object')) {
    case 'object':
      return object(schema, root, depth);
    case 'array':
      return Array.from({ length: Math.max(1, count(schema['minItems'])) }, () =>
        sampleOf(schema['items'] ?? {}, root, depth + 1),
      );
    case 'integer':
    case 'number':
      return number(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    default:
      return text(schema);
  }
}

function object(schema: JsonObject, root: JsonValue | undefined, depth: number): JsonObject {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, sampleOf(value, root, depth + 1)]),
  );
}

function number(schema: JsonObject): number {
  const low =
    schema['minimum'] ?? (typeof schema['exclusiveMinimum'] === 'number' ? schema['exclusiveMinimum'] + 1 : undefined);
  if (typeof low === 'number') return schema['type'] === 'integer' ? Math.ceil(low) : low;
  const high = schema['maximum'];
  return typeof high === 'number' && high < 7 ? Math.floor(high) : 7;
}

function text(schema: JsonObject): string {
  const format = typeof schema['format'] === 'string' ? FORMATS[schema['format']] : undefined;
  if (format !== undefined) return format;
  const sample = 'sample'.padEnd(count(schema['minLength']), 'x');
  return typeof schema['maxLength'] === 'number' ? sample.slice(0, schema['maxLength']) : sample;
}

function count(value: JsonValue | undefined): number {
  return typeof value === 'number' ? Math.min(100, value) : 0;
}

function resolve(root: JsonValue | undefined, reference: string): JsonValue | undefined {
  if (!reference.startsWith('#')) return undefined;
  let value: JsonValue | undefined = root;
  for (const step of reference.slice(1).split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
    value = isJsonObject(value) ? value[name] : undefined;
  }
  return value;
}
