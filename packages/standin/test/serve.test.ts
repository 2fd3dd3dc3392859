import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '@standin/simulator';
import { composeConfig } from '../src/init/compose.ts';
import { findLocalServers, modelIdsOf } from '../src/serve/local-servers.ts';
import { localEntries } from '../src/serve/upstream.ts';
import { configToml, run, start, workspace, type Running, type RunOptions } from './support.ts';

const KEY = 'planted-key-serve-0123456789';

let vendor: Simulator;
let files: Awaited<ReturnType<typeof workspace>>;
const running: Running[] = [];

beforeAll(async () => {
  vendor = await startSimulator({ script: { defaults: { text: 'served' } } });
  const entries = { 'custom.main': { uri: vendor.url, model: 'm1', api_key: KEY } };
  files = await workspace({ 'standin.toml': configToml(entries, '[gateway]\nport = 0') });
});
afterEach(async () => {
  for (const { child, done } of running.splice(0)) {
    child.kill('SIGKILL');
    await done;
  }
});
afterAll(async () => {
  await Promise.all([vendor.close(), files.remove()]);
});

async function serve(args: readonly string[], options: RunOptions = {}) {
  const server = start(['serve', ...args], options);
  running.push(server);
  const seen = await server.until(/listening on (http:\/\/\S+)\n/);
  return { ...server, url: /listening on (http:\/\/\S+)\n/.exec(seen)?.[1] ?? '' };
}

async function ask(url: string, model: string) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });
  return { response, body: (await response.json()) as { model: string; choices: { message: { content: string } }[] } };
}

describe('serve', () => {
  it('serves a config, names it on the screen, prints no secret, and drains on SIGTERM', async () => {
    const server = await serve([], { cwd: files.dir });
    const { body } = await ask(server.url, 'm1');
    expect(body.choices[0]?.message.content).toBe('served');
    expect(vendor.requests.at(-1)?.key).toBe(KEY);
    vendor.failNext({ text: 'slow answer', headersMs: 300 });
    const slow = ask(server.url, 'm1');
    await vendor.waitFor(({ behaviour }) => behaviour.text === 'slow answer');
    server.child.kill('SIGTERM');
    expect((await slow).body.choices[0]?.message.content).toBe('slow answer');
    const result = await server.done;
    expect(result.code).toBe(0);
    expect(result.stderr).toContain(files.path('standin.toml'));
    expect(result.stdout).toBe(`Standin is listening on ${server.url}\n`);
    expect(result.stdout + result.stderr).not.toContain(KEY);
  });

  it('ends what its limit for draining leaves over with an explicit error; a second signal ends everything at once', async () => {
    const streaming = async (url: string) => {
      const answer = await fetch(`${url}/v1/messages`, {
        method: 'POST',
        body: JSON.stringify({ model: 'm1', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'hi' }] }),
      });
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = (await reader?.read())?.value ?? '';
      const rest = async (text = first): Promise<string> => {
        const next = await reader?.read().catch(() => undefined);
        if (next === undefined) return `${text}(broken off)`;
        return next.done ? text : rest(text + next.value);
      };
      return { rest };
    };
    vendor.setScript({ defaults: { text: 'half an answer', fault: 'stall', atChars: 4 } });
    const env = { STANDIN_gateway__drain_secs: '0.2' };
    const [limited, patient] = await Promise.all([
      serve([], { cwd: files.dir, env }),
      serve([], { cwd: files.dir, env: { STANDIN_gateway__drain_secs: '60' } }),
    ]);
    const [one, other] = await Promise.all([streaming(limited.url), streaming(patient.url)]);
    limited.child.kill('SIGTERM');
    const told = await one.rest();
    expect(told).toMatch(/event: error\ndata: .*shutting down/);
    expect(told).not.toContain('message_stop');
    expect((await limited.done).code).toBe(0);
    patient.child.kill('SIGTERM');
    await patient.until('Stopping');
    await expect(fetch(patient.url)).rejects.toThrow(/fetch failed/);
    patient.child.kill('SIGINT');
    expect((await patient.done).code).toBe(130);
    expect(await other.rest()).not.toContain('message_stop');
    vendor.setScript({ defaults: { text: 'served' } });
  });

  it('exits 130 on Ctrl-C', async () => {
    const server = await serve([], { cwd: files.dir });
    server.child.kill('SIGINT');
    expect((await server.done).code).toBe(130);
  });

  it('tells in one sentence that its port is taken', async () => {
    const taken = start(['serve', '--port', String(vendor.port)], { cwd: files.dir });
    const result = await taken.done;
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(new RegExp(`^standin: Port ${vendor.port} .* is in use .*--port\\.\\n$`));
  });

  it('does not listen beyond this machine while callers cannot be checked', async () => {
    const result = await start(['serve', '--host', '0.0.0.0', '--port', '0'], { cwd: files.dir }).done;
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('--host 127.0.0.1');
  });

  it('refuses a key that no header can carry, without showing it', async () => {
    const env = { STANDIN_providers__models__custom__main__api_key: 'first-half\nsecond-half' };
    const result = await start(['serve', '--port', '0'], { cwd: files.dir, env }).done;
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('api_key');
    expect(result.stderr).not.toMatch(/first-half|second-half/);
  });
});

