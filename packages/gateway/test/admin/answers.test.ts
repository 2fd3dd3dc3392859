import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { expect, test } from 'vitest';
import { ADMIN_ROUTES } from '../../src/admin/endpoints.ts';
import { startConfigured } from '../helpers/configured-bench.ts';
import { CHAT, post } from '../helpers/running-gateway.ts';

/** One of each kind; the word must be in no answer. */
const TOML = `schema_version = 3
[providers.models.custom.main]
uri = "VENDOR/v1?key=planted-uri-0001"
model = "m1"
api_key = "sk-planted-file-0002"
extra_headers = { x-team = "planted-header-0003" }
fallback = ["custom.over"]
oauth_client_secret = "planted-oauth-0004"
pricing = { m1 = 1.0 }
[providers.models.custom.over]
uri = "VENDOR/v1"
model = "m2"
api_keys = ["\${PLANTED_KEY}"]
[agents.default]
model_provider = "custom.main"
[[model_routes]]
hint = "fast"
model_provider = "custom.over"
api_key = "sk-planted-route-0005"
`;

/** What to send where nothing at all would be refused. */
const BODIES: Readonly<Record<string, object>> = {
  '/api/config/check': {
    changes: [{ op: 'set', path: 'providers.models.custom.main.api_key', value: 'sk-planted-typed-0006' }],
  },
  '/api/config/try': { entry: 'custom.main' },
  '/api/keys': { name: 'ci', budgetDayUsd: '1' },
};
/** Streams, whose pieces other tests read; and the last ones, which end what the others need. */
const LEFT_OUT = new Set([
  '/api/live',
  '/api/rehearsal/events',
  '/api/pair',
  '/api/logout',
  '/api/sessions/{id}/revoke',
]);

test('every route answers as its schema says, and no answer holds a secret', async () => {
  const env = {
    PLANTED_KEY: 'sk-planted-variable-0007',
    STANDIN_providers__models__custom__over__extra_headers__x_a: 'planted-override-0008',
  };
  const bench = await startConfigured(TOML, { env, content: false });
  const browser = await bench.pair();
  bench.vendor.failNext('auth');
  await (
    await post(`${bench.url}/v1/chat/completions`, { ...CHAT, model: 'custom.main' }, { 'x-request-id': 'req_1' })
  ).text();
  const ajv = new Ajv2020({ strict: false });
  const texts: string[] = [];
  const seen = new Set<string>();
  const { hash } = (await browser.json('/api/config')) as unknown as { hash: string };
  const change = { op: 'set', path: 'providers.models.custom.main.api_key', value: 'sk-planted-typed-0009' };
  const applied = (await (await browser.post('/api/config/apply', { hash, changes: [change] })).json()) as {
    hash: string;
    undo: string;
  };
  const { record } = (await (await browser.post('/api/keys', { name: 'first' })).json()) as { record: { id: string } };
  await browser.post('/api/rehearsal', {});
  await browser.post('/api/rehearsal/cancel');
  const bodies: Readonly<Record<string, object>> = {
    ...BODIES,
    '/api/config/undo': { hash: applied.hash, id: applied.undo },
    '/api/config/apply': { hash: 'old', changes: [change] },
    '/api/keys/{id}/limits': { rpm: 3 },
  };
  for (const route of ADMIN_ROUTES) {
    const { method, pattern } = route;
    if (LEFT_OUT.has(pattern)) continue;
    const id = pattern.startsWith('/api/keys') ? record.id : 'req_1';
    const query = pattern === '/api/rehearsal/cell' ? '?fault=none&target=1' : '';
    const path = pattern.replace('{id}', id) + query;
    const answer = method === 'GET' ? await browser.get(path) : await browser.post(path, bodies[pattern] ?? {});
    const text = await answer.text();
    texts.push(`${method} ${path} ${text}`);
    const schema = route.answers[answer.status];
    if (schema === undefined) {
      expect(
        Object.keys(route.errors ?? {}).concat(pattern.includes('{') ? '404' : []),
        `${method} ${path}: ${text}`,
      ).toContain(String(answer.status));
      continue;
    }
    seen.add(`${method} ${pattern}`);
    const { $schema: _, ...plain } = z.toJSONSchema(schema, { unrepresentable: 'any' });
    const validate = ajv.compile(plain);
    expect(validate(JSON.parse(text)), `${method} ${path}: ${ajv.errorsText(validate.errors)}`).toBe(true);
  }
  expect(seen.size).toBeGreaterThan(18);
  for (const text of texts) expect(text).not.toMatch(/planted-/);
  const csv = await (await browser.get('/api/requests?format=csv')).text();
  expect(csv).toContain('req_1');
  // The raw text of the file is told nowhere, and what was sealed neither.
  expect(texts.join('')).not.toMatch(/enc2:[0-9a-f]/);
}, 60_000);
