import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { kindOf } from '../request-fields.ts';
import { RequestError } from '../../spec/errors.ts';

/** A 400 in this wire's words, with the field's path. */
export function invalid(param: string, problem: string): RequestError {
  return new RequestError(`Invalid value at '${param}': ${problem}.`, { code: 'invalid_argument', param });
}

/** A field by its name; this wire's JSON may write it in camel or in snake case (protobuf JSON mapping). */
export function fieldOf(object: JsonObject, name: string): JsonValue | undefined {
  const value = object[name] ?? object[snakeOf(name)];
  return value === null ? undefined : value;
}

export function snakeOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function camelOf(name: string): string {
  return name.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
}

/** The object with its own keys in camel case. */
export function camelKeys(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [camelOf(key), value]));
}

export function objectAt(object: JsonObject, name: string, path: string): JsonObject | undefined {
  const value = fieldOf(object, name);
  if (value === undefined) return undefined;
  if (!isJsonObject(value)) throw invalid(join(path, name), `must be an object, not ${kindOf(value)}`);
  return value;
}

export function stringAt(object: JsonObject, name: string, path: string): string | undefined {
  const value = fieldOf(object, name);
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw invalid(join(path, name), `must be a string, not ${kindOf(value)}`);
  return value;
}

/** Numbers may be written as strings (int64 always is). */
export function numberAt(object: JsonObject, name: string, path: string, integer = false): number | undefined {
  const value = fieldOf(object, name);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) {
    throw invalid(join(path, name), `must be a number, not ${kindOf(value)}`);
  }
  if (integer && !Number.isInteger(number)) throw invalid(join(path, name), 'must be a whole number');
  return number;
}

/** A repeated field; a single value is a list of one. */
export function listAt(object: JsonObject, name: string): readonly JsonValue[] {
  const value = fieldOf(object, name);
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
