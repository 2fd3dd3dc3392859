import { describe, expect, it } from 'vitest';
import { AllAttemptsFailed, type ErrorDetails, type ErrorKind } from '../../src/spec/errors.ts';
import { validateStream } from '../../src/stream/validate.ts';
import type { Target } from '../../src/route/target.ts';
import { createWorld, planOf, play, target, type Act } from './virtual.ts';

const failed = (status: number, kind: ErrorKind, extra: Partial<ErrorDetails> = {}): Act => ({
  do: 'status',
  status,
  error: { kind, message: `vendor says ${kind}`, status, ...extra },
});

const ok: Act = { do: 'answer' };
const keys = ['sk-a', 'sk-b', 'sk-c'];
const chain = (): Target[] => [
  target('openai.main', 'large', keys, { contextWindow: 1000 }),
  target('openai.main', 'medium', keys, { contextWindow: 2000 }),
  target('openai.main', 'small', keys, { contextWindow: 500 }),
  target('anthropic.spare', 'claude', ['sk-x'], { contextWindow: 4000 }),
  target('custom.last', 'local', ['sk-y'], { contextWindow: 8000 }),
];
const KEY_HOME: Record<string, string> = { 'sk-x': 'anthropic.spare', 'sk-y': 'custom.last' };

const FAULTS: Record<string, Act> = {
  refused: { do: 'refuse' },
  reset: { do: 'reset' },
  silent: { do: 'silent' },
  '408': failed(408, 'server'),
  '500': failed(500, 'server'),
  '503': failed(503, 'overloaded'),
  '529': failed(529, 'overloaded'),
  '429 without hint': failed(429, 'rate-limit'),
  '429 short': failed(429, 'rate-limit', { retryAfterMs: 1_000 }),
  '429 long': failed(429, 'rate-limit', { retryAfterMs: 3_600_000 }),
  quota: failed(429, 'quota'),
  '402': failed(402, 'quota'),
  '401': failed(401, 'auth'),
  '403': failed(403, 'permission'),
  '404 model': failed(404, 'model-not-found'),
  'error in a 200': { do: 'error', error: { kind: 'server', message: 'oops', status: 500 } },
  'empty 200': { do: 'answer', text: '' },
  'cut before content': { do: 'answer', cutAt: 1 },
  'wrong base': failed(404, 'config'),
};

describe('a chain of three keys, two fallback models and two fallback providers', () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const mode of ['stream', 'whole'] as const) {
      it(`survives ${name} at every position (${mode})`, async () => {
        const targets = chain();
        for (let healthy = 0; healthy < targets.length; healthy++) {
          const survivor = targets[healthy];
          const world = createWorld((seen) => (seen.model === survivor?.model ? ok : fault));
          const outcome = await play(world, planOf(targets), { mode });
          expect(outcome.error).toBeUndefined();
          expect(outcome.text).toBe('hello world');
          expect(validateStream(outcome.events)).toEqual([]);
          expect(outcome.terminal).toBe(1);
          expect(world.seen.every((call) => call.closed)).toBe(true);
          for (const call of world.seen) {
            const home = KEY_HOME[call.key] ?? 'openai.main';
            expect(call.url).toBe(`http://${home}.test/chat`);
          }
          expect(outcome.attempts.length).toBe(world.seen.length);
        }
      });
    }
  }

  it('rotates the keys of one model before it moves on, and remembers a cooling key', async () => {
    const world = createWorld((seen) =>
      seen.key === 'sk-c' ? ok : failed(429, 'rate-limit', { retryAfterMs: 60_000 }),
    );
    const first = await play(world, planOf(chain()));
    expect(first.error).toBeUndefined();
    expect(world.seen.map((call) => `${call.model} ${call.key}`)).toEqual(['large sk-a', 'large sk-b', 'large sk-c']);
    await play(world, planOf(chain()));
    expect(world.seen.slice(3).map((call) => call.key)).toEqual(['sk-c']);
  });

  it('tries model by model, then entry by entry, depth first', async () => {
    const world = createWorld(() => failed(404, 'model-not-found'));
    const outcome = await play(world, planOf(chain()));
    expect(world.seen.map((call) => call.model)).toEqual(['large', 'medium', 'small', 'claude', 'local']);
    expect(outcome.error).toBeInstanceOf(AllAttemptsFailed);
    for (const word of ['openai.main large', 'anthropic.spare claude', 'custom.last local', '404', 'vendor says']) {
      expect(outcome.error?.message).toContain(word);
    }
    expect(outcome.error?.message).not.toMatch(/sk-[abcxy]/);
  });

  it('says "Provider recovered (failover/retry)" with its fields', async () => {
    const world = createWorld((seen) => (seen.model === 'medium' ? ok : failed(404, 'model-not-found')));
    await play(world, planOf(chain()));
    expect(world.logs).toEqual([
      {
        level: 'info',
        message: 'Provider recovered (failover/retry)',
        fields: {
          provider: 'openai.main',
          model: 'medium',
          original_model: 'large',
          requested_model: 'large',
          attempt: 2,
        },
      },
    ]);
  });
});

