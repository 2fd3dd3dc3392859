import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeBehaviours, parseShortForm, startSimulator, type Script, type Simulator } from '../src/index.ts';
import { manualClock, type ManualClock } from './testkit/manual-clock.ts';
import { ask, type Ask } from './testkit/raw-call.ts';

let clock: ManualClock;
let simulator: Simulator;
beforeEach(async () => {
  clock = manualClock();
  simulator = await startSimulator({ clock });
});
afterEach(() => simulator.close());

const status = async (how: Ask = {}) => (await ask(simulator.url, 'openai-chat', how).answer).status;
const statuses = async (...calls: readonly Ask[]) => {
  const seen: (number | undefined)[] = [];
  for (const call of calls) seen.push(await status(call));
  return seen;
};
const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('rules of a script', () => {
  const use = (rules: Script['rules'], more: Script = {}) => simulator.setScript({ ...more, rules });

  test('the first that fits wins, and an answer is the default', async () => {
    use([
      { match: { key: 'k2' }, behaviour: { error: 401 } },
      { match: { model: 'big-*' }, behaviour: '503' },
      { match: { wire: 'anthropic-messages' }, behaviour: '529' },
      { match: { stream: true }, behaviour: '500' },
    ]);
    expect(await statuses({ key: 'k2', model: 'big-one' }, { model: 'big-one' }, { stream: true }, {})).toEqual([
      401, 503, 500, 200,
    ]);
    expect((await ask(simulator.url, 'anthropic-messages').answer).status).toBe(529);
    expect(simulator.requests.map((request) => request.chosenBy)).toEqual([
      'rules[0]',
      'rules[1]',
      'rules[3]',
      'default',
      'rules[2]',
    ]);
  });

  test('headers and paths can be matched', async () => {
    use([
      { match: { headers: { 'X-Trace': 'a*' } }, behaviour: '503' },
      { match: { path: '/other/*' }, behaviour: '504' },
    ]);
    const call = (path: string, headers: Record<string, string>) =>
      fetch(simulator.url + path, {
        method: 'POST',
        headers,
        body: '{"model":"m","messages":[{"role":"user","content":"x"}]}',
      });
    expect((await call('/v1/chat/completions', { 'x-trace': 'abc' })).status).toBe(503);
    expect((await call('/other/chat/completions', {})).status).toBe(504);
    expect((await call('/v1/chat/completions', { 'x-trace': 'b' })).status).toBe(200);
  });

  test('a rule can count, together or for each key or model', async () => {
    use([{ times: 2, behaviour: '503' }]);
    expect(await statuses({ key: 'a' }, { key: 'b' }, { key: 'c' })).toEqual([503, 503, 200]);
    use([{ times: 1, per: 'key', behaviour: '503' }]);
    expect(await statuses({ key: 'a' }, { key: 'a' }, { key: 'b' }, { key: 'b' })).toEqual([503, 200, 503, 200]);
    use([{ match: { nth: [2, 3] }, per: 'model', behaviour: '503' }]);
    expect(await statuses(...times(4, { model: 'a' }), ...times(2, { model: 'b' }))).toEqual([
      200, 503, 503, 200, 200, 503,
    ]);
    use([{ match: { nth: 1, key: 'b' }, behaviour: '503' }]);
    expect(await statuses({ key: 'a' }, { key: 'b' }, { key: 'b' })).toEqual([200, 503, 200]);
  });

  test('a short form that is used up leaves the request to the next rule', async () => {
    use([{ behaviour: '503-x1-then-429' }, { behaviour: '500' }]);
    expect(await statuses({}, {}, {})).toEqual([503, 429, 429]);
    use([{ behaviour: '503-x2' }, { behaviour: '500-x1' }]);
    expect(await statuses({}, {}, {}, {})).toEqual([503, 503, 500, 200]);
  });

  test('an outage window opens and closes by the clock', async () => {
    use([{ match: { fromMs: 1000, untilMs: 61_000 }, behaviour: '503' }]);
    expect(await status()).toBe(200);
    clock.advance(1000);
    expect(await status()).toBe(503);
    clock.advance(59_999);
    expect(await status()).toBe(503);
    clock.advance(1);
    expect(await status()).toBe(200);
  });

  test('keys and models outside the lists are refused', async () => {
    use([], { keys: ['k1', 'k2'], models: ['a'], onlyListedModels: true });
    expect(await statuses({ model: 'a' }, { model: 'a', key: 'k3' }, { model: 'b', key: 'k2' })).toEqual([
      200, 401, 404,
    ]);
  });

  test('defaults lie under every behaviour', async () => {
    use([{ times: 1, behaviour: { text: 'special' } }], { defaults: { text: 'usual', headers: { 'x-a': 'b' } } });
    const bodies = [await ask(simulator.url, 'openai-chat').answer, await ask(simulator.url, 'openai-chat').answer];
    expect(bodies.map((answer) => answer.headers['x-a'])).toEqual(['b', 'b']);
    expect(bodies.map((answer) => /special|usual/.exec(answer.body)?.[0])).toEqual(['special', 'usual']);
  });

  test('added rules come first and leave the counters of the others alone', async () => {
    use([{ times: 2, behaviour: '500' }]);
    expect(await status()).toBe(500);
    simulator.failNext('429', 2);
    expect(await statuses({}, {}, {}, {})).toEqual([429, 429, 500, 200]);
    simulator.reset();
    expect(await status()).toBe(500);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('the behaviour in a model name', () => {
  const inTurn = (model: string, count: number) => statuses(...times(count, { model }));

  test('lasts for so many requests, then the next stage or an answer', async () => {
    expect(await inTurn('sim-500-x2', 4)).toEqual([500, 500, 200, 200]);
    expect(await inTurn('vendor/sim-503-then-429-x2-then-401', 5)).toEqual([503, 429, 429, 401, 401]);
    expect(await inTurn('my-sim-500', 1)).toEqual([200]);
  });

  test('lasts for a time from its first request on', async () => {
    clock.advance(5000);
    expect(await inTurn('sim-503-for60000', 2)).toEqual([503, 503]);
    clock.advance(59_999);
    expect(await inTurn('sim-503-for60000', 1)).toEqual([503]);
    clock.advance(1);
    expect(await inTurn('sim-503-for60000', 1)).toEqual([200]);
  });

  test('counts for each key when told to', async () => {
    const model = 'sim-429-x1-perkey';
    expect(await statuses({ model, key: 'a' }, { model, key: 'b' }, { model, key: 'a' })).toEqual([429, 429, 200]);
  });

  test('an unknown word is a 400 that lists the known ones', async () => {
    const { status: code, body } = await ask(simulator.url, 'openai-chat', { model: 'sim-exploded' }).answer;
    expect(code).toBe(400);
    expect(body).toContain('exploded');
    expect(body).toContain('headers-silent');
  });

  test('words combine, with numbers attached or apart', () => {
    expect(parseShortForm('slow-1500-think-cut-at20-rst')).toEqual([
      { behaviour: { headersMs: 1500, reasoning: true, fault: 'cut', atChars: 20, how: 'rst' } },
    ]);
    expect(parseShortForm('too-large-after2.5')[0]?.behaviour.error).toEqual({
      name: 'too-large',
      hints: { retryAfter: 2.5 },
    });
    expect(parseShortForm('429-afterms17-resets3')[0]?.behaviour.error).toEqual({
      status: 429,
      hints: { retryAfterMs: 17, rateLimitReset: '3s' },
    });
    expect(parseShortForm('after4-quota')[0]?.behaviour.error).toEqual({ name: 'quota', hints: { retryAfter: 4 } });
    expect(parseShortForm('error-event-at0-529')[0]?.behaviour).toEqual({
      fault: 'error-event',
      atChars: 0,
      error: 529,
    });
    for (const wrong of ['', 'cut-at', 'cut-20', 'at-x', 'think3', '999', 'ok-then-'])
      expect(() => parseShortForm(wrong), wrong).toThrow(/does not know/);
  });

  test('the help names every word once', () => {
    const help = describeBehaviours();
    for (const word of ['stall', 'quota', 'atbyte', 'retryinfo', 'perkey', 'then']) expect(help).toContain(`  ${word}`);
  });
});

test('waits run on the given clock', async () => {
  const call = ask(simulator.url, 'openai-chat', { model: 'sim-slow60000-first30000-drip10000-words2', stream: true });
  await clock.untilWaiting();
  expect(simulator.requests[0]?.firstByteAt).toBeUndefined();
  clock.advance(60_000);
  await call.headers;
  await clock.untilWaiting();
  clock.advance(30_000);
  // Role and first word, second word, finish and [DONE]: four waits lie between five events.
  for (let i = 0; i < 4; i++) {
    await clock.untilWaiting();
    clock.advance(10_000);
  }
  expect((await call.answer).body).toContain('[DONE]');
  expect(simulator.requests[0]).toMatchObject({
    receivedAt: 0,
    firstByteAt: 60_000,
    finishedAt: 130_000,
    outcome: 'answer',
  });
});
