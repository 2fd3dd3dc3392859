import { describe, expect, it } from 'vitest';
import { quickly } from './acceptance/bench.ts';
import { chanceOf } from './acceptance/chance.ts';
import { FAULTS } from './acceptance/faults.ts';
import { playNested } from './acceptance/outage.ts';
import { nameOf, play } from './acceptance/play.ts';
import { WIRES } from './acceptance/wire.ts';

/** The short form of `npm run acceptance`: each fault for one of the callers, over one pair of vendors; waits pass quicker. */
describe('the acceptance list, over vendors on bare sockets', () => {
  FAULTS.forEach((fault, line) => {
    it(fault.name, async () => {
      const seed = 7_000 + line;
      const caller = WIRES[line % WIRES.length] ?? 'chat_completions';
      const chance = chanceOf(seed);
      const first = chance.pick(WIRES.filter((wire) => wire !== fault.notFor));
      const one = { fault, caller, wires: [first, chance.pick(WIRES)] as const, seed };
      const { wrong } = await play(one, fault.slow === true ? quickly(16) : undefined);
      expect(wrong, `${nameOf(one)}, seed ${seed}`).toBeUndefined();
    });
  });

  it.each(WIRES)('three nested gateways stay within one budget (%s)', async (wire) => {
    const { vendorCalls, status } = await playNested(wire);
    expect(vendorCalls).toBeLessThanOrEqual(6);
    expect(status).toBeGreaterThanOrEqual(500);
  });
});
