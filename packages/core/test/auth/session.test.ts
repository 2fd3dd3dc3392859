import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { codexFile } from '../../src/auth/codex/auth-file.ts';
import { codexVendor } from '../../src/auth/codex/codex.ts';
import { filePlace, memoryPlace, storedPlace, type LoginPlace } from '../../src/auth/oauth/place.ts';
import { createLoginSession } from '../../src/auth/oauth/session.ts';
import type { Login } from '../../src/auth/oauth/login.ts';
import { systemClock, type Clock } from '../../src/spec/clock.ts';
import type { Log } from '../../src/spec/log.ts';
import { Secret } from '../../src/spec/secret.ts';
import { failureOf, identityServer, jwt, loginFor, realHttp, storeIn, tempFolder, type Reply } from './support.ts';

const far = () => Math.floor(Date.now() / 1000) + 3600;
const fresh = (n: number): Reply => ({ json: { access_token: jwt({ exp: far() }, n), refresh_token: `refresh-${n}` } });

/** A clock that can be set ahead; timers are real. */
function movableClock(): Clock & { ahead(ms: number): void } {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    wallMs: () => Date.now() + offset,
    ahead: (ms) => void (offset += ms),
  };
}

async function sessionOver(place: LoginPlace, answer: (count: number) => Reply) {
  const identity = await identityServer((_asked, count) => answer(count));
  const logs: string[] = [];
  const log: Log = (_level, message, fields) => void logs.push(`${message} ${JSON.stringify(fields)}`);
  const clock = movableClock();
  const session = createLoginSession({
    place,
    vendor: codexVendor,
    issuer: identity.url,
    http: realHttp(),
    clock,
    log,
  });
  return { identity, session, logs, clock };
}

async function stored(login: Login) {
  const home = tempFolder();
  const store = storeIn(home);
  await store.put(login);
  return { home, store, place: storedPlace(store, login.provider, login.name, codexFile) };
}

describe('a session', () => {
  it('renews a token that has ended, once for all who ask, and stores what came', async () => {
    const { store, place } = await stored(loginFor(codexVendor));
    const { identity, session } = await sessionOver(place, (count) => fresh(count));
    const all = await Promise.all(Array.from({ length: 20 }, () => session.login()));
    expect(new Set(all.map((login) => login.access?.reveal())).size).toBe(1);
    expect(identity.asked.length).toBe(1);
    expect(store.get('openai-codex', 'default')?.refresh?.reveal()).toBe('refresh-1');
    await session.login();
    expect(identity.asked.length).toBe(1);
  });

  it('asks nobody while the token is good', async () => {
    const { place } = await stored(loginFor(codexVendor, { expiresAt: Date.now() + 3_600_000 }));
    const { identity, session } = await sessionOver(place, fresh);
    expect((await session.login()).access?.reveal()).toBe('access-0');
    expect(identity.asked.length).toBe(0);
  });

  it('renews a token that was refused, once, though several calls were refused with it', async () => {
    const { place } = await stored(loginFor(codexVendor, { expiresAt: Date.now() + 3_600_000 }));
    const { identity, session, clock } = await sessionOver(place, fresh);
    await session.login();
    const first = await Promise.all([session.login({ renew: true }), session.login({ renew: true })]);
    const late = await session.login({ renew: true });
    expect(identity.asked.length).toBe(1);
    expect(late.access?.reveal()).toBe(first[0]?.access?.reveal());
    clock.ahead(60_000);
    await session.login({ renew: true });
    expect(identity.asked.length).toBe(2);
  });

  it('takes over what another process renewed meanwhile instead of renewing again', async () => {
    const { store, place } = await stored(loginFor(codexVendor, { expiresAt: Date.now() + 3_600_000 }));
    const { identity, session } = await sessionOver(place, fresh);
    await session.login();
    await store.put(loginFor(codexVendor, { access: new Secret('theirs'), expiresAt: Date.now() + 3_600_000 }));
    expect((await session.login({ renew: true })).access?.reveal()).toBe('theirs');
    expect(identity.asked.length).toBe(0);
  });

  it('notices a new sign-in within seconds', async () => {
    const { store, place } = await stored(loginFor(codexVendor, { expiresAt: Date.now() + 3_600_000 }));
    const { session, clock } = await sessionOver(place, fresh);
    await session.login();
    await store.put(loginFor(codexVendor, { access: new Secret('new-account'), expiresAt: Date.now() + 3_600_000 }));
    clock.ahead(2_000);
    expect((await session.login()).access?.reveal()).toBe('new-account');
    await store.remove('openai-codex', 'default');
    clock.ahead(2_000);
    expect(await failureOf(session.login())).toMatchObject({ kind: 'auth', rule: 'login:missing' });
  });

  it('keeps the tokens an answer leaves out', async () => {
    const { store, place } = await stored(loginFor(codexVendor, { idToken: new Secret('id-0'), accountId: 'acc' }));
    const access = jwt({ exp: far() });
    const { session } = await sessionOver(place, () => ({ json: { access_token: access } }));
    expect((await session.login()).refresh?.reveal()).toBe('refresh-0');
    expect(store.get('openai-codex', 'default')).toMatchObject({ accountId: 'acc' });
    expect(store.get('openai-codex', 'default')?.idToken?.reveal()).toBe('id-0');
  });
});

