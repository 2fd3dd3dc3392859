import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, createKeyring } from '@standin/store';
import { describe, expect, test } from 'vitest';
import { ADMIN_ROUTES } from '../../src/admin/endpoints.ts';
import { postJson, startAdmin, temporaryFolder } from '../helpers/admin-bench.ts';
import { createFakeStandin } from '../helpers/fake-standin.ts';

/** Every file of the home with its bytes. */
function contentOf(home: string): Record<string, string> {
  const names = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => [name, readFileSync(join(parentPath, name), 'latin1')]),
  );
}

describe('every admin route without a session', () => {
  test('answers 401 and changes nothing; with a foreign page behind it, 403', async () => {
    const home = temporaryFolder();
    const path = join(home, 'keys.json');
    const { key } = createKey(path, { name: 'ci', now: 1 });
    const bench = await startAdmin({ standin: createFakeStandin(), keys: createKeyring({ path }), admin: { home } });
    const browser = await bench.pair();
    const before = contentOf(home);
    const closed = ADMIN_ROUTES.filter(({ access = 'admin' }) => access === 'admin');
    expect(closed.length).toBeGreaterThan(5);
    for (const { method, pattern } of closed) {
      const address = bench.url + pattern.replace(/\{\w+\}/, 'ses_1');
      const ask = (headers: Record<string, string>) =>
        method === 'GET' ? fetch(address, { headers }) : postJson(address, {}, headers);
      const none = await ask({});
      expect(none.status, pattern).toBe(401);
      expect(await none.json(), pattern).toMatchObject({ error: { code: 'session_required' } });
      expect(
        (await ask({ cookie: `standin_session_${bench.port}=forged`, 'x-standin-csrf': 'forged' })).status,
        pattern,
      ).toBe(401);
      expect((await ask({ authorization: `Bearer ${key}` })).status, pattern).toBe(403);
      const foreign = { cookie: browser.cookie, 'x-standin-csrf': browser.csrf, 'sec-fetch-site': 'cross-site' };
      expect((await ask(foreign)).status, pattern).toBe(403);
      if (method === 'POST') expect((await ask({ cookie: browser.cookie })).status, pattern).toBe(403);
    }
    expect(contentOf(home)).toEqual(before);
  });

  test('answers nobody where nobody can be paired', async () => {
    const { url } = await startAdmin({ standin: createFakeStandin() });
    expect((await fetch(`${url}/api/status`)).status).toBe(401);
  });
});
