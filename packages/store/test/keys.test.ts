import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createKeyring } from '../src/keyring.ts';
import { createKey, createKeyFinder, readKeys, revokeKey } from '../src/keys.ts';
import { tempDir, testClock } from './support.ts';

const pathIn = (dir: string): string => join(dir, 'home', 'keys.json');

describe('virtual keys', () => {
  test('are shown once and kept as a hash, readable by their owner only', () => {
    const path = pathIn(tempDir());
    const { key, record } = createKey(path, { name: 'ci', now: 5, models: ['gpt-*'], requestsPerMinute: 10 });
    expect(key).toMatch(/^sk-standin-[\w-]{43}$/);
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(key);
    expect(text).not.toContain(key.slice('sk-standin-'.length));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeys(path)).toEqual([record]);
    const find = createKeyFinder(readKeys(path));
    expect(find(key)?.name).toBe('ci');
    expect(find(`${key}x`)).toBeUndefined();
    expect(find(record.hash)).toBeUndefined();
    expect(find('')).toBeUndefined();
  });

  test('two keys of one name cannot be told apart, so the second is refused', () => {
    const path = pathIn(tempDir());
    createKey(path, { name: 'ci', now: 1 });
    expect(() => createKey(path, { name: 'ci', now: 2 })).toThrow(/named "ci"/);
    revokeKey(path, 'ci', 3);
    expect(createKey(path, { name: 'ci', now: 4 }).record.createdAt).toBe(4);
    expect(readKeys(path).length).toBe(2);
  });

  test('a running gateway hears of new and revoked keys within a second', () => {
    const path = pathIn(tempDir());
    const clock = testClock();
    const ring = createKeyring({ path, clock });
    expect(ring.required).toBe(false);
    const { key } = createKey(path, { name: 'a', now: 1 });
    clock.advance(1_000);
    expect(ring.required).toBe(true);
    expect(ring.find(key)?.name).toBe('a');
    revokeKey(path, 'a', 2);
    clock.advance(1_000);
    expect(ring.find(key)).toBeUndefined();
    expect(ring.required).toBe(true);
  });

  test('a file that breaks or vanishes opens nothing and locks nobody out', () => {
    const path = pathIn(tempDir());
    const clock = testClock();
    const { key } = createKey(path, { name: 'a', now: 1 });
    const ring = createKeyring({ path, clock });
    writeFileSync(path, '{"keys": [');
    clock.advance(1_000);
    expect(ring.find(key)?.name).toBe('a');
    rmSync(path);
    clock.advance(1_000);
    expect(ring.required).toBe(true);
    expect(ring.find(key)?.name).toBe('a');
    expect(ring.find('sk-standin-other')).toBeUndefined();
  });

  test('a file that is broken at the start is an error, not an open door', () => {
    const path = join(tempDir(), 'keys.json');
    writeFileSync(path, '[]');
    expect(() => createKeyring({ path })).toThrow(/does not hold/);
    writeFileSync(path, 'nonsense');
    expect(() => createKeyring({ path })).toThrow(/no JSON/);
  });
});
