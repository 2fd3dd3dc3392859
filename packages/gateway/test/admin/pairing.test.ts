import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, createKeyring } from '@standin/store';
import { describe, expect, test } from 'vitest';
import { browserOf, cookieOf, postJson, startAdmin, temporaryFolder } from '../helpers/admin-bench.ts';
import { createFakeStandin } from '../helpers/fake-standin.ts';
import { CHAT } from '../helpers/running-gateway.ts';
import { createVirtualClock } from '../helpers/virtual-clock.ts';

const standin = () => createFakeStandin((run) => run.answer('hello'));

describe('pairing', () => {
  test('a code makes one session, however it is written, and only once', async () => {
    const { url, code, home } = await startAdmin({ standin: standin() });
    const given = code();
    expect(given).toMatch(/^[A-Z2-9]{4}-[A-Z2-9]{4}$/);
    const first = await postJson(`${url}/api/pair`, {
      code: ` ${given.toLowerCase().replace('-', '')} `,
      name: 'my desk',
    });
    expect(first.status).toBe(200);
    const cookie = first.headers.getSetCookie()[0] ?? '';
    expect(cookie).toMatch(/^standin_session_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/);
    expect(await first.json()).toMatchObject({ session: { name: 'my desk', current: true } });
    const again = await postJson(`${url}/api/pair`, { code: given });
    expect(again.status).toBe(401);
    expect(again.headers.getSetCookie()).toEqual([]);
    const file = join(home, 'browser-sessions.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(cookieOf(first).split('=')[1]);
  });

  test('many at the same time: one gets in', async () => {
    const { url, code } = await startAdmin({ standin: standin() });
    const given = code();
    const answers = await Promise.all([1, 2, 3, 4].map(async () => postJson(`${url}/api/pair`, { code: given })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401]);
  });

  test('a wrong, an old and a replaced code fail alike', async () => {
    const clock = createVirtualClock();
    const { url, code } = await startAdmin({ standin: standin(), clock });
    expect((await postJson(`${url}/api/pair`, { code: 'AAAA-AAAA' })).status).toBe(401);
    const replaced = code();
    const old = code();
    expect((await postJson(`${url}/api/pair`, { code: replaced })).status).toBe(401);
    clock.advance(10 * 60_000 + 1);
    const answer = await postJson(`${url}/api/pair`, { code: old });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toMatchObject({ error: { code: 'pairing_failed' } });
  });

  test('guessing is slowed down, and a good code is not tried then either', async () => {
    const clock = createVirtualClock();
    const { url, code } = await startAdmin({ standin: standin(), clock });
    for (let i = 0; i < 5; i++)
      expect((await postJson(`${url}/api/pair`, { code: `BBBB-BBB${i + 2}` })).status).toBe(401);
    const given = code();
    const refused = await postJson(`${url}/api/pair`, { code: given });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    clock.advance(60_001);
    expect((await postJson(`${url}/api/pair`, { code: given })).status).toBe(200);
  });

  test('on https the cookie is secure', async () => {
    const { url, code } = await startAdmin({ standin: standin() });
    const answer = await postJson(`${url}/api/pair`, { code: code() }, { 'x-forwarded-proto': 'https' });
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure');
  });

  test.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['another port as origin', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame', { origin: 'null' }],
  ])('%s cannot pair, and does not use the code up', async (_name, headers) => {
    const { url, code } = await startAdmin({ standin: standin() });
    const given = code();
    expect((await postJson(`${url}/api/pair`, { code: given }, headers)).status).toBe(403);
    expect((await postJson(`${url}/api/pair`, { code: given })).status).toBe(200);
  });

  test('a form cannot pair', async () => {
    const { url, code } = await startAdmin({ standin: standin() });
    const body = JSON.stringify({ code: code() });
    const answer = await fetch(`${url}/api/pair`, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
    expect(answer.status).toBe(415);
  });
});

describe('a session', () => {
  test('tells who it is, is listed, ends by logout, by revocation, unused and at its age', async () => {
    const clock = createVirtualClock();
    const bench = await startAdmin({ standin: standin(), clock });
    const [one, two, three, four] = [await bench.pair(), await bench.pair(), await bench.pair(), await bench.pair()];
    const me = await one.json('/api/session');
    expect(me).toMatchObject({ csrf: one.csrf, admin: 'session', version: '1.2.3', session: { current: true } });
    const { data } = (await one.json('/api/sessions')) as unknown as { data: { id: string; current: boolean }[] };
    expect(data.map(({ current }) => current)).toEqual([true, false, false, false]);
    expect((await one.post(`/api/sessions/${data[1]?.id}/revoke`)).status).toBe(200);
    expect((await two.get('/api/session')).status).toBe(401);
    expect((await one.post('/api/sessions/ses_nobody/revoke')).status).toBe(404);
    const left = await one.post('/api/logout');
    expect(left.headers.getSetCookie()[0]).toContain('Max-Age=0');
    expect((await one.get('/api/session')).status).toBe(401);
    // In use, one goes on to its age; unused, the other ends before.
    for (let day = 0; day < 29; day++) {
      clock.advance(86_400_000);
      expect((await three.get('/api/session')).status).toBe(200);
    }
    expect((await four.get('/api/session')).status).toBe(401);
    clock.advance(86_400_001);
    expect((await three.get('/api/session')).status).toBe(401);
  });

  test('outlives the process, and is known to another one at once', async () => {
    const home = temporaryFolder();
    const first = await startAdmin({ standin: standin(), admin: { home } });
    const second = await startAdmin({ standin: standin(), admin: { home } });
    expect((await (await second.pair()).get('/api/session')).status).toBe(200);
    const browser = await first.pair();
    // The cookie's name holds the port; what it holds is good at every process of the home.
    const elsewhere = browserOf(
      second.url,
      browser.cookie.replace(String(first.port), String(second.port)),
      browser.csrf,
    );
    expect((await elsewhere.get('/api/session')).status).toBe(200);
    expect((await elsewhere.post('/api/logout')).status).toBe(200);
  });

  test('changes nothing without its CSRF token, with another one, or from another site', async () => {
    const bench = await startAdmin({ standin: standin() });
    const [one, two] = [await bench.pair(), await bench.pair()];
    const wrong: Record<string, string>[] = [
      { 'x-standin-csrf': '' },
      { 'x-standin-csrf': two.csrf },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of wrong)
      expect((await one.post('/api/logout', {}, headers)).status, JSON.stringify(headers)).toBe(403);
    const noSite = { cookie: one.cookie, 'x-standin-csrf': one.csrf };
    expect((await postJson(`${bench.url}/api/logout`, {}, { ...noSite, origin: 'http://evil.example' })).status).toBe(
      403,
    );
    expect((await one.get('/api/session')).status).toBe(200);
    expect((await postJson(`${bench.url}/api/logout`, {}, { ...noSite, origin: bench.url })).status).toBe(200);
  });

  test('makes model calls from the playground, and only with its token', async () => {
    const home = temporaryFolder();
    const path = join(home, 'keys.json');
    createKey(path, { name: 'ci', now: 1 });
    const ended: (string | undefined)[] = [];
    const accounting = { logs: [{ ended: ({ callerKey }: { callerKey?: string }) => void ended.push(callerKey) }] };
    const bench = await startAdmin({ standin: standin(), keys: createKeyring({ path }), accounting, admin: { home } });
    const browser = await bench.pair();
    expect((await browser.post('/v1/chat/completions', CHAT)).status).toBe(200);
    expect((await browser.get('/v1/models', { 'x-standin-csrf': browser.csrf })).status).toBe(200);
    expect((await browser.get('/v1/models')).status).toBe(401);
    expect((await browser.post('/v1/chat/completions', CHAT, { 'x-standin-csrf': 'no' })).status).toBe(401);
    expect((await browser.post('/v1/chat/completions', CHAT, { 'sec-fetch-site': 'cross-site' })).status).toBe(401);
    expect(ended).toEqual(['dashboard']);
  });
});

describe('an admin key', () => {
  test('needs no cookie and no CSRF token; other keys are not enough', async () => {
    const home = temporaryFolder();
    const path = join(home, 'keys.json');
    const admin = createKey(path, { name: 'ops', now: 1, admin: true }).key;
    const plain = createKey(path, { name: 'ci', now: 1 }).key;
    const { url } = await startAdmin({ standin: standin(), keys: createKeyring({ path }), admin: { home } });
    const asked = (key: string, path_: string, headers = {}) =>
      fetch(url + path_, { headers: { authorization: `Bearer ${key}`, ...headers } });
    expect(await (await asked(admin, '/api/session')).json()).toMatchObject({
      admin: 'key',
      csrf: null,
      session: null,
    });
    expect((await postJson(`${url}/api/logout`, {}, { 'x-api-key': admin })).status).toBe(200);
    const refused = await asked(plain, '/api/session');
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { code: 'admin_required' } });
    expect((await asked('sk-standin-nonsense', '/api/session')).status).toBe(401);
    // What this machine may read, others may with the right key.
    const passedOn = { 'x-forwarded-for': '203.0.113.9' };
    expect((await asked(admin, '/api/requests', passedOn)).status).toBe(200);
    expect((await asked(plain, '/api/requests', passedOn)).status).toBe(403);
    expect((await fetch(`${url}/api/requests`, { headers: passedOn })).status).toBe(401);
    expect((await fetch(`${url}/api/requests`)).status).toBe(200);
    // A page that another site's name leads here is not this machine.
    expect((await asked('none', '/api/requests', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  });
});
