import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { DIALECTS, type DialectRules, type SchemaDialect } from './dialects.ts';
import { expandReference, isRecursive } from './references.ts';

export interface FittedSchema {
  readonly schema: JsonObject;
  /** What the vendor will not enforce, each with its place: `days: minimum`. Empty: nothing is lost. */
  readonly dropped: readonly string[];
}

interface Walk {
  readonly rules: DialectRules;
  readonly root: JsonObject;
  /** References that are being written out, to see a circle. */
  readonly within: readonly string[];
  readonly path: string;
  readonly dropped: Set<string>;
}

const MAX_DEPTH = 60;
/** Words about the document itself: nothing is lost with them. */
const SILENT: ReadonlySet<string> = new Set([
  '$schema',
  '$id',
  '$comment',
  '$anchor',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/**
 * A JSON Schema in the subset one vendor takes. Names of properties are never touched, whatever they are called; a
 * schema that is within the subset comes back equal. References are written out where the vendor knows none, a
 * recursive one ends in a schema that takes anything.
 */
export function fitSchema(schema: JsonObject, dialect: SchemaDialect): FittedSchema {
  if (dialect === 'plain') return { schema, dropped: [] };
  const dropped = new Set<string>();
  const rules = DIALECTS[dialect];
  const walk: Walk = { rules, root: schema, within: [], path: '', dropped };
  const inlines = dialect === 'anthropic' && isRecursive(schema);
  const fitted = fit(schema, inlines ? { ...walk, rules: { ...rules, references: false } } : walk, 0);
  const root = rules.rootKeywords === undefined ? fitted : rootOnly(fitted, rules.rootKeywords, walk);
  return { schema: asObject(root), dropped: [...dropped] };
}

/** The outermost schema of tools and answers is an object's. */
function asObject(schema: JsonObject): JsonObject {
  return schema['type'] === undefined && isJsonObject(schema['properties']) ? { ...schema, type: 'object' } : schema;
}

function rootOnly(schema: JsonObject, keywords: ReadonlySet<string>, walk: Walk): JsonObject {
  for (const key of Object.keys(schema)) {
    if (!keywords.has(key) && key !== 'description' && key !== 'title') drop(walk, key);
  }
  return Object.fromEntries(Object.entries(schema).filter(([key]) => keywords.has(key)));
}

function drop(walk: Walk, keyword: string): void {
  if (!SILENT.has(keyword)) walk.dropped.add(walk.path === '' ? keyword : `${walk.path}: ${keyword}`);
}

function fit(given: JsonObject, walk: Walk, depth: number): JsonObject {
  if (depth > MAX_DEPTH) {
    drop(walk, 'nesting');
    return {};
  }
  const expanded = walk.rules.references ? { schema: given, walk } : written(given, walk);
  if (expanded === undefined) return {};
  const schema = merged(expanded.schema, expanded.walk);
  const inner = expanded.walk;
  const out: JsonObject = {};
  const said: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const fitted = keyword(key, value, inner, depth);
    if (fitted === undefined) {
      if (SILENT.has(key)) continue;
      drop(inner, key);
      if (inner.rules.intoDescription && key !== 'default' && JSON.stringify(value).length < 200)
        said.push(`${key}: ${JSON.stringify(value)}`);
    } else out[fitted[0]] = fitted[1];
  }
  if (said.length > 0) {
    const before = typeof out['description'] === 'string' ? `${out['description']} ` : '';
    out['description'] = `${before}(${said.join(', ')})`;
  }
  return finished(out, schema, inner);
}

/** The keyword as this dialect writes it, or nothing. */
function keyword(key: string, value: JsonValue, walk: Walk, depth: number): readonly [string, JsonValue] | undefined {
  const { rules } = walk;
  const sub = (schema: JsonValue, step: string): JsonValue =>
    isJsonObject(schema) ? fit(schema, { ...walk, path: stepped(walk.path, step) }, depth + 1) : schema;
  const name = key === 'oneOf' && !rules.keywords.has('oneOf') ? 'anyOf' : key;
  if (rules.openApi && key === 'const') return ['enum', [value]];
  if (!rules.keywords.has(name)) return undefined;
  switch (name) {
    case 'properties':
    case '$defs':
    case 'definitions': {
      if (!isJsonObject(value)) return undefined;
      const entries = Object.entries(value).map(([property, schema]) => [property, sub(schema, property)] as const);
      return [name, Object.fromEntries(entries)];
    }
    case 'items':
      if (Array.isArray(value)) return undefined;
      return [name, sub(value === true ? {} : value, '[]')];
    case 'anyOf':
    case 'allOf':
    case 'oneOf':
      return Array.isArray(value) ? [name, value.map((one, index) => sub(one, `${name}[${index}]`))] : undefined;
    case 'not':
    case 'additionalProperties':
      if (rules.closedObjects && name === 'additionalProperties') return value === false ? [name, false] : undefined;
      return [name, sub(value, name)];
    case 'format':
      return rules.formats === undefined || (typeof value === 'string' && rules.formats.has(value))
        ? [name, value]
        : undefined;
    case 'minItems':
      return rules.maxMinItems !== undefined && Number(value) > rules.maxMinItems ? undefined : [name, value];
    default:
      return [name, value];
  }
}

function stepped(path: string, step: string): string {
  if (step === '[]') return `${path}[]`;
  return path === '' ? step : `${path}.${step}`;
}

/** What the dialect demands of every schema of this kind. */
function finished(out: JsonObject, source: JsonObject, walk: Walk): JsonObject {
  const { rules } = walk;
  if (rules.openApi) return openApi(out);
  const isObject = isObjectSchema(out);
  if (isObject && rules.closedObjects) {
    if (source['additionalProperties'] === undefined || source['additionalProperties'] === false)
      out['additionalProperties'] = false;
    else {
      out['additionalProperties'] = false;
      drop(walk, 'additionalProperties');
    }
  }
  if (isObject && rules.allRequired) {
    const properties = isJsonObject(out['properties']) ? out['properties'] : {};
    const required = new Set(Array.isArray(source['required']) ? source['required'] : []);
    out['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name, required.has(name) ? schema : orNull(schema)]),
    );
    out['required'] = Object.keys(properties);
  }
  return out;
}

function isObjectSchema({ type, properties }: JsonObject): boolean {
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isJsonObject(properties);
}

/** The same schema with null allowed. */
function orNull(schema: JsonValue): JsonValue {
  if (!isJsonObject(schema)) return schema;
  const { type } = schema;
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(null)) return { anyOf: [schema, { type: 'null' }] };
  if (schema['const'] !== undefined) return { anyOf: [schema, { type: 'null' }] };
  if (typeof type === 'string') return type === 'null' ? schema : { ...schema, type: [type, 'null'] };
  if (Array.isArray(type)) return type.includes('null') ? schema : { ...schema, type: [...type, 'null'] };
  const { anyOf } = schema;
  if (!Array.isArray(anyOf)) return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: 'null' }] };
  const hasNull = anyOf.some((one) => isJsonObject(one) && one['type'] === 'null');
  return hasNull ? schema : { ...schema, anyOf: [...anyOf, { type: 'null' }] };
}

