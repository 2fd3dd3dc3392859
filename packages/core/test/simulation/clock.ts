import type { Clock } from '../../src/spec/clock.ts';

interface Timer {
  readonly at: number;
  /** Decides among timers of the same millisecond: chance, so that every order comes up. */
  readonly rank: number;
  readonly run: () => void;
  cleared: boolean;
}

/** Small, quick and the same on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Virtual time shared by the code under test and its surroundings; each has a face of its own, so that leaks show. */
export interface SimClock {
  /** What the code under test is given. */
  readonly product: Clock;
  /** Timers of vendors and callers. */
  readonly world: Clock;
  /** Timers that the code under test has not cleared. */
  readonly pendingOfProduct: number;
  /** Runs the soonest timer; false when there is none. */
  step(): boolean;
}

export function createSimClock(random: () => number): SimClock {
  const heap: Timer[] = [];
  let now = 0;
  let pendingOfProduct = 0;

  const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.rank < b.rank);
  const push = (timer: Timer): void => {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(timer, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = timer;
  };
  const pop = (): Timer | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = at * 2 + 1;
      const right = heap[down + 1];
      let child = heap[down];
      if (child === undefined) break;
      if (right !== undefined && before(right, child)) {
        child = right;
        down++;
      }
      if (!before(child, last)) break;
      heap[at] = child;
      at = down;
    }
    heap[at] = last;
    return top;
  };

  const face = (ours: boolean): Clock => ({
    now: () => now,
    wallMs: () => 1_795_000_000_000 + now,
    after(ms, run) {
      const timer: Timer = {
        at: now + Math.max(0, ms),
        rank: random(),
        cleared: false,
        run() {
          if (ours) pendingOfProduct--;
          run();
        },
      };
      if (ours) pendingOfProduct++;
      push(timer);
      return timer;
    },
    clear(handle) {
      const timer = handle as Timer;
      if (timer.cleared) return;
      timer.cleared = true;
      if (ours) pendingOfProduct--;
    },
  });

  return {
    product: face(true),
    world: face(false),
    get pendingOfProduct() {
      return pendingOfProduct;
    },
    step() {
      for (;;) {
        const timer = pop();
        if (timer === undefined) return false;
        if (timer.cleared) continue;
        now = timer.at;
        timer.cleared = true;
        timer.run();
        return true;
      }
    },
  };
}
