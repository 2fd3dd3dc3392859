import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyring, createLedger, createLimits } from '@standin/store';
import { expect, onTestFinished, test } from 'vitest';
import { startAdmin, temporaryFolder } from '../helpers/admin-bench.ts';
import { attemptRow, createFakeStandin } from '../helpers/fake-standin.ts';
import { CHAT, post } from '../helpers/running-gateway.ts';

test('a key is made, told once, limited, changed and revoked; the gateway hears of each at once', async () => {
  const home = temporaryFolder();
  const path = join(home, 'keys.json');
  const priceOf = () => ({ inputNanoUsd: 1_000, outputNanoUsd: 1_000, source: 'test' });
  const ledger = createLedger({ path: ':memory:', priceOf });
  onTestFinished(() => ledger.close());
  const limits = createLimits({ db: ledger.db, priceOf, budgets: { dayNanoUsd: 5_000_000_000 } });
  const standin = createFakeStandin((run) => {
    run.options.onAttempt?.(attemptRow({ outcome: 'ok', usage: { inputTokens: 1_000, outputTokens: 1_000 } }));
    run.answer('hello');
  });
  const accounting = { logs: [ledger], priceOf, limits };
  const keys = createKeyring({ path });
  const bench = await startAdmin({ standin, keys, accounting, operations: { ledger }, admin: { home } });
  const browser = await bench.pair();
  expect(await browser.json('/api/keys')).toEqual({ data: [], required: false });
  const made = await browser.post('/api/keys', { name: ' ci ', models: ['m'], rpm: 5, budgetDayUsd: '0.5' });
  expect(made.status).toBe(201);
  const { key, record, firstKey } = (await made.json()) as { key: string; record: { id: string }; firstKey: boolean };
  expect([record, firstKey]).toMatchObject([
    { name: 'ci', models: ['m'], rpm: 5, budgetDayUsd: '0.500000000', admin: false },
    true,
  ]);
  expect(readFileSync(path, 'utf8')).not.toContain(key);
  expect((await browser.post('/api/keys', { name: 'ci' })).status).toBe(409);
  for (const wrong of [
    { name: '' },
    { name: 'x', rpm: 0 },
    { name: 'x', budgetDayUsd: 'lots' },
    { name: 'x', unknown: 1 },
  ])
    expect((await browser.post('/api/keys', wrong)).status, JSON.stringify(wrong)).toBe(400);

  const ask = (headers = {}): Promise<Response> => post(`${bench.url}/v1/chat/completions`, CHAT, headers);
  expect((await ask()).status).toBe(401);
  expect((await ask({ 'x-api-key': key })).status).toBe(200);
  const { data } = (await browser.json('/api/keys')) as unknown as { data: object[] };
  expect(data).toMatchObject([{ id: record.id, usedDayUsd: '0.002000000', usedMonthUsd: null }]);
  expect(JSON.stringify(data)).not.toContain(key);
  expect(await browser.json('/api/budgets')).toMatchObject({
    data: [
      {
        scope: 'all',
        unit: 'day',
        limitUsd: '5.000000000',
        usedUsd: '0.002000000',
        leftUsd: '4.998000000',
        limitTokens: null,
      },
      { scope: `key:${record.id}`, usedUsd: '0.002000000', leftUsd: '0.498000000', action: 'reject' },
    ],
    unknownPrice: 'allow',
  });

  const limited = await browser.post(`/api/keys/${record.id}/limits`, { models: ['other'] });
  expect(await limited.json()).toMatchObject({ record: { models: ['other'], rpm: null, budgetDayUsd: null } });
  expect((await ask({ 'x-api-key': key })).status).toBe(403);
  expect((await browser.post(`/api/keys/${record.id}/revoke`)).status).toBe(200);
  expect((await ask({ 'x-api-key': key })).status).toBe(401);
  expect((await browser.post(`/api/keys/${record.id}/revoke`)).status).toBe(404);
  expect((await browser.post('/api/keys/key_none/limits', {})).status).toBe(404);
});