describe('a login that cannot be used', () => {
  it('is missing, expired, revoked or unreadable, each with the next step', async () => {
    const home = tempFolder();
    const missing = await sessionOver(storedPlace(storeIn(home), 'openai-codex', 'work'), fresh);
    const error = await failureOf(missing.session.login());
    expect(error).toMatchObject({ kind: 'auth', rule: 'login:missing' });
    expect(error.message).toContain('standin auth login --provider openai-codex --profile work');

    const { place: ended } = await stored(loginFor(codexVendor, { refresh: undefined }));
    expect(await failureOf((await sessionOver(ended, fresh)).session.login())).toMatchObject({ rule: 'login:expired' });

    const { place: fixed } = await stored(
      loginFor(codexVendor, { kind: 'token', refresh: undefined, expiresAt: undefined }),
    );
    const token = (await sessionOver(fixed, fresh)).session;
    expect((await token.login()).access?.reveal()).toBe('access-0');
    expect(await failureOf(token.login({ renew: true }))).toMatchObject({ rule: 'login:revoked' });

    const { home: broken, place: sealed } = await stored(loginFor(codexVendor));
    const file = join(broken, 'auth-profiles.json');
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll('enc2:', 'enc2:bad'));
    const unreadable = await failureOf((await sessionOver(sealed, fresh)).session.login());
    expect(unreadable).toMatchObject({ rule: 'login:unreadable' });
    expect(unreadable.message).toContain('restore the key');
  });

  it('is asked for only once when the server refuses it for good, until somebody signs in again', async () => {
    const { store, place } = await stored(loginFor(codexVendor));
    const refused: Reply = { status: 401, json: { error: { code: 'refresh_token_expired' } } };
    let reply = refused;
    const { identity, session, clock } = await sessionOver(place, () => reply);
    for (let i = 0; i < 5; i++) expect(await failureOf(session.login())).toMatchObject({ rule: 'login:expired' });
    expect(identity.asked.length).toBe(1);
    expect(store.get('openai-codex', 'default')?.metadata).toMatchObject({ problem: 'expired' });
    reply = fresh(7);
    await store.put(loginFor(codexVendor, { refresh: new Secret('refresh-new') }));
    clock.ahead(2_000);
    expect((await session.login()).refresh?.reveal()).toBe('refresh-7');
    expect(store.get('openai-codex', 'default')?.metadata['problem']).toBeUndefined();
  });

  it('goes on with the rest of the old token while the identity server is down', async () => {
    const { place } = await stored(loginFor(codexVendor, { expiresAt: Date.now() + 60_000 }));
    const { identity, session, logs, clock } = await sessionOver(place, () => ({ status: 500 }));
    expect((await session.login()).access?.reveal()).toBe('access-0');
    expect((await session.login()).access?.reveal()).toBe('access-0');
    expect(identity.asked.length).toBe(1);
    expect(logs.join()).not.toContain('refresh-0');
    clock.ahead(70_000);
    expect(await failureOf(session.login())).toMatchObject({ kind: 'server', rule: 'login:unreachable' });
  });

  it('keeps working when the renewed tokens cannot be written', async () => {
    const place = memoryPlace(loginFor(codexVendor), 'test');
    const { session, logs } = await sessionOver(
      { ...place, write: () => Promise.reject(new Error('disk full')) },
      fresh,
    );
    expect((await session.login()).refresh?.reveal()).toBe('refresh-1');
    expect((await session.login()).refresh?.reveal()).toBe('refresh-1');
    expect(logs.join()).toContain('disk full');
  });
});

