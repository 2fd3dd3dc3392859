import { describe, expect, test } from 'vitest';
import { callerTimeoutMs } from '../src/caller-timeout.ts';

describe("the caller's own deadline", () => {
  test('is read from the official SDKs, in seconds, and left a little early', () => {
    expect(callerTimeoutMs({ 'x-stainless-timeout': '600' }, undefined)).toBe(599_500);
    expect(callerTimeoutMs({ 'x-stainless-timeout': '2' }, undefined)).toBe(1_900);
    expect(callerTimeoutMs({ 'x-server-timeout': '2' }, undefined)).toBe(1_900);
  });

  test('the shortest of all that are given holds', () => {
    expect(callerTimeoutMs({ 'x-stainless-timeout': '600', 'x-litellm-timeout': '30' }, { timeout: 20 })).toBe(19_500);
  });

  test.each(['', '0', '-3', 'abc', '1m30s', '0x10', 'NaN', '1e400'])('%j is no deadline', (value) => {
    expect(callerTimeoutMs({ 'x-stainless-timeout': value }, undefined)).toBeUndefined();
  });

  test('none given is none', () => {
    expect(callerTimeoutMs({}, {})).toBeUndefined();
  });
});
