import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI, { toFile } from 'openai';
import { textOf } from '@standin/core/spec/message';
import { startSimulator, type Simulator } from '@standin/simulator';
import type { KeyRights } from '@standin/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BatchesOptions, GatewayOptions } from '../src/index.ts';
import { configGateway } from './helpers/config-gateway.ts';
import { thrownBy, until } from './helpers/running-gateway.ts';

interface Place {
  readonly vendor: Simulator;
  readonly dir: string;
  /** Instead of the vendor's. */
  readonly url?: string;
}

async function place(): Promise<Place> {
  const vendor = await startSimulator({
    makeText: (request) => `re: ${textOf(request.messages.at(-1)?.content ?? '')}`,
  });
  const dir = mkdtempSync(join(tmpdir(), 'standin-batches-'));
  onTestFinished(async () => {
    await vendor.close();
    rmSync(dir, { recursive: true, force: true });
  });
  return { vendor, dir };
}

async function gatewayAt(
  { vendor, dir, url = vendor.url }: Place,
  options: {
    readonly batches?: Partial<BatchesOptions>;
    readonly callers?: Readonly<Record<string, KeyRights>>;
    readonly clock?: GatewayOptions['clock'];
  } = {},
) {
  const toml = `schema_version = 3
[providers.models.custom.main]
uri = "${url}/v1"
api_key = "sk-planted"
model = "m"
pricing = { m = { input = 1, output = 1 } }`;
  const { batches, ...more } = options;
  const started = await configGateway(toml, {
    batches: { dir, lookMs: 50, ...batches },
    ...(options.callers === undefined ? {} : { budgets: {} }),
    ...more,
  });
  const clientOf = (name: string): OpenAI =>
    new OpenAI({ baseURL: `${started.url}/v1`, apiKey: started.keys[name] ?? 'sk-any', maxRetries: 0 });
  return { ...started, clientOf };
}

const chat = (id: string, content = id, more: object = {}): object => ({
  custom_id: id,
  method: 'POST',
  url: '/v1/chat/completions',
  body: { model: 'm', messages: [{ role: 'user', content }], ...more },
});
const many = (count: number): object[] => Array.from({ length: count }, (_, index) => chat(`c${index}`));

async function upload(client: OpenAI, lines: readonly (object | string)[], name = 'in.jsonl') {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return client.files.create({ purpose: 'batch', file: await toFile(Buffer.from(text), name) });
}

async function begin(client: OpenAI, lines: readonly (object | string)[], endpoint = '/v1/chat/completions') {
  const file = await upload(client, lines);
  return client.batches.create({
    input_file_id: file.id,
    endpoint: endpoint as '/v1/chat/completions',
    completion_window: '24h',
    metadata: { purpose: 'test' },
  });
}

