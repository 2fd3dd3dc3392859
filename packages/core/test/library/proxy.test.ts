import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { collect, openai } from '../../src/index.ts';
import { createRuntime } from '../../src/library/runtime.ts';

const before = process.env.http_proxy;
afterEach(() => {
  if (before === undefined) delete process.env.http_proxy;
  else process.env.http_proxy = before;
});

it('a model call goes through the proxy that the environment names', async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? '');
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const message = { role: 'assistant', content: 'through the proxy' };
      response.end(JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, message, finish_reason: 'stop' }] }));
    });
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  try {
    process.env.http_proxy = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const { transport } = createRuntime();
    const provider = openai({ baseUrl: 'http://vendor.invalid/v1', apiKey: 'sk-x', model: 'm', transport });
    const answer = await collect(provider.chat({ messages: [{ role: 'user', content: 'hi' }] }, { stream: false }));
    expect(answer.text).toBe('through the proxy');
    expect(seen).toEqual(['http://vendor.invalid/v1/chat/completions']);
    transport.close();
  } finally {
    proxy.close();
  }
});
