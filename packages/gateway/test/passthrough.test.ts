import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { json, listening, startRawVendor } from './helpers/raw-vendor.ts';
import { post, until } from './helpers/running-gateway.ts';

function openai(url: string, more = 'api_key = "sk-vendor"'): string {
  return `[providers.models.openai.main]\nuri = "${url}/v1"\nmodel = "gpt-4o"\n${more}\n`;
}

/** As written, which `fetch` would not do. */
function raw(
  url: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const req = httpRequest(
      { hostname, port, path, method: options.method ?? 'GET', headers: options.headers },
      (res) => {
        const parts: Buffer[] = [];
        res.on('data', (chunk: Buffer) => parts.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(parts) }));
        res.on('error', reject);
      },
    );
    req.on('error', reject);
    req.end(options.body);
  });
}

describe('a call passed through', () => {
  test('arrives as it was, but for whose key it carries, and comes back as it is', async () => {
    const bytes = Buffer.from(Array.from({ length: 5_000 }, (_, at) => at % 256));
    const vendor = await startRawVendor((_request, res) => {
      res.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="a.bin"',
        'x-ratelimit-remaining-requests': '7',
        'set-cookie': 'session=1',
        'openai-organization': 'org-1',
        'x-standin-provider': 'forged',
      });
      res.end(bytes);
    });
    const { url, rows } = await configGateway(openai(vendor.url));
    const answer = await raw(url, '/passthrough/openai.main/v1/files/f-1/content?a=1&key=caller-key&b=%2F%20x', {
      headers: {
        authorization: 'Bearer sk-caller',
        'x-api-key': 'sk-caller',
        'api-key': 'sk-caller',
        cookie: 'c=1',
        'x-forwarded-for': '10.0.0.1',
        'openai-organization': 'org-other',
        'openai-beta': 'assistants=v2',
        connection: 'x-mine, keep-alive',
        'x-mine': 'hop',
      },
    });
    expect(answer.status).toBe(200);
    expect(answer.body.equals(bytes)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': 'attachment; filename="a.bin"',
      'x-ratelimit-remaining-requests': '7',
      'x-standin-provider': 'openai.main',
      'x-standin-attempts': '1',
      'x-request-id': expect.stringMatching(/^req_/) as string,
    });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.headers['openai-organization']).toBeUndefined();
    const [seen] = vendor.requests;
    expect(seen?.url).toBe('/v1/files/f-1/content?a=1&b=%2F%20x');
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer sk-vendor', 'openai-beta': 'assistants=v2' });
    expect(JSON.stringify(seen?.headers)).not.toMatch(/sk-caller|c=1|10\.0\.0\.1|org-other|hop/);
    expect(rows()).toMatchObject([{ outcome: 'ok', provider: 'openai.main', requested_model: 'openai.main' }]);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'POST', 'HEAD', 'GET'])('takes %s', async (method) => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, { ok: true }));
    const { url } = await configGateway(openai(vendor.url));
    const body = method === 'HEAD' || method === 'GET' ? undefined : '{"x":1.0}';
    const answer = await raw(url, '/passthrough/openai.main/things', {
      method,
      headers: {
        'content-type': 'application/json',
        ...(body === undefined ? {} : { 'content-length': `${body.length}` }),
      },
      body,
    });
    expect(answer.status).toBe(200);
    expect(vendor.requests.map((one) => [one.method, one.url, one.body.toString()])).toEqual([
      [method, '/v1/things', body ?? ''],
    ]);
    expect(answer.body.toString()).toBe(method === 'HEAD' ? '' : '{"ok":true}');
  });

  test('goes on to the next key and tries a bad moment again; the row has tokens and cost', async () => {
    const vendor = await startRawVendor((request, res, count) => {
      if (request.headers.authorization === 'Bearer sk-a') return json(res, 429, { error: { message: 'rate' } });
      if (count === 2) return json(res, 500, { error: { message: 'oops' } });
      json(res, 200, { id: 'x', usage: { prompt_tokens: 100, completion_tokens: 10 } });
    });
    const { url, rows } = await configGateway(
      openai(vendor.url, 'api_keys = ["sk-a", "sk-b"]\npricing = { "m-1.input" = 1.0, "m-1.output" = 2.0 }'),
    );
    const response = await post(`${url}/passthrough/openai.main/chat/completions`, { model: 'm-1', messages: [] });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-standin-attempts')).toBe('3');
    expect(response.headers.get('x-standin-model')).toBe('m-1');
    await response.text();
    expect(rows()).toMatchObject([{ model: 'm-1', input_tokens: 100, output_tokens: 10, cost_nano_usd: 120_000 }]);
  });

  test('streams: each event when it comes, usage in the row', async () => {
    let go: () => void = () => {};
    const vendor = await startRawVendor((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(
        'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":9,"cache_read_input_tokens":1}}}\n\n',
      );
      go = () => res.end('event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":4}}\n\n');
    });
    const toml = `[providers.models.anthropic.main]\nuri = "${vendor.url}"\napi_key = "sk-ant"\nmodel = "claude-sonnet-4-5"\n`;
    const { url, rows } = await configGateway(toml);
    const response = await post(
      `${url}/passthrough/anthropic.main/v1/messages`,
      { model: 'claude-sonnet-4-5', stream: true },
      { 'anthropic-version': '2023-06-01', 'x-api-key': 'caller' },
    );
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toContain('message_start');
    go();
    const second = await reader?.read();
    expect(Buffer.from(second?.value ?? []).toString()).toContain('message_delta');
    expect((await reader?.read())?.done).toBe(true);
    expect(vendor.requests[0]).toMatchObject({ url: '/v1/messages', headers: { 'x-api-key': 'sk-ant' } });
    expect(rows()).toMatchObject([{ mode: 'stream', input_tokens: 10, cache_read_tokens: 1, output_tokens: 4 }]);
  });

  test('a large body goes up while it comes in, and a vendor that does not read stops the caller', async () => {
    let incoming: IncomingMessage | undefined;
    const server = createServer((req, res) => {
      incoming = req;
      let size = 0;
      req.on('data', (chunk: Buffer) => (size += chunk.length));
      req.on('end', () => json(res, 200, { size }));
      req.pause();
    });
    const vendor = await listening(server);
    const { url } = await configGateway(openai(vendor));
    const { hostname, port } = new URL(url);
    const total = 24 * 1024 * 1024;
    const block = Buffer.alloc(256 * 1024, 7);
    let sent = 0;
    const answer = await new Promise<string>((resolve, reject) => {
      const req = httpRequest(
        {
          hostname,
          port,
          path: '/passthrough/openai.main/v1/files',
          method: 'POST',
          headers: { 'content-type': 'application/octet-stream' },
        },
        (res) => {
          let text = '';
          res.on('data', (chunk: Buffer) => (text += chunk.toString()));
          res.on('end', () => resolve(text));
        },
      );
      req.on('error', reject);
      const more = (): void => {
        while (sent < total) {
          sent += block.length;
          if (!req.write(block)) return;
        }
        req.end();
      };
      req.on('drain', more);
      more();
      void (async () => {
        await until('the vendor was asked', () => incoming !== undefined);
        // Until the caller's writes stand still: every buffer on the way is full.
        let before = -1;
        while (before !== sent) {
          before = sent;
          await new Promise((next) => setTimeout(next, 50));
        }
        expect(sent).toBeLessThan(total);
        incoming?.resume();
      })().catch(reject);
    });
    expect(JSON.parse(answer)).toEqual({ size: total });
  });

  test('a caller who leaves ends the vendor’s side', async () => {
    let closed = false;
    const vendor = await startRawVendor((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write('data: 1\n\n');
      res.on('close', () => (closed = true));
    });
    const { url, rows } = await configGateway(openai(vendor.url));
    const controller = new AbortController();
    const response = await fetch(`${url}/passthrough/openai.main/v1/events`, { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await until('the vendor saw it', () => closed);
    await until('the row is there', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'left' });
  });

  test('an answer that breaks after its first byte is broken for the caller too', async () => {
    const vendor = await startRawVendor((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' });
      res.write('half');
      setTimeout(() => res.destroy(), 5);
    });
    const { url, rows } = await configGateway(openai(vendor.url));
    await expect(raw(url, '/passthrough/openai.main/v1/x')).rejects.toThrow();
    expect(vendor.requests.length).toBe(1);
    await until('the row is there', () => rows().length === 1);
    expect(rows()[0]).toMatchObject({ outcome: 'failed' });
  });

  test('a vendor’s refusal comes back in its words; a redirect is never followed; our key’s refusal is a 502', async () => {
    const other = await startRawVendor((_request, res) => json(res, 200, { stolen: true }));
    const vendor = await startRawVendor((request, res) => {
      if (request.url === '/v1/none') return json(res, 404, { error: { message: 'no such file', code: 'nf' } });
      if (request.url === '/v1/key') return json(res, 401, { error: { message: 'bad sk-vendor' } });
      res.writeHead(307, { location: `${other.url}/v1/x` });
      res.end();
    });
    const { url } = await configGateway(openai(vendor.url));
    const none = await raw(url, '/passthrough/openai.main/v1/none');
    expect([none.status, JSON.parse(none.body.toString())]).toEqual([
      404,
      { error: { message: 'no such file', code: 'nf' } },
    ]);
    expect(none.headers['x-standin-provider']).toBe('openai.main');
    const moved = await raw(url, '/passthrough/openai.main/v1/moved', { method: 'POST', body: 'x' });
    expect(moved.status).toBeGreaterThanOrEqual(500);
    expect(other.requests.length).toBe(0);
    const key = await raw(url, '/passthrough/openai.main/v1/key');
    expect(key.status).toBe(502);
    expect(key.body.toString()).not.toContain('sk-vendor');
  });
});

