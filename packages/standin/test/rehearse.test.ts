import { describe, expect, it } from 'vitest';
import { configToml, runProcess, workspace } from './support.ts';

const ENTRIES = {
  'anthropic.main': { model: 'claude-sonnet-4-5', api_key: 'sk-ant-planted-1', fallback: ['openai.backup'] },
  'openai.backup': { model: 'gpt-4o', api_key: 'sk-planted-2' },
};

// Both mostly wait: side by side they take the time of one.
describe.concurrent('standin rehearse', () => {
  it('draws what callers would see in 80 columns, without colour on a pipe, and without a key', async () => {
    const place = await workspace({ 'standin.toml': configToml(ENTRIES) });
    const { stdout, stderr, code } = await runProcess(['rehearse'], { cwd: place.dir });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/^503 always +next .* error /m);
    expect(stdout).toMatch(/^cut in mid-answer, every time +rescued .* error /m);
    expect(stdout).toMatch(/time ran 10 times faster/);
    // oxlint-disable-next-line no-control-regex
    expect(stdout).not.toMatch(/planted|\u001B/);
    await place.remove();
  });

  it('prints the matrix for scripts', async () => {
    const place = await workspace({
      'standin.toml': configToml(ENTRIES, '[reliability]\nrescue = "off"'),
    });
    const { stdout, code } = await runProcess(['rehearse', '--json'], { cwd: place.dir });
    expect(code).toBe(0);
    const { cells, faults, broken } = JSON.parse(stdout) as {
      cells: { fault: string; outcome: string }[];
      faults: unknown[];
      broken: number;
    };
    expect(cells.length).toBe(faults.length * 2);
    expect(broken).toBe(0);
    expect(cells.find(({ fault }) => fault === 'cut-once')?.outcome).toBe('error');
    await place.remove();
  });
});
