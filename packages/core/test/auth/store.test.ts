import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomically } from '../../src/auth/store/atomic-file.ts';
import { withLock } from '../../src/auth/store/lock-file.ts';
import { systemClock } from '../../src/spec/clock.ts';
import { Secret } from '../../src/spec/secret.ts';
import { failureOf, loginFor, storeIn, tempFolder } from './support.ts';

const clock = systemClock;

describe('the token store', () => {
  it('keeps tokens sealed, with mode 0600, and gives them back', async () => {
    const home = tempFolder();
    const store = storeIn(home);
    const login = loginFor('openai-codex', {
      idToken: new Secret('id-0'),
      accountId: 'acc',
      metadata: { email: 'a@b.test' },
    });
    await store.put(login);
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
    const text = readFileSync(store.path, 'utf8');
    for (const token of ['access-0', 'refresh-0', 'id-0']) expect(text).not.toContain(token);
    const back = store.get('openai-codex', 'default');
    expect(back).toMatchObject({ accountId: 'acc', expiresAt: login.expiresAt, metadata: { email: 'a@b.test' } });
    expect(back?.refresh?.reveal()).toBe('refresh-0');
    expect(JSON.stringify(store.list())).not.toContain('refresh-0');
  });

  it('makes the first profile the active one and follows a change of it', async () => {
    const store = storeIn(tempFolder());
    await store.put(loginFor('copilot', { name: 'one' }));
    await store.put(loginFor('copilot', { name: 'two' }));
    expect(store.active('copilot')).toBe('one');
    await store.put(loginFor('copilot', { name: 'two' }), { activate: true });
    expect(store.active('copilot')).toBe('two');
    expect(await store.remove('copilot', 'two')).toBe(true);
    expect(await store.remove('copilot', 'two')).toBe(false);
    expect(store.active('copilot')).toBe('one');
  });

  it('reads ZeroClaw’s file, keeps what it does not know, and takes either name of the provider', async () => {
    const home = tempFolder();
    const profile = {
      model_provider: 'openai-codex',
      profile_name: 'work',
      kind: 'oauth',
      account_id: 'acc',
      workspace_id: 'w-1',
      access_token: 'plain-access',
      refresh_token: `enc2:${Buffer.from('sealed-refresh').toString('hex')}`,
      expires_at: '2030-01-01T00:00:00Z',
      metadata: { a: '1', deep: { b: 2 } },
      created_at: '2026-01-01T00:00:00Z',
    };
    const token = { provider: 'anthropic', profile_name: 'default', kind: 'token', token: 'fixed' };
    const content = {
      schema_version: 1,
      extra: true,
      active_profiles: { 'openai-codex': 'openai-codex:work' },
      profiles: { 'openai-codex:work': profile, 'anthropic:default': token },
    };
    writeFileSync(join(home, 'auth-profiles.json'), JSON.stringify(content));
    const store = storeIn(home);
    expect(store.active('openai-codex')).toBe('work');
    const login = store.get('openai-codex', 'work');
    expect(login?.access?.reveal()).toBe('plain-access');
    expect(login?.refresh?.reveal()).toBe('sealed-refresh');
    expect(login?.expiresAt).toBe(Date.parse('2030-01-01T00:00:00Z'));
    expect(store.get('anthropic', 'default')).toMatchObject({ kind: 'token' });
    if (login !== undefined) await store.put(login);
    const after = JSON.parse(readFileSync(store.path, 'utf8')) as typeof content;
    expect(after.extra).toBe(true);
    expect(after.profiles['openai-codex:work']).toMatchObject({
      workspace_id: 'w-1',
      metadata: { a: '1', deep: { b: 2 } },
      created_at: '2026-01-01T00:00:00.000Z',
    });
    expect(after.profiles['openai-codex:work'].access_token).toMatch(/^enc2:/);
    expect(after.profiles['anthropic:default']).toEqual(token);
  });

  it.each([['{'], ['[]'], ['{"schema_version":2,"profiles":{}}']])(
    'never overwrites what it cannot read: %s',
    async (text) => {
      const home = tempFolder();
      const path = join(home, 'auth-profiles.json');
      writeFileSync(path, text);
      const error = await failureOf(storeIn(home).put(loginFor('copilot')));
      expect(error).toMatchObject({ kind: 'auth', rule: 'login:unreadable' });
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );

  it('loses no profile when many are written at once', async () => {
    const home = tempFolder();
    await Promise.all(Array.from({ length: 12 }, (_, i) => storeIn(home).put(loginFor('copilot', { name: `n${i}` }))));
    expect(storeIn(home).list().length).toBe(12);
  });

  it('replaces the file behind a symbolic link and leaves no rest', () => {
    const home = tempFolder();
    mkdirSync(join(home, 'real'));
    writeFileSync(join(home, 'real', 'file'), 'old');
    symlinkSync(join(home, 'real', 'file'), join(home, 'link'));
    writeAtomically(join(home, 'link'), 'new');
    expect(readFileSync(join(home, 'real', 'file'), 'utf8')).toBe('new');
  });
});

describe('the lock', () => {
  const lockPath = () => join(tempFolder(), 'x.lock');

  it('lets one in at a time, also after a failure inside', async () => {
    const path = lockPath();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      throw new Error('inside');
    };
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => withLock(path, { clock }, work)));
    expect(most).toBe(1);
    expect(all.every((one) => one.status === 'rejected' && String(one.reason).includes('inside'))).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it('takes over from a process that died, and from one unheard of for long', async () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify({ id: 'x', pid: 2 ** 22 + 1, host: hostname() }));
    expect(await withLock(path, { clock, waitMs: 2_000 }, () => Promise.resolve('dead'))).toBe('dead');
    writeFileSync(path, JSON.stringify({ id: 'x', pid: 1, host: 'another-machine' }));
    const old = new Date(Date.now() - 60_000);
    utimesSync(path, old, old);
    expect(await withLock(path, { clock, waitMs: 2_000 }, () => Promise.resolve('old'))).toBe('old');
    writeFileSync(path, '');
    utimesSync(path, old, old);
    expect(await withLock(path, { clock, waitMs: 2_000 }, () => Promise.resolve('empty'))).toBe('empty');
  });

  it('does not take over from one that lives', async () => {
    const path = lockPath();
    writeFileSync(path, JSON.stringify({ id: 'x', pid: process.pid, host: hostname() }));
    const error = await failureOf(withLock(path, { clock, waitMs: 200 }, () => Promise.resolve('never')));
    expect(error.kind).toBe('timeout');
    expect(existsSync(path)).toBe(true);
  });
});