/** `nullable` instead of a null type, and enums of texts only. */
function openApi(out: JsonObject): JsonObject {
  const { type, anyOf } = out;
  if (Array.isArray(type)) {
    const types = type.filter((one) => one !== 'null');
    if (types.length < type.length) out['nullable'] = true;
    delete out['type'];
    if (types.length === 1 && types[0] !== undefined) out['type'] = types[0];
    else out['anyOf'] = types.map((one) => ({ type: one }));
  } else if (Array.isArray(anyOf)) {
    const rest = anyOf.filter((one) => !(isJsonObject(one) && one['type'] === 'null'));
    if (rest.length < anyOf.length) out['nullable'] = true;
    const [only] = rest;
    if (rest.length === 1 && isJsonObject(only)) {
      delete out['anyOf'];
      Object.assign(out, { ...only, ...out });
    } else out['anyOf'] = rest;
  }
  if (Array.isArray(out['enum'])) {
    const values = out['enum'].filter((one) => one !== null);
    if (values.length < out['enum'].length) out['nullable'] = true;
    out['enum'] = values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
    out['type'] = 'string';
    if (values.length === 0) delete out['enum'];
  }
  return out;
}

/** `allOf` as one schema, where the dialect has no such word. */
function merged(schema: JsonObject, walk: Walk): JsonObject {
  const parts = schema['allOf'];
  if (!Array.isArray(parts) || walk.rules.keywords.has('allOf')) return schema;
  const { allOf: _, ...own } = schema;
  let result: JsonObject = own;
  for (const part of parts) {
    if (!isJsonObject(part)) continue;
    const whole = merged(
      typeof part['$ref'] === 'string' ? (expandReference(part, walk.root)?.schema ?? {}) : part,
      walk,
    );
    const required = [result['required'], whole['required']].flatMap((list) => (Array.isArray(list) ? list : []));
    const properties = { ...asMap(whole['properties']), ...asMap(result['properties']) };
    result = { ...whole, ...result };
    if (required.length > 0) result['required'] = [...new Set(required)];
    if (Object.keys(properties).length > 0) result['properties'] = properties;
  }
  return result;
}

function asMap(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** The schema with its reference written out; nothing for a circle. */
function written(schema: JsonObject, walk: Walk): { readonly schema: JsonObject; readonly walk: Walk } | undefined {
  let current = schema;
  let within = walk.within;
  while (typeof current['$ref'] === 'string') {
    const reference = current['$ref'];
    if (within.includes(reference)) {
      drop(walk, `$ref ${reference} (recursive)`);
      return undefined;
    }
    const expanded = expandReference(current, walk.root);
    if (expanded === undefined) {
      drop(walk, `$ref ${reference}`);
      const { $ref: _, ...own } = current;
      return { schema: own, walk };
    }
    within = [...within, reference];
    current = expanded.schema;
  }
  const { $defs: _defs, definitions: _definitions, ...rest } = current;
  return { schema: rest, walk: { ...walk, within } };
}
