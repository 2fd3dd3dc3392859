import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Recorded answers of real vendors lie beside the repository and may be missing; tests then skip with a line. */
const ROOT = fileURLToPath(new URL('../../../../../shared/fixtures/recorded/', import.meta.url));

export const haveRecordings = existsSync(ROOT);
export const noRecordings = 'recordings not found at ../shared/fixtures/recorded';

/** Paths below the recordings folder whose name ends with `suffix`, of the given vendor folders. */
export function listRecordings(vendors: readonly string[], suffix: '.chunks.txt' | '.json'): string[] {
  if (!haveRecordings) return [];
  return vendors
    .filter((vendor) => existsSync(ROOT + vendor))
    .flatMap((vendor) => readdirSync(ROOT + vendor).map((file) => `${vendor}/${file}`))
    .filter((path) => path.endsWith(suffix))
    .toSorted();
}

export function loadRecording(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

/** The payloads of a recorded stream, in order, without their envelope. */
export function loadChunks(path: string): string[] {
  return loadRecording(path)
    .split('\n')
    .filter((line) => line.trim() !== '');
}