describe('what is never passed through', () => {
  const CLIMBING = [
    '/../secret',
    '/v1/../../secret',
    '/%2e%2e/secret',
    '/%2E%2E%2Fsecret',
    '/v1/%252e%252e/secret',
    '/v1/%25252e%25252e/x',
    '/v1/..%2f..%2fx',
    '/v1/..\\x',
    '/v1/%5c..%5cx',
    '/v1/..;/x',
    '/v1/./x',
    '//other.example/x',
    '/%2f%2fother.example/x',
    '/v1/%0d%0ax:y',
    '/v1/%00',
  ];
  test.each(CLIMBING)('%s', async (path) => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, {}));
    const { url } = await configGateway(openai(vendor.url));
    const answer = await raw(url, `/passthrough/openai.main${path}`);
    expect(answer.status).toBe(400);
    expect(vendor.requests.length).toBe(0);
  });

  test.each(['http://other.example/x', 'other.main/v1/x', '', 'openai', 'openai.main.x/v1', '127.0.0.1:1/x'])(
    'no entry "%s"',
    async (name) => {
      const vendor = await startRawVendor((_request, res) => json(res, 200, {}));
      const { url } = await configGateway(openai(vendor.url));
      const answer = await raw(url, `/passthrough/${name}`);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(vendor.requests.length).toBe(0);
    },
  );

  test('an absolute address names the gateway itself, whatever host it says', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, { here: true }));
    const { url } = await configGateway(openai(vendor.url));
    const answer = await raw(url, 'http://evil.example/passthrough/openai.main/v1/x?y=1');
    expect(answer.status).toBe(200);
    expect(vendor.requests[0]?.url).toBe('/v1/x?y=1');
  });
});

