/** Writes docs/providers.md: `node scripts/gen-providers.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { providersDocument } from './providers-table.ts';

writeFileSync(fileURLToPath(new URL('../docs/providers.md', import.meta.url)), providersDocument());
