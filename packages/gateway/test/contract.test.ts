import { request as httpRequest } from 'node:http';
import { startSimulator, type Simulator } from '@standin/simulator';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_ENDPOINTS } from '../src/admin/endpoints.ts';
import { ENDPOINTS } from '../src/endpoints.ts';
import { startAdmin } from './helpers/admin-bench.ts';
import { configGateway } from './helpers/config-gateway.ts';
import { createFakeStandin } from './helpers/fake-standin.ts';
import { isError, shapesAt, type ErrorShape } from './helpers/error-shape.ts';

/** SPEC §5, as far as it speaks of headers and of the form of errors, over everything that is answered. */

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly trailers: Headers;
  readonly body: string;
}

async function ask(url: string, method: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const req = httpRequest(url, { method, headers: { 'content-type': 'application/json', ...headers } }, (res) => {
      let answer = '';
      res.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          headers: new Headers(res.headers as Record<string, string>),
          trailers: new Headers(res.trailers),
          body: answer,
        }),
      );
      res.on('error', reject);
    });
    req.on('error', reject);
    req.end(text);
  });
}

function expectError(answer: Answer, path: string, shapes: readonly ErrorShape[] = shapesAt(path)): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect([path, answer.body, isError(answer.body, shapes, answer.headers)]).toEqual([path, answer.body, true]);
}

const ROUTES = [...ENDPOINTS, ...ADMIN_ENDPOINTS].map(({ method, pattern, run }) => ({
  method: method === 'ANY' ? 'POST' : method,
  isAny: method === 'ANY',
  path: pattern.replace(/\{\w+\}/, 'custom.main'),
  isAdmin: run.admin !== undefined,
  access: run.access ?? 'caller',
}));

describe('every endpoint', () => {
  it('answers each mistake in the protocol of its path, with a request id', async () => {
    const { url } = await startAdmin({ standin: createFakeStandin(), bodyLimitBytes: 1_000 });
    for (const { method, path, isAny, isAdmin } of ROUTES) {
      const shapes: readonly ErrorShape[] = isAdmin ? ['admin'] : shapesAt(path);
      if (!isAny) {
        const wrong = await ask(`${url}${path}`, 'PATCH');
        expect([path, wrong.status]).toEqual([path, 405]);
        expect(wrong.headers.get('allow')).toContain(method);
        expectError(wrong, path, isAdmin ? ['admin', 'ollama'] : undefined);
      }
      const foreign = await ask(`${url}${path}`, method, undefined, { host: 'evil.example' });
      expect(foreign.status).toBeGreaterThanOrEqual(400);
      expectError(foreign, path, isAdmin ? ['admin', 'ollama'] : undefined);
      // What is thrown away, or has no body, is not looked at.
      if (method !== 'POST' || /event_logging|\/cancel$/.test(path)) continue;
      for (const body of ['{"model": "m", ', 'x'.repeat(2_000)]) {
        const broken = await ask(`${url}${path}`, method, body);
        expect([path, broken.status >= 400 && broken.status < 500]).toEqual([path, true]);
        expectError(broken, path, shapes);
      }
    }
  });

  it('asks for a key where one is required, and tells in its protocol', async () => {
    const { url } = await configGateway(toml(), { callers: { me: {} } });
    for (const { method, path, access, isAdmin } of ROUTES) {
      if (isAdmin || access !== 'caller') continue;
      const answer = await ask(`${url}${path}`, method, method === 'POST' ? {} : undefined);
      expect([path, answer.status]).toEqual([path, path.startsWith('/model/') ? 403 : 401]);
      expectError(answer, path);
    }
  });
});

let vendor: Simulator;
beforeAll(async () => {
  vendor = await startSimulator();
});
afterAll(async () => vendor.close());
afterEach(() => {
  vendor.setScript({});
  vendor.reset();
});

const toml = (): string => `schema_version = 3
[providers.models.custom.main]
uri = "${vendor.url}/v1"
api_key = "sk-planted"
model = "m"
pricing = { m = { input = 1, output = 2 } }
`;