describe('who may pass calls through', () => {
  const callers = { all: {}, one: { models: ['m-small'] }, entry: { models: ['openai.main'] } };
  async function bench(passthrough?: readonly string[]) {
    const vendor = await startRawVendor((_request, res) => json(res, 200, {}));
    const more = passthrough === undefined ? {} : { passthrough: () => passthrough };
    const gateway = await configGateway(openai(vendor.url), { callers, ...more });
    const ask = (key: string | undefined, path: string, body?: unknown) =>
      raw(gateway.url, `/passthrough/openai.main${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    return { ...gateway, vendor, ask };
  }

  test('with keys nobody, until the config says so', async () => {
    const { ask, keys, vendor } = await bench();
    expect((await ask(undefined, '/v1/files')).status).toBe(401);
    const refused = await ask(keys.all, '/v1/files');
    expect(refused.status).toBe(403);
    expect(refused.body.toString()).toContain('[gateway] passthrough');
    expect(vendor.requests.length).toBe(0);
  });

  test('a list opens its entries, an empty one closes all', async () => {
    const open = await bench(['openai.main']);
    expect((await open.ask(open.keys.all, '/v1/files')).status).toBe(200);
    const other = await bench(['openai.other']);
    expect((await other.ask(other.keys.all, '/v1/files')).status).toBe(403);
    const vendor = await startRawVendor((_request, res) => json(res, 200, {}));
    const { url } = await configGateway(openai(vendor.url), { passthrough: () => [] });
    expect((await raw(url, '/passthrough/openai.main/v1/files')).status).toBe(403);
  });

  test('a key of some models: calls of these, and no other way', async () => {
    const { ask, keys } = await bench(['*']);
    const chat = '/v1/chat/completions';
    const wanted: [string, unknown, number][] = [
      [chat, { model: 'm-small' }, 200],
      [chat, { model: 'm-large' }, 403],
      [chat, { model: 'm-small', MODEL: 'm-large' }, 403],
      [chat, { model: 'm-small', models: ['m-large'] }, 403],
      [chat, { messages: [] }, 403],
      ['/v1/messages/batches', { model: 'm-small', requests: [{ params: { model: 'm-large' } }] }, 403],
      ['/v1/files', undefined, 403],
    ];
    for (const [path, body, status] of wanted)
      expect([path, body, (await ask(keys.one, path, body)).status]).toEqual([path, body, status]);
    expect((await ask(keys.entry, '/v1/files')).status).toBe(200);
    expect((await ask(keys.entry, chat, { model: 'm-large' })).status).toBe(200);
  });
});
