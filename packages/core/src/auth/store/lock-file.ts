import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, utimesSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

import type { Clock } from '../../spec/clock.ts';
import { ProviderError } from '../../spec/errors.ts';
import { sleep } from '../oauth/wait.ts';

export interface LockOptions {
  readonly clock: Clock;
  /** Milliseconds to wait for another process before giving up. Default 45,000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const POLL_MS = 50;
const WAIT_MS = 45_000;
/** The holder touches its lock this often; one that was not touched for `STALE_MS` belongs to nobody. */
const TOUCH_MS = 5_000;
const STALE_MS = 30_000;
/** Removing a stale lock takes moments. */
const BREAKER_STALE_MS = 10_000;

/**
 * Runs `work` while no other process runs its own under the same path. A lock whose process died is taken over: at once
 * on the same machine, after 30 s without a sign of life elsewhere. Rejects with kind `timeout` when the other one keeps
 * it, and with the file system's error when no lock can be made there.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const { clock } = options;
  const until = clock.now() + (options.waitMs ?? WAIT_MS);
  const id = randomBytes(8).toString('hex');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  while (!acquire(path, id)) {
    breakStale(path);
    if (clock.now() >= until) {
      const message = `another process has held ${path} for too long; remove the file if none is running`;
      throw new ProviderError({ kind: 'timeout', rule: 'login:unreachable', message });
    }
    await sleep(clock, POLL_MS, options.signal);
  }
  const touch = (): void => {
    timer = clock.after(TOUCH_MS, touch);
    touchFile(path);
  };
  let timer: unknown = clock.after(TOUCH_MS, touch);
  try {
    return await work();
  } finally {
    clock.clear(timer);
    release(path, id);
  }
}

interface Holder {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
}

function acquire(path: string, id: string): boolean {
  let handle: number;
  try {
    handle = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(handle, JSON.stringify({ id, pid: process.pid, host: hostname() } satisfies Holder));
  } finally {
    closeSync(handle);
  }
  return true;
}

function release(path: string, id: string): void {
  if (holderOf(path)?.id === id) unlinkQuietly(path);
}

function holderOf(path: string): Partial<Holder> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return undefined;
  }
}

/** Two processes may both find a lock stale: only the one that holds the breaker removes it, after a second look. */
function breakStale(path: string): void {
  if (!isStale(path)) return;
  const breaker = `${path}.break`;
  if (!acquire(breaker, 'breaker')) {
    if (ageMs(breaker) > BREAKER_STALE_MS) unlinkQuietly(breaker);
    return;
  }
  try {
    if (isStale(path)) unlinkQuietly(path);
  } finally {
    unlinkQuietly(breaker);
  }
}

function isStale(path: string): boolean {
  const age = ageMs(path);
  if (age > STALE_MS) return true;
  const holder = holderOf(path);
  if (typeof holder?.pid !== 'number' || holder.host !== hostname()) return false;
  return !isAlive(holder.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** File times are the machine's own, whatever clock is injected. */
function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function touchFile(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Somebody removed it: `release` will not touch another's.
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Gone already.
  }
}
