import { createRequire } from 'node:module';
import type { ErrorObject, Options, ValidateFunction } from 'ajv';
import type { JsonObject } from '../spec/json.ts';
import type { SchemaValidator } from '../spec/provider.ts';

type AjvClass = new (options: Options) => { compile(schema: JsonObject): ValidateFunction };
type Validate = (value: unknown) => readonly string[];

const OPTIONS: Options = {
  strict: false,
  allErrors: true,
  validateFormats: false,
  logger: false,
  unicodeRegExp: false,
};
const KEPT = 50;
/** Larger schemas are not compiled: that takes longer than the call they belong to may block the others. */
const MAX_SCHEMA_CHARACTERS = 200_000;

const known = new Map<string, Validate | undefined>();
let load: NodeJS.Require | undefined;

/**
 * Checks answers with ajv, which is loaded at the first schema. A schema that ajv cannot compile, or ajv not being
 * installed, means that nothing is checked: the answer is worth more than the check.
 */
export const ajvValidator: SchemaValidator = (value, schema) => {
  const key = JSON.stringify(schema);
  if (key.length > MAX_SCHEMA_CHARACTERS) return [];
  if (!known.has(key)) {
    if (known.size >= KEPT) known.clear();
    known.set(key, compiled(schema));
  }
  return known.get(key)?.(value) ?? [];
};

function compiled(schema: JsonObject): Validate | undefined {
  const { $schema: draft, ...rest } = schema;
  try {
    const Ajv = classFor(typeof draft === 'string' ? draft : '');
    // The name of a draft is not looked up, and an `$id` must not be registered twice.
    const validate = new Ajv(OPTIONS).compile(rest);
    return (value) => (validate(value) ? [] : (validate.errors ?? []).map(inWords));
  } catch {
    return undefined;
  }
}

function classFor(draft: string): AjvClass {
  load ??= createRequire(import.meta.url);
  if (/draft-0[67]/.test(draft)) return (load('ajv') as { Ajv: AjvClass }).Ajv;
  if (draft.includes('2019-09')) return (load('ajv/dist/2019.js') as { Ajv2019: AjvClass }).Ajv2019;
  return (load('ajv/dist/2020.js') as { Ajv2020: AjvClass }).Ajv2020;
}

function inWords({ instancePath, keyword, message, params }: ErrorObject): string {
  const where = instancePath === '' ? 'the answer' : instancePath;
  const named: unknown = keyword === 'additionalProperties' ? params['additionalProperty'] : undefined;
  const what = typeof named === 'string' ? ` ("${named}")` : '';
  return `${where} ${message ?? `breaks ${keyword}`}${what}`;
}
