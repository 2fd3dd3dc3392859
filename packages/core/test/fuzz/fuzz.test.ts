import { describe, expect, it } from 'vitest';
import { fuzzWire } from '../testkit/fuzz/run.ts';
import { builtInSeeds, FUZZ_WIRES, seedsOf } from '../testkit/fuzz/seeds.ts';

const CASES = 250;

/** The small form of `npm run fuzz`; docs/fuzz.md has the table of the large one. */
describe.each(FUZZ_WIRES)('damaged streams of %s', (wire) => {
  it('end in an answer that was whole or in a typed error, never in a crash, a hang or a truncated success', () => {
    const report = fuzzWire(wire, seedsOf(wire), CASES, 20_261_120);
    expect(report.findings).toEqual([]);
    // The damage must be neither nothing nor everything, or the run would show little.
    expect(report.finished).toBeGreaterThan(CASES / 20);
    expect(CASES - report.finished).toBeGreaterThan(CASES / 20);
  });

  it('are the same cases for the same seed', () => {
    const [first, second] = [1, 2].map(() => fuzzWire(wire, builtInSeeds(wire), 40, 3));
    expect(first?.failed).toEqual(second?.failed);
    expect(first?.finished).toBe(second?.finished);
  });
});
