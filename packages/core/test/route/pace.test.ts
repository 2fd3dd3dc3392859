import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/route/health.ts';
import { pacedLimits } from '../../src/route/pace.ts';
import { DEFAULT_LIMITS } from '../../src/route/target.ts';
import { createWorld, planOf, play, target, type Act, type World } from './virtual.ts';

const targets = () => [target('a.a', 'primary', ['k']), target('b.b', 'spare', ['l'])];
const taking = (afterMs: number): Act => ({ do: 'answer', afterMs });

/** A primary that takes as long as `times` says, call by call; the spare answers at once. */
function worldOf(times: (call: number) => Act): World {
  let calls = 0;
  return createWorld((seen) => (seen.model === 'primary' ? times(calls++) : taking(10)));
}

async function warmUp(world: World, count: number, limits = {}): Promise<void> {
  for (let index = 0; index < count; index++) await play(world, planOf(targets(), limits));
}

describe('limits at the pace of the model', () => {
  it('hold as they are until enough was seen', async () => {
    const world = worldOf((call) => (call < 19 ? taking(300) : { do: 'silent' }));
    await warmUp(world, 19);
    const outcome = await play(world, planOf(targets()));
    expect(outcome.attempts.map(({ paced }) => paced)).toEqual([undefined, undefined]);
    expect(outcome.tookMs).toBeGreaterThan(8_000);
    expect(outcome.tookMs).toBeLessThan(8_100);
  });

  it('ask the next target earlier where a model is quick', async () => {
    const world = worldOf((call) => (call < 40 ? taking(200 + (call % 7) * 100) : { do: 'silent' }));
    await warmUp(world, 40);
    const outcome = await play(world, planOf(targets()));
    expect(outcome.text).toBe('hello world');
    expect(outcome.tookMs).toBeGreaterThanOrEqual(3_000);
    expect(outcome.tookMs).toBeLessThan(3_100);
    const silent = outcome.attempts.find(({ model }) => model === 'primary');
    expect(silent?.paced).toMatchObject({ hedgeMs: 3_000, firstContentMs: 8_000, samples: 40 });
    expect(silent?.paced?.p95Ms).toBeLessThanOrEqual(810);
  });

  it('do not give up a model that is known to think for long', async () => {
    // Hedges have had their share, so that patience alone decides.
    const world = worldOf((call) => taking(call < 40 ? 7_000 : 18_000));
    await warmUp(world, 40);
    for (let index = 0; index < 20; index++) world.health.spendHedge();
    const outcome = await play(world, planOf(targets()));
    expect(outcome.attempts.map(({ model, outcome: end }) => `${model} ${end}`)).toEqual(['primary ok']);
  });

  it('never move beyond their bounds: 15 s after headers, 30 s of silence', async () => {
    const world = worldOf((call) => (call < 64 ? taking(11_500) : { do: 'silent' }));
    // With a spare that is not asked in time a slow primary is seen to its end.
    await warmUp(world, 64, { hedgeMs: 60_000, hedgeRangeMs: undefined });
    const hedged = await play(world, planOf(targets()));
    expect(hedged.text).toBe('hello world');
    expect(hedged.tookMs).toBeLessThanOrEqual(15_000);
    for (let index = 0; index < 20; index++) world.health.spendHedge();
    const alone = await play(world, planOf(targets()));
    expect(alone.text).toBe('hello world');
    expect(alone.attempts[0]?.paced?.firstContentMs).toBe(25_000);
    expect(alone.tookMs).toBeLessThanOrEqual(30_000);
  });

  it('are not moved by a vendor that only ever stays silent', async () => {
    const world = worldOf(() => ({ do: 'silent' }));
    await warmUp(world, 60);
    expect(world.health.pace('a.a', 'primary')).toBeUndefined();
  });

  it('follow a model that becomes slower or quicker', () => {
    const health = createHealth();
    const limits = () => pacedLimits(DEFAULT_LIMITS, health.pace('a.a', 'm'));
    for (let index = 0; index < 64; index++) health.sawFirstContent('a.a', 'm', 500, true);
    expect(limits()).toEqual({ hedgeMs: 3_000, firstContentMs: 8_000 });
    for (let index = 0; index < 64; index++) health.sawFirstContent('a.a', 'm', 4_000, true);
    expect(limits()).toEqual({ hedgeMs: 9_000, firstContentMs: 16_000 });
    for (let index = 0; index < 64; index++) health.sawFirstContent('a.a', 'm', 500, true);
    expect(limits()).toEqual({ hedgeMs: 3_000, firstContentMs: 8_000 });
  });

  it('are one in twenty away from being moved by outliers', () => {
    const health = createHealth();
    for (let index = 0; index < 60; index++) health.sawFirstContent('a.a', 'm', 1_000, true);
    for (let index = 0; index < 3; index++) health.sawFirstContent('a.a', 'm', 60_000, true);
    expect(health.pace('a.a', 'm')?.p95Ms).toBe(1_000);
  });

  it('stay fixed where the plan gives no bounds', async () => {
    const world = worldOf((call) => (call < 40 ? taking(100) : { do: 'silent' }));
    const fixed = { hedgeRangeMs: undefined, firstContentRangeMs: undefined };
    await warmUp(world, 40, fixed);
    const outcome = await play(world, planOf(targets(), fixed));
    expect(outcome.tookMs).toBeGreaterThan(8_000);
  });
});

describe('the last target', () => {
  it('is waited for as long as if it were alone', async () => {
    const world = createWorld((seen) =>
      seen.model === 'primary'
        ? { do: 'status', status: 404, error: { kind: 'model-not-found', message: 'gone' } }
        : taking(60_000),
    );
    const outcome = await play(world, planOf(targets()));
    expect(outcome.text).toBe('hello world');
  });
});

describe('a least throughput', () => {
  const dripping = (gapMs: number): Act => ({ do: 'answer', text: 'abcdefghijklmnopqrstuvwxyz', gapMs });
  const guarded = { minCharsPerSecond: 2, throughputWindowMs: 5_000 };

  it('is off unless it is asked for', async () => {
    const outcome = await play(
      worldOf(() => dripping(3_000)),
      planOf(targets()),
    );
    expect(outcome.attempts.map(({ outcome: end }) => end)).toEqual(['ok']);
  });

  it('takes a stream that drips for a stall and mends it', async () => {
    const world = worldOf(() => dripping(3_000));
    world.act = (seen) =>
      seen.model === 'primary' ? dripping(3_000) : { do: 'answer', text: 'abcdefghijklmnopqrstuvwxyz' };
    const outcome = await play(world, planOf(targets(), guarded));
    expect(outcome.text).toBe('abcdefghijklmnopqrstuvwxyz');
    expect(outcome.attempts[0]).toMatchObject({ outcome: 'timeout', rule: 'timeout:too-slow', phase: 'content' });
    expect(outcome.tookMs).toBeLessThan(14_000);
  });

  it('leaves a stream alone that is quick enough', async () => {
    const outcome = await play(
      worldOf(() => dripping(300)),
      planOf(targets(), guarded),
    );
    expect(outcome.attempts.map(({ outcome: end }) => end)).toEqual(['ok']);
  });
});
