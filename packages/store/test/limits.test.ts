import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../src/database.ts';
import type { KeyRecord } from '../src/keys.ts';
import type { BudgetRules, LimitKeeper, Refusal, Ticket } from '../src/limit-types.ts';
import { createLimits } from '../src/limits.ts';
import { createGrants, createPurse } from '../src/purse.ts';
import { createRateWindow } from '../src/rate-window.ts';
import { createLedger } from '../src/ledger.ts';
import { attempt, entry, tempDir, testClock } from './support.ts';

/** 1,000 nano-USD per token either way. */
const PRICE = { inputNanoUsd: 1_000, outputNanoUsd: 1_000, source: 'test' };
const MAIN = { entry: 'openai.main', model: 'model-a' };
const SPARE = { entry: 'x.spare', model: 'model-b' };
/** What the attempt of `support.ts` costs: 120 tokens. */
const ONE = 120_000;

function keeper(budgets: BudgetRules, options: { path?: string; clock?: ReturnType<typeof testClock> } = {}) {
  const { db } = openDatabase(options.path ?? ':memory:');
  const clock = options.clock ?? testClock();
  return { db, clock, limits: createLimits({ db, priceOf: () => PRICE, budgets, clock }) };
}

function key(fields: Partial<KeyRecord>): KeyRecord {
  return { id: 'key_1', name: 'ci', hash: '0'.repeat(64), createdAt: 0, ...fields };
}

const CALL = { targets: [MAIN], inputTokens: () => 100, maxTokens: 20 };

function admitted(limits: LimitKeeper, request: Parameters<LimitKeeper['admit']>[0] = CALL): Ticket {
  const admission = limits.admit(request);
  if (admission.type !== 'admitted') throw new Error(`not admitted: ${JSON.stringify(admission)}`);
  return admission.ticket;
}

function refused(limits: LimitKeeper, request: Parameters<LimitKeeper['admit']>[0] = CALL): Refusal {
  const admission = limits.admit(request);
  if (admission.type !== 'refused') throw new Error('it was not refused');
  return admission.refusal;
}

