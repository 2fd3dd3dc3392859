import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { collect, openai, ProviderError } from '../../src/index.ts';

const REFUSAL = {
  error: { message: 'You exceeded your current quota, please check your plan.', code: 'insufficient_quota' },
};
const ANSWER = {
  id: 'c',
  object: 'chat.completion',
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'packed — ✓' } }],
};

/** A vendor that packs its answers and does not say so. */
let server: Server;
let reply: { status: number; body: Buffer };
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume();
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(reply.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterAll(() => {
  server.close();
});

/** Keys that were refused rest for the whole process: each test has its own. */
const ask = (apiKey: string) =>
  collect(
    openai({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
      apiKey,
      model: 'm',
    }).chat({ messages: [{ role: 'user', content: 'hi' }] }, { stream: false }),
  );

it('reads an error that is packed without a word', async () => {
  reply = { status: 429, body: gzipSync(JSON.stringify(REFUSAL)) };
  const error = await ask('sk-one').then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(ProviderError.is(error) && error.message).toContain('You exceeded your current quota');
  expect(error).toMatchObject({ kind: 'quota' });
});

it('reads an answer that is', async () => {
  reply = { status: 200, body: gzipSync(JSON.stringify(ANSWER)) };
  expect((await ask('sk-two')).text).toBe('packed — ✓');
});

it('tells of bytes that only look packed', async () => {
  reply = { status: 400, body: Buffer.from([0x1f, 0x8b, 1, 2, 3]) };
  await expect(ask('sk-three')).rejects.toMatchObject({ kind: 'invalid-request', status: 400 });
});
