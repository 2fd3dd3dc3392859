import { fork } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCallMetrics, createLedger, createMetrics, createPrometheus, listRequests } from '@standin/store';
import { startSimulator, type Script } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { CHAT, MESSAGES, post, startGateway, until } from './helpers/running-gateway.ts';

const PRICE = { inputNanoUsd: 1_000, outputNanoUsd: 2_000, source: 'test' };
const SECRET = 'sk-planted-9f8e7d6c5b4a';
const PROMPT = 'my private diary entry';

async function bench(scripts: readonly Script[]) {
  const dir = mkdtempSync(join(tmpdir(), 'standin-gateway-ledger-'));
  const vendors = await Promise.all(scripts.map((script) => startSimulator({ script })));
  const links = vendors.map(({ url }, at) => ({
    url,
    wire: 'openai-chat' as const,
    keys: [SECRET],
    model: `m${at + 1}`,
  }));
  const standin = createChainStandin(links);
  const priceOf = () => PRICE;
  const ledger = createLedger({ path: join(dir, 'ledger.db'), priceOf });
  const metrics = createMetrics();
  const prometheus = createPrometheus(metrics);
  const { url } = await startGateway({
    standin,
    accounting: { logs: [ledger, createCallMetrics(metrics)], priceOf },
    operations: { ledger, metrics: () => prometheus.text() },
  });
  onTestFinished(async () => {
    standin.close();
    await Promise.all(vendors.map((vendor) => vendor.close()));
    ledger.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const rows = () => {
    ledger.flush();
    return listRequests(ledger.db, {});
  };
  return { url, vendors, ledger, rows, dir };
}

/** Trailers, which `fetch` does not show. */
function trailersOf(url: string, body: object): Promise<NodeJS.Dict<string>> {
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method: 'POST' }, (res) => {
      res.resume();
      res.on('end', () => resolve(res.trailers));
    });
    req.on('error', reject);
    req.end(JSON.stringify(body));
  });
}

describe('what a call leaves behind', () => {
  test('one row for each, with tokens and cost, whichever path it took', async () => {
    const { url, rows } = await bench([{ defaults: { text: 'fine' } }]);
    const relayed = await post(`${url}/v1/chat/completions`, CHAT);
    const translated = await post(`${url}/v1/messages`, MESSAGES);
    const streamed = await post(`${url}/v1/chat/completions`, { ...CHAT, stream: true });
    await streamed.text();
    await until('three rows', () => rows().length === 3);
    const [stream, messages, chat] = rows();
    expect(chat).toMatchObject({ outcome: 'ok', status: 200, protocol: 'openai-chat', mode: 'whole', attempts: 1 });
    expect(messages).toMatchObject({ protocol: 'anthropic-messages' });
    expect(stream).toMatchObject({ mode: 'stream', output_tokens: chat?.output_tokens });
    const cost = (chat?.input_tokens ?? 0) * 1_000 + (chat?.output_tokens ?? 0) * 2_000;
    expect(chat?.cost_nano_usd).toBe(cost);
    expect(cost).toBeGreaterThan(0);
    expect(Math.round(Number(relayed.headers.get('x-standin-cost-usd')) * 1e9)).toBe(cost);
    expect(translated.headers.get('x-standin-cost-usd')).not.toBeNull();
  });

  test('a stream tells its cost at the end', async () => {
    const { url, rows } = await bench([{ defaults: { text: 'fine' } }]);
    const body = { ...CHAT, stream: true, stream_options: { include_usage: true } };
    const trailers = await trailersOf(`${url}/v1/chat/completions`, body);
    const [row] = rows();
    expect(Math.round(Number(trailers['x-standin-cost-usd']) * 1e9)).toBe(row?.cost_nano_usd);
  });

  test('failed attempts, the failed call, and the caller who left', async () => {
    const slow: Script = { defaults: { text: 'x'.repeat(400), eventMs: 50 } };
    const { url, rows, vendors } = await bench([{ defaults: { error: 'invalid' } }]);
    await post(`${url}/v1/chat/completions`, CHAT);
    await until('a row', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'failed', status: 400, attempts: 1, cost_nano_usd: 0 });
    vendors[0]?.setScript(slow);
    const controller = new AbortController();
    const body = JSON.stringify({ ...CHAT, stream: true });
    const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body, signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await until('a second row', () => rows().length === 2);
    expect(rows()[0]).toMatchObject({ outcome: 'left', attempts: 1, cost_nano_usd: null });
  });

  test('a request that is no request is a row without attempts', async () => {
    const { url, rows } = await bench([{}]);
    await post(`${url}/v1/chat/completions`, '{"nonsense"');
    await until('a row', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'failed', status: 400, attempts: 0 });
  });

  test('no key and no prompt, in the files, the CSV or the metrics', async () => {
    const { url, dir, ledger } = await bench([
      { defaults: { error: 'auth' } },
      { defaults: { text: `I read: ${PROMPT}` } },
    ]);
    const body = { ...CHAT, messages: [{ role: 'user', content: PROMPT }] };
    await post(`${url}/v1/chat/completions`, body, { authorization: `Bearer ${SECRET}` });
    ledger.flush();
    const csv = await (await fetch(`${url}/api/requests?format=csv`)).text();
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const files = readdirSync(dir).map((name) => readFileSync(join(dir, name)).toString('latin1'));
    expect(csv.split('\r\n').length).toBe(3);
    expect(metrics).toContain('standin_attempts_total{provider="openai.n2",model="m2",outcome="ok"} 1');
    for (const text of [csv, metrics, ...files]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('diary');
    }
  });

  test('can be asked for over HTTP, with filters and pages', async () => {
    const { url } = await bench([{ defaults: { text: 'fine' } }]);
    for (let i = 0; i < 5; i++) await post(`${url}/v1/chat/completions`, CHAT);
    const ask = async (query: string) =>
      (await (await fetch(`${url}/api/requests?${query}`)).json()) as { data: { id: string }[]; next: number };
    const first = await ask('limit=2&outcome=ok');
    const second = await ask(`limit=10&before=${first.next}`);
    expect(first.data.length).toBe(2);
    expect(second.data.length).toBe(3);
    expect(new Set([...first.data, ...second.data].map((row) => row.id)).size).toBe(5);
    expect((await ask('provider=nobody')).data).toEqual([]);
    expect((await fetch(`${url}/api/requests?limit=many`)).status).toBe(400);
    const usage = await (await fetch(`${url}/api/usage?by=provider`)).json();
    expect(usage).toMatchObject({ by: 'provider', data: [{ name: 'openai.n1', requests: 5 }] });
  });
});

