import { RequestError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { CacheControl } from '../../spec/message.ts';

/** A 400 in this wire's words: the field's path with dots, then what is wrong with it. */
export function invalid(path: string, problem: string): RequestError {
  const dotted = path.replaceAll(/\[(\d+)\]/g, '.$1');
  const message = path === '' || problem.startsWith(`${dotted}:`) ? problem : `${dotted}: ${problem}`;
  return new RequestError(message, {
    status: 400,
    code: 'invalid_request_error',
    param: path === '' ? undefined : path,
  });
}

/** `undefined` for absent and null. */
export function stringAt(object: JsonObject, key: string, prefix = ''): string | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${prefix}${key}`, 'Input should be a valid string');
  return value;
}

export function numberAt(
  object: JsonObject,
  key: string,
  rule: { readonly integer?: boolean; readonly minimum?: number },
  prefix = '',
): number | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  const path = `${prefix}${key}`;
  if (typeof value !== 'number') throw invalid(path, `Input should be a valid ${rule.integer ? 'integer' : 'number'}`);
  if (rule.integer === true && !Number.isInteger(value)) throw invalid(path, 'Input should be a valid integer');
  if (rule.minimum !== undefined && value < rule.minimum) {
    throw invalid(path, `Input should be greater than or equal to ${rule.minimum}`);
  }
  return value;
}

export function optionalObject(object: JsonObject, key: string, prefix = ''): JsonObject | undefined {
  const value = object[key];
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw invalid(`${prefix}${key}`, 'Input should be a valid dictionary');
  return value;
}

export function readCacheControl(object: JsonObject, path: string): CacheControl | undefined {
  const control = optionalObject(object, 'cache_control', `${path}.`);
  if (control === undefined) return undefined;
  const { ttl } = control;
  if (ttl === undefined || ttl === null) return {};
  if (ttl !== '5m' && ttl !== '1h') throw invalid(`${path}.cache_control.ttl`, "Input should be '5m' or '1h'");
  return { ttl };
}
