import { RequestError } from '../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../spec/json.ts';

/** Checked reads of a caller's fields. `null` counts as absent, as OpenAI has it; a wrong type is a 400 with its path. */

export function fail(param: string, problem: string, code = 'invalid_request'): RequestError {
  return new RequestError(`Invalid request: \`${param}\` ${problem}.`, { code, param });
}

export function optionalString(value: unknown, param: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw fail(param, `must be a string, not ${kindOf(value)}`);
  return value;
}

export function requiredString(value: unknown, param: string): string {
  const text = optionalString(value, param);
  if (text === undefined || text === '') throw fail(param, 'is required and must be a non-empty string');
  return text;
}

export function optionalNumber(value: unknown, param: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw fail(param, `must be a number, not ${kindOf(value)}`);
  }
  return value;
}

export function optionalInteger(value: unknown, param: string, least?: number): number | undefined {
  const number = optionalNumber(value, param);
  if (number === undefined) return undefined;
  if (!Number.isInteger(number)) throw fail(param, 'must be a whole number');
  if (least !== undefined && number < least) throw fail(param, `must be at least ${least}`);
  return number;
}

export function optionalBoolean(value: unknown, param: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw fail(param, `must be true or false, not ${kindOf(value)}`);
  return value;
}

export function optionalObject(value: unknown, param: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw fail(param, `must be an object, not ${kindOf(value)}`);
  return value;
}

export function requiredObject(value: unknown, param: string): JsonObject {
  const object = optionalObject(value, param);
  if (object === undefined) throw fail(param, 'is required and must be an object');
  return object;
}

export function optionalArray(value: unknown, param: string): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw fail(param, `must be an array, not ${kindOf(value)}`);
  return value as unknown[];
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
