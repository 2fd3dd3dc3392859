import { describe, expect, it } from 'vitest';
import { hostile } from '../../../scripts/service/hostile-run.ts';
import { kills } from '../../../scripts/service/kills-run.ts';
import { soak } from '../../../scripts/service/soak-run.ts';
import { workspace } from './support.ts';

/** The long forms are `npm run soak`, `npm run kills` and `npm run hostile`. */
describe('a real gateway, in short', () => {
  it('under mixed load: a row for each request, money as the simulator counts it, nothing left open', async () => {
    const { dir, remove } = await workspace();
    const { findings, calls } = await soak({ dir, seconds: 2, rate: 20, seed: 3 });
    await remove();
    expect(findings).toEqual([]);
    expect(calls).toBeGreaterThan(10);
  }, 60_000);

  it('killed in the middle of calls at the edge of a budget: nothing handed out twice, nothing cut taken as whole', async () => {
    const { dir, remove } = await workspace();
    const { findings } = await kills({ dir, times: 1, calls: 150, seed: 5, restartWithinMs: 60_000 });
    await remove();
    expect(findings).toEqual([]);
  }, 60_000);

  it('attacked: the calls of others are answered', async () => {
    const { dir, remove } = await workspace();
    const only = ['slow-loris, headers', 'a body of nested lists', 'a line without end'];
    const rows = await hostile({ dir, seconds: 0.2, connections: 40, only });
    await remove();
    expect(rows.filter(({ failed }) => failed > 0)).toEqual([]);
    expect(rows.map(({ name }) => name)).toEqual(only);
    const answersOf = (name: string) => rows.find((row) => row.name === name)?.answers;
    expect(answersOf('a body of nested lists')).toContain('400');
  }, 60_000);
});
