import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';

/**
 * The OpenAPI subset of `parameters` and `responseSchema`; one word outside of it rejects the whole request ("Unknown
 * name … Cannot find field"), so what is not listed goes (ai.google.dev/api/caching#Schema, read 2026-11).
 */
const ALLOWED = new Set([
  'type',
  'format',
  'title',
  'description',
  'nullable',
  'enum',
  'maxItems',
  'minItems',
  'properties',
  'required',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
  'pattern',
  'example',
  'anyOf',
  'propertyOrdering',
  'default',
  'items',
  'minimum',
  'maximum',
]);

/** Formats that exist per type; others are refused. */
const FORMATS: Readonly<Record<string, readonly string[]>> = {
  string: ['enum', 'date-time'],
  number: ['float', 'double'],
  integer: ['int32', 'int64'],
};

/** A JSON Schema as that subset. `lost` is called with every word that had to go. */
export function toOpenApiSubset(schema: JsonObject, lost: (keyword: string) => void): JsonObject {
  return convert(schema, { root: schema, lost, depth: 0 });
}

interface Walk {
  readonly root: JsonObject;
  readonly lost: (keyword: string) => void;
  readonly depth: number;
}

/** Deeper than this a reference is taken to be recursive. */
const MAX_DEPTH = 16;

function convert(given: JsonObject, walk: Walk): JsonObject {
  if (walk.depth > MAX_DEPTH) {
    walk.lost('recursion');
    return { type: 'object' };
  }
  const inner = { ...walk, depth: walk.depth + 1 };
  const schema = resolve(given, walk);
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && isJsonObject(value)) out['properties'] = mapProperties(value, inner);
    else if (key === 'items' && isJsonObject(value)) out['items'] = convert(value, inner);
    else if (key === 'const') out['enum'] = [wordOf(value)];
    else if ((key === 'anyOf' || key === 'oneOf') && Array.isArray(value)) setUnion(out, value, inner);
    else if (key === 'allOf' && Array.isArray(value)) merge(out, value, inner);
    else if (key === 'type') setType(out, value);
    else if (key === 'enum' && Array.isArray(value)) out['enum'] = value.filter((one) => one !== null).map(wordOf);
    else if (ALLOWED.has(key)) out[key] = value;
    else if (key !== '$schema' && key !== '$defs' && key !== 'definitions' && key !== '$id') walk.lost(key);
  }
  // Values of an enum are strings in this subset.
  if (Array.isArray(out['enum'])) {
    if (out['enum'].length === 0) delete out['enum'];
    else out['type'] = 'string';
  }
  const { format, type } = out;
  const known = typeof type === 'string' ? (FORMATS[type] ?? []) : [];
  if (typeof format === 'string' && !known.includes(format)) {
    delete out['format'];
    walk.lost(`format ${format}`);
  }
  if (out['type'] === 'array' && out['items'] === undefined) out['items'] = { type: 'string' };
  return out;
}

function wordOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function mapProperties(properties: JsonObject, walk: Walk): JsonObject {
  const entries = Object.entries(properties);
  return Object.fromEntries(entries.map(([name, value]) => [name, isJsonObject(value) ? convert(value, walk) : {}]));
}

/** `#/$defs/x` is written out in its place. */
function resolve(schema: JsonObject, walk: Walk): JsonObject {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  let target: JsonValue | undefined = walk.root;
  for (const step of reference.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    target = isJsonObject(target) ? target[step.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  const { $ref: _, ...own } = schema;
  if (!reference.startsWith('#') || !isJsonObject(target)) {
    walk.lost('$ref');
    return own;
  }
  return { ...resolve(target, { ...walk, depth: walk.depth + 1 }), ...own };
}

function setType(out: JsonObject, value: JsonValue): void {
  if (!Array.isArray(value)) {
    out['type'] = value;
    return;
  }
  const types = value.filter((one) => one !== 'null');
  if (types.length < value.length) out['nullable'] = true;
  const [only] = types;
  if (types.length === 1 && only !== undefined) out['type'] = only;
  else out['anyOf'] = types.map((type) => ({ type }));
}

function setUnion(out: JsonObject, members: readonly JsonValue[], walk: Walk): void {
  const schemas = members.filter(isJsonObject);
  const real = schemas.filter((member) => member['type'] !== 'null');
  if (real.length < schemas.length) out['nullable'] = true;
  const [only] = real;
  if (real.length === 1 && only !== undefined) Object.assign(out, convert(only, walk));
  else out['anyOf'] = real.map((member) => convert(member, walk));
}

function merge(out: JsonObject, members: readonly JsonValue[], walk: Walk): void {
  for (const member of members.filter(isJsonObject)) {
    const { properties, required, ...rest } = convert(member, walk);
    Object.assign(out, rest);
    if (isJsonObject(properties)) {
      out['properties'] = { ...(isJsonObject(out['properties']) ? out['properties'] : {}), ...properties };
    }
    if (Array.isArray(required)) {
      out['required'] = [...(Array.isArray(out['required']) ? out['required'] : []), ...required];
    }
  }
}

/** The OpenAPI subset as JSON Schema: types in lower case, `nullable` as a second type. */
export function fromOpenApi(schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'type' && typeof value === 'string') out['type'] = value.toLowerCase();
    else if (key === 'properties' && isJsonObject(value)) {
      const entries = Object.entries(value);
      out['properties'] = Object.fromEntries(
        entries.map(([name, one]) => [name, isJsonObject(one) ? fromOpenApi(one) : one]),
      );
    } else if (key === 'items' && isJsonObject(value)) out['items'] = fromOpenApi(value);
    else if (key === 'anyOf' && Array.isArray(value)) {
      out['anyOf'] = value.map((one) => (isJsonObject(one) ? fromOpenApi(one) : one));
    } else if (INT64_WORDS.has(key) && typeof value === 'string' && /^\d+$/.test(value)) out[key] = Number(value);
    else if (key !== 'nullable') out[key] = value;
  }
  if (schema['nullable'] === true && typeof out['type'] === 'string') out['type'] = [out['type'], 'null'];
  return out;
}

/** int64 fields, which this wire's JSON writes as strings. */
const INT64_WORDS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);
