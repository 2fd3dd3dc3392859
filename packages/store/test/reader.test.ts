import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase, StoreError, type DatabaseSync } from '../src/database.ts';
import { attemptsOfRows, listRequests, usageBy } from '../src/query.ts';
import { minutesOf } from '../src/minutes.ts';
import { createLedgerReader, type LedgerReader } from '../src/reader/reader.ts';
import { tempDir } from './support.ts';

const NOW = Date.UTC(2026, 10, 26, 12);

/** A ledger of so many requests with an attempt each, ten in a second. */
function ledgerOf(count: number, path = join(tempDir(), 'ledger.db')): { path: string; db: DatabaseSync } {
  const { db } = openDatabase(path);
  onTestFinished(() => db.close());
  db.exec(`
    BEGIN;
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${count} - 1)
    INSERT INTO requests (id, started_at, took_ms, first_content_ms, outcome, status, protocol, mode, requested_model,
      provider, model, attempts, attempts_dropped, input_tokens, output_tokens, cost_nano_usd)
      SELECT 'req_' || i, ${NOW} - i * 100, 40 + i % 7, 10 + i % 5, 'ok', 200, 'openai-chat', 'whole', 'm',
        'openai.main', 'm-' || (i % 3), 1, 0, 10, 5, 1000 + i % 11 FROM n;
    INSERT INTO attempts (request, attempt, provider, model, outcome, reason, started_ms, ended_ms, waited_ms,
      input_tokens, output_tokens, cost_nano_usd)
      SELECT seq, 1, provider, model, 'ok', 'first target', 0, took_ms, 0, 10, 5, cost_nano_usd FROM requests;
    COMMIT;`);
  return { path, db };
}

function readerOf(path: string, db: DatabaseSync, idleMs?: number): LedgerReader {
  const reader = createLedgerReader(path, db, { idleMs });
  onTestFinished(() => reader.close());
  return reader;
}

/** The objects of a database have no prototype, those from a thread have. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test.each(['file', 'memory'])('answers as a direct reading does (%s)', async (where) => {
  const { path, db } = ledgerOf(500, where === 'memory' ? ':memory:' : undefined);
  const reader = readerOf(path, db);
  const [usage, minutes, rows] = await Promise.all([
    reader.ask('usageBy', 'model'),
    reader.ask('minutesOf', NOW - 600_000, NOW + 60_000, 1_000),
    reader.ask('listRequests', { model: 'm-1' }, { limit: 7 }),
  ]);
  expect(plain(usage)).toEqual(plain(usageBy(db, 'model')));
  expect(plain(minutes)).toEqual(plain(minutesOf(db, NOW - 600_000, NOW + 60_000, 1_000)));
  expect(plain(rows)).toEqual(plain(listRequests(db, { model: 'm-1' }, { limit: 7 })));
  expect(rows).toHaveLength(7);
  expect([...(await reader.ask('attemptsOfRows', rows))].length).toBe([...attemptsOfRows(db, rows)].length);
});

test('sees what was written just before', async () => {
  const { path, db } = ledgerOf(1);
  const reader = readerOf(path, db);
  expect(await reader.ask('listRequests', {})).toHaveLength(1);
  db.exec("UPDATE requests SET outcome = 'left'");
  expect(await reader.ask('listRequests', { outcome: 'left' })).toHaveLength(1);
});

test('keeps nobody waiting while it sums up many rows', async () => {
  const { path, db } = ledgerOf(200_000);
  const reader = readerOf(path, db);
  await reader.ask('gapsSince');
  const began = performance.now();
  usageBy(db, 'model');
  const tookHere = performance.now() - began;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await reader.ask('usageBy', 'model');
  delay.disable();
  expect(delay.max / 1e6).toBeLessThan(tookHere / 2);
});

test('goes on after its thread has ended for want of questions', async () => {
  const { path, db } = ledgerOf(3);
  const reader = readerOf(path, db, 1);
  for (let round = 0; round < 3; round++) {
    expect(await reader.ask('listRequests', {})).toHaveLength(3);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('reads here when the thread finds no ledger at its path, and says so', async () => {
  const { db } = ledgerOf(2);
  const lines: string[] = [];
  const reader = createLedgerReader(join(tempDir(), 'elsewhere.db'), db, { log: (level) => void lines.push(level) });
  expect(await reader.ask('listRequests', {})).toHaveLength(2);
  expect(lines).toEqual(['warn']);
});

test('lets only so many questions wait', async () => {
  const { path, db } = ledgerOf(1);
  const reader = readerOf(path, db);
  const asked = await Promise.allSettled(Array.from({ length: 250 }, () => reader.ask('gapsSince')));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(200);
  const refused = asked.find((one) => one.status === 'rejected');
  expect(String(refused?.reason)).toContain('200 questions wait already. Ask again in a moment');
  await expect(reader.ask('gapsSince')).resolves.toBeDefined();
});

test('tells what could not be read, and answers nothing once it is closed', async () => {
  const { path, db } = ledgerOf(1);
  const reader = readerOf(path, db);
  db.exec('DROP TABLE attempts');
  await expect(reader.ask('usageBy', 'model')).rejects.toThrow(/ledger\.db cannot be read: no such table: attempts/);
  const late = reader.ask('listRequests', {});
  reader.close();
  await expect(late).rejects.toBeInstanceOf(StoreError);
  await expect(reader.ask('listRequests', {})).rejects.toThrow('it is closed');
});