describe('its dashboard', () => {
  it('pairs a browser with the code on the screen, whose edit the next call uses; "pair" makes another code', async () => {
    const home = await workspace({
      'standin.toml': configToml(
        { 'custom.main': { uri: vendor.url, model: 'm1', api_key: KEY } },
        '[gateway]\nport = 0',
      ),
    });
    const env = { STANDIN_HOME: home.dir };
    const server = await serve([], { cwd: home.dir, env });
    const code = /#pair=(\w{4}-\w{4})/.exec(await server.until('#pair='))?.[1];
    const post = (path: string, body: object, headers: Record<string, string> = {}) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const paired = await post('/api/pair', { code });
    const cookie = paired.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const own = { cookie, 'x-standin-csrf': ((await paired.json()) as { csrf: string }).csrf };
    const { hash } = (await (await fetch(`${server.url}/api/config`, { headers: { cookie } })).json()) as {
      hash: string;
    };
    const changes = [{ op: 'set', path: 'providers.models.custom.main.model', value: 'm2' }];
    expect((await post('/api/config/apply', { hash, changes }, own)).status).toBe(200);
    expect((await ask(server.url, 'custom.main')).body.model).toBe('m2');
    const status = (await (await fetch(`${server.url}/api/status`, { headers: { cookie } })).json()) as object;
    expect(status).toMatchObject({ ready: true, workers: 1, ledger: true, content: false, simulated: false });
    const other = await run(['pair', '--json'], { cwd: home.dir, env });
    const { code: next } = JSON.parse(other.stdout) as { code: string };
    expect((await post('/api/pair', { code: next })).status).toBe(200);
    server.child.kill('SIGTERM');
    const { stderr } = await server.done;
    expect(stderr).not.toContain(KEY);
    await home.remove();
  });
});

describe('the first minute', () => {
  it('serves simulated vendors when there is nothing else, and its two commands show the fallback', async () => {
    // A model server that runs on the developer's machine is rightly preferred.
    const server = await serve(['--port', '0'], { cwd: '/' });
    const seen = await server.until('For real vendors');
    if (!seen.includes('SIMULATED VENDORS')) return expect(seen).toContain('what answers on this machine');
    const before = await ask(server.url, 'simulated/first');
    expect(before.body.model).toBe('simulated/first');
    expect((await ask(server.url, 'gpt-5.1')).body.model).toBe('simulated/first');
    const fail = /curl -X POST '([^']+)'/.exec(seen)?.[1] ?? '';
    expect((await fetch(fail, { method: 'POST' })).status).toBe(200);
    const after = await ask(server.url, 'simulated/first');
    expect(after.body.model).toBe('simulated/second');
    expect(after.response.headers.get('x-standin-provider')).toBe('custom.sim-anthropic');
    await server.until('Provider recovered (failover/retry)');
    // A vendor that used up its retries rests for some seconds; until then the second one answers at once.
    expect((await ask(server.url, 'simulated/first')).body.model).toMatch(/^simulated\/(first|second)$/);
  });
});

describe('local servers', () => {
  const servers: Server[] = [];
  afterAll(() => servers.forEach((server) => server.close()));

  async function answering(status: number, body: string, delayMs = 0): Promise<string> {
    const server = createServer((_request, response) => {
      setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(body), delayMs);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }

  it('counts only what answers in time with a list of chat models', async () => {
    const list = JSON.stringify({ object: 'list', data: [{ id: 'nomic-embed-text' }, { id: 'llama3.2' }] });
    const candidates = [
      { slot: 'ollama', name: 'Ollama', uri: await answering(200, list) },
      { slot: 'vllm', name: 'slow', uri: await answering(200, list, 2000) },
      { slot: 'llamacpp', name: 'some web page', uri: await answering(200, '<html>hello</html>') },
      { slot: 'lmstudio', name: 'needs a key', uri: await answering(401, list) },
      { slot: 'sglang', name: 'empty', uri: await answering(200, '{"data": []}') },
      { slot: 'litellm', name: 'nobody', uri: 'http://127.0.0.1:1/v1' },
    ];
    const found = await findLocalServers(candidates, 300);
    expect(found).toEqual([{ ...candidates[0], models: ['llama3.2'] }]);
    expect(localEntries(found)).toEqual([
      { slot: 'ollama', alias: 'local', fields: { uri: candidates[0]?.uri, model: 'llama3.2' } },
    ]);
  });

  it('finds an Ollama that speaks only its own protocol', async () => {
    const tags = JSON.stringify({ models: [{ name: 'nomic-embed-text' }, { name: 'qwen3:8b' }] });
    const server = createServer((request, response) => {
      const isTags = request.url === '/api/tags';
      response.writeHead(isTags ? 200 : 404).end(isTags ? tags : '404 page not found');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const found = await findLocalServers([{ slot: 'ollama', name: 'Ollama', uri: `${base}/v1` }], 300);
    expect(localEntries(found)).toEqual([
      { slot: 'ollama', alias: 'local', fields: { uri: base, model: 'qwen3:8b', wire_api: 'ollama' } },
    ]);
    const [one] = found;
    const link = { ...one, slot: 'ollama', name: 'Ollama', alias: 'local', model: 'qwen3:8b' };
    expect(composeConfig([link])).toContain(`uri = "${base}"\nwire_api = "ollama"\nmodel = "qwen3:8b"`);
    expect(await findLocalServers([{ slot: 'vllm', name: 'vLLM', uri: `${base}/v1` }], 300)).toEqual([]);
  });

  it('takes no other JSON for a model list', () => {
    expect(modelIdsOf('{"data": [{"name": "x"}]}')).toBeUndefined();
    expect(modelIdsOf('[]')).toBeUndefined();
    expect(modelIdsOf('{"data": [{"id": "a"}]}')).toEqual(['a']);
  });
});
