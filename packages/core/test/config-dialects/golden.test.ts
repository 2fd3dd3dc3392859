import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterAll, describe, expect, it } from 'vitest';

import { describeConfig } from '../../src/config/describe.ts';
import { migrateConfig } from '../../src/config/migrate/migrate.ts';
import { findings, GOLDEN, homeWithLogin, load, names, syntaxError, textOf, walks } from './support.ts';

const home = homeWithLogin();
afterAll(() => home.remove());
const env = { STANDIN_HOME: home.path };

/** One page for each file: its dialect, what was found, where it leads, and what becomes of it. */
function page(name: string): string {
  const text = textOf(name);
  const error = syntaxError(name);
  if (error !== undefined) return `${error}\n`;
  const config = load(text, name, env);
  const { report, diff } = migrateConfig(text, name);
  const keys = report.keys.map(({ key, fate, to, reason }) =>
    [key, fate, to?.join(', '), reason === undefined ? undefined : `(${reason})`]
      .filter((part) => part !== undefined)
      .join(' '),
  );
  const parts = [
    `dialect ${config.dialect}`,
    '',
    'findings',
    ...findings(config),
    '',
    ...walks(config, text),
    '',
    'keys',
    ...keys,
  ];
  return `${[...parts, '', diff].join('\n').trimEnd()}\n`;
}

describe('files of the four dialects, valid, old and broken, give the golden findings, walks and migrations', () => {
  it.each(names())('%s', async (name) => {
    await expect(page(name)).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
  });

  it.each(names())('%s shows no secret', (name) => {
    expect(page(name)).not.toMatch(/planted/);
    if (syntaxError(name) !== undefined) return;
    const config = load(textOf(name), name, env);
    expect(JSON.stringify(describeConfig(config, { defaults: true }))).not.toMatch(/planted/);
    // What is no usable address is kept as written; only the report is shown of it.
    if (name !== 'v1-secret-in-url.toml') expect(inspect(config, { depth: 20 })).not.toMatch(/planted/);
  });
});
