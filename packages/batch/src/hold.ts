import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { BatchInputError } from './types.ts';

/**
 * Keeps a second batch off the same output: a file beside it with the process that writes. One whose process is gone is
 * taken over. Throws `BatchInputError` while another holds it. Returns what lets go of it.
 */
export function holdOutput(output: string): () => void {
  const path = `${output}.lock`;
  const mark = `${process.pid} ${hostname()}`;
  try {
    writeFileSync(path, mark, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new BatchInputError(`The output ${output} cannot be written: ${(cause as Error).message}.`, { cause });
    const [pid = '', host = ''] = readQuietly(path).split(' ');
    if (host !== hostname() || isAlive(Number(pid)))
      throw new BatchInputError(
        `Another batch (process ${pid} on ${host}) is writing ${output}; if there is none, remove ${path}.`,
      );
    writeFileSync(path, mark, { mode: 0o600 });
  }
  return () => {
    if (readQuietly(path) === mark) unlinkSync(path);
  };
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
