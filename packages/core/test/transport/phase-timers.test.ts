import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/spec/clock.ts';
import type { PhaseLimits, PhaseTimers } from '../../src/transport/phase-timers.ts';
import { createPhaseTimers } from '../../src/transport/phase-timers.ts';

/** A clock that moves only when told, and counts the timers it was asked for. */
function virtualClock() {
  let nowMs = 1_000;
  let armed = 0;
  const timers = new Map<number, { atMs: number; run: () => void }>();
  const clock: Clock = {
    now: () => nowMs,
    wallMs: () => nowMs,
    after: (ms, run) => {
      armed += 1;
      timers.set(armed, { atMs: nowMs + ms, run });
      return armed;
    },
    clear: (handle) => void timers.delete(handle as number),
  };
  const advance = (ms: number): void => {
    const endMs = nowMs + ms;
    for (;;) {
      const next = [...timers].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined || next[1].atMs > endMs) break;
      timers.delete(next[0]);
      nowMs = Math.max(nowMs, next[1].atMs);
      next[1].run();
    }
    nowMs = endMs;
  };
  return { clock, advance, armed: () => armed, pending: () => timers.size };
}

function timersOf(limits: PhaseLimits) {
  const virtual = virtualClock();
  const fired: string[] = [];
  const timers = createPhaseTimers(virtual.clock, limits, (phase) =>
    fired.push(`${phase}@${virtual.clock.now() - 1_000}`),
  );
  return { ...virtual, timers, fired };
}

const LIMITS: PhaseLimits = { connectMs: 10, firstContentMs: 100, idleMs: 20, totalMs: 1_000 };

describe('the limits of an attempt', () => {
  const cases: [string, PhaseLimits, [number, keyof PhaseTimers][], string[]][] = [
    ['never connected', LIMITS, [], ['connect@10']],
    ['no head', LIMITS, [[5, 'connected']], ['headers@100']],
    [
      'head but no content',
      LIMITS,
      [
        [5, 'connected'],
        [50, 'head'],
      ],
      ['first-content@100'],
    ],
    [
      'progress before content does not help',
      LIMITS,
      [
        [5, 'connected'],
        [50, 'head'],
        [90, 'progress'],
      ],
      ['first-content@100'],
    ],
    [
      'silence after content',
      LIMITS,
      [
        [5, 'connected'],
        [6, 'head'],
        [7, 'content'],
        [20, 'progress'],
        [30, 'progress'],
      ],
      ['content@50'],
    ],
    [
      'the whole takes too long',
      { totalMs: 60 },
      [
        [5, 'connected'],
        [6, 'head'],
        [7, 'content'],
      ],
      ['total@60'],
    ],
    ['the first content limit is the nearer one', { connectMs: 50, firstContentMs: 30 }, [], ['connect@30']],
    [
      'stopped',
      LIMITS,
      [
        [5, 'connected'],
        [6, 'stop'],
      ],
      [],
    ],
    [
      'no limits',
      {},
      [
        [5, 'connected'],
        [6, 'head'],
        [7, 'content'],
      ],
      [],
    ],
    ['zero and infinite mean none', { connectMs: 0, firstContentMs: Infinity, idleMs: 0 }, [], []],
    [
      'a paused reader is no silence',
      LIMITS,
      [
        [1, 'connected'],
        [2, 'head'],
        [3, 'content'],
        [10, 'pause'],
        [500, 'resume'],
      ],
      ['content@520'],
    ],
    [
      'but the total goes on',
      LIMITS,
      [
        [1, 'connected'],
        [2, 'head'],
        [3, 'content'],
        [10, 'pause'],
      ],
      ['total@1000'],
    ],
  ];
  for (const [name, limits, steps, expected] of cases) {
    it(name, () => {
      const { timers, advance, fired, pending } = timersOf(limits);
      let atMs = 0;
      for (const [whenMs, step] of steps) {
        advance(whenMs - atMs);
        atMs = whenMs;
        timers[step]();
      }
      advance(5_000);
      expect(fired).toEqual(expected);
      expect(pending()).toBe(0);
      advance(5_000);
      expect(fired).toHaveLength(expected.length);
    });
  }

  it('needs a handful of timers for ten thousand chunks', () => {
    const { timers, advance, fired, armed } = timersOf({ ...LIMITS, totalMs: 1e6 });
    timers.connected();
    timers.head();
    timers.content();
    for (let chunk = 0; chunk < 10_000; chunk += 1) {
      advance(0.1);
      timers.progress();
    }
    expect(fired).toEqual([]);
    expect(armed()).toBeLessThan(70);
  });

  it('fires neither early nor late, whatever the gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 25 }), { maxLength: 30 }), (gaps) => {
        const { timers, advance, fired } = timersOf({ idleMs: 20 });
        timers.connected();
        timers.head();
        timers.content();
        let atMs = 0;
        let expected: string | undefined;
        for (const gap of gaps) {
          if (gap >= 20) {
            expected = `content@${atMs + 20}`;
            break;
          }
          advance(gap);
          atMs += gap;
          timers.progress();
        }
        advance(1_000);
        expect(fired).toEqual([expected ?? `content@${atMs + 20}`]);
      }),
    );
  });
});
