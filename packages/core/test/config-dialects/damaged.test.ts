import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { ConfigError } from '../../src/config/issue.ts';
import { migrateConfig } from '../../src/config/migrate/migrate.ts';
import { findings, load, names, textOf } from './support.ts';

const texts = names().map((name) => [name, textOf(name)] as const);

/** A file with one piece cut out, doubled or replaced. */
const damaged = fc
  .record({
    file: fc.constantFrom(...texts),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 12 }),
    insert: fc.constantFrom(
      '',
      '"',
      ']',
      '[',
      '{',
      '= ',
      '\n',
      '[x]\n',
      '[[reliability]]\n',
      '7',
      'null',
      '\u0000',
      'é',
    ),
  })
  .map(({ file: [name, text], at, length, insert }) => {
    const start = Math.floor(at * text.length);
    return { name, text: text.slice(0, start) + insert + text.slice(start + length) };
  });

describe('a damaged file', () => {
  it('is read, or refused with file and line; never with a crash or a secret', () => {
    fc.assert(
      fc.property(damaged, ({ name, text }) => {
        try {
          const shown = findings(load(text, name)).join('\n');
          expect(shown).not.toMatch(/planted-(?:ant|oai|or|work|custom|none|project)/);
          const migration = migrateConfig(text, name);
          expect(migrateConfig(migration.text, 'native.toml').changed).toBe(false);
        } catch (error) {
          if (!(error instanceof ConfigError)) throw error;
          expect(error.issues.every(({ line, file }) => file === name && (line ?? 0) > 0)).toBe(true);
          expect(error.message).not.toContain('planted');
        }
      }),
      { numRuns: 400 },
    );
  });
});
