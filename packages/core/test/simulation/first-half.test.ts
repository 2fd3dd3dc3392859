import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';

/** Two files, so that two workers share the 20,000 schedules. */
describe('simulated schedules, first half', () => {
  it('break no rule in 10,000 schedules', { timeout: 120_000 }, async () => {
    const { failures, ...sums } = await campaign({ schedules: 10_000, seed: 1 });
    expect(failures.map(({ report }) => report).join('\n')).toBe('');
    expect(sums.schedules).toBe(10_000);
    // Without these the invariants would hold of nothing.
    expect(sums.done).toBeGreaterThan(8_000);
    expect(sums.failed).toBeGreaterThan(2_000);
    expect(sums.left).toBeGreaterThan(300);
    expect(sums.rescued).toBeGreaterThan(300);
    expect(sums.hedged).toBeGreaterThan(500);
  });
});