describe('the file of the vendor’s own program', () => {
  const authJson = (access: string, refresh: string): string =>
    JSON.stringify({ tokens: { access_token: access, refresh_token: refresh, account_id: 'acc' }, mine: 1 });

  it('is renewed where it lies and keeps what else it holds', async () => {
    const path = join(tempFolder(), 'auth.json');
    writeFileSync(path, authJson(jwt({ exp: 1000 }), 'refresh-0'));
    const { session } = await sessionOver(filePlace(codexFile, path, 'openai-codex'), fresh);
    await session.login();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      mine: 1,
      tokens: { refresh_token: 'refresh-1', account_id: 'acc' },
    });
  });

  it('gives its newer tokens to an imported profile of the same account, and gets renewed ones back', async () => {
    const source = join(tempFolder(), 'auth.json');
    const good = jwt({ exp: far() }, 5);
    writeFileSync(source, authJson(good, 'refresh-5'));
    const { store, place } = await stored(loginFor(codexVendor, { accountId: 'acc', metadata: { source } }));
    const { identity, session } = await sessionOver(place, () => fresh(6));
    expect((await session.login()).access?.reveal()).toBe(good);
    expect(identity.asked.length).toBe(0);
    await store.put(
      loginFor(codexVendor, { accountId: 'acc', refresh: new Secret('refresh-5'), metadata: { source } }),
    );
    writeFileSync(source, authJson(jwt({ exp: 1000 }), 'refresh-5'));
    const again = await sessionOver(place, () => fresh(6));
    await again.session.login();
    expect(readFileSync(source, 'utf8')).toContain('refresh-6');
  });

  it('is left alone when it is another account’s', async () => {
    const source = join(tempFolder(), 'auth.json');
    writeFileSync(source, authJson(jwt({ exp: far() }, 5), 'refresh-0').replace('"acc"', '"other"'));
    const { place } = await stored(loginFor(codexVendor, { accountId: 'acc', metadata: { source } }));
    const { identity, session } = await sessionOver(place, () => fresh(6));
    await session.login();
    expect(identity.asked.length).toBe(1);
    expect(readFileSync(source, 'utf8')).toContain('refresh-0');
  });
});

describe('several processes', () => {
  const script = fileURLToPath(new URL('renew-process.ts', import.meta.url));
  const run = promisify(execFile);

  it.each(['', 'renew'])(
    'renew a login once between them (%s)',
    async (renew) => {
      const home = tempFolder();
      const identity = await identityServer((_asked, count) => ({ ...fresh(count), afterMs: 300 }));
      const open = { seal: (text: string) => text, open: (text: string) => text };
      const expiresAt = renew === '' ? Date.now() - 1000 : Date.now() + 3_600_000;
      await storeIn(home, open).put(loginFor(codexVendor, { expiresAt }));
      const outputs = await Promise.all(
        [1, 2, 3].map(() => run(process.execPath, [script, home, identity.url, renew])),
      );
      const shown = new Set(outputs.map(({ stdout }) => stdout.trim()));
      expect(shown.size).toBe(1);
      expect(identity.asked.length).toBe(1);
      expect(readdirSync(join(home, 'locks'))).toEqual([]);
    },
    20_000,
  );
});
