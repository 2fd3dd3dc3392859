import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startConfigured } from '../helpers/configured-bench.ts';
import { post } from '../helpers/running-gateway.ts';

const TOML = `# Ours: keep this line.
schema_version = 3

[providers.models.custom.main]
uri = "VENDOR/v1"
model = "m1"   # the good one
api_key = "\${KEY_A}"
timeout_secs = 30

[providers.models.custom.spare]
uri = "VENDOR/v1"
model = "m2"
api_key = "sk-plain-0001-secret"

[agents.default]
model_provider = "custom.main"

[reliability]
fallback_providers = ["custom.spare"]
`;
const ENV = { KEY_A: 'sk-from-env-0002', STANDIN_reliability__provider_retries: '1' };

interface Shown {
  readonly hash: string;
  readonly sections: { path: string; kind: string }[];
  readonly values: { path: string; value: unknown }[];
}

const ask = (url: string) => post(`${url}/v1/chat/completions`, { messages: [{ role: 'user', content: 'hi' }] });

async function started() {
  const bench = await startConfigured(TOML, { env: ENV });
  const browser = await bench.pair();
  const shown = async () => (await browser.json('/api/config')) as unknown as Shown;
  const apply = async (changes: object[], hash?: string) =>
    browser.post('/api/config/apply', { hash: hash ?? (await shown()).hash, changes });
  return { ...bench, browser, shown, apply };
}

