import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { CacheControl } from '../../spec/message.ts';

/** A 400 as the service words it: the field's path with dots. */
export function invalid(path: string, problem: string): RequestError {
  const dotted = path.replaceAll(/\[(\d+)\]/g, '.$1');
  return new RequestError(path === '' ? problem : `${dotted}: ${problem}`, {
    status: 400,
    code: 'ValidationException',
    param: path === '' ? undefined : path,
  });
}

/** `undefined` for absent and null. */
export function stringAt(object: JsonObject, key: string, prefix = ''): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${prefix}${key}`, 'must be a string');
  return value;
}

export function requiredString(object: JsonObject, key: string, prefix = ''): string {
  const value = stringAt(object, key, prefix);
  if (value === undefined || value === '') throw invalid(`${prefix}${key}`, 'is required');
  return value;
}

export function numberAt(object: JsonObject, key: string, prefix = ''): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw invalid(`${prefix}${key}`, 'must be a number');
  return value;
}

export function objectAt(object: JsonObject, key: string, prefix = ''): JsonObject | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw invalid(`${prefix}${key}`, 'must be an object');
  return value;
}

export function listAt(object: JsonObject, key: string, prefix = ''): readonly JsonValue[] | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw invalid(`${prefix}${key}`, 'must be a list');
  return value;
}

/** The cache point of a block that is one; `undefined` for any other block. */
export function readCachePoint(block: JsonObject, path: string): CacheControl | undefined {
  const point = objectAt(block, 'cachePoint', `${path}.`);
  if (point === undefined) return undefined;
  const { ttl } = point;
  if (ttl === undefined || ttl === null) return {};
  if (ttl !== '5m' && ttl !== '1h') throw invalid(`${path}.cachePoint.ttl`, "must be '5m' or '1h'");
  return { ttl };
}

/** Puts a cache point onto the item before it; one at the very beginning closes nothing off. */
export function markLast(items: object[], cacheControl: CacheControl): void {
  const last = items.at(-1);
  if (last !== undefined) items[items.length - 1] = { ...last, cacheControl };
}
