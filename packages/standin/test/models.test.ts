import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { configToml, run, workspace } from './support.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const KEY = 'sk-planted-0123456789';

/** An endpoint whose list grows by one model with each reading. */
async function endpoint() {
  let reads = 0;
  const server = createServer((request, response) => {
    const isRefused = request.headers.authorization === 'Bearer wrong-key-0123';
    response.writeHead(isRefused ? 401 : 200, { 'content-type': 'application/json' });
    if (isRefused)
      return response.end(JSON.stringify({ error: { message: `Incorrect API key ${KEY}`, code: 'invalid_api_key' } }));
    reads++;
    const ids = [...Array(reads).keys()].map((n) => ({ id: `chat-${n}`, context_length: 1000 }));
    return response.end(JSON.stringify({ data: [...ids, { id: 'text-embedding-x' }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, reads: () => reads };
}

describe('models', () => {
  it('lists what an endpoint advertises, from the last reading until it is refreshed', async () => {
    const { uri, reads } = await endpoint();
    const config = configToml({ 'custom.main': { uri, api_key: KEY, model: 'chat-0' } });
    const space = await workspace({ 'standin.toml': config });
    cleanups.push(space.remove);
    const options = { cwd: space.dir, env: { STANDIN_HOME: space.dir } };
    const first = await run(['models', 'list'], options);
    expect(first).toMatchObject({ code: 0 });
    expect(first.stdout).toBe(
      'custom.main (1 model, 1 that do not chat hidden (--all shows them))\n  chat-0  1000 tokens\n',
    );
    await run(['models', 'list'], options);
    expect(reads()).toBe(1);
    const refreshed = await run(['models', 'refresh'], options);
    expect(refreshed.stdout).toMatch(/^ok {6}custom\.main \(2 models, .*\n\n1 read, 0 failed, 0 skipped\n$/);
    const all = await run(['models', 'list', '--all', '--json', '--provider', 'custom'], options);
    const listed = JSON.parse(all.stdout) as { entries: { state: string; models: { id: string }[] }[] };
    expect(listed.entries[0]?.state).toBe('cached');
    expect(listed.entries[0]?.models.map(({ id }) => id)).toEqual(['chat-0', 'chat-1', 'text-embedding-x']);
    const kept = JSON.parse(readFileSync(space.path('models-cache.json'), 'utf8')) as { entries: object };
    expect(kept.entries).toHaveProperty(['custom.main', 'readAt'], expect.stringMatching(/^\d{4}-\d\d-\d\dT/));
  });

  it('tells each failure by its kind and what to do, without a secret', async () => {
    const { uri } = await endpoint();
    const config = configToml({
      'custom.good': { uri, api_key: KEY, model: 'a' },
      'custom.bad': { uri, api_key: 'wrong-key-0123', model: 'a' },
      'custom.gone': { uri: 'http://127.0.0.1:1/v1', api_key: KEY, model: 'a' },
      'perplexity.main': { api_key: KEY, model: 'sonar' },
    });
    const space = await workspace({ 'standin.toml': config });
    cleanups.push(space.remove);
    const result = await run(['models', 'refresh'], { cwd: space.dir, env: { STANDIN_HOME: space.dir } });
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/ok {6}custom\.good/);
    expect(result.stdout).toMatch(/failed {2}custom\.bad: auth: .*\n +check its key: standin doctor/);
    expect(result.stdout).toMatch(/failed {2}custom\.gone: network: /);
    expect(result.stdout).toMatch(/skipped perplexity\.main: .*no list/);
    expect(result.stdout).toContain('1 read, 2 failed, 1 skipped');
    expect(result.stdout + result.stderr).not.toContain(KEY);
    const unknown = await run(['models', 'list', '--provider', 'nope.x'], { cwd: space.dir });
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('No entry "nope.x" is configured. Configured: custom.good');
  });
});