describe('same-target retry', () => {
  it('repeats a 5xx on the same target and key with a jittered, doubling, capped backoff', async () => {
    const world = createWorld((_, index) => (index < 2 ? failed(500, 'server') : ok));
    const outcome = await play(world, planOf([target('a.a', 'm', ['k'])]), { random: () => 1 });
    expect(outcome.text).toBe('hello world');
    expect(outcome.attempts.map((attempt) => attempt.waitedMs)).toEqual([0, 500, 1000]);
  });

  it('leaves every later target one attempt of the budget', async () => {
    const world = createWorld(() => failed(500, 'server'));
    await play(world, planOf([1, 2, 3, 4, 5].map((n) => target(`a.${n}`, `m${n}`, ['k']))));
    expect(world.seen.length).toBe(6);
    expect(new Set(world.seen.map((call) => call.model)).size).toBe(5);
  });

  it('obeys x-should-retry: false', async () => {
    const world = createWorld(() => failed(500, 'server', { shouldRetry: false }));
    await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
    expect(world.seen.map((call) => call.model)).toEqual(['m', 'n']);
  });
});

describe('waiting', () => {
  it('waits a short Retry-After on the same key, then answers', async () => {
    const world = createWorld((_, index) => (index === 0 ? failed(429, 'rate-limit', { retryAfterMs: 2_000 }) : ok));
    const outcome = await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
    expect(world.seen.map((call) => call.model)).toEqual(['m', 'm']);
    expect(outcome.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(1_990);
    expect(outcome.attempts[1]?.waitedMs).toBeLessThanOrEqual(2_000);
  });

  it('does not wait a long Retry-After when another target exists', async () => {
    const world = createWorld((seen) =>
      seen.model === 'm' ? failed(429, 'rate-limit', { retryAfterMs: 90_000 }) : ok,
    );
    const outcome = await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
    expect(outcome.tookMs).toBeLessThan(1_000);
    const again = await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
    expect(again.attempts.map((attempt) => attempt.model)).toEqual(['n']);
  });

  it('says when to come back when every key cools for long', async () => {
    const world = createWorld(() => failed(429, 'rate-limit', { retryAfterMs: 90_000 }));
    const plan = planOf([target('a.a', 'm', ['k'])]);
    await play(world, plan);
    const outcome = await play(world, plan);
    expect(outcome.attempts).toEqual([]);
    expect(outcome.error?.kind).toBe('rate-limit');
    expect(outcome.error?.retryAfterMs).toBeGreaterThan(89_000);
  });

  it('never waits past the deadline', async () => {
    const world = createWorld(() => failed(429, 'rate-limit', { retryAfterMs: 4_000 }));
    const outcome = await play(world, planOf([target('a.a', 'm', ['k'])], { deadlineMs: 6_000 }));
    expect(outcome.tookMs).toBeLessThanOrEqual(6_000);
    expect(outcome.error).toBeInstanceOf(AllAttemptsFailed);
  });

  it('never shortens a cooldown by a later answer', async () => {
    const world = createWorld(() => ok);
    world.health.cool('a.a', 'f', 'm', 5_000, 'first');
    world.health.cool('a.a', 'f', 'm', 1_000, 'second');
    expect(world.health.coolingUntil('a.a', 'f', 'm')).toBe(5_000);
  });
});

describe('silence', () => {
  it('leaves a silent target at once and never asks it again while another exists', async () => {
    const world = createWorld((seen) => (seen.model === 'm' ? { do: 'silent' } : ok));
    const outcome = await play(world, planOf([target('a.a', 'm', ['k', 'k2']), target('b.b', 'n', ['l'])]));
    expect(world.seen.map((call) => call.model)).toEqual(['m', 'n']);
    expect(outcome.tookMs).toBeLessThan(13_000);
    expect(world.seen[0]?.aborted).toBe(true);
  });

  it('gives a stalled answer up with an explicit error once content was delivered', async () => {
    const world = createWorld(() => ({ do: 'answer', stallAt: 5 }));
    const outcome = await play(world, planOf([target('a.a', 'm', ['k'])]));
    expect(outcome.error?.kind).toBe('timeout');
    expect(outcome.error?.phase).toBe('content');
    expect(outcome.text.length).toBeGreaterThan(0);
    expect(outcome.events.some((event) => event.type === 'finish')).toBe(false);
    expect(world.seen.length).toBe(1);
  });
});

describe('after the commit point', () => {
  it('turns every cut into an explicit error, never a truncated success', async () => {
    for (let cutAt = 3; cutAt < 14; cutAt++) {
      const world = createWorld(() => ({ do: 'answer', cutAt }));
      const outcome = await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
      expect(outcome.error?.phase).toBe('content');
      expect(outcome.error?.kind).toBe('truncated');
      expect(outcome.terminal).toBe(1);
      expect('hello world'.startsWith(outcome.text)).toBe(true);
    }
  });

  it('starts again when only thinking went out, and the stream stays well formed', async () => {
    const world = createWorld((_, index) =>
      index === 0 ? { do: 'answer', reasoning: 'hm', cutAt: -1 } : { do: 'answer', reasoning: 'again' },
    );
    const outcome = await play(world, planOf([target('a.a', 'm', ['k']), target('b.b', 'n', ['l'])]));
    expect(outcome.error).toBeUndefined();
    expect(outcome.text).toBe('hello world');
    expect(validateStream(outcome.events)).toEqual([]);
  });
});

describe('clear errors', () => {
  for (const kind of ['invalid-request', 'content-policy'] as const) {
    it(`does not repeat or route around ${kind}`, async () => {
      const world = createWorld(() => failed(400, kind));
      const outcome = await play(world, planOf(chain()));
      expect(world.seen.length).toBe(1);
      expect(outcome.error?.kind).toBe(kind);
    });
  }

  it('routes around a refusal when the plan says so', async () => {
    const world = createWorld((_, index) => (index === 0 ? failed(400, 'content-policy') : ok));
    const outcome = await play(world, { ...planOf(chain()), routeAroundContentPolicy: true });
    expect(outcome.text).toBe('hello world');
  });

  it('asks only a larger window after a context overflow', async () => {
    const world = createWorld((seen) => (seen.model === 'large' ? failed(400, 'context-window') : ok));
    const outcome = await play(world, planOf(chain()));
    expect(world.seen.map((call) => call.model)).toEqual(['large', 'medium']);
    expect(outcome.text).toBe('hello world');
    const alone = createWorld(() => failed(400, 'context-window'));
    const small = await play(
      alone,
      planOf([target('a.a', 'm', ['k'], { contextWindow: 10 }), target('b.b', 'n', ['l'], { contextWindow: 10 })]),
    );
    expect(alone.seen.length).toBe(1);
    expect(small.error?.kind).toBe('context-window');
  });

  it('repairs a rejected parameter once, on the same target', async () => {
    const world = createWorld((_, index) =>
      index === 0 ? failed(400, 'unsupported', { parameter: 'temperature' }) : ok,
    );
    const outcome = await play(world, planOf([target('a.a', 'm', ['k'])]), { request: { temperature: 0.2 } });
    expect(outcome.text).toBe('hello world');
    expect(outcome.attempts[1]?.reason).toContain('temperature');
    const stubborn = createWorld(() => failed(400, 'unsupported', { parameter: 'temperature' }));
    await play(stubborn, planOf([target('a.a', 'm', ['k'])]), { request: { temperature: 0.2 } });
    expect(stubborn.seen.length).toBe(2);
  });

  it('passes over targets without vision when the request has images', async () => {
    const request = {
      messages: [
        {
          role: 'user' as const,
          content: [{ type: 'image' as const, source: { type: 'url' as const, url: 'http://x.test/a.png' } }],
        },
      ],
    };
    const world = createWorld(() => ok);
    await play(world, planOf([target('a.a', 'm', ['k'], { vision: false }), target('b.b', 'n', ['l'])]), { request });
    expect(world.seen.map((call) => call.model)).toEqual(['n']);
    const none = await play(world, planOf([target('a.a', 'm', ['k'], { vision: false })]), { request });
    expect(none.error?.kind).toBe('unsupported');
  });
});
