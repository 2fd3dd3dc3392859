import type { Clock } from '@standin/core/spec/index';
import { openBench } from './bench.ts';
import { ask } from './callers.ts';
import { chanceOf } from './chance.ts';
import { FAULTS, type Fault } from './faults.ts';
import { SHORT, WIRES, type Wire } from './wire.ts';

/** One case: a fault, the caller's protocol, the protocols of primary and fallback, a seed. */
export interface Case {
  readonly fault: Fault;
  readonly caller: Wire;
  readonly wires: readonly [Wire, Wire];
  readonly seed: number;
}

export interface Verdict {
  readonly tookMs: number;
  /** What the caller saw, in a word or two. */
  readonly saw: string;
  readonly wrong?: string;
}

/** Every fault for every caller over every pair of vendors' protocols. */
export function casesOf(seed: number, rounds: number): Case[] {
  const cases: Case[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const fault of FAULTS)
      for (const caller of WIRES)
        for (const first of WIRES)
          for (const second of WIRES)
            if (fault.notFor !== first)
              cases.push({ fault, caller, wires: [first, second], seed: seed * 1_000_003 + cases.length });
  }
  return cases;
}

export const nameOf = ({ caller, wires }: Case): string => `${SHORT[caller]} → ${SHORT[wires[0]]}, ${SHORT[wires[1]]}`;

export async function play({ fault, caller, wires, seed }: Case, clock?: Clock): Promise<Verdict> {
  const scene = fault.scene(chanceOf(seed), wires);
  const bench = await openBench(wires, scene.scripts, clock);
  try {
    const saw = await ask(bench.url, caller, 'custom.primary', scene.tools);
    const wrong = scene.judge({ saw, primary: bench.primary.received, spare: bench.spare.received });
    const what = saw.complete
      ? 'the whole answer'
      : saw.text === ''
        ? `an error (${saw.status})`
        : 'a part, then an error';
    return { tookMs: saw.tookMs, saw: what, wrong };
  } finally {
    await bench.close();
  }
}

/** Runs `todo` with so many at once. */
export async function inParallel<T>(
  todo: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < todo.length) await run(todo[next++] as T);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, todo.length) }, work));
}
