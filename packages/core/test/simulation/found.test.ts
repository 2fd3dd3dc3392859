import { expect, it } from 'vitest';
import { scheduleOf } from './schedule.ts';
import { simulate } from './simulate.ts';

/** What long campaigns found, played again by its seed. */
const FOUND: Readonly<Record<string, readonly number[]>> = {
  'a call from before the breaker opened answers while the probe is under way': [
    5_028_461, 5_131_123, 5_181_574, 5_345_665, 5_757_499, 5_942_325,
  ],
  'a told continuation begins with the word the text ended on': [5_763_746, 5_894_980],
};

it.each(Object.entries(FOUND))('%s', async (_, seeds) => {
  for (const seed of seeds) expect((await simulate(scheduleOf(seed))).problem, `seed ${seed}`).toBeUndefined();
});
