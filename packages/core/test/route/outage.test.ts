import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/spec/errors.ts';
import { createWorld, launch, planOf, target, type Act, type Outcome, type World } from './virtual.ts';

const OUTAGE_MS = 60_000;
const AFTER_MS = 40_000;

const ok: Act = { do: 'answer' };
const failing = (status: number, kind: ErrorKind): Act => ({
  do: 'status',
  status,
  error: { kind, message: 'down for a while', status },
});

interface Called {
  readonly at: number;
  readonly outcome: Outcome;
  /** Calls of this request to the primary. */
  readonly onPrimary: number;
}

/** A primary that is down for a minute, a healthy spare, and calls at the given times. */
function playOutage(fault: Act, times: readonly number[]): { world: World; calls: Called[]; backAfterMs: number } {
  let backAt = Infinity;
  const world = createWorld((seen) => {
    if (seen.model !== 'primary' || seen.at >= OUTAGE_MS) {
      if (seen.model === 'primary') backAt = Math.min(backAt, seen.at);
      return ok;
    }
    return fault;
  });
  const plan = planOf([target('a.a', 'primary', ['k']), target('b.b', 'spare', ['l'])]);
  const started: { at: number; outcome: Outcome }[] = [];
  for (const at of times)
    world.clock.after(at, () => void started.push({ at, outcome: launch(world, plan, { random: Math.random }) }));
  while (world.clock.step());
  const calls = started.map(({ at, outcome }) => ({
    at,
    outcome,
    onPrimary: outcome.attempts.filter((attempt) => attempt.model === 'primary').length,
  }));
  return { world, calls, backAfterMs: backAt - OUTAGE_MS };
}

const every = (ms: number): number[] =>
  Array.from({ length: Math.floor((OUTAGE_MS + AFTER_MS) / ms) }, (_, index) => index * ms);
const bursts = (size: number, ms: number): number[] => every(ms).flatMap((at) => Array<number>(size).fill(at));

const FAULTS: Record<string, Act> = {
  '503': failing(503, 'overloaded'),
  '500': failing(500, 'server'),
  refused: { do: 'refuse' },
  reset: { do: 'reset' },
  silent: { do: 'silent' },
};

describe('an outage of a minute', () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    it.each([
      ['a call every 10 s', every(10_000)],
      ['a call every 4 s', every(4_000)],
      ['a call a second', every(1_000)],
      ['five calls a second', every(200)],
      ['two calls at once every 5 s', bursts(2, 5_000)],
      ['twenty calls at once every 5 s', bursts(20, 5_000)],
    ])(`${name}, %s: every call is served, the primary is asked no more often than there are calls`, (_, times) => {
      const { calls, backAfterMs } = playOutage(fault, times);
      expect(calls.filter(({ outcome }) => outcome.text !== 'hello world')).toEqual([]);
      const during = calls.filter(({ at }) => at < OUTAGE_MS);
      const asked = during.reduce((sum, { onPrimary }) => sum + onPrimary, 0);
      expect(asked).toBeLessThanOrEqual(during.length);
      // Only who meets it first may think of a hiccup and repeat.
      expect(during.filter(({ onPrimary }) => onPrimary > 1).length).toBeLessThanOrEqual(1);
      expect(backAfterMs).toBeLessThanOrEqual(30_000);
    });
  }

  it('ends a repeat that waits as soon as others fail there too', () => {
    const { calls } = playOutage(failing(503, 'overloaded'), [0, 1, 2, 3]);
    expect(calls.map(({ onPrimary }) => onPrimary)).toEqual([1, 1, 1, 1]);
  });

  it('opens no breaker over one request that fails by itself while others are served', () => {
    const poison = (seen: { at: number }): boolean => seen.at % 100 === 0;
    const world = createWorld((seen) => (poison(seen) && seen.model === 'primary' ? failing(500, 'server') : ok));
    const plan = planOf([target('a.a', 'primary', ['k']), target('b.b', 'spare', ['l'])]);
    const outcomes: Outcome[] = [];
    for (let at = 7; at < 3_000; at += 21)
      world.clock.after(at, () => void outcomes.push(launch(world, plan, { random: () => 0 })));
    while (world.clock.step());
    expect(outcomes.every((outcome) => outcome.text === 'hello world')).toBe(true);
    expect(world.health.list(world.clock.now()).filter((row) => row.breaker !== 'closed')).toEqual([]);
  });

  it('tells the log of each change of a breaker once', () => {
    const { world } = playOutage(failing(503, 'overloaded'), every(100));
    const lines = world.logs.filter(({ message }) => message.startsWith('Breaker'));
    expect(lines[0]).toMatchObject({
      level: 'warn',
      message: 'Breaker opened',
      fields: { provider: 'a.a', model: 'primary', reason: expect.stringContaining('down for a while'), for_ms: 5_000 },
    });
    expect(lines.at(-1)).toMatchObject({ level: 'info', message: 'Breaker closed' });
    expect(lines.filter(({ message }) => message === 'Breaker opened').length).toBe(1);
    // Opened, one line for each failed probe (after 5, 10, 20 s …), closed.
    expect(lines.length).toBeLessThanOrEqual(6);
  });
});

describe('keys in the log', () => {
  it('names a key that cools down and one that was rejected, by fingerprint, once', () => {
    const world = createWorld((seen) => {
      if (seen.key === 'sk-limited')
        return { do: 'status', status: 429, error: { kind: 'rate-limit', message: 'slow down', retryAfterMs: 30_000 } };
      if (seen.key === 'sk-wrong')
        return { do: 'status', status: 401, error: { kind: 'auth', message: 'no such key' } };
      return ok;
    });
    const plan = planOf([target('a.a', 'm', ['sk-limited', 'sk-wrong', 'sk-good'])]);
    for (let index = 0; index < 20; index++) launch(world, plan);
    while (world.clock.step());
    const [limited, wrong] = plan.targets[0]?.keys ?? [];
    const lines = world.logs.filter(({ message }) => message.startsWith('Key'));
    expect(lines).toEqual([
      {
        level: 'info',
        message: 'Key is cooling down',
        fields: {
          provider: 'a.a',
          model: 'm',
          key: limited?.fingerprint,
          reason: 'rate-limit: slow down',
          for_ms: 30_000,
          until: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        },
      },
      {
        level: 'warn',
        message: 'Key rejected',
        fields: { provider: 'a.a', model: '*', key: wrong?.fingerprint, reason: 'auth: no such key' },
      },
    ]);
    expect(JSON.stringify(world.logs)).not.toContain('sk-');
  });
});
