import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { startAdmin, temporaryFolder } from '../helpers/admin-bench.ts';
import { createFakeStandin } from '../helpers/fake-standin.ts';

const INDEX = `<!doctype html><title>Standin</title>${' '.repeat(2_000)}`;
const SCRIPT = `export const answer = 42;${'\n'.repeat(2_000)}`;

function built(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), INDEX);
  writeFileSync(join(folder, 'favicon.svg'), '<svg/>');
  writeFileSync(join(folder, 'assets/app-1a2b3c4d.js'), SCRIPT);
  writeFileSync(join(folder, 'secret.key'), 'not a page');
  return folder;
}

/** `fetch` unpacks what it gets. */
function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; encoding: unknown; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          encoding: response.headers['content-encoding'],
          body: Buffer.concat(chunks),
        }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const HTML = { accept: 'text/html,application/xhtml+xml' };

describe('the pages of the dashboard', () => {
  test.each([
    '/', '/requests', '/requests/req_1', '/spend', '/config', '/config/providers.models/custom', '/rehearse', '/playground', '/keys', '/pair',
  ])('%s is the page for a browser, with a strict policy', async (path) => {
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: built() });
    const answer = await fetch(url + path, { headers: HTML });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(INDEX);
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(answer.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect(answer.headers.get('cache-control')).toBe('no-cache');
  }); // prettier-ignore

  test('programs get what they got before', async () => {
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: built() });
    expect(await (await fetch(url)).text()).toContain('POST /v1/chat/completions');
    expect((await fetch(`${url}/requests`)).status).toBe(404);
    expect((await fetch(`${url}/health/live`, { headers: HTML })).status).toBe(200);
    expect((await fetch(`${url}/v1/models`, { headers: HTML })).headers.get('content-type')).toContain('json');
  });

  test('files come packed, are kept for long under hashed names, and are not sent twice', async () => {
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: built() });
    const path = `${url}/assets/app-1a2b3c4d.js`;
    const br = await raw(path, { 'accept-encoding': 'gzip, br' });
    expect([br.encoding, brotliDecompressSync(br.body).toString()]).toEqual(['br', SCRIPT]);
    const gzip = await raw(path, { 'accept-encoding': 'gzip, br;q=0' });
    expect([gzip.encoding, gunzipSync(gzip.body).toString()]).toEqual(['gzip', SCRIPT]);
    const plain = await fetch(path, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(plain.headers.get('content-type')).toContain('javascript');
    const etag = plain.headers.get('etag') ?? '';
    const again = await fetch(path, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await fetch(`${url}/favicon.svg`)).headers.get('cache-control')).toBe('no-cache');
  });

  test('files packed while building are sent as they are', async () => {
    const folder = built();
    writeFileSync(join(folder, 'assets/app-1a2b3c4d.js.br'), 'packed before');
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: folder });
    const br = await raw(`${url}/assets/app-1a2b3c4d.js`, { 'accept-encoding': 'br' });
    expect(br.body.toString()).toBe('packed before');
  });

  test.each([
    '/secret.key',
    '/assets/../secret.key',
    '/assets/..%2fsecret.key',
    '/../package.json',
    '/assets/nothing.js',
  ])('%s is nothing', async (path) => {
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: built() });
    const { status, body } = await raw(url + path, {});
    expect(status).toBe(404);
    expect(body.toString()).not.toContain('not a page');
  });

  test('a new build is served without a restart; none says how to make it', async () => {
    const folder = built();
    const { url } = await startAdmin({ standin: createFakeStandin(), pages: folder });
    await fetch(url, { headers: HTML });
    writeFileSync(join(folder, 'index.html'), 'a new one');
    utimesSync(join(folder, 'index.html'), 1, 1);
    expect(await (await fetch(url, { headers: HTML })).text()).toBe('a new one');
    rmSync(join(folder, 'index.html'));
    const none = await fetch(url, { headers: HTML });
    expect([none.status, (await none.text()).trim().split('\n').length]).toEqual([200, 1]);
    expect((await fetch(`${url}/requests`, { headers: HTML })).status).toBe(503);
  });
});
