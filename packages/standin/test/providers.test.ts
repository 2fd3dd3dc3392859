import { describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { allVendors } from '@standin/core/vendors/lookup';
import { exampleToml } from '../src/commands/providers.ts';
import { run } from './support.ts';

const callable = allVendors().filter(
  (row) => row.unavailable === undefined && row.auth !== 'aws' && row.auth !== 'oauth',
);

describe('providers', () => {
  it.each(callable.map((row) => [row.id, row] as const))(
    'shows an example for %s that is a valid config',
    (_id, row) => {
      const env = Object.fromEntries(row.keyVariables.map((name) => [name, 'key-0123456789']));
      for (const region of [undefined, ...Object.keys(row.endpoints)]) {
        const { report, entries } = loadConfigText(exampleToml(row, region), 'example.toml', { env });
        expect(report).toMatchObject({ errors: [], warnings: [] });
        expect(entries.get(`${row.id}.main`)?.unusable).toBeUndefined();
      }
    },
  );

  it('lists every slot and shows one by any of its spellings', async () => {
    const [list, show, unknown, cohere] = await Promise.all([
      run(['providers', 'list', '--json']),
      run(['providers', 'show', 'Kimi_Intl']),
      run(['providers', 'show', 'antropic']),
      run(['providers', 'show', 'cohere']),
    ]);
    expect((JSON.parse(list.stdout) as unknown[]).length).toBe(allVendors().length);
    expect(show.stdout).toContain('endpoint = "intl"');
    expect(show.stdout).toContain('MOONSHOT_API_KEY');
    expect(cohere.stdout).toContain('openai-chat, cohere-chat (wire_api = "cohere")');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/^standin: Unknown provider "antropic"\. Did you mean anthropic\?/);
  });
});