async function ended(client: OpenAI, id: string): Promise<OpenAI.Batch> {
  for (const end = performance.now() + 30_000; ;) {
    const batch = await client.batches.retrieve(id);
    if (['completed', 'failed', 'expired', 'cancelled'].includes(batch.status)) return batch;
    if (performance.now() > end) throw new Error(`still ${JSON.stringify(batch)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface OutputLine {
  readonly id: string;
  readonly custom_id: string;
  readonly response: { readonly status_code: number; readonly request_id: string; readonly body: never } | null;
  readonly error: { readonly code: string } | null;
}

async function contentOf(client: OpenAI, id: string | null | undefined): Promise<OutputLine[]> {
  if (id === null || id === undefined) return [];
  const text = await (await client.files.content(id)).text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as OutputLine]));
}

const answerIn = (line: OutputLine): unknown =>
  (line.response?.body as OpenAI.ChatCompletion | undefined)?.choices[0]?.message.content;

describe('the official openai client', () => {
  test('uploads, asks, waits and reads the answers, each line once', async () => {
    const { clientOf, rows } = await gatewayAt(await place());
    const client = clientOf('');
    const batch = await begin(client, [...many(30), chat('odd', 'x', { messages: 'none' })]);
    expect(batch).toMatchObject({ object: 'batch', status: 'validating', metadata: { purpose: 'test' }, errors: null });
    const end = await ended(client, batch.id);
    expect(end).toMatchObject({ status: 'completed', request_counts: { total: 31, completed: 30, failed: 1 } });
    const output = await contentOf(client, end.output_file_id);
    expect(output.map((line) => line.custom_id).toSorted()).toEqual(
      many(30)
        .map((line) => (line as { custom_id: string }).custom_id)
        .toSorted(),
    );
    for (const line of output)
      expect([line.response?.status_code, answerIn(line)]).toEqual([200, `re: ${line.custom_id}`]);
    expect(await contentOf(client, end.error_file_id)).toMatchObject([
      { custom_id: 'odd', error: null, response: { status_code: 400, body: { error: { param: 'messages' } } } },
    ]);
    expect(new Set(output.map(({ id }) => id)).size).toBe(30);
    // The record of each line is that of any call, under the id that its answer names.
    const ids = new Set(rows().map(({ id }) => id));
    expect(output.every(({ response }) => ids.has(response?.request_id ?? ''))).toBe(true);
  });

  test('lists, reads and deletes its files and batches, page by page', async () => {
    const { clientOf } = await gatewayAt(await place());
    const client = clientOf('');
    const files: OpenAI.FileObject[] = [];
    for (let file = 0; file < 5; file++) files.push(await upload(client, many(1), `f${file}.jsonl`));
    expect(await client.files.retrieve(files[0]?.id ?? '')).toMatchObject({ filename: 'f0.jsonl', purpose: 'batch' });
    const listed: string[] = [];
    for await (const file of client.files.list({ limit: 2, order: 'asc' })) listed.push(file.filename);
    expect(listed.toSorted()).toEqual(files.map(({ filename }) => filename));
    const batch = await begin(client, many(1));
    await ended(client, batch.id);
    expect((await client.batches.list()).data.map(({ id }) => id)).toEqual([batch.id]);
    expect((await client.files.list({ purpose: 'batch_output' })).data).toHaveLength(1);
    const [first] = files;
    expect(await client.files.delete(first?.id ?? '')).toMatchObject({ deleted: true });
    expect(await thrownBy(async () => client.files.retrieve(first?.id ?? ''))).toMatchObject({ status: 404 });
    expect(await thrownBy(async () => client.files.content('../../keys.json'))).toMatchObject({ status: 404 });
  });

  test('hears of every wrong line by its number, before one is asked', async () => {
    const at = await place();
    const { clientOf } = await gatewayAt(at);
    const client = clientOf('');
    const lines = [
      chat('a'),
      '{"custom_id":',
      chat('a'),
      { ...chat('c'), url: '/v1/embeddings' },
      { ...chat('d'), method: 'GET' },
      { ...chat('e'), body: 1 },
      chat('f', 'f', { stream: true }),
      { ...chat('g'), custom_id: undefined },
    ];
    const end = await ended(client, (await begin(client, lines)).id);
    expect(end).toMatchObject({ status: 'failed', output_file_id: null });
    expect(end.errors?.data?.map(({ line, code }) => [line, code])).toEqual([
      [2, 'invalid_json_line'],
      [3, 'duplicate_custom_id'],
      [4, 'mismatched_endpoint'],
      [5, 'invalid_method'],
      [6, 'missing_required_parameter'],
      [7, 'invalid_request'],
      [8, 'missing_required_parameter'],
    ]);
    expect(at.vendor.requests).toHaveLength(0);
    expect((await ended(client, (await begin(client, ['', ' '])).id)).errors?.data).toMatchObject([
      { code: 'empty_file' },
    ]);
  });

  test('cancels, and has what was answered until then', async () => {
    const at = await place();
    at.vendor.setScript({ defaults: { headersMs: 100 } });
    const { clientOf } = await gatewayAt(at, { batches: { concurrency: 2 } });
    const client = clientOf('');
    const { id } = await begin(client, many(200));
    await at.vendor.waitFor(() => at.vendor.requests.length > 5);
    expect((await client.batches.cancel(id)).status).toBe('cancelling');
    const end = await ended(client, id);
    expect(end.status).toBe('cancelled');
    expect(end.cancelling_at).toBeGreaterThan(0);
    const output = await contentOf(client, end.output_file_id);
    expect(output.length).toBe(end.request_counts?.completed);
    expect(output.length).toBeLessThan(200);
    expect(await thrownBy(async () => client.batches.cancel(id))).toMatchObject({ status: 409 });
  });

  test.each([
    ['/v1/responses', { model: 'm', input: 'hello' }, { object: 'response', status: 'completed' }],
    [
      '/v1/messages',
      { model: 'm', max_tokens: 50, messages: [{ role: 'user', content: 'hello' }] },
      { type: 'message' },
    ],
  ])('may ask %s', async (url, body, answer) => {
    const { clientOf } = await gatewayAt(await place());
    const client = clientOf('');
    const { id } = await begin(client, [{ custom_id: 'one', method: 'POST', url, body }], url);
    const end = await ended(client, id);
    const lines = [...(await contentOf(client, end.output_file_id)), ...(await contentOf(client, end.error_file_id))];
    expect(lines).toMatchObject([{ custom_id: 'one', response: { status_code: 200, body: answer } }]);
  });

  test('may ask for embeddings', async () => {
    const server = createServer((req, res) => {
      req.resume().on('end', () => {
        res.writeHead(200, { 'content-type': 'application/json' });
        const data = [{ object: 'embedding', index: 0, embedding: [0.5, 1] }];
        res.end(JSON.stringify({ object: 'list', data, model: 'm', usage: { prompt_tokens: 3, total_tokens: 3 } }));
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => server.closeAllConnections());
    const at = await place();
    const { clientOf } = await gatewayAt({ ...at, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    const client = clientOf('');
    const body = { model: 'm', input: 'hello' };
    const line = { custom_id: 'one', method: 'POST', url: '/v1/embeddings', body };
    const end = await ended(client, (await begin(client, [line], '/v1/embeddings')).id);
    expect(await contentOf(client, end.output_file_id)).toMatchObject([
      { response: { status_code: 200, body: { data: [{ embedding: [0.5, 1] }] } } },
    ]);
  });
});

describe('a virtual key', () => {
  test('sees only what is its own, and its limits hold for each line', async () => {
    const at = await place();
    const { clientOf, rows } = await gatewayAt(at, {
      callers: { narrow: { models: ['m'] }, poor: { dayNanoUsd: 1 }, quick: { parallel: 1 } },
    });
    const [narrow, poor, quick] = ['narrow', 'poor', 'quick'].map((name) => clientOf(name));
    if (narrow === undefined || poor === undefined || quick === undefined) throw new Error('three keys');
    const lines = [chat('mine'), { ...chat('other'), body: { model: 'custom.main/n', messages: [] } }];
    const mine = await ended(narrow, (await begin(narrow, lines)).id);
    expect(mine.request_counts).toEqual({ total: 2, completed: 1, failed: 1 });
    expect((await contentOf(narrow, mine.error_file_id))[0]?.response?.status_code).toBeGreaterThanOrEqual(400);
    for (const id of [mine.input_file_id, mine.output_file_id ?? ''])
      expect(await thrownBy(async () => poor.files.content(id))).toMatchObject({ status: 404 });
    expect(await thrownBy(async () => poor.batches.retrieve(mine.id))).toMatchObject({ status: 404 });
    expect((await poor.batches.list()).data).toEqual([]);
    const create = poor.batches.create({
      input_file_id: mine.input_file_id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    expect(await thrownBy(async () => create)).toMatchObject({ status: 400 });
    const broke = await ended(poor, (await begin(poor, many(3))).id);
    expect(broke.request_counts).toEqual({ total: 3, completed: 0, failed: 3 });
    expect((await contentOf(poor, broke.error_file_id))[0]).toMatchObject({
      response: { body: { error: { code: 'budget_exceeded' } } },
    });
    // More at once than the key may: they wait for each other instead of failing.
    const patient = await ended(quick, (await begin(quick, many(8))).id);
    expect(patient.request_counts).toEqual({ total: 8, completed: 8, failed: 0 });
    const own = new Set(rows().map((row) => row.caller_key));
    expect(own.size).toBe(3);
    const stored = readdirSync(at.dir, { recursive: true, withFileTypes: true });
    const all = stored.flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), 'utf8')] : [],
    );
    expect(all.join('\n')).not.toMatch(/sk-planted|sk-standin-/);
  });

  test('has bounds for its files, and what is old goes', async () => {
    const at = await place();
    const batches = { maxFileBytes: 2_000, maxFiles: 3, maxTotalBytes: 5_000 };
    const { clientOf, url } = await gatewayAt(at, { batches, callers: { one: {} } });
    const client = clientOf('one');
    expect(await thrownBy(async () => upload(client, many(100)))).toMatchObject({ status: 413 });
    for (let file = 0; file < 3; file++) await upload(client, many(1));
    expect(await thrownBy(async () => upload(client, many(1)))).toMatchObject({ code: 'file_quota_exceeded' });
    const folder = readdirSync(at.dir).find((name) => name !== 'open') ?? '';
    expect(readdirSync(join(at.dir, folder, 'files'))).toHaveLength(6);
    for (const [init, reason] of [
      [{ body: 'x', headers: { 'content-type': 'text/plain' } }, 'multipart'],
      [{ body: formOf({ purpose: 'fine-tune' }) }, 'purpose'],
      [{ body: formOf({}, false) }, 'no file'],
    ] as const) {
      const [first] = (await client.files.list()).data;
      await client.files.delete(first?.id ?? '');
      const headers = { authorization: `Bearer ${client.apiKey}`, ...('headers' in init ? init.headers : {}) };
      const response = await fetch(`${url}/v1/files`, { method: 'POST', body: init.body, headers });
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining(reason)]);
    }
    expect(readdirSync(join(at.dir, folder, 'files'))).toEqual([]);
    const { id } = await upload(client, many(1));
    age(join(at.dir, folder, 'files', `${id}.json`), 31);
    await gatewayAt(at);
    await until('the old file is gone', () => readdirSync(join(at.dir, folder, 'files')).length === 0);
  });
});

/** As if that many days had gone by. */
function age(path: string, days: number): void {
  const stored = JSON.parse(readFileSync(path, 'utf8')) as { expires_at: number };
  writeFileSync(path, JSON.stringify({ ...stored, expires_at: stored.expires_at - days * 86_400 }));
}

function formOf(fields: Record<string, string>, withFile = true): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (withFile) form.set('file', new Blob(['{}']), 'x.jsonl');
  return form;
}

describe('a batch', () => {
  test('is gone on with by another gateway when the first one stops in the middle', async () => {
    const at = await place();
    at.vendor.setScript({ defaults: { headersMs: 20 } });
    const first = await gatewayAt(at, { batches: { concurrency: 4 } });
    const { id } = await begin(first.clientOf(''), many(60));
    await at.vendor.waitFor(() => at.vendor.requests.length > 15);
    first.gateway.server.closeAllConnections();
    await first.gateway.close({ graceMs: 1_000 });
    expect(at.vendor.requests.length).toBeLessThan(60);
    const second = await gatewayAt(at);
    const client = second.clientOf('');
    const end = await ended(client, id);
    expect(end).toMatchObject({ status: 'completed', request_counts: { total: 60, completed: 60, failed: 0 } });
    const output = await contentOf(client, end.output_file_id);
    expect(new Set(output.map((line) => line.custom_id)).size).toBe(60);
    expect(output).toHaveLength(60);
    expect(at.vendor.requests).toHaveLength(60);
  });

  test('waits rate limits out, and asks again what failed for now', async () => {
    const at = await place();
    at.vendor.failNext('429-afterms20', 6);
    at.vendor.failNext('reset', 6);
    const { clientOf } = await gatewayAt(at);
    const client = clientOf('');
    const end = await ended(client, (await begin(client, many(12))).id);
    expect(end.request_counts).toEqual({ total: 12, completed: 12, failed: 0 });
  });

  test('expires, telling which lines were not asked', async () => {
    const at = await place();
    at.vendor.setScript({ defaults: { headersMs: 50 } });
    const first = await gatewayAt(at, { batches: { concurrency: 1 } });
    const { id } = await begin(first.clientOf(''), many(30));
    await at.vendor.waitFor(() => at.vendor.requests.length > 3);
    first.gateway.server.closeAllConnections();
    await first.gateway.close({ graceMs: 1_000 });
    // Found again a day later.
    age(join(at.dir, '_', 'batches', `${id}.json`), 2);
    const client = (await gatewayAt(at)).clientOf('');
    const end = await ended(client, id);
    expect(end.status).toBe('expired');
    const [output, errors] = [await contentOf(client, end.output_file_id), await contentOf(client, end.error_file_id)];
    expect(output.length + errors.length).toBe(30);
    expect(errors.every(({ error, response }) => error?.code === 'batch_expired' && response === null)).toBe(true);
  });
});
