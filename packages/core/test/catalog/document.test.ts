import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { providersDocument } from '../../../../scripts/providers-table.ts';
import { allVendors } from '../../src/vendors/lookup.ts';

it('docs/providers.md names every slot as the catalog has it now', () => {
  const written = readFileSync(new URL('../../../../docs/providers.md', import.meta.url), 'utf8');
  expect(written, 'run: node scripts/gen-providers.ts').toBe(providersDocument());
  for (const { id } of allVendors()) expect(written).toContain(`| \`${id}\` |`);
});
