import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codexVendor } from '../../src/auth/codex/codex.ts';
import { findImport, stateOf } from '../../src/auth/oauth/admin.ts';
import { seal } from '../../src/config/secrets/sealed.ts';
import { createTokenCipher } from '../../src/config/secrets/token-cipher.ts';
import { systemClock } from '../../src/spec/clock.ts';
import { loginFor, tempFolder } from './support.ts';

/** A home with ZeroClaw's files in it, tokens sealed with ZeroClaw's own key. */
function zeroclaw(folder: string) {
  const home = tempFolder();
  const env = { HOME: home, STANDIN_HOME: join(home, '.standin'), STANDIN_KEYRING: 'off' };
  const base = join(home, '.zeroclaw');
  mkdirSync(join(base, folder), { recursive: true });
  const key = Buffer.alloc(32, 7);
  writeFileSync(join(base, '.secret_key'), key.toString('hex'), { mode: 0o600 });
  const profile = (n: number) => ({
    model_provider: 'openai-codex',
    kind: 'oauth',
    refresh_token: seal(`zc-refresh-${n}`, key),
  });
  const profiles = { 'openai-codex:one': profile(1), 'openai-codex:two': profile(2) };
  const active_profiles = { 'openai-codex': 'openai-codex:two' };
  writeFileSync(
    join(base, folder, 'auth-profiles.json'),
    JSON.stringify({ schema_version: 1, active_profiles, profiles }),
  );
  const options = {
    vendor: codexVendor,
    env,
    clock: systemClock,
    cipherOf: (at: string) => createTokenCipher(env, at),
  };
  return { home, base, options };
}

describe('taking over a login', () => {
  it.each(['.', 'state', 'data/state'])('opens ZeroClaw’s with ZeroClaw’s key (%s)', (folder) => {
    const { options, base } = zeroclaw(folder);
    const found = findImport(options);
    expect(found?.login.refresh?.reveal()).toBe('zc-refresh-2');
    expect(found?.isShared).toBe(false);
    expect(findImport({ ...options, profile: 'one' })?.login.refresh?.reveal()).toBe('zc-refresh-1');
    expect(findImport({ ...options, profile: 'none' })).toBeUndefined();
    const from = join(base, folder, 'auth-profiles.json');
    expect(findImport({ ...options, env: { HOME: tempFolder() }, from })?.login.refresh?.reveal()).toBe('zc-refresh-2');
  });

  it('prefers the vendor’s own program, and says which file is none', () => {
    const { home, options } = zeroclaw('.');
    mkdirSync(join(home, '.codex'));
    const path = join(home, '.codex', 'auth.json');
    writeFileSync(path, JSON.stringify({ tokens: { access_token: 'a', refresh_token: 'own' } }));
    expect(findImport(options)).toMatchObject({ from: path, isShared: true });
    writeFileSync(path, 'no json');
    expect(() => findImport(options)).toThrow(/auth\.json is no login file of Codex CLI/);
    expect(findImport({ ...options, from: join(home, 'absent.json') })).toBeUndefined();
  });
});

describe('the state of a login', () => {
  it('is told without asking anybody', () => {
    const now = Date.now();
    const state = (part: Parameters<typeof loginFor>[1]) => stateOf(loginFor('openai-codex', part), now);
    expect(state({ expiresAt: now + 1000 })).toBe('good');
    expect(state({ expiresAt: now - 1000 })).toBe('renewable');
    expect(state({ expiresAt: now - 1000, refresh: undefined })).toBe('expired');
    expect(state({ expiresAt: now - 1000, metadata: { problem: 'revoked' } })).toBe('revoked');
  });
});