const MESSAGES = [{ role: 'user', content: 'hi' }];
const CALLS: readonly {
  readonly path: string;
  readonly body: object;
  readonly streams: boolean;
  readonly model?: string;
}[] = [
  ...[false, true].flatMap((stream) => [
    { path: '/v1/chat/completions', body: { model: 'm', messages: MESSAGES, stream }, streams: stream },
    { path: '/v1/responses', body: { model: 'm', input: 'hi', stream }, streams: stream },
    { path: '/v1/messages', body: { model: 'm', max_tokens: 9, messages: MESSAGES, stream }, streams: stream },
    { path: '/api/chat', body: { model: 'm', messages: MESSAGES, stream }, streams: stream },
    { path: '/api/generate', body: { model: 'm', prompt: 'hi', stream }, streams: stream },
  ]),
  { path: '/v1beta/models/m:generateContent', body: { contents: [{ parts: [{ text: 'hi' }] }] }, streams: false },
  {
    path: '/v1beta/models/m:streamGenerateContent?alt=sse',
    body: { contents: [{ parts: [{ text: 'hi' }] }] },
    streams: true,
  },
  { path: '/model/m/converse', body: { messages: [{ role: 'user', content: [{ text: 'hi' }] }] }, streams: false },
  {
    path: '/model/m/converse-stream',
    body: { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
    streams: true,
  },
];
const bare = (path: string): string => path.split('?')[0] ?? path;
const isAws = (path: string): boolean => path.startsWith('/model/');
const asked = (path: string, body: object, model: string): [string, object] => [
  path.replace(/(models?\/)m\b/, `$1${encodeURIComponent(model)}`),
  'model' in body ? { ...body, model } : body,
];

describe('calls of every protocol', () => {
  const told = (answer: Answer): unknown => ({
    provider: answer.headers.get('x-standin-provider'),
    model: answer.headers.get('x-standin-model'),
    attempts: answer.headers.get('x-standin-attempts'),
  });

  it('say who answered, after how many attempts, and what it cost', async () => {
    const { url } = await configGateway(toml());
    for (const { path, body, streams } of CALLS) {
      vendor.setScript({
        defaults: { text: 'hello', usage: { inputTokens: 10, outputTokens: 5 } },
        rules: [{ times: 1, behaviour: 'unavailable' }],
      });
      const answer = await ask(`${url}${path}`, 'POST', body, { 'x-request-id': 'mine-1' });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('x-request-id')).toBe('mine-1');
      expect(told(answer)).toEqual({ provider: 'custom.main', model: 'm', attempts: '2' });
      const cost = (streams ? answer.trailers : answer.headers).get('x-standin-cost-usd');
      expect(cost).toBe('0.000020000');
      if (!isAws(path)) expect(answer.body).toMatch(/"model(?:Version)?":"m"/);
    }
  });

  it('are refused by the gateway’s own rules in its own name: an unknown hint, a model that is not allowed, a used-up budget', async () => {
    const callers = { me: { models: ['m'] } };
    const { url, keys } = await configGateway(toml(), { callers, budgets: { dayNanoUsd: 1 } });
    const headers = { authorization: `Bearer ${keys['me']}` };
    for (const { path, body } of CALLS) {
      const cases = [
        ['hint:none', 404],
        ['other', 403],
        ['m', isAws(path) ? 400 : 429],
      ] as const;
      for (const [model, status] of cases) {
        const [place, question] = asked(path, body, model);
        const answer = await ask(`${url}${place}`, 'POST', question, headers);
        expect([model, answer.status]).toEqual([model, status]);
        expectError(answer, bare(place));
      }
    }
    expect(vendor.requests).toHaveLength(0);
  });
});

describe.each(CALLS)('$path, stream $streams', ({ path, body }) => {
  it('calls the SDK’s own retry off when every route failed, and never blames the caller’s key', async () => {
    const { url } = await configGateway(toml());
    for (const [behaviour, status, aws] of [
      ['unavailable', 503, 424],
      ['auth', 502, 424],
      ['permission', 502, 424],
    ] as const) {
      vendor.setScript({ defaults: {}, rules: [{ behaviour }] });
      const answer = await ask(`${url}${path}`, 'POST', body);
      expect([behaviour, answer.status]).toEqual([behaviour, isAws(path) ? aws : status]);
      expectError(answer, bare(path));
      expect(answer.headers.get('x-should-retry')).toBe('false');
      expect(Number(answer.headers.get('x-standin-attempts'))).toBeGreaterThanOrEqual(0);
      expect(answer.body).not.toContain('planted');
    }
  });

  it('asks for a retry where waiting helps', async () => {
    const { url } = await configGateway(toml());
    vendor.setScript({ rules: [{ behaviour: { error: { name: 'rate', hints: { retryAfter: 7 } } } }] });
    const answer = await ask(`${url}${path}`, 'POST', body);
    expect(answer.status).toBe(429);
    expectError(answer, bare(path));
    expect(answer.headers.get('x-should-retry')).toBe('true');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
