/** Writes docs/loss.md: `node scripts/gen-loss-table.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lossDocument } from './loss-table.ts';

writeFileSync(fileURLToPath(new URL('../docs/loss.md', import.meta.url)), lossDocument());
