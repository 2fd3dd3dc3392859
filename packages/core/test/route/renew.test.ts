import { describe, expect, it } from 'vitest';
import { ProviderError, type ErrorDetails } from '../../src/spec/errors.ts';
import type { Endpoint, Target } from '../../src/route/target.ts';
import { createWorld, endpoint, planOf, play, target, type Act } from './virtual.ts';

const refused = (status: number): Act => {
  const error: ErrorDetails = { kind: status === 401 ? 'auth' : 'permission', message: 'token refused', status };
  return { do: 'status', status, error };
};

/** An entry with a login: each renewal makes the next token. */
function loginTarget(prepare?: Endpoint['prepare']): { target: Target; renewals: () => number } {
  let generation = 1;
  const plain = endpoint('login.main', 'http://login.main.test');
  const own: Endpoint['prepare'] = (call, _key, how) => {
    if (how.renew) generation++;
    return Promise.resolve({ ...call, headers: { ...call.headers, authorization: `token-${generation}` } });
  };
  const made = target('login.main', 'm', ['profile'], {
    via: { endpoint: { ...plain, prepare: prepare ?? own, renewable: true } },
  });
  return { target: made, renewals: () => generation - 1 };
}

describe('a refused credential that can be renewed', () => {
  it.each([401, 403])('is renewed once after a %i and the same target asked again', async (status) => {
    const login = loginTarget();
    const world = createWorld((seen) => (seen.key === 'token-1' ? refused(status) : { do: 'answer' }));
    const outcome = await play(world, planOf([login.target, target('custom.spare', 's', ['sk-s'])]));
    expect(outcome.text).toBe('hello world');
    expect(world.seen.map((seen) => seen.key)).toEqual(['token-1', 'token-2']);
    expect(outcome.attempts.map((attempt) => attempt.reason)).toEqual(['first', expect.stringContaining('renewed')]);
    expect(world.health.list(world.clock.now())).toEqual([]);
  });

  it('is renewed no second time in one request; the walk goes on', async () => {
    const login = loginTarget();
    const world = createWorld((seen) => (seen.url.includes('login') ? refused(401) : { do: 'answer' }));
    const outcome = await play(world, planOf([login.target, target('custom.spare', 's', ['sk-s'])]));
    expect(outcome.text).toBe('hello world');
    expect(login.renewals()).toBe(1);
    expect(world.seen.map((seen) => seen.key)).toEqual(['token-1', 'token-2', 'sk-s']);
    expect(world.health.list(world.clock.now())).toMatchObject([{ entry: 'login.main', reason: /auth/ }]);
  });

  it('is not renewed when preparing the call says that nobody is signed in', async () => {
    let asked = 0;
    const login = loginTarget(() => {
      asked++;
      return Promise.reject(new ProviderError({ kind: 'auth', message: 'not signed in: run the login' }));
    });
    const world = createWorld(() => ({ do: 'answer' }));
    const outcome = await play(world, planOf([login.target]));
    expect(outcome.error?.message).toContain('not signed in');
    expect([asked, world.seen.length]).toEqual([1, 0]);
  });

  it('is tried again soon after: a login made meanwhile counts', async () => {
    let signedIn = false;
    const login = loginTarget((call) =>
      signedIn
        ? Promise.resolve(call)
        : Promise.reject(new ProviderError({ kind: 'auth', message: 'not signed in: run the login' })),
    );
    const world = createWorld(() => ({ do: 'answer' }));
    await play(world, planOf([login.target]));
    signedIn = true;
    const outcome = await play(world, planOf([login.target]));
    expect(outcome.text).toBe('hello world');
    expect(outcome.tookMs).toBeLessThan(6_000);
  });
});

describe('a call that takes preparing', () => {
  it('leaves with the address and headers it was given', async () => {
    const login = loginTarget((call) => Promise.resolve({ ...call, url: 'http://elsewhere.test/chat' }));
    const world = createWorld(() => ({ do: 'answer' }));
    const outcome = await play(world, planOf([login.target]));
    expect(world.seen[0]?.url).toBe('http://elsewhere.test/chat');
    expect(outcome.attempts[0]?.url).toBe('http://elsewhere.test/chat');
  });

  it('is given up when preparing takes longer than the attempt may', async () => {
    const login = loginTarget(() => new Promise(() => {}));
    const world = createWorld(() => ({ do: 'answer' }));
    const outcome = await play(world, planOf([login.target, target('custom.spare', 's', ['sk-s'])]));
    expect(outcome.text).toBe('hello world');
    expect(world.seen.map((seen) => seen.key)).toEqual(['sk-s']);
  });
});
