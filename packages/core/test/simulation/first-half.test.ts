import { describe, expect, it } from 'vitest';
import { campaign } from './campaign.ts';

/** Two files, so that two workers share the 8,000 schedules; `npm run simulate` plays a million. */
describe('simulated schedules, first half', () => {
  it('break no rule in 4,000 schedules', { timeout: 120_000 }, async () => {
    const { failures, ...sums } = await campaign({ schedules: 4_000, seed: 1 });
    expect(failures.map(({ report }) => report).join('\n')).toBe('');
    expect(sums.schedules).toBe(4_000);
    // Without these the invariants would hold of nothing.
    expect(sums.done).toBeGreaterThan(3_200);
    expect(sums.failed).toBeGreaterThan(800);
    expect(sums.left).toBeGreaterThan(100);
    expect(sums.rescued).toBeGreaterThan(100);
    expect(sums.hedged).toBeGreaterThan(200);
  });
});
