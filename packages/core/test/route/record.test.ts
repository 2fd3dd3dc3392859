import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../src/route/record.ts';
import { replay } from '../../src/route/record-replay.ts';
import { createRecorder } from '../../src/route/recorder.ts';
import { startRun } from '../../src/route/run.ts';
import { createWorld, planOf, target, type Act } from './virtual.ts';

const limited = { kind: 'rate-limit', message: 'slow down', retryAfterMs: 700 } as const;
const down = { kind: 'server', message: 'oh no' } as const;

/** Plays one request and returns what was recorded of it, as it would come out of a file. */
async function recorded(act: (model: string, index: number) => Act, rounds = 1): Promise<RequestRecord> {
  const world = createWorld(({ model }, index) => act(model, index));
  const recorder = createRecorder({ clock: world.clock });
  const plan = planOf([target('a.a', 'm', ['k', 'l'], { contextWindow: 9 }), target('b.b', 'n', ['o'])]);
  for (let round = 0; round < rounds; round++) {
    const end = { over: false };
    const { clock, health, transport } = world;
    startRun(
      plan,
      { messages: [{ role: 'user', content: 'a prompt' }] },
      { mode: 'stream', clock, health, transport, random: () => 0.25, log: () => {}, recorder, requestId: `r${round}` },
      { onEvents() {}, onDone: () => (end.over = true), onError: () => (end.over = true) },
    );
    while (!end.over && clock.step()) await Promise.resolve();
  }
  return JSON.parse(JSON.stringify(recorder.get(`r${rounds - 1}`))) as RequestRecord;
}

describe('the attempt record', () => {
  it('holds one line of a routine request: nothing was decided', async () => {
    const record = await recorded(() => ({ do: 'answer' }));
    expect(record).toMatchObject({ version: 1, id: 'r0', outcome: 'ok', decisions: [], requestedModel: 'm' });
    expect(record.attempts).toMatchObject([{ attempt: 1, provider: 'a.a', outcome: 'ok', reason: 'first' }]);
  });

  it('holds no key and no prompt', async () => {
    const text = JSON.stringify(await recorded(() => ({ do: 'status', status: 500, error: down })));
    expect(text).not.toContain('a prompt');
    expect(text).not.toContain('"k"');
    expect(text).not.toContain('"secret"');
  });

  const cases: Readonly<Record<string, (model: string, index: number) => Act>> = {
    'a key that is limited': (_, index) =>
      index < 2 ? { do: 'status', status: 429, error: limited } : { do: 'answer' },
    'a target that fails with backoff': (model) =>
      model === 'm' ? { do: 'status', status: 500, error: down } : { do: 'answer' },
    'everything down': () => ({ do: 'refuse' }),
    'a hedge': (model) => (model === 'm' ? { do: 'silent' } : { do: 'answer' }),
    'a mended answer': (_, index) => (index === 0 ? { do: 'answer', cutAt: 6 } : { do: 'answer' }),
    'a size no one takes': () => ({
      do: 'status',
      status: 400,
      error: { kind: 'context-window', message: 'too long' },
    }),
  };
  for (const [name, act] of Object.entries(cases)) {
    it(`replays to the same decisions: ${name}`, async () => {
      const record = await recorded(act, name === 'everything down' ? 7 : 1);
      expect(record.decisions.length).toBeGreaterThan(0);
      expect(replay(record)).toEqual({ same: true, differences: [] });
    });
  }

  it('shows a record that was changed', async () => {
    const record = await recorded(() => ({ do: 'status', status: 500, error: down }));
    const [first, ...rest] = record.decisions;
    if (first === undefined) throw new Error('nothing was decided');
    const changed = { ...record, decisions: [{ ...first, output: { ...first.output, reason: 'because' } }, ...rest] };
    expect(replay(changed).same).toBe(false);
    expect(replay(changed).differences[0]).toContain('was "because"');
    const forgotten = { ...record, decisions: [{ ...first, health: {} }, ...rest] };
    expect(replay(forgotten).differences[0]).toContain('which the record does not hold');
  });

  it('keeps the last requests only, newest first, and the newest of a repeated id', () => {
    const world = createWorld(() => ({ do: 'answer' }));
    const recorder = createRecorder({ clock: world.clock, capacity: 3 });
    const begin = (id?: string) =>
      recorder.begin({ plan: planOf([target('a.a', 'm', ['k'])]), needs: { vision: false }, mode: 'whole', id });
    for (const id of ['one', 'two', 'three', 'four', 'two']) begin(id);
    expect(recorder.list().map(({ id }) => id)).toEqual(['two', 'four', 'three']);
    expect(recorder.list(1).length).toBe(1);
    expect(recorder.get('one')).toBeUndefined();
    begin();
    expect(recorder.list()[0]?.id).toBe('run_1');
  });
});