describe('money', () => {
  test('200 calls at once at the edge of a budget: exactly what fits is admitted', () => {
    const { limits } = keeper({ dayNanoUsd: 17 * ONE + 1 });
    const tickets = Array.from({ length: 200 }, () => limits.admit(CALL)).filter((one) => one.type === 'admitted');
    expect(tickets.length).toBe(17);
    for (const { ticket } of tickets) ticket.settle([attempt()]);
    const last = refused(limits);
    expect(last).toMatchObject({ status: 429, code: 'budget_exceeded', shouldRetry: false });
  });

  test('what is only reserved may be asked for again soon; what is spent may not', () => {
    const { limits } = keeper({ dayNanoUsd: ONE });
    const ticket = admitted(limits);
    expect(refused(limits)).toMatchObject({ shouldRetry: true, retryAfterMs: 1_000 });
    ticket.settle([]);
    const second = admitted(limits);
    second.settle([attempt()]);
    expect(refused(limits)).toMatchObject({ shouldRetry: false, retryAfterMs: 12 * 3_600_000 });
  });

  test('begins anew with the day, and the month goes on', () => {
    const clock = testClock();
    const { limits } = keeper({ dayNanoUsd: ONE, monthNanoUsd: 2 * ONE }, { clock });
    admitted(limits).settle([attempt()]);
    refused(limits);
    clock.advance(12 * 3_600_000);
    admitted(limits).settle([attempt()]);
    clock.advance(24 * 3_600_000);
    expect(refused(limits).message).toContain('per month');
  });

  test('an answer of unlimited length still uses the budget up, one call after the other', () => {
    const { limits } = keeper({ dayNanoUsd: 10 * ONE });
    const request = { targets: [MAIN], inputTokens: () => 1 };
    let made = 0;
    while (made < 50) {
      const admission = limits.admit(request);
      if (admission.type !== 'admitted') break;
      admission.ticket.settle([attempt()]);
      made++;
    }
    expect(made).toBe(10);
  });

  test('lost attempts are paid too, and an attempt without usage by what arrived of it', () => {
    const { limits, db } = keeper({ dayNanoUsd: 100 * ONE });
    const cut = attempt({ outcome: 'truncated', usage: undefined, bytes: 40 });
    admitted(limits).settle([cut, attempt({ attempt: 2 })]);
    limits.close();
    expect(createGrants(db).granted('all', '2026-11-20')).toBe(110_000 + ONE);
  });

  test('a call settles once', () => {
    const { limits } = keeper({ dayNanoUsd: 2 * ONE });
    const ticket = admitted(limits);
    ticket.settle([attempt()]);
    ticket.settle([attempt()]);
    admitted(limits);
  });

  test('a soft limit warns and lets pass', () => {
    const { limits } = keeper({});
    const request = { ...CALL, caller: key({ dayNanoUsd: ONE, soft: true }) };
    admitted(limits, request).settle([attempt()]);
    const ticket = admitted(limits, request);
    expect(ticket.warnings).toEqual(['100% of 0.00012 USD per day for the key "ci"']);
  });

  test("a provider's budget: reject, fallback, warn", () => {
    const spend = (action: 'reject' | 'fallback' | 'warn') => {
      const { limits } = keeper({ perProvider: { [MAIN.entry]: { dayNanoUsd: ONE, action } } });
      const request = { ...CALL, targets: [MAIN, SPARE] };
      admitted(limits, request).settle([attempt()]);
      return limits.admit(request);
    };
    expect(spend('reject')).toMatchObject({ type: 'refused', refusal: { code: 'budget_exceeded' } });
    expect(spend('fallback')).toMatchObject({ type: 'admitted', ticket: { without: new Set([0]) } });
    expect(spend('warn')).toMatchObject({ type: 'admitted', ticket: { without: new Set() } });
  });

  test('an agent has a budget of its own, whoever asks for it', () => {
    const { limits } = keeper({ perAgent: { coder: { dayNanoUsd: 2 * ONE } } });
    const request = { ...CALL, agent: 'coder' };
    for (const id of ['key_1', 'key_2'])
      admitted(limits, { ...request, caller: key({ id, dayNanoUsd: 9 * ONE }) }).settle([attempt()]);
    expect(refused(limits, request).message).toContain('for the agent "coder"');
    expect(limits.admit({ ...CALL, agent: 'writer' }).type).toBe('free');
    expect(limits.admit(CALL).type).toBe('free');
  });

  test('tokens of a period are counted beside money, and without any price', () => {
    const { db } = openDatabase(':memory:');
    const budgets: BudgetRules = { perProvider: { [MAIN.entry]: { dayTokens: 240, dayNanoUsd: ONE } } };
    const limits = createLimits({ db, priceOf: () => undefined, budgets, clock: testClock() });
    admitted(limits).settle([attempt()]);
    const second = admitted(limits);
    expect(refused(limits)).toMatchObject({ shouldRetry: true });
    // Its vendor told no usage: what was asked and what arrived count.
    second.settle([attempt({ usage: undefined, outcome: 'truncated', bytes: 80 })]);
    expect(refused(limits).message).toContain('240 tokens per day for openai.main');
  });

  test('warnings begin at the share that the rules name', () => {
    const { limits } = keeper({ dayNanoUsd: 10 * ONE, warnAtPercent: 10 });
    admitted(limits).settle([attempt()]);
    expect(admitted(limits).warnings).toEqual(['10% of 0.0012 USD per day for everything together']);
  });

  test("what a spare answered is not on the first provider's account", () => {
    const { limits } = keeper({ perProvider: { [MAIN.entry]: { dayNanoUsd: ONE } } });
    const request = { ...CALL, targets: [MAIN, SPARE] };
    for (let i = 0; i < 5; i++) admitted(limits, request).settle([attempt({ provider: 'x.spare', model: 'model-b' })]);
    admitted(limits, request);
  });

  test('an unknown price is let through or refused, as the rules say', () => {
    const { db } = openDatabase(':memory:');
    const build = (unknownPrice: 'allow' | 'refuse') =>
      createLimits({ db, priceOf: () => undefined, budgets: { dayNanoUsd: ONE, unknownPrice } });
    expect(build('allow').admit(CALL).type).toBe('admitted');
    expect(refused(build('refuse'))).toMatchObject({ code: 'budget_exceeded', shouldRetry: false });
  });

  test('a journal that cannot be written refuses limited calls with 503, and only those', () => {
    const { limits, db } = keeper({ perProvider: { [MAIN.entry]: { dayNanoUsd: ONE } } });
    db.exec('DROP TABLE grants');
    expect(limits.admit({ ...CALL, targets: [SPARE] }).type).toBe('free');
    db.exec('CREATE TABLE grants (other TEXT)');
    expect(refused(limits)).toMatchObject({ status: 503, code: 'budget_store_unavailable' });
  });

  test('after a kill what was reserved counts as spent; nothing is handed out twice', () => {
    const path = join(tempDir(), 'ledger.db');
    const first = keeper({ dayNanoUsd: 10 * ONE }, { path });
    admitted(first.limits).settle([attempt()]);
    for (let i = 0; i < 4; i++) admitted(first.limits);
    first.db.close();
    const second = keeper({ dayNanoUsd: 10 * ONE }, { path });
    const more = Array.from({ length: 20 }, () => second.limits.admit(CALL)).filter((one) => one.type === 'admitted');
    expect(more.length).toBe(5);
  });

  test('two processes share one budget', () => {
    const path = join(tempDir(), 'ledger.db');
    const both = [keeper({ dayNanoUsd: 11 * ONE }, { path }), keeper({ dayNanoUsd: 11 * ONE }, { path })];
    let made = 0;
    for (let i = 0; i < 40; i++) if (both[i % 2]?.limits.admit(CALL).type === 'admitted') made++;
    expect(made).toBe(11);
  });

  test('whatever happens in whatever order, no more is handed out than the limit', () => {
    const step = fc.record({
      settle: fc.boolean(),
      worst: fc.nat(60),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 400 }), (steps, limit) => {
        const { db } = openDatabase(':memory:');
        const grants = createGrants(db);
        const purses = [createPurse(grants, 's', 'p'), createPurse(grants, 's', 'p')];
        const open: { purse: (typeof purses)[number]; amount: number }[] = [];
        let spent = 0;
        for (const [at, { settle, worst, share }] of steps.entries()) {
          const purse = purses[at % 2];
          if (purse === undefined) continue;
          if (settle) {
            const one = open.shift();
            if (one === undefined) continue;
            const used = Math.floor(one.amount * share);
            one.purse.settle(one.amount, used);
            spent += used;
          } else {
            const amount = purse.reserve(worst, Math.floor(worst * share), limit);
            if (amount !== undefined) open.push({ purse, amount });
          }
          const reserved = open.reduce((sum, one) => sum + one.amount, 0);
          expect(spent + reserved).toBeLessThanOrEqual(limit);
          expect(grants.granted('s', 'p')).toBeGreaterThanOrEqual(spent + reserved);
          expect(grants.granted('s', 'p')).toBeLessThanOrEqual(limit);
        }
        for (const one of open) one.purse.settle(one.amount, 0);
        for (const purse of purses) purse.close();
        expect(grants.granted('s', 'p')).toBe(spent);
        db.close();
      }),
      { numRuns: 100 },
    );
  });
});

