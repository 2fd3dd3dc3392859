import { createStandin } from '@standin/core/library/create-standin';
import { loadConfigText } from '@standin/core/config/load';
import type { Plan } from '@standin/core/route/target';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, rehearse, type Rehearsal } from '../src/rehearsal/index.ts';
import { castPlan } from '../src/rehearsal/cast.ts';
import { judge } from '../src/rehearsal/judge.ts';
import { scaledClock } from '../src/rehearsal/scaled-clock.ts';

const CONFIG = `schema_version = 3
[providers.models.anthropic.main]
model = "claude-sonnet-4-5"
api_keys = ["sk-ant-REAL-1", "sk-ant-REAL-2"]
extra_headers = { x-team = "SECRET-TEAM" }
fallback = ["openai.backup"]
[providers.models.openai.backup]
model = "gpt-4o"
api_key = "sk-REAL-3"
[agents.default]
model_provider = "anthropic.main"
`;

async function planOf(text: string): Promise<Plan> {
  const standin = await createStandin({ config: loadConfigText(text, 'standin.toml', { env: {} }), env: {} });
  return standin.plan();
}

const outcomes = (result: Rehearsal, fault: string): string[] =>
  result.cells.filter((cell) => cell.fault === fault).map((cell) => cell.outcome);

describe('a rehearsal of two vendors', () => {
  const played = planOf(CONFIG).then((plan) => rehearse(plan, { factor: 16 }));

  it('plays every fault at every target and breaks nothing', async () => {
    const result = await played;
    expect(result.targets.map(({ wire }) => wire)).toEqual(['anthropic-messages', 'openai-chat']);
    expect(result.cells.length).toBe(CATALOGUE.length * 2);
    expect(
      result.cells.filter(({ outcome }) => outcome === 'broken').map(({ fault, note }) => `${fault}: ${note}`),
    ).toEqual([]);
  });

  it('says what callers see', async () => {
    const result = await played;
    expect(outcomes(result, 'server')).toEqual(['next', 'error']);
    expect(outcomes(result, 'server-once')).toEqual(['retry', 'retry']);
    expect(outcomes(result, 'rate-limit-once')[1]).toBe('wait');
    expect(outcomes(result, 'silent')).toEqual(['next', 'error']);
    expect(outcomes(result, 'cut')).toEqual(['rescued', 'error']);
    expect(outcomes(result, 'cut-once')).toEqual(['rescued', 'rescued']);
    expect(outcomes(result, 'cut-other-words')).toEqual(['error', 'error']);
    expect(outcomes(result, 'tool-cut')).toEqual(['error', 'error']);
    expect(outcomes(result, 'policy')).toEqual(['error', 'error']);
  });

  it('takes a few seconds of real time', async () => {
    expect((await played).realMs).toBeLessThan(30_000);
  });
});

describe('the stand-ins of a rehearsal', () => {
  it('are given no real key and no secret header, over the entries own addresses', async () => {
    const cast = await castPlan(await planOf(CONFIG), scaledClock(40));
    try {
      const [first] = cast.plan.targets;
      const key = first?.keys[0];
      if (first === undefined || key === undefined || !('endpoint' in first.via)) throw new Error('no target');
      const headers = JSON.stringify(first.via.endpoint.headersFor(key));
      expect(headers).toContain(`rehearsal-${key.fingerprint}`);
      expect(headers).not.toMatch(/REAL|SECRET/);
      expect(headers).toContain('"x-team":"rehearsal"');
      expect(first.via.endpoint.urlFor('/v1/messages')).toBe(`${cast.simulators[0]?.url}/v1/messages`);
    } finally {
      await cast.close();
    }
  });

  it('are the only ones who can be called', async () => {
    const cast = await castPlan(await planOf(CONFIG), scaledClock(40));
    const call = { method: 'GET', url: 'https://api.openai.com/v1/models', headers: {} };
    expect(() => cast.transport.start(call, { onHead() {}, onData() {}, onEnd() {}, onError() {} })).toThrow(
      /must not call/,
    );
    await cast.close();
  });
});

describe('the judge', () => {
  const fault = { id: 'x', title: 'x', does: 'server', hope: 'next' } as const;
  const played = { events: [], text: '', attempts: [], tookMs: 5, ended: true };
  const ok = (text: string) => ({
    ...played,
    text,
    events: [
      { type: 'response-start' as const },
      { type: 'text-start' as const, index: 0 },
      { type: 'text-delta' as const, index: 0, text },
      { type: 'text-end' as const, index: 0 },
      { type: 'finish' as const, reason: 'stop' as const },
    ],
  });

  it('calls a truncated success broken', async () => {
    const plan = await planOf(CONFIG);
    expect(judge(fault, 0, plan, 'the whole answer', ok('the whole')).outcome).toBe('broken');
    expect(judge(fault, 0, plan, 'the whole answer', ok('the whole answer')).outcome).not.toBe('broken');
  });

  it('calls an answer broken where only an error is honest, and a call without an end', async () => {
    const plan = await planOf(CONFIG);
    expect(judge({ ...fault, hope: 'error' }, 0, plan, 'a', ok('a'))).toMatchObject({ outcome: 'broken' });
    expect(judge(fault, 0, plan, 'a', { ...ok('a'), ended: false })).toMatchObject({
      outcome: 'broken',
      note: 'the call never ended',
    });
  });
});
