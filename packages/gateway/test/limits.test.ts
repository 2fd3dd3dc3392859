import { createLimits, createLedger, type BudgetRules, type KeyRights } from '@standin/store';
import { createKey, createKeyring } from '@standin/store';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator, type Script } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { CHAT, MESSAGES, post, startGateway, until } from './helpers/running-gateway.ts';

const PRICE = { inputNanoUsd: 1_000, outputNanoUsd: 1_000, source: 'test' };

interface Options {
  readonly budgets?: BudgetRules;
  readonly rights?: KeyRights;
  readonly scripts?: readonly Script[];
}

/** A gateway with everything on, before stand-in vendors that all cost 1,000 nano-USD per token. */
async function bench({ budgets, rights, scripts = [{ defaults: { text: 'fine' } }] }: Options) {
  const dir = mkdtempSync(join(tmpdir(), 'standin-limits-'));
  const vendors = await Promise.all(scripts.map((script) => startSimulator({ script })));
  const standin = createChainStandin(vendors.map(({ url }) => ({ url, wire: 'openai-chat' })));
  const priceOf = () => PRICE;
  const ledger = createLedger({ path: join(dir, 'ledger.db'), priceOf });
  const limits = createLimits({ db: ledger.db, priceOf, budgets });
  const keyPath = join(dir, 'keys.json');
  const key = rights === undefined ? '' : createKey(keyPath, { name: 'ci', now: 1, ...rights }).key;
  const { url } = await startGateway({
    standin,
    keys: createKeyring({ path: keyPath }),
    accounting: { logs: [ledger], priceOf, limits },
    operations: { ledger },
  });
  onTestFinished(async () => {
    standin.close();
    await Promise.all(vendors.map((vendor) => vendor.close()));
    ledger.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const ask = (body: object = CHAT, path = '/v1/chat/completions'): Promise<Response> =>
    post(`${url}${path}`, body, key === '' ? {} : { 'x-api-key': key });
  const spent = (): number => {
    ledger.flush();
    return Number(ledger.db.prepare('SELECT coalesce(sum(cost_nano_usd), 0) AS n FROM requests').get()?.['n']);
  };
  return { url, vendors, ledger, limits, ask, spent };
}

describe('money', () => {
  test('200 calls at once at the edge of a budget never cost more than it', async () => {
    const { ask, spent, vendors } = await bench({ budgets: { dayNanoUsd: 200_000 } });
    const first = await ask({ ...CHAT, max_tokens: 5 });
    expect(first.status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask({ ...CHAT, max_tokens: 5 })));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, 429]));
    expect(spent()).toBeLessThanOrEqual(200_000);
    expect(vendors[0]?.requests.length).toBe(answers.filter((answer) => answer.status === 200).length + 1);
  });

  test.each([
    { path: '/v1/chat/completions', body: { ...CHAT, max_tokens: 5 } },
    { path: '/v1/messages', body: MESSAGES },
  ])('a used-up budget is 429 at $path, and no SDK tries again', async ({ path, body }) => {
    const { ask, vendors } = await bench({ budgets: { dayNanoUsd: 1 } });
    const response = await ask(body, path);
    expect(response.status).toBe(429);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toContain('USD per day');
    expect(vendors[0]?.requests.length).toBe(0);
  });

  test('a provider over its budget gives way to its fallback', async () => {
    const budgets: BudgetRules = { perProvider: { 'openai.n1': { dayNanoUsd: 0, action: 'fallback' } } };
    const { ask, vendors } = await bench({
      budgets,
      scripts: [{ defaults: { text: 'a' } }, { defaults: { text: 'b' } }],
    });
    const response = await ask();
    expect(response.headers.get('x-standin-provider')).toBe('openai.n2');
    expect(vendors[0]?.requests.length).toBe(0);
  });

  test('a caller who leaves gives back what was not used', async () => {
    const { url, limits, vendors } = await bench({
      budgets: { dayNanoUsd: 1_000_000 },
      scripts: [{ defaults: { text: 'slow', headersMs: 60_000 } }],
    });
    const controller = new AbortController();
    const body = JSON.stringify({ ...CHAT, max_tokens: 900 });
    const gone = fetch(`${url}/v1/chat/completions`, { method: 'POST', body, signal: controller.signal }).catch(
      () => {},
    );
    await until('the vendor is asked', () => vendors[0]?.requests.length === 1);
    const request = { targets: [{ entry: 'openai.n1', model: 'm' }], inputTokens: () => 10, maxTokens: 900 };
    expect(limits.admit(request).type).toBe('refused');
    controller.abort();
    await gone;
    await until('the reservation is gone', () => limits.admit(request).type === 'admitted');
  });

  test('a failed call costs nothing', async () => {
    const { ask, spent } = await bench({
      budgets: { dayNanoUsd: 30_000 },
      scripts: [{ defaults: { error: 'invalid' } }],
    });
    for (let i = 0; i < 5; i++) expect((await ask({ ...CHAT, max_tokens: 5 })).status).toBe(400);
    expect(spent()).toBe(0);
  });

  test('a soft limit says so in a header', async () => {
    const { ask } = await bench({ rights: { dayNanoUsd: 1, soft: true } });
    expect((await ask()).headers.get('x-standin-budget-warning')).toBeNull();
    const over = await ask();
    expect(over.status).toBe(200);
    expect(over.headers.get('x-standin-budget-warning')).toContain('per day for the key "ci"');
    const streamed = await ask({ ...CHAT, stream: true });
    expect(streamed.headers.get('x-standin-budget-warning')).toContain('per day');
    await streamed.text();
  });
});

describe('rates', () => {
  test('requests per minute: 429 with the time to wait, which SDKs may use', async () => {
    const { ask } = await bench({ rights: { requestsPerMinute: 2 } });
    expect((await ask()).status).toBe(200);
    expect((await ask()).status).toBe(200);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('x-should-retry')).toBe('true');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  test('calls at the same time are counted down however they end', async () => {
    const { ask } = await bench({ rights: { parallel: 1 }, scripts: [{ defaults: { error: 'invalid' } }] });
    for (let i = 0; i < 3; i++) expect((await ask()).status).toBe(400);
  });
});
