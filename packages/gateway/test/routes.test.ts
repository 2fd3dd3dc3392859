import { request as httpRequest } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createFakeStandin, textEvents } from './helpers/fake-standin.ts';
import { CHAT, MESSAGES, post, startGateway } from './helpers/running-gateway.ts';

const answering = () => createFakeStandin((run) => run.answer('hello'));

interface ErrorBody {
  readonly type?: string;
  readonly error: {
    readonly message: string;
    readonly type?: string;
    readonly code?: string | null;
    readonly param?: string | null;
  };
}

async function errorOf(response: Response): Promise<ErrorBody> {
  return (await response.json()) as ErrorBody;
}

describe('paths and methods', () => {
  test.each(['/v1/chat/completions', '/chat/completions', '/v1/chat/completions/', '/v1/chat/completions?x=1'])(
    'a chat completion is answered at %s',
    async (path) => {
      const { url } = await startGateway({ standin: answering() });
      const response = await post(`${url}${path}`, CHAT);
      expect(response.status).toBe(200);
      const body = (await response.json()) as { choices: { message: { content: string } }[]; model: string };
      expect(body.choices[0]?.message.content).toBe('hello');
      expect(body.model).toBe('model-a-2026');
    },
  );

  test.each(['/v1/messages', '/v1/messages?beta=true'])('a message is answered at %s', async (path) => {
    const { url } = await startGateway({ standin: answering() });
    const response = await post(`${url}${path}`, MESSAGES);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'hello' }] });
  });

  test('an unknown path is a 404 in the protocol the caller seems to speak', async () => {
    const { url } = await startGateway({ standin: answering() });
    const plain = await fetch(`${url}/v1/nothing`);
    expect(plain.status).toBe(404);
    expect((await errorOf(plain)).error.code).toBe('not_found');
    const anthropic = await fetch(`${url}/v1/nothing`, { headers: { 'anthropic-version': '2023-06-01' } });
    expect(await errorOf(anthropic)).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
  });

  test('a wrong method is a 405 that names the right one', async () => {
    const { url } = await startGateway({ standin: answering() });
    const response = await fetch(`${url}/v1/messages`);
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect((await errorOf(response)).type).toBe('error');
  });

  test('the front page says what this is', async () => {
    const { url } = await startGateway({ standin: answering() });
    expect(await (await fetch(url)).text()).toContain('/v1/chat/completions');
  });
});

describe('request bodies', () => {
  test('broken JSON is a 400 with its place, and nothing of the body in the message', async () => {
    const standin = answering();
    const { url } = await startGateway({ standin });
    const response = await post(`${url}/v1/chat/completions`, '{"model": "m",\n "secret-sauce" 1}');
    expect(response.status).toBe(400);
    const { error } = await errorOf(response);
    expect(error.message).toMatch(/line 2, column 17/);
    expect(error.message).not.toContain('sauce');
    expect(standin.runs).toHaveLength(0);
  });

  test.each([
    ['nothing', ''],
    ['an array', '[]'],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('%s is a 400 in both protocols', async (_what, body) => {
    const { url } = await startGateway({ standin: answering() });
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      const response = await fetch(`${url}${path}`, { method: 'POST', body });
      expect(response.status).toBe(400);
      expect((await errorOf(response)).error.message).not.toBe('');
    }
  });

  test('a missing field is a 400 that names it', async () => {
    const { url } = await startGateway({ standin: answering() });
    const response = await post(`${url}/v1/chat/completions`, { model: 'm' });
    expect(response.status).toBe(400);
    expect((await errorOf(response)).error.param).toContain('messages');
  });

  test('a wrong content type and a byte order mark are tolerated', async () => {
    const { url } = await startGateway({ standin: answering() });
    const response = await post(`${url}/v1/chat/completions`, `\uFEFF${JSON.stringify(CHAT)}`, {
      'content-type': 'text/plain',
    });
    expect(response.status).toBe(200);
  });

  test('a compressed body is read, and its size counts unpacked', async () => {
    const { url } = await startGateway({ standin: answering(), bodyLimitBytes: 10_000 });
    const send = (body: unknown) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-encoding': 'gzip' },
        body: gzipSync(JSON.stringify(body)),
      });
    expect((await send(CHAT)).status).toBe(200);
    expect((await send({ ...CHAT, user: 'u'.repeat(20_000) })).status).toBe(413);
  });

  test('an encoding nobody knows is a 415', async () => {
    const { url } = await startGateway({ standin: answering() });
    expect((await post(`${url}/v1/messages`, MESSAGES, { 'content-encoding': 'rot13' })).status).toBe(415);
  });

  test('a body over the limit is a 413 in the protocol, whether its length was declared or not', async () => {
    const standin = answering();
    const { url, port } = await startGateway({ standin, bodyLimitBytes: 1_000 });
    const declared = await post(`${url}/v1/messages`, { ...MESSAGES, system: 's'.repeat(5_000) });
    expect(declared.status).toBe(413);
    expect(await errorOf(declared)).toMatchObject({ type: 'error', error: { type: 'request_too_large' } });
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = httpRequest({ port, host: '127.0.0.1', path: '/v1/messages', method: 'POST' }, (res) => {
        res.resume();
        resolve(res.statusCode);
      });
      req.on('error', reject);
      for (let i = 0; i < 10; i++) req.write('x'.repeat(500));
      req.end();
    });
    expect(status).toBe(413);
    expect(standin.runs).toHaveLength(0);
  });
});