describe('the config over HTTP', () => {
  test('every value has its source; secrets are fingerprints', async () => {
    const { shown, file } = await started();
    const config = await shown();
    expect(config).toMatchObject({ file, editable: true, dialect: 'native', refused: null, history: 0 });
    expect(config.sections).toContainEqual({ path: 'providers.models.custom.main', kind: 'entry' });
    expect(config.sections).toContainEqual({ path: 'agents.default', kind: 'agent' });
    expect(config.sections).toContainEqual({ path: 'reliability', kind: 'section' });
    const value = (path: string) => config.values.find((one) => one.path === path);
    expect(value('providers.models.custom.main.model')).toMatchObject({
      value: 'm1',
      secret: false,
      set: true,
      source: { kind: 'file', line: 6 },
    });
    expect(value('providers.models.custom.main.api_key')).toMatchObject({
      value: null,
      secret: true,
      set: true,
      source: { kind: 'file', variables: ['KEY_A'] },
      fingerprints: [expect.stringMatching(/^[0-9a-f]{8}$/)],
    });
    expect(value('reliability.provider_retries')).toMatchObject({
      value: 1,
      overridden: true,
      source: { kind: 'variable', name: 'STANDIN_reliability__provider_retries' },
    });
    expect(value('gateway.port')).toMatchObject({ value: 8787, set: false, source: { kind: 'default' } });
    expect(JSON.stringify(config)).not.toMatch(/sk-plain|sk-from-env/);
  });

  test('the schema tells types, defaults, secrets and vendors', async () => {
    const { browser } = await started();
    const { root, slots } = (await browser.json('/api/config/schema')) as unknown as {
      root: { fields: Record<string, unknown> };
      slots: { id: string }[];
    };
    expect(root).toMatchObject({
      type: 'object',
      fields: {
        providers: {
          fields: {
            models: {
              type: 'record',
              value: {
                type: 'record',
                value: {
                  fields: {
                    api_key: { type: 'string', secret: true },
                    timeout_secs: { type: expect.stringMatching(/number|integer/) },
                  },
                },
              },
            },
          },
        },
        gateway: { fields: { port: { type: 'integer', default: '8787' } } },
        reliability: { fields: { rescue: { type: 'enum', values: ['off', 'verified', 'continue'] } } },
      },
    });
    expect(root.fields['tunnel']).toBeUndefined();
    expect(slots).toContainEqual(
      expect.objectContaining({ id: 'anthropic', keyVariables: expect.arrayContaining(['ANTHROPIC_API_KEY']) }),
    );
  });

  test('a change is checked without being made, then made: comments stay, and the next call uses it', async () => {
    const { url, browser, shown, apply, text, vendor } = await started();
    const changes = [{ op: 'set', path: 'providers.models.custom.main.model', value: 'm9' }];
    const before = text();
    const checked = await browser.post('/api/config/check', { changes });
    expect(await checked.json()).toMatchObject({
      ok: true,
      changed: true,
      issues: [],
      diff: expect.stringContaining('+model = "m9"   # the good one'),
    });
    expect(text()).toBe(before);
    const { hash } = await shown();
    const applied = await apply(changes);
    expect(applied.status).toBe(200);
    const done = (await applied.json()) as { hash: string; undo: string };
    expect(done).toMatchObject({ changed: true, undo: expect.stringMatching(/^h_/) });
    expect(text()).toBe(before.replace('"m1"', '"m9"'));
    expect((await shown()).hash).toBe(done.hash);
    await (await ask(url)).text();
    expect(vendor.requests.at(-1)?.model).toBe('m9');
    // Somebody who still looks at the old file changes nothing.
    expect((await apply(changes, hash)).status).toBe(409);
    const history = await browser.json('/api/config/history');
    expect(history).toMatchObject({
      data: [{ id: done.undo, summary: ['set providers.models.custom.main.model'], undoable: true }],
    });
    expect((await browser.post('/api/config/undo', { hash, id: done.undo })).status).toBe(409);
    const undone = await browser.post('/api/config/undo', { hash: done.hash, id: done.undo });
    expect(undone.status).toBe(200);
    expect(text()).toBe(before);
    await (await ask(url)).text();
    expect(vendor.requests.at(-1)?.model).toBe('m1');
    expect(await browser.json('/api/config/history')).toEqual({ data: [] });
  });

  test.each([
    ['an unknown path', [{ op: 'set', path: 'gateway.prot', value: 1 }], 400],
    ['a wrong type', [{ op: 'set', path: 'gateway.port', value: 'often' }], 400],
    ['a value out of range', [{ op: 'set', path: 'gateway.port', value: 99_999 }], 422],
    ['a section', [{ op: 'set', path: 'gateway', value: {} }], 400],
    ['null', [{ op: 'set', path: 'gateway.port', value: null }], 400],
    ['a masked address', [{ op: 'set', path: 'providers.models.custom.main.uri', value: 'http://x/v1?key=…' }], 400],
    ['a name in use', [{ op: 'create', path: 'providers.models.custom.spare', fields: { model: 'x' } }], 422],
    ['a name in use, by renaming', [{ op: 'rename', path: 'providers.models.custom.main', alias: 'spare' }], 422],
    ['a key that no header carries', [{ op: 'set', path: 'providers.models.custom.main.api_key', value: 'a\nb' }], 400],
    [
      'an address that is none',
      [{ op: 'set', path: 'providers.models.custom.main.uri', value: 'not an address' }],
      422,
    ],
    ['nothing', [], 400],
  ] as const)('%s is refused and changes nothing', async (_name, changes, status) => {
    const { apply, text, browser, home } = await started();
    const before = text();
    const refused = await apply([...changes]);
    expect([refused.status, await refused.text()]).toEqual([status, expect.stringContaining('"message"')]);
    expect(text()).toBe(before);
    expect(await browser.json('/api/config/history')).toEqual({ data: [] });
    expect(readdirSync(home)).not.toContain('.secret_key');
  });

  test('an entry that cannot be used yet is told of, before and after', async () => {
    const { apply, browser } = await started();
    const changes = [{ op: 'create', path: 'providers.models.custom.new', fields: { model: 'x' } }];
    const issues = [{ level: 'warning', path: 'providers.models.custom.new' }];
    expect(await (await browser.post('/api/config/check', { changes })).json()).toMatchObject({ ok: true, issues });
    expect(await (await apply(changes)).json()).toMatchObject({ changed: true, issues });
    expect(await browser.json('/api/config')).toMatchObject({ issues });
  });

  test('aliases are made and renamed, and what refers to them follows', async () => {
    const { apply, text, browser, config } = await started();
    const uri = config().entries.get('custom.main')?.uri;
    const fields = { uri, model: 'm3', api_key: 'sk-typed-0003-secret', fallback: ['custom.spare'] };
    expect((await apply([{ op: 'create', path: 'providers.models.custom.third', fields }])).status).toBe(200);
    expect(text()).toContain('[providers.models.custom.third]');
    expect(text()).toMatch(/api_key = "enc2:[0-9a-f]+"/);
    expect(text()).not.toContain('sk-typed-0003-secret');
    expect((await apply([{ op: 'rename', path: 'providers.models.custom.spare', alias: 'second' }])).status).toBe(200);
    expect(text()).toContain('fallback_providers = ["custom.second"]');
    expect(text()).toContain('fallback = ["custom.second"]');
    expect(text()).not.toContain('custom.spare');
    expect((await apply([{ op: 'unset', path: 'providers.models.custom.third' }])).status).toBe(200);
    expect(text()).not.toContain('third');
    const seen = await (await browser.get('/api/config/history')).text();
    expect(seen).toContain('rename providers.models.custom.spare to second');
    expect(seen).not.toMatch(/sk-plain|sk-typed|enc2:[0-9a-f]/);
  });

  test('two who change at the same time: one is told to look again', async () => {
    const { apply, shown, text } = await started();
    const { hash } = await shown();
    const both = await Promise.all([
      apply([{ op: 'set', path: 'gateway.port', value: 1 }], hash),
      apply([{ op: 'set', path: 'gateway.port', value: 2 }], hash),
    ]);
    expect(both.map(({ status }) => status)).toEqual([200, 409]);
    expect(text()).toContain('port = 1');
  });

  test('a file changed by hand is not undone over, and earlier files are for the owner only', async () => {
    const { apply, text, file, browser, home } = await started();
    const { undo } = (await (await apply([{ op: 'set', path: 'gateway.port', value: 1 }])).json()) as { undo: string };
    writeFileSync(file, `${text()}\n# by hand\n`);
    const { hash } = (await browser.json('/api/config')) as unknown as Shown;
    expect((await browser.post('/api/config/undo', { hash, id: undo })).status).toBe(409);
    expect(await browser.json('/api/config/history')).toMatchObject({ data: [{ undoable: false }] });
    const [folder = ''] = readdirSync(join(home, 'config-history'));
    const [kept = ''] = readdirSync(join(home, 'config-history', folder));
    expect(statSync(join(home, 'config-history', folder, kept)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(home, 'config-history', folder, kept), 'utf8')).toContain('Ours: keep this line.');
  });

  test('an entry is tried by a real call, which counts', async () => {
    const { browser, vendor } = await started();
    const tried = await browser.post('/api/config/try', { entry: 'custom.spare' });
    const body = (await tried.json()) as { requestId: string };
    expect(body).toMatchObject({
      ok: true,
      text: 'served',
      provider: 'custom.spare',
      model: 'm2',
      error: null,
      attempts: [{ outcome: 'ok' }],
    });
    expect(vendor.requests.at(-1)?.model).toBe('m2');
    expect(await browser.json('/api/requests')).toMatchObject({
      data: [{ id: body.requestId, key: 'dashboard', outcome: 'ok' }],
    });
    expect(await browser.json(`/api/requests/${body.requestId}/waterfall`)).toMatchObject({
      source: 'memory',
      attempts: [{ provider: 'custom.spare' }],
    });
    vendor.failNext('auth');
    const failed = await browser.post('/api/config/try', { entry: 'custom.main', stream: false });
    expect(await failed.json()).toMatchObject({
      ok: false,
      error: { kind: 'auth' },
      attempts: [{ outcome: 'auth', status: 401 }],
    });
    expect((await browser.post('/api/config/try', { entry: 'custom.nobody' })).status).toBe(404);
  });
});
