import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLedger, type LedgerOptions } from '../src/ledger.ts';
import { attemptsOf, gapsSince, listRequests, usageBy } from '../src/query.ts';
import { attempt, entry, tempDir, testClock } from './support.ts';

function open(options: Partial<LedgerOptions> = {}) {
  return createLedger({ path: ':memory:', clock: testClock(), ...options });
}

describe('the ledger', () => {
  test('writes nothing while the answer is on its way, and everything after the wait', () => {
    const clock = testClock();
    const ledger = open({ clock });
    ledger.ended(entry({ id: 'a' }));
    ledger.ended(entry({ id: 'b' }));
    expect(listRequests(ledger.db, {})).toEqual([]);
    clock.advance(199);
    expect(ledger.waiting).toBe(2);
    clock.advance(1);
    expect(listRequests(ledger.db, {}).map((row) => row.id)).toEqual(['b', 'a']);
    expect(ledger.waiting).toBe(0);
  });

  test('writes a full batch without waiting', async () => {
    const ledger = open({ batch: 4 });
    for (let i = 0; i < 9; i++) ledger.ended(entry());
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(listRequests(ledger.db, {}).length).toBe(8);
    ledger.flush();
    expect(listRequests(ledger.db, {}).length).toBe(9);
  });

  test('keeps each attempt, and sums what they used', () => {
    const ledger = open({
      priceOf: (at) => (at === 'openai.main' ? { inputNanoUsd: 1000, outputNanoUsd: 2000, source: 't' } : undefined),
    });
    const attempts = [
      attempt({ outcome: 'rate-limit', usage: undefined, firstContentMs: undefined, status: 429, retryAfterMs: 900 }),
      attempt({ attempt: 2, outcome: 'truncated', usage: { inputTokens: 100, outputTokens: 5 }, phase: 'content' }),
      attempt({ attempt: 3, provider: 'x.spare', rescue: 'verified replay', lost: ['seed', 'top_k'], bytes: 812 }),
    ];
    ledger.ended(entry({ id: 'r', attempts, provider: 'x.spare' }));
    ledger.flush();
    const [row] = listRequests(ledger.db, { id: 'r' });
    expect(row).toMatchObject({ attempts: 3, input_tokens: 200, output_tokens: 25, rescue: 'verified replay' });
    expect(attemptsOf(ledger.db, row?.seq ?? 0)).toMatchObject([
      { outcome: 'rate-limit', status: 429, retry_after_ms: 900, cost_nano_usd: 0, output_tokens: null },
      { outcome: 'truncated', phase: 'content', cost_nano_usd: 110_000 },
      { provider: 'x.spare', cost_nano_usd: null, lost: 'seed, top_k', bytes: 812 },
    ]);
  });

  test('shows what is not known as unknown', () => {
    const ledger = open();
    ledger.ended(entry({ attempts: [attempt({ usage: undefined })] }));
    ledger.ended(entry({ attempts: [attempt()], costNanoUsd: 500 }));
    ledger.flush();
    expect(listRequests(ledger.db, {})).toMatchObject([
      { cost_nano_usd: 500, output_tokens: 20 },
      { cost_nano_usd: null, output_tokens: null },
    ]);
    expect(usageBy(ledger.db, 'day')).toMatchObject([
      { name: '2026-11-20', requests: 2, cost_nano_usd: 500, unknown_cost: 1, unknown_usage: 1, output_tokens: 20 },
    ]);
  });

  test("does not keep a vendor's words unless told to", () => {
    const failed = entry({
      outcome: 'failed',
      attempts: [attempt({ outcome: 'invalid-request', message: 'bad prompt: my diary' })],
    });
    const quiet = open();
    quiet.ended(failed);
    quiet.flush();
    const text = (ledger: typeof quiet): string => JSON.stringify(attemptsOf(ledger.db, 1));
    expect(text(quiet)).not.toContain('diary');
    const open2 = open({ vendorMessages: true });
    open2.ended(failed);
    open2.flush();
    expect(text(open2)).toContain('diary');
  });

  test('filters and pages, newest first', () => {
    const ledger = open();
    for (let i = 0; i < 25; i++) ledger.ended(entry({ id: `r${i}`, callerKey: i % 2 === 0 ? 'k1' : 'k2' }));
    ledger.ended(entry({ id: 'other', model: 'model-b', outcome: 'failed' }));
    ledger.flush();
    const first = listRequests(ledger.db, { key: 'k1' }, { limit: 5 });
    const second = listRequests(ledger.db, { key: 'k1' }, { limit: 5, before: first.at(-1)?.seq });
    expect(first.map((row) => row.id)).toEqual(['r24', 'r22', 'r20', 'r18', 'r16']);
    expect(second.map((row) => row.id)).toEqual(['r14', 'r12', 'r10', 'r8', 'r6']);
    expect(listRequests(ledger.db, { outcome: 'failed' }).map((row) => row.id)).toEqual(['other']);
    expect(listRequests(ledger.db, { model: 'model-b' }).map((row) => row.id)).toEqual(['other']);
  });

  test('a lost attempt counts at the provider that was asked', () => {
    const ledger = open({ priceOf: () => ({ inputNanoUsd: 10, outputNanoUsd: 10, source: 't' }) });
    const attempts = [attempt({ outcome: 'truncated', provider: 'a.a' }), attempt({ attempt: 2, provider: 'b.b' })];
    ledger.ended(entry({ attempts, provider: 'b.b' }));
    ledger.flush();
    expect(usageBy(ledger.db, 'provider')).toMatchObject([
      { name: 'a.a', requests: 1, failed: 1, cost_nano_usd: 1200 },
      { name: 'b.b', requests: 1, failed: 0, cost_nano_usd: 1200 },
    ]);
  });
});