describe('rates', () => {
  test('requests per minute slide, and the wait that is told is enough', () => {
    const clock = testClock();
    const { limits } = keeper({}, { clock });
    const request = { ...CALL, caller: key({ requestsPerMinute: 3 }) };
    for (let i = 0; i < 3; i++) {
      admitted(limits, request).settle([attempt()]);
      clock.advance(10_000);
    }
    const wait = refused(limits, request);
    expect(wait).toMatchObject({ code: 'rate_limit_exceeded', shouldRetry: true });
    clock.advance(wait.retryAfterMs - 1);
    refused(limits, request);
    clock.advance(1);
    admitted(limits, request);
    refused(limits, request);
  });

  test('tokens per minute: the estimate is held, then what was used', () => {
    const { limits } = keeper({});
    const request = { ...CALL, maxTokens: 500, caller: key({ tokensPerMinute: 1_000 }) };
    const ticket = admitted(limits, request);
    refused(limits, request);
    ticket.settle([attempt()]);
    admitted(limits, request);
  });

  test('calls at the same time, whatever way they end', () => {
    const { limits } = keeper({});
    const request = { ...CALL, caller: key({ parallel: 2 }) };
    const first = admitted(limits, request);
    admitted(limits, request);
    expect(refused(limits, request).message).toContain('2 calls at the same time');
    first.settle([]);
    admitted(limits, request);
  });

  test('keys do not count for each other, and a call without limits costs nothing', () => {
    const { limits } = keeper({});
    admitted(limits, { ...CALL, caller: key({ parallel: 1 }) });
    admitted(limits, { ...CALL, caller: key({ id: 'key_2', parallel: 1 }) });
    const never = (): number => {
      throw new Error('nobody needs the count');
    };
    expect(limits.admit({ ...CALL, inputTokens: never, caller: key({}) }).type).toBe('free');
  });

  test('the window never holds more than the last minute', () => {
    const step = fc.record({ add: fc.nat(10), ms: fc.nat(30_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const window = createRateWindow();
        const seen: { at: number; add: number }[] = [];
        let now = 1_000_000;
        for (const { add, ms } of steps) {
          now += ms;
          window.add(add, now);
          seen.push({ at: now, add });
          const second = Math.floor(now / 1_000);
          const expected = seen
            .filter((one) => second - Math.floor(one.at / 1_000) < 60)
            .reduce((sum, one) => sum + one.add, 0);
          expect(window.sum(now)).toBe(expected);
        }
      }),
    );
  });
});

test('a new process knows from the ledger what a call usually takes, so that the last of a budget is not overspent', () => {
  const path = join(tempDir(), 'ledger.db');
  const ledger = createLedger({ path, clock: testClock() });
  ledger.ended(entry({ attempts: [attempt({ usage: { inputTokens: 100, outputTokens: 20 } })] }));
  ledger.close();
  const { limits } = keeper({ dayNanoUsd: 2 * ONE + 1_000 }, { path });
  for (let i = 0; i < 2; i++) admitted(limits).settle([attempt()]);
  // What is left would pay for the question alone.
  expect(refused(limits)).toMatchObject({ code: 'budget_exceeded', shouldRetry: false });
  limits.close();
  const again = keeper({ dayNanoUsd: 3 * ONE - 5_000 }, { path });
  expect(refused(again.limits)).toMatchObject({ code: 'budget_exceeded' });
});
