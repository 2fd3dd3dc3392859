import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';
import { PLAIN, scheduleOf, type Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

describe('simulated schedules, second half', () => {
  it('break no rule in 2,500 more schedules', { timeout: 120_000 }, async () => {
    const { failures, schedules } = await campaign({ schedules: 2_500, seed: 10_001 });
    expect(failures.map(({ report }) => report).join('\n')).toBe('');
    expect(schedules).toBe(2_500);
  });
});

describe('the simulation itself', () => {
  it('plays a seed the same way every time', async () => {
    for (let seed = 1; seed <= 50; seed++) {
      expect(scheduleOf(seed)).toEqual(scheduleOf(seed));
      expect(await simulate(scheduleOf(seed))).toEqual(await simulate(scheduleOf(seed)));
    }
  });

  it('answers when nobody fails', async () => {
    const well: Schedule = {
      seed: 1,
      targets: [{ entry: 'a.a', model: 'm0', keys: 1, prefill: 'none', acts: [PLAIN] }],
      deadlineMs: 10_000,
      rescue: 'verified',
      requests: [{ startMs: 0, text: 'so it is', mode: 'stream' }],
    };
    expect(await simulate(well)).toEqual({ ends: ['done'], rescued: 0, hedged: 0 });
  });

  it('names the seed of a failure and shrinks it', async () => {
    // A deadline that no vendor can keep is a "failure" that the real code cannot avoid: the judge is made stricter.
    const impatient: Schedule = { ...scheduleOf(7), deadlineMs: -100 };
    const verdict = await simulate(impatient);
    expect(verdict.problem).toContain('deadline');
    const least = await shrink(impatient, verdict.problem ?? '');
    expect(least.problem).toContain('deadline');
    const acts = (schedule: Schedule) => schedule.targets.flatMap((target) => target.acts).length;
    expect(acts(least.schedule)).toBeLessThanOrEqual(acts(impatient));
    expect(least.schedule.requests.length).toBe(1);
    expect(least.schedule.targets.length).toBe(1);
  });
});
