import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

let found: Promise<string | undefined> | undefined;

/**
 * The folder with the built pages. In a checkout they are built when they are first asked for, or when their sources have
 * changed since the last build (about a second); a published package holds them. `undefined`: there are none, and they
 * cannot be built here (no Vite without development dependencies, or a folder that cannot be written).
 */
export function dashboardFolder(): Promise<string | undefined> {
  found ??= find();
  return found;
}

async function find(): Promise<string | undefined> {
  const own = fileURLToPath(new URL('.', import.meta.url));
  if (!existsSync(join(own, 'vite.config.ts'))) return published();
  const dist = join(own, 'dist');
  const { sourcesSum, stampOf } = await import('./sources.ts');
  if (stampOf(dist) !== sourcesSum()) {
    try {
      await promisify(execFile)(process.execPath, [join(own, 'build.ts')], { cwd: own });
    } catch {
      // An older build is better than none.
    }
  }
  return existsSync(join(dist, 'index.html')) ? dist : undefined;
}

/** The bundle this module is part of lies in `dist` or one folder below. */
function published(): string | undefined {
  for (const place of ['./dashboard/', '../dashboard/']) {
    const folder = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(join(folder, 'index.html'))) return folder;
  }
  return undefined;
}
