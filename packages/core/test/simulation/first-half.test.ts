import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';

/** Two files, so that two workers share the 5,000 schedules; `npm run simulate` plays a million. */
describe('simulated schedules, first half', () => {
  it('break no rule in 2,500 schedules', { timeout: 120_000 }, async () => {
    const { failures, ...sums } = await campaign({ schedules: 2_500, seed: 1 });
    expect(failures.map(({ report }) => report).join('\n')).toBe('');
    expect(sums.schedules).toBe(2_500);
    // Without these the invariants would hold of nothing.
    expect(sums.done).toBeGreaterThan(2_000);
    expect(sums.failed).toBeGreaterThan(500);
    expect(sums.left).toBeGreaterThan(60);
    expect(sums.rescued).toBeGreaterThan(60);
    expect(sums.hedged).toBeGreaterThan(120);
  });
});
