/**
 * Builds the pages into `dist`, each file also compressed (`.br`, `.gz`). It is made beside and put in place at the end, so
 * that who serves it meanwhile, or builds at the same time, never sees half of it.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import { PACKAGE, sourcesSum, STAMP, stampOf } from './sources.ts';

const sum = sourcesSum();
const dist = join(PACKAGE, 'dist');
const fresh = mkdtempSync(join(PACKAGE, 'dist.new-'));
try {
  await build({
    configFile: join(PACKAGE, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  let compressed = 0;
  for (const file of readdirSync(fresh, { recursive: true, encoding: 'utf8' })) {
    if (!['.js', '.css', '.html', '.svg'].includes(extname(file))) continue;
    const content = readFileSync(join(fresh, file));
    const small = gzipSync(content, { level: 9 });
    compressed += small.length;
    if (content.length < 1_024) continue;
    writeFileSync(join(fresh, `${file}.gz`), small);
    const quality = { [constants.BROTLI_PARAM_QUALITY]: 11 };
    writeFileSync(join(fresh, `${file}.br`), brotliCompressSync(content, { params: quality }));
  }
  writeFileSync(join(fresh, STAMP), sum);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  console.log(`Built ${dist}: ${(compressed / 1_024).toFixed(1)} KiB with gzip in all.`);
} catch (error) {
  rmSync(fresh, { recursive: true, force: true });
  // Another process was quicker with the same sources.
  if (stampOf(dist) !== sum) throw error;
}
