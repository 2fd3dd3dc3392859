import type { Clock } from '@standin/core/spec/index';
import { expect, it } from 'vitest';
import { scaledClock } from '../src/rehearsal/scaled-clock.ts';

/** Real time by hand: `pass` lets it pass, and runs what came due, late as a busy machine would. */
function byHand() {
  let now = 0;
  let due: { at: number; run: () => void }[] = [];
  const base: Clock = {
    now: () => now,
    wallMs: () => now,
    after: (ms, run) => due.push({ at: now + ms, run }),
    clear: () => {},
  };
  return {
    base,
    pass: (ms: number): void => {
      now += ms;
      const ready = due.filter((timer) => timer.at <= now);
      due = due.filter((timer) => timer.at > now);
      for (const timer of ready) timer.run();
    },
  };
}

it('runs timers in the order they are due, so many times faster', () => {
  const { base, pass } = byHand();
  const clock = scaledClock(10, base);
  const ran: string[] = [];
  clock.after(30, () => ran.push('b'));
  clock.after(20, () => ran.push('a'));
  const never = clock.after(10, () => ran.push('never'));
  clock.clear(never);
  pass(1);
  expect(ran).toEqual([]);
  pass(1);
  expect(ran).toEqual(['a']);
  pass(1);
  expect(ran).toEqual(['a', 'b']);
  expect(clock.now()).toBe(30);
});

it('stands still while the machine does not let it run', () => {
  const { base, pass } = byHand();
  const clock = scaledClock(10, base);
  let timedOut = false;
  clock.after(1_000, () => (timedOut = true));
  // Half a second of real time in which nothing got its turn: worth 40 ms, not 5,000.
  pass(500);
  expect(timedOut).toBe(false);
  expect(clock.now()).toBe(40);
});