describe('a disk that refuses', () => {
  test('never stops the answers; the queue gives up detail of the oldest, then whole rows, and counts both', () => {
    const clock = testClock();
    const lines: string[] = [];
    const ledger = open({ clock, capacity: 10, log: (level, message) => lines.push(`${level} ${message}`) });
    ledger.db.exec('ALTER TABLE requests RENAME TO gone');
    for (let i = 0; i < 13; i++) {
      ledger.ended(entry({ id: `r${i}`, attempts: [attempt(), attempt({ attempt: 2 })] }));
      clock.advance(250);
    }
    expect(ledger.waiting).toBe(10);
    expect(ledger.dropped).toEqual({ requests: 3, attempts: 10 });
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.length).toBeLessThan(8);
    ledger.db.exec('ALTER TABLE gone RENAME TO requests');
    clock.advance(20_000);
    expect(ledger.waiting).toBe(0);
    const rows = listRequests(ledger.db, {});
    expect(rows.map((row) => row.id)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((i) => `r${i}`));
    expect(rows.map((row) => row.attempts_dropped)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    expect(rows.every((row) => row.attempts === 2)).toBe(true);
    expect(gapsSince(ledger.db)).toMatchObject({ droppedRequests: 3, droppedAttempts: 10 });
  });

  test('a file that is no database is put aside', () => {
    const path = join(tempDir(), 'ledger.db');
    writeFileSync(path, 'this is not a database, it is a text of some length '.repeat(40));
    const lines: string[] = [];
    const ledger = open({ path, log: (level, message) => lines.push(`${level} ${message}`) });
    ledger.ended(entry());
    ledger.close();
    expect(lines).toEqual(['error Ledger was damaged; a new one was begun']);
  });
});

describe('opening the ledger', () => {
  test('only its owner can read the file', () => {
    const path = join(tempDir(), 'home', 'ledger.db');
    const ledger = open({ path });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    ledger.close();
  });

  test('says when the run before was not closed in order, once', () => {
    const path = join(tempDir(), 'ledger.db');
    const killed = open({ path });
    killed.ended(entry());
    killed.flush();
    killed.db.close();
    const lines: string[] = [];
    const log = (level: string, message: string): void => void lines.push(`${level} ${message}`);
    const next = open({ path, log });
    expect(next.unclean).toBe(1);
    expect(lines).toEqual(['warn Ledger was not closed in order']);
    next.close();
    expect(open({ path }).unclean).toBe(0);
  });

  test('a closed ledger has everything', () => {
    const path = join(tempDir(), 'ledger.db');
    const ledger = open({ path });
    for (let i = 0; i < 700; i++) ledger.ended(entry());
    ledger.close();
    expect(readFileSync(path).length).toBeGreaterThan(0);
    expect(listRequests(open({ path }).db, {}, { limit: 10_000 }).length).toBe(700);
  });
});

describe('retention', () => {
  test('drops what is too old, with its attempts', () => {
    const clock = testClock();
    const ledger = open({ clock, keepDays: 30 });
    const day = 86_400_000;
    for (const age of [40, 31, 29, 0]) ledger.ended(entry({ id: `age${age}`, startedAt: clock.wallMs() - age * day }));
    clock.advance(200);
    expect(listRequests(ledger.db, {}).map((row) => row.id)).toEqual(['age0', 'age29']);
    expect(ledger.db.prepare('SELECT count(*) AS n FROM attempts').get()?.['n']).toBe(2);
  });

  test('keeps so many rows', () => {
    const clock = testClock();
    const ledger = open({ clock, keepRows: 3 });
    for (let i = 0; i < 8; i++) ledger.ended(entry({ id: `r${i}` }));
    clock.advance(200);
    expect(listRequests(ledger.db, {}).map((row) => row.id)).toEqual(['r7', 'r6', 'r5']);
  });
});
