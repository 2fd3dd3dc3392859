import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run, start } from './support.ts';

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'standin-usage-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

describe('keys and usage', () => {
  test('a key made by one command opens the gateway of another, and its use is told afterwards', async () => {
    const cwd = tempDir();
    const home = join(cwd, 'home');
    const env = { STANDIN_HOME: home, OPENAI_API_KEY: 'sk-vendor-0123456789' };
    const vendor = await startSimulator({ script: { defaults: { text: 'fine' } } });
    onTestFinished(() => vendor.close());
    const made = await run(['keys', 'create', '--name', 'ci', '--rpm', '2', '--budget-day', '1.50'], { cwd, env });
    const key = made.stdout.trim();
    expect(key).toMatch(/^sk-standin-/);
    expect(made.stderr).not.toContain(key);
    const listed = await run(['keys', 'list'], { cwd, env });
    expect(listed.stdout).toContain('2 requests/min, 1.5 USD/day');
    expect(listed.stdout + readFileSync(join(home, 'keys.json'), 'utf8')).not.toContain(key);

    const entry = { STANDIN_providers__models__openai__main__uri: `${vendor.url}/v1` };
    const prices = { STANDIN_providers__models__openai__main__pricing: '{"m": 1.0}' };
    const serving = start(['serve', '--port', '0'], { cwd, env: { ...env, ...entry, ...prices } });
    const text = await serving.until(/listening on (http:\S+)/);
    const url = /listening on (http:\S+)/.exec(text)?.[1] ?? '';
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ model: 'openai.main/m', messages: [{ role: 'user', content: 'hi' }] }),
      });
    expect((await ask({})).status).toBe(401);
    const answer = await ask({ 'x-api-key': key });
    expect(answer.status).toBe(200);
    expect(Number(answer.headers.get('x-standin-cost-usd'))).toBeGreaterThan(0);
    expect((await ask({ 'x-api-key': key })).status).toBe(200);
    expect((await ask({ 'x-api-key': key })).status).toBe(429);
    serving.child.kill('SIGTERM');
    expect((await serving.done).code).toBe(0);

    const usage = await run(['usage', '--by', 'key', '--json'], { cwd, env });
    const { rows, gaps } = JSON.parse(usage.stdout) as { rows: unknown; gaps: unknown };
    expect(rows).toMatchObject([{ name: 'ci', requests: 3, failed: 1, unknown_cost: 0 }]);
    expect(gaps).toEqual({ dropped_requests: 0, dropped_attempts: 0, unclean_stops: 0 });
    const csv = await run(['usage', '--by', 'model', '--csv'], { cwd, env });
    expect(csv.stdout.split('\r\n')[0]).toMatch(/^name,requests,/);
  });

  test('wrong use is one sentence and exit code 2', async () => {
    const cwd = tempDir();
    const env = { STANDIN_HOME: join(cwd, 'home') };
    const none = await run(['usage'], { cwd, env });
    expect(none.code).toBe(2);
    expect(none.stderr).toContain('There is no ledger');
    expect((await run(['usage', '--since', 'soon'], { cwd, env })).stderr).toContain('--since "soon"');
    expect((await run(['keys', 'revoke', 'nobody'], { cwd, env })).code).toBe(2);
    expect((await run(['keys', 'create', '--name', 'x', '--rpm', '0'], { cwd, env })).code).toBe(2);
  });
});
