import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the built pages are made from. */
const MADE_FROM = ['index.html', 'vite.config.ts', 'package.json', 'src', 'public'];

export const PACKAGE = dirname(fileURLToPath(import.meta.url));

/** Beside the built files: the sum of the sources they came from. */
export const STAMP = '.sources';

/** One sum over all sources: a build with another one is out of date. Reads about 200 kB. */
export function sourcesSum(): string {
  const sum = createHash('sha256');
  for (const name of MADE_FROM) {
    for (const file of filesBelow(join(PACKAGE, name)).toSorted()) {
      sum.update(`${relative(PACKAGE, file)}\n`);
      sum.update(readFileSync(file));
    }
  }
  return sum.digest('hex');
}

function filesBelow(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)],
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path];
    throw error;
  }
}

/** The sum a build was made from; `undefined`: there is no build. */
export function stampOf(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, STAMP), 'utf8');
  } catch {
    return undefined;
  }
}