describe('a caller who asks before it sends', () => {
  test.each([
    [5_000, 413, false],
    [JSON.stringify(CHAT).length, 200, true],
  ])('a body of %i bytes gets %i', async (length, status, invited) => {
    const { port } = await startGateway({ standin: answering(), bodyLimitBytes: 1_000 });
    const headers = { expect: '100-continue', 'content-length': length };
    let continued = false;
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      const req = httpRequest(
        { port, host: '127.0.0.1', path: '/v1/chat/completions', method: 'POST', headers },
        (res) => {
          res.resume();
          resolve(res.statusCode);
          req.destroy();
        },
      );
      req.on('continue', () => {
        continued = true;
        req.end(JSON.stringify(CHAT));
      });
      req.on('error', reject);
      req.flushHeaders();
    });
    expect(answered).toBe(status);
    expect(continued).toBe(invited);
  });
});

describe('resolution and what goes with the request', () => {
  test('an unknown model is a 404 in the protocol of the caller', async () => {
    const { url } = await startGateway({ standin: answering() });
    const chat = await post(`${url}/v1/chat/completions`, { ...CHAT, model: 'unknown' });
    expect(chat.status).toBe(404);
    expect((await errorOf(chat)).error.code).toBe('model_not_found');
    const message = await post(`${url}/v1/messages`, { ...MESSAGES, model: 'unknown' });
    expect(message.status).toBe(404);
    expect((await errorOf(message)).error.type).toBe('not_found_error');
  });

  test("the model and the body's routing options select the route", async () => {
    const standin = answering();
    const { url } = await startGateway({ standin });
    await post(`${url}/v1/chat/completions`, { ...CHAT, models: ['a', 'b'], provider: { order: ['x'] } });
    expect(standin.selectors[0]).toMatchObject({
      model: 'm',
      routing: { models: ['a', 'b'], provider: { order: ['x'] } },
    });
  });

  test("the SDK's timeout becomes the deadline", async () => {
    const standin = answering();
    const { url } = await startGateway({ standin });
    await post(`${url}/v1/chat/completions`, CHAT, { 'x-stainless-timeout': '60' });
    expect(standin.runs[0]?.options).toMatchObject({ mode: 'whole', timeoutMs: 59_500 });
  });

  test("Anthropic's version and beta headers go with a message, and no key does", async () => {
    const standin = answering();
    const { url } = await startGateway({ standin });
    const headers = { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a-1,b-2', 'x-api-key': 'sk-caller' };
    await post(`${url}/v1/messages`, MESSAGES, headers);
    expect(standin.runs[0]?.request.wireHeaders).toEqual({
      wire: 'anthropic-messages',
      headers: { 'anthropic-version': '2026-10-21', 'anthropic-beta': 'a-1,b-2' },
    });
    expect(JSON.stringify(standin.runs[0]?.request)).not.toContain('sk-caller');
  });

  test('every answer says who answered and under which id', async () => {
    const { url } = await startGateway({ standin: answering(), newId: () => '00ff' });
    const own = await post(`${url}/v1/messages`, MESSAGES);
    expect(own.headers.get('x-request-id')).toBe('req_00ff');
    expect(own.headers.get('request-id')).toBe('req_00ff');
    expect(own.headers.get('x-standin-provider')).toBe('openai.main');
    expect(own.headers.get('x-standin-model')).toBe('model-a');
    expect(own.headers.get('x-standin-attempts')).toBe('1');
    expect(own.headers.has('x-standin-cost-usd')).toBe(false);
    const given = await post(`${url}/v1/chat/completions`, CHAT, { 'x-request-id': 'trace-42' });
    expect(given.headers.get('x-request-id')).toBe('trace-42');
    const silly = await post(`${url}/v1/chat/completions`, CHAT, { 'x-request-id': 'a b<c>' });
    expect(silly.headers.get('x-request-id')).toBe('req_00ff');
  });

  test('a vendor answer without id and model gets those of the gateway', async () => {
    const standin = createFakeStandin((run) => {
      run.commit();
      run.send({ type: 'response-start' }, ...textEvents('x').slice(1));
      run.done();
    });
    const { url } = await startGateway({ standin, newId: () => '1234' });
    const body = await (await post(`${url}/v1/messages`, MESSAGES)).json();
    expect(body).toMatchObject({ id: 'msg_1234', model: 'model-a' });
  });
});

describe('models', () => {
  test("are listed in OpenAI's shape, and in Anthropic's for its callers", async () => {
    const { url } = await startGateway({ standin: answering() });
    const openai = await (await fetch(`${url}/v1/models`)).json();
    expect(openai).toMatchObject({
      object: 'list',
      data: [
        { id: 'openai.main', object: 'model', owned_by: 'openai' },
        { id: 'openai.main/model-a', context_length: 128_000 },
      ],
    });
    const anthropic = await (
      await fetch(`${url}/v1/models`, { headers: { 'anthropic-version': '2023-06-01' } })
    ).json();
    expect(anthropic).toMatchObject({
      data: [{ type: 'model', id: 'openai.main' }, {}],
      has_more: false,
      last_id: 'openai.main/model-a',
    });
  });

  test.each(['openai.main/model-a', 'openai.main%2Fmodel-a'])('one is found as %s', async (id) => {
    const { url } = await startGateway({ standin: answering() });
    expect(await (await fetch(`${url}/v1/models/${id}`)).json()).toMatchObject({ id: 'openai.main/model-a' });
  });

  test('one that is not listed is a 404', async () => {
    const { url } = await startGateway({ standin: answering() });
    expect((await fetch(`${url}/v1/models/other`)).status).toBe(404);
  });
});

describe('counting tokens', () => {
  test('gives an estimate that says it is one, and grows with the text', async () => {
    const { url } = await startGateway({ standin: answering() });
    const count = async (text: string) => {
      const response = await post(`${url}/v1/messages/count_tokens`, {
        model: 'm',
        messages: [{ role: 'user', content: text }],
      });
      expect(response.status).toBe(200);
      expect(response.headers.get('x-standin-estimate')).toBe('true');
      return ((await response.json()) as { input_tokens: number }).input_tokens;
    };
    const short = await count('one two three');
    const long = await count('one two three '.repeat(1_000));
    expect(short).toBeGreaterThan(2);
    expect(long).toBeGreaterThan(3_000);
    expect(long).toBeLessThan(6_000);
  });

  test('a broken request is a 400', async () => {
    const { url } = await startGateway({ standin: answering() });
    expect((await post(`${url}/v1/messages/count_tokens`, { model: 'm' })).status).toBe(400);
  });
});

describe('health', () => {
  test('is live whatever the vendors do, and ready while one target can be asked', async () => {
    const standin = answering();
    const { url } = await startGateway({ standin });
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    standin.health.markBad('openai.main', 'aaaa1111', '*', 'auth');
    const unready = await fetch(`${url}/health/ready`);
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({ status: 'not-ready' });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    const all = (await (await fetch(`${url}/health`)).json()) as { keys: unknown[] };
    expect(all.keys).toEqual([
      { provider: 'openai.main', model: '*', key: 'aaaa1111', state: 'rejected', breaker: 'closed', reason: 'auth' },
    ]);
  });

  test('HEAD answers without a body', async () => {
    const { url } = await startGateway({ standin: answering() });
    const response = await fetch(`${url}/health/live`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe('');
  });
});
