import { expect, test } from 'vitest';
import { startConfigured } from '../helpers/configured-bench.ts';
import { until } from '../helpers/running-gateway.ts';

const TOML = `schema_version = 3
[providers.models.custom.main]
uri = "VENDOR/v1"
model = "m1"
api_key = "sk-plain-0001-secret"
`;

test('a rehearsal is started, followed, looked into and cancelled; one at a time', async () => {
  const bench = await startConfigured(TOML);
  const browser = await bench.pair();
  expect((await browser.get('/api/rehearsal')).status).toBe(404);
  expect((await browser.get('/api/rehearsal/events')).status).toBe(404);
  expect((await browser.post('/api/rehearsal/cancel')).status).toBe(404);
  expect((await browser.post('/api/rehearsal', { model: 'nobody/has-this' })).status).toBeLessThan(500);
  await browser.post('/api/rehearsal/cancel');
  await until('none runs', () => true);
  const settled = async (): Promise<string> => {
    for (;;) {
      const answer = await browser.get('/api/rehearsal');
      const { state } = (await answer.json()) as { state?: string };
      if (state !== 'running') return state ?? '';
    }
  };
  await settled();
  const started = await browser.post('/api/rehearsal', {});
  expect(started.status).toBe(202);
  expect((await browser.post('/api/rehearsal', {})).status).toBe(409);
  const events = await browser.get('/api/rehearsal/events');
  expect(events.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const reader = events.body?.getReader();
  let text = '';
  while (!text.includes('event: cell')) text += new TextDecoder().decode((await reader?.read())?.value);
  const cell = JSON.parse(/event: cell\ndata: (.*)\n/.exec(text)?.[1] ?? '') as { fault: string; outcome: string };
  expect(cell.outcome).toMatch(/^(answer|retry|wait|next|rescued|error)$/);
  const detail = await browser.json(`/api/rehearsal/cell?fault=${cell.fault}&target=1`);
  expect(detail).toMatchObject({
    fault: cell.fault,
    attempts: expect.arrayContaining([expect.objectContaining({ provider: 'custom.main' })]),
  });
  expect((await browser.get('/api/rehearsal/cell?fault=nothing&target=1')).status).toBe(404);
  expect((await browser.post('/api/rehearsal/cancel')).status).toBe(200);
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done) break;
    text += new TextDecoder().decode(value);
  }
  expect(text).toContain('event: end\ndata: {"state":"cancelled"');
  const last = (await browser.json('/api/rehearsal')) as unknown as { state: string; done: number; of: number };
  expect(last.state).toBe('cancelled');
  expect(last.done).toBeLessThan(last.of);
  expect(bench.vendor.requests).toEqual([]);
}, 60_000);