describe('kill -9 in the middle of load', () => {
  test('loses at most the last batch, says so, and no budget is handed out twice', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'standin-killed-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    const vendor = await startSimulator({ script: { defaults: { text: 'fine' } } });
    onTestFinished(() => vendor.close());
    const path = join(dir, 'ledger.db');
    const child = fork(new URL('helpers/killed-gateway.ts', import.meta.url), [path, vendor.url]);
    onTestFinished(() => void child.kill('SIGKILL'));
    const url = await new Promise<string>((resolve) => child.once('message', (message) => resolve(message as string)));
    let answered = 0;
    let isDead = false;
    const caller = async (): Promise<void> => {
      while (!isDead) {
        try {
          const response = await post(`${url}/v1/chat/completions`, { ...CHAT, max_tokens: 5 });
          await response.arrayBuffer();
          if (response.status === 200) answered++;
        } catch {
          isDead = true;
        }
      }
    };
    const load = Promise.all(Array.from({ length: 16 }, caller));
    await until('some answers', () => answered > 300, 15_000);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await Promise.all([load, exited]);
    const ledger = createLedger({ path });
    onTestFinished(() => ledger.close());
    expect(ledger.unclean).toBe(1);
    expect(ledger.db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const rows = Number(ledger.db.prepare('SELECT count(*) AS n FROM requests').get()?.['n']);
    expect(rows).toBeGreaterThan(0);
    expect(rows).toBeLessThanOrEqual(vendor.requests.length);
    const orphans = ledger.db.prepare(
      'SELECT count(*) AS n FROM attempts WHERE request NOT IN (SELECT seq FROM requests)',
    );
    expect(orphans.get()?.['n']).toBe(0);
    // Every call that reached the vendor is covered by what the journal handed out before.
    const each = Number(ledger.db.prepare('SELECT max(cost_nano_usd) AS n FROM requests').get()?.['n']);
    const granted = Number(
      ledger.db.prepare("SELECT granted_nano_usd AS n FROM grants WHERE scope = 'all'").get()?.['n'],
    );
    expect(each).toBeGreaterThan(0);
    expect(granted).toBeGreaterThanOrEqual(answered * each);
  });
});
