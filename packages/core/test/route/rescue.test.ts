import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateStream } from '../../src/stream/validate.ts';
import { createWorld, planOf, play, target } from './virtual.ts';

const two = () => [target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])];

describe('a stream that breaks after delivery began', () => {
  it('is mended byte for byte by asking again, over random texts and cuts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 2, maxLength: 60, unit: 'grapheme' }), fc.nat(), async (text, at) => {
        const cutAt = 3 + (at % Math.max(1, text.length - 1));
        const world = createWorld((seen) =>
          seen.model === 'm' ? { do: 'answer', text, cutAt } : { do: 'answer', text },
        );
        const outcome = await play(world, planOf(two()));
        expect(outcome.error).toBeUndefined();
        expect(outcome.text).toBe(text);
        expect(validateStream(outcome.events)).toEqual([]);
        expect(outcome.terminal).toBe(1);
        expect(world.seen.every((call) => call.closed)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is never called complete when the other answer diverges', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 3, maxLength: 40 }), fc.nat(), async (text, at) => {
        const cutAt = 4 + (at % (text.length - 1));
        const shown = [...text].slice(0, cutAt - 2).join('');
        const other = `${shown.slice(0, -1)}\u0001${text}`;
        const world = createWorld((seen) =>
          seen.model === 'm' ? { do: 'answer', text, cutAt } : { do: 'answer', text: other },
        );
        const outcome = await play(world, planOf(two()));
        expect(outcome.error?.phase).toBe('content');
        expect(outcome.events.some((event) => event.type === 'finish')).toBe(false);
        expect(text.startsWith(outcome.text)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves a stalled target and is complete within 45 s', async () => {
    const world = createWorld((seen) => (seen.model === 'm' ? { do: 'answer', stallAt: 6 } : { do: 'answer' }));
    const outcome = await play(world, planOf(two()));
    expect(outcome.text).toBe('hello world');
    expect(outcome.tookMs).toBeLessThan(45_000);
    expect(world.seen.map((call) => call.model)).toEqual(['m', 'n']);
    expect(outcome.attempts[1]?.rescue).toBe('replay');
  });

  it('is an explicit error when rescue is off', async () => {
    const world = createWorld((seen) => (seen.model === 'm' ? { do: 'answer', cutAt: 6 } : { do: 'answer' }));
    const outcome = await play(world, { ...planOf(two()), rescue: 'off' });
    expect(outcome.error?.message).toContain('rescue is off');
    expect(world.seen.length).toBe(1);
  });
});

describe('hedging', () => {
  it('asks the next target at the soft limit without killing the first, and the first content wins', async () => {
    const world = createWorld((seen) =>
      seen.model === 'm' ? { do: 'answer', afterMs: 9_000 } : { do: 'answer', afterMs: 3_000 },
    );
    const outcome = await play(world, planOf(two()));
    expect(outcome.text).toBe('hello world');
    expect(outcome.tookMs).toBeLessThan(9_100);
    expect(world.seen.map((call) => call.aborted)).toEqual([false, true]);
    expect(outcome.attempts.map((attempt) => attempt.outcome)).toEqual(['cancelled', 'ok']);
  });

  it('answers within 15 s when the first stays silent after its headers', async () => {
    const world = createWorld((seen) => (seen.model === 'm' ? { do: 'answer', afterMs: 20_000 } : { do: 'answer' }));
    const outcome = await play(world, planOf(two()));
    expect(outcome.text).toBe('hello world');
    expect(outcome.tookMs).toBeLessThan(15_000);
  });

  it('stays within its share of the requests', async () => {
    const world = createWorld((seen) =>
      seen.model === 'm' ? { do: 'answer', afterMs: 10_000 } : { do: 'answer', afterMs: 5_000 },
    );
    for (let i = 0; i < 100; i++) await play(world, planOf(two()));
    const hedges = world.seen.filter((call) => call.model === 'n').length;
    expect(hedges).toBeGreaterThan(0);
    expect(hedges).toBeLessThanOrEqual(10);
  });
});

describe('health', () => {
  it('serves every call in an outage with few primary attempts, and is back on the primary soon after', async () => {
    const world = createWorld((seen) => {
      const at = seen.at;
      if (seen.model !== 'm') return { do: 'answer' };
      return at < 60_000 ? { do: 'refuse' } : { do: 'answer' };
    });
    let calls = 0;
    let backAt = 0;
    while (world.clock.now() < 100_000) {
      const outcome = await play(world, planOf(two()));
      expect(outcome.error).toBeUndefined();
      calls++;
      if (world.clock.now() > 60_000 && outcome.attempts.at(-1)?.model === 'm' && backAt === 0)
        backAt = world.clock.now();
      world.clock.after(1_000, () => {});
      world.clock.step();
    }
    const during = world.seen.filter((call) => call.model === 'm' && call.at < 60_000).length;
    expect(calls).toBeGreaterThan(50);
    expect(during).toBeLessThan(15);
    expect(backAt).toBeGreaterThan(60_000);
    expect(backAt).toBeLessThan(90_000);
  });
});

describe('a refusal while another target is being asked too', () => {
  it('is the answer: the hedge is dropped, not routed around to', async () => {
    const error = { kind: 'content-policy' as const, message: 'refused', status: 400 };
    const world = createWorld((seen) =>
      seen.model === 'm' ? { do: 'status', status: 400, error, afterMs: 9_000 } : { do: 'answer', afterMs: 3_000 },
    );
    const outcome = await play(world, planOf(two()));
    expect(outcome.error?.kind).toBe('content-policy');
    expect(outcome.text).toBe('');
    expect(world.seen.every((call) => call.closed)).toBe(true);
  });
});

describe('what health remembers', () => {
  it('stays bounded when callers make model names up, and keeps the newest', () => {
    const { health } = createWorld(() => ({ do: 'answer' }));
    for (let i = 0; i < 12_000; i++) {
      health.cool('a.a', 'k', `model-${i}`, 1_000_000, 'rate-limit');
      health.failed('a.a', 'k', `model-${i}`, 1, 'server', false);
    }
    expect(health.list(1).length).toBeLessThanOrEqual(20_000);
    expect(health.coolingUntil('a.a', 'k', 'model-0')).toBe(0);
    expect(health.coolingUntil('a.a', 'k', 'model-11999')).toBe(1_000_000);
  });
});
