import { hash, randomInt, timingSafeEqual } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { readPrivate, replacePrivate } from './private-file.ts';

/** Without letters and digits that look alike: 32 signs, so that 8 of them are 40 bits. */
const SIGNS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 8;
/** How long a code is good for. */
export const PAIRING_CODE_MS = 10 * 60_000;

interface Kept {
  /** SHA-256 in hex. */
  readonly hash: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/**
 * Makes the one code that pairs the next browser, `ABCD-EFGH`; an earlier one is void from here on. The file (mode 0600)
 * keeps only its digest, so any process that shares the home can check it. Throws `StoreError`.
 */
export function createPairingCode(path: string, now: number): { readonly code: string; readonly expiresAt: number } {
  const plain = Array.from({ length: LENGTH }, () => SIGNS[randomInt(SIGNS.length)]).join('');
  const expiresAt = now + PAIRING_CODE_MS;
  replacePrivate(path, `${JSON.stringify({ hash: hash('sha256', plain, 'hex'), expiresAt } satisfies Kept)}\n`);
  return { code: `${plain.slice(0, 4)}-${plain.slice(4)}`, expiresAt };
}

/** Uses a code up. True once for each, whatever number of processes are asked at the same time. */
export function redeemPairingCode(path: string, given: string, now: number): boolean {
  const kept = keptIn(readPrivate(path));
  if (kept === undefined || !fits(kept, given)) return false;
  if (kept.expiresAt <= now) return false;
  // Only one rename of the same file succeeds.
  const claimed = `${path}.${process.pid}.used`;
  try {
    renameSync(path, claimed);
  } catch {
    return false;
  }
  try {
    // In between a new code may have taken the file's place; it is lost, as is whoever gave the old one.
    return keptIn(readPrivate(claimed))?.hash === kept.hash;
  } finally {
    rmSync(claimed, { force: true });
  }
}

function keptIn(text: string | undefined): Kept | undefined {
  try {
    const value = JSON.parse(text ?? '') as Partial<Kept> | null;
    const isKept = /^[0-9a-f]{64}$/.test(String(value?.hash)) && typeof value?.expiresAt === 'number';
    return isKept ? (value as Kept) : undefined;
  } catch {
    return undefined;
  }
}

function fits({ hash: digest }: Kept, given: string): boolean {
  const plain = given
    .slice(0, 64)
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '');
  return timingSafeEqual(Buffer.from(digest, 'hex'), hash('sha256', plain, 'buffer'));
}
