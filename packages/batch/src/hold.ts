import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { BatchInputError } from './types.ts';

/** Marks that this process holds: its own number may also stand in a lock that an earlier process of it left. */
const ours = new Set<string>();

/**
 * Keeps a second batch off the same output: a file beside it with the process that writes. One whose process is gone is
 * taken over, by one of those who try. Throws `BatchInputError` while another holds it. Returns what lets go of it.
 *
 * `leaseMs`: the holder shows so often, several times over, that it lives, and one on another machine that did not is gone
 * too. Absent: another machine's lock is for a person to remove.
 */
export function holdOutput(output: string, leaseMs?: number): () => void {
  const path = `${output}.lock`;
  const nonce = randomBytes(6).toString('hex');
  const mark = `${process.pid} ${hostname()} ${nonce}`;
  const own = `${path}.${nonce}`;
  try {
    writeFileSync(own, mark, { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new BatchInputError(`The output ${output} cannot be written: ${(cause as Error).message}.`, { cause });
  }
  try {
    if (!isMade(own, path)) takeOver(path, own, output, leaseMs);
  } finally {
    unlinkQuietly(own);
  }
  ours.add(mark);
  const beat = leaseMs === undefined ? undefined : setInterval(() => touchQuietly(path), leaseMs / 5);
  beat?.unref();
  return () => {
    clearInterval(beat);
    ours.delete(mark);
    if (readQuietly(path) === mark) unlinkSync(path);
  };
}

/** Puts `own` in place of a lock whose holder is gone. */
function takeOver(path: string, own: string, output: string, leaseMs: number | undefined): void {
  const found = readQuietly(path);
  const [pid = '', host = '', nonce = ''] = found.split(' ');
  const isHeld = (what = ''): BatchInputError =>
    new BatchInputError(`Another batch${what} is writing ${output}; if there is none, remove ${path}.`);
  const isElsewhere = host !== hostname() && !isOlder(path, leaseMs);
  if (isElsewhere || ours.has(found) || (host === hostname() && isAlive(Number(pid))))
    throw isHeld(` (process ${pid} on ${host})`);
  // Who may replace this very lock: one only, and only while it is still the one that was looked at.
  const right = `${path}.over-${nonce || pid}`;
  if (!isMade(own, right)) throw isHeld();
  try {
    if (readQuietly(path) !== found) throw isHeld();
    renameSync(own, path);
  } finally {
    unlinkQuietly(right);
  }
}

/** `false`: it is there already. */
function isMade(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
  }
  // A file system without hard links.
  try {
    writeFileSync(path, readFileSync(own), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

function isOlder(path: string, leaseMs = Infinity): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > leaseMs;
}

function touchQuietly(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Next time.
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It became the lock, or is gone.
  }
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
