import { join } from 'node:path';
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { describeConfig } from '../../src/config/describe.ts';
import { findings, GOLDEN, goldenFiles, loadGolden, walk } from './support.ts';

/** One page: what was found, what the values are, and the walk. */
function page(name: string): string {
  const config = loadGolden(name);
  const values = describeConfig(config).map((row) => `${row.path} = ${JSON.stringify(row.value)}  # ${row.source}`);
  const isWalkable = config.report.errors.length === 0;
  return [
    'findings',
    ...findings(config),
    '',
    'values',
    ...values,
    '',
    'walk',
    ...(isWalkable ? walk(config) : ['-']),
    '',
  ].join('\n');
}

describe('config files, valid and broken, give the golden findings, values and walks', () => {
  it.each(goldenFiles())('%s', async (name) => {
    await expect(page(name)).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
  });
});

describe('findings', () => {
  it.each(goldenFiles())('%s: every finding in the file names its line', (name) => {
    const config = loadGolden(name);
    for (const issue of [...config.report.errors, ...config.report.warnings]) {
      if (issue.path === '') continue;
      expect(issue.file).toBe(`${name}.toml`);
      expect(issue.line, issue.path).toBeGreaterThan(0);
    }
  });

  it.each(goldenFiles())('%s: no secret is shown', (name) => {
    const config = loadGolden(name);
    const shown = [findings(config), describeConfig(config), [...config.entries]]
      .map((part) => JSON.stringify(part))
      .join('\n');
    expect(shown).not.toContain('planted');
    expect(inspect(config, { depth: 20 })).not.toContain('planted');
    for (const entry of config.entries.values()) {
      for (const { secret } of entry.keys) {
        if (secret !== undefined && secret.reveal().length > 3 && secret.reveal() !== entry.row?.placeholderKey) {
          expect(shown).not.toContain(secret.reveal());
        }
      }
    }
  });
});
