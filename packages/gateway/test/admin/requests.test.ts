import { describe, expect, test } from 'vitest';
import { startConfigured } from '../helpers/configured-bench.ts';
import { post } from '../helpers/running-gateway.ts';

const TOML = `schema_version = 3
[providers.models.custom.main]
uri = "VENDOR/v1"
model = "m1"
api_key = "sk-plain-0001-secret"
fallback = ["custom.spare"]
pricing = { m1 = 1.0, m2 = 2.0 }
[providers.models.custom.spare]
uri = "VENDOR/v1"
model = "m2"
api_key = "sk-plain-0002-secret"
[reliability]
provider_retries = 0
`;

const BODY = {
  model: 'custom.main',
  stream: true,
  messages: [{ role: 'user', content: 'Tell me: naïve café, at some length' }],
};

describe('requests as they are looked at', () => {
  test('a list with filters, and one as a waterfall with its reasons', async () => {
    const bench = await startConfigured(TOML);
    const browser = await bench.pair();
    const ask = async (id: string, body: object = BODY) =>
      (await post(`${bench.url}/v1/chat/completions`, body, { 'x-request-id': id })).text();
    bench.vendor.failNext('unavailable');
    await ask('req_a');
    await ask('req_b');
    bench.vendor.failNext('policy', 2);
    await ask('req_c');
    const ids = async (query: string): Promise<string[]> => {
      const { data } = (await browser.json(`/api/requests?${query}`)) as unknown as { data: { id: string }[] };
      return data.map(({ id }) => id);
    };
    expect(await ids('')).toEqual(['req_c', 'req_b', 'req_a']);
    expect(await ids('rescued=true')).toEqual(['req_a']);
    expect(await ids('outcome=failed')).toEqual(['req_c']);
    expect(await ids('provider=custom.spare')).toContain('req_a');
    expect(await ids('q=REQ_B')).toEqual(['req_b']);
    expect(await ids('errorKind=content-policy')).toEqual(['req_c']);
    expect(await ids('limit=1')).toEqual(['req_c']);
    expect(await ids('until=2000-01-01')).toEqual([]);
    expect((await browser.get('/api/requests?since=whenever')).status).toBe(400);
    expect((await browser.get('/api/requests?nonsense=1')).status).toBe(400);
    const { data } = (await browser.json('/api/requests?id=req_a')) as unknown as { data: object[] };
    expect(data).toMatchObject([
      {
        cached: false,
        route: [
          { target: 'custom.main/m1', outcome: 'overloaded', reason: expect.any(String) },
          { target: 'custom.spare/m2', outcome: 'ok', reason: expect.stringMatching(/\w/) },
        ],
      },
    ]);
    const series = (await browser.json('/api/series')) as unknown as { from: number; data: Record<string, unknown>[] };
    const sum = (name: string): number => series.data.reduce((all, point) => all + Number(point[name]), 0);
    expect(['requests', 'failed', 'rescued', 'cached'].map(sum)).toEqual([3, 1, 1, 0]);
    expect(sum('outputTokens')).toBeGreaterThan(0);
    expect(sum('costUsd')).toBeGreaterThan(0);
    expect(series.data.at(-1)?.['firstContentMs']).not.toBe(undefined);
    expect((await browser.get('/api/series?minutes=x')).status).toBe(400);
    const one = await browser.json('/api/requests/req_a/waterfall');
    expect(one).toMatchObject({
      id: 'req_a',
      source: 'memory',
      outcome: 'ok',
      attempts: [
        {
          attempt: 1,
          target: 'custom.main/m1',
          outcome: 'overloaded',
          status: 503,
          cut: false,
          hedge: false,
          costUsd: '0.000000000',
        },
        { attempt: 2, target: 'custom.spare/m2', outcome: 'ok', rescue: null, spliceAt: null },
      ],
      decisions: [
        {
          kind: 'failure',
          after: expect.stringContaining('custom.main m1 failed'),
          attempt: 2,
        },
      ],
      replay: { same: true, differences: [] },
      content: null,
    });
    expect(JSON.stringify(one)).toContain('asked custom.spare m2');
    expect(JSON.stringify(one)).not.toContain('sk-plain');
    expect((await browser.get('/api/requests/req_none/waterfall')).status).toBe(404);
  });

  test('where an answer was mended, and with what', async () => {
    const bench = await startConfigured(TOML);
    const browser = await bench.pair();
    bench.vendor.setScript({ defaults: { words: 40 } });
    bench.vendor.failNext('cut');
    const whole = await (await post(`${bench.url}/v1/chat/completions`, BODY, { 'x-request-id': 'req_cut' })).text();
    expect(whole).toContain('[DONE]');
    const one = (await browser.json('/api/requests/req_cut/waterfall')) as unknown as {
      attempts: { spliceAt: number }[];
    };
    expect(one).toMatchObject({
      attempts: [
        { cut: true, phase: 'content' },
        { outcome: 'ok', rescue: expect.any(String), cut: false },
      ],
    });
    const text = [...whole.matchAll(/"content":"((?:[^"\\]|\\.)*)"/g)]
      .map(([, piece]) => JSON.parse(`"${piece}"`) as string)
      .join('');
    expect(one.attempts[1]?.spliceAt).toBeGreaterThan(0);
    expect(one.attempts[1]?.spliceAt).toBeLessThan(text.length);
  });

  test('messages are kept only where that was switched on, and cut', async () => {
    const off = await startConfigured(TOML);
    await (await post(`${off.url}/v1/chat/completions`, BODY, { 'x-request-id': 'req_1' })).text();
    expect(await (await off.pair()).json('/api/requests/req_1/waterfall')).toMatchObject({ content: null });
    const on = await startConfigured(TOML, { content: true });
    for (const [id, stream] of [
      ['req_s', true],
      ['req_w', false],
    ] as const)
      await (await post(`${on.url}/v1/chat/completions`, { ...BODY, stream }, { 'x-request-id': id })).text();
    const browser = await on.pair();
    for (const [id, stream] of [
      ['req_s', true],
      ['req_w', false],
    ] as const) {
      const { content } = await browser.json(`/api/requests/${id}/waterfall`);
      const request = JSON.stringify({ ...BODY, stream });
      expect(content).toEqual({
        request: request.slice(0, 40),
        requestTruncated: true,
        answer: 'served',
        answerTruncated: false,
      });
    }
  });

  test('as a command for a terminal, without a key', async () => {
    const bench = await startConfigured(TOML, { content: true });
    const browser = await bench.pair();
    const body = `{"messages":[{"role":"user","content":"it's"}]}`.slice(0, 60);
    const headers = { 'x-request-id': 'req_q', 'x-api-key': 'sk-mine' };
    await (await post(`${bench.url}/v1/chat/completions`, body, headers)).text();
    const { curl } = (await browser.json('/api/requests/req_q/waterfall')) as unknown as {
      curl: { url: string; command: string };
    };
    expect(curl.url).toBe(`${bench.url}/v1/chat/completions`);
    expect(curl.command).toMatch(/^curl '.*\$STANDIN_KEY.* --data-raw '\{.*\}'$/);
    expect(curl.command).not.toContain('sk-mine');
  });
});
