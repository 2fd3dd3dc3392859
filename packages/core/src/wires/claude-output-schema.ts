import { isJsonObject, type JsonObject, type JsonValue } from '../spec/json.ts';
import type { Losses } from './losses.ts';

/** Formats that structured outputs enforce (Anthropic docs, "Structured outputs", read 2026-11). */
const FORMATS = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'uri', 'ipv4', 'ipv6', 'uuid']);
/** Keywords the API refuses; they stay readable for the model in the description. */
const UNENFORCED = new Set(
  (
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern ' +
    'maxItems uniqueItems contains minProperties maxProperties patternProperties propertyNames ' +
    'not if then else dependentRequired dependentSchemas contentEncoding contentMediaType'
  ).split(' '),
);
const MAPS_OF_SCHEMAS = new Set(['properties', '$defs', 'definitions']);
const LISTS_OF_SCHEMAS = new Set(['anyOf', 'allOf', 'oneOf', 'prefixItems']);

/** A JSON Schema in the subset that `output_config.format` takes. What cannot be enforced is declared. */
export function fitOutputSchema(schema: JsonObject, losses: Losses): JsonObject {
  return fit(schema, 'schema', losses);
}

function fit(schema: JsonObject, path: string, losses: Losses): JsonObject {
  const fitted: JsonObject = {};
  const moved: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    const unenforced = UNENFORCED.has(key) || (key === 'minItems' && value !== 0 && value !== 1);
    if (unenforced || (key === 'format' && !(typeof value === 'string' && FORMATS.has(value))))
      moved.push(`${key}: ${JSON.stringify(value)}`);
    else fitted[key === 'oneOf' ? 'anyOf' : key] = fitKeyword(key, value, path, losses);
  }
  if (moved.length > 0) {
    losses.add(`${path} ${moved.join(', ')}: said in the description, not enforced`);
    const words = typeof fitted['description'] === 'string' ? `${fitted['description']} ` : '';
    fitted['description'] = `${words}(${moved.join(', ')})`;
  }
  if (isObjectSchema(schema) && fitted['additionalProperties'] !== false) {
    if (schema['additionalProperties'] !== undefined)
      losses.add(`${path} additionalProperties: only false is enforced`);
    fitted['additionalProperties'] = false;
  }
  return fitted;
}

function fitKeyword(key: string, value: JsonValue, path: string, losses: Losses): JsonValue {
  if (MAPS_OF_SCHEMAS.has(key) && isJsonObject(value)) {
    const entries = Object.entries(value).map(([name, inner]) => [name, fitValue(inner, `${path}.${name}`, losses)]);
    return Object.fromEntries(entries) as JsonObject;
  }
  if (LISTS_OF_SCHEMAS.has(key) && Array.isArray(value)) {
    return value.map((inner, index) => fitValue(inner, `${path}.${key}[${index}]`, losses));
  }
  return key === 'items' ? fitValue(value, `${path}[]`, losses) : value;
}

function fitValue(value: JsonValue, path: string, losses: Losses): JsonValue {
  return isJsonObject(value) ? fit(value, path, losses) : value;
}

function isObjectSchema(schema: JsonObject): boolean {
  const { type } = schema;
  return type === 'object' || (Array.isArray(type) && type.includes('object')) || isJsonObject(schema['properties']);
}
