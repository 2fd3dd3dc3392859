import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from './database.ts';

/** What a virtual key may do. Absent: not limited. Money in nano-USD. */
export interface KeyRights {
  /** Patterns for model names as asked for, target models, entries, `entry/model`; `*` is any text. */
  readonly models?: readonly string[];
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly parallel?: number;
  readonly dayNanoUsd?: number;
  readonly monthNanoUsd?: number;
  /** Over budget it warns instead of refusing. */
  readonly soft?: boolean;
  /** It may also use the admin API. */
  readonly admin?: boolean;
}

/** A virtual key without the key: only its SHA-256 is kept. */
export interface KeyRecord extends KeyRights {
  readonly id: string;
  readonly name: string;
  /** SHA-256 in hex. */
  readonly hash: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly revokedAt?: number;
}

/** How every key begins. */
export const KEY_PREFIX = 'sk-standin-';
const VERSION = 1;

export class KeyNameTaken extends StoreError {}
/** Keys remembered as found. */
const MOST_FOUND = 10_000;

/** Every key of the file, revoked ones too; none when there is no file. Throws `StoreError` for one that is not ours. */
export function readKeys(path: string): readonly KeyRecord[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new StoreError(`The key file ${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new StoreError(`The key file ${path} is no JSON; put back a copy, or remove it and make new keys.`, {
      cause,
    });
  }
  const keys = typeof parsed === 'object' && parsed !== null && 'keys' in parsed ? parsed.keys : undefined;
  if (!Array.isArray(keys) || !keys.every(isRecord))
    throw new StoreError(`The key file ${path} does not hold Standin's keys; put back a copy, or remove it.`);
  return keys;
}

function isRecord(value: unknown): value is KeyRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, hash: digest } = value as Partial<KeyRecord>;
  return typeof id === 'string' && typeof name === 'string' && /^[0-9a-f]{64}$/.test(String(digest));
}

/** Makes a key and adds it to the file. The returned `key` is shown once and kept nowhere. Throws for a name in use. */
export function createKey(
  path: string,
  given: KeyRights & { readonly name: string; readonly now: number },
): { readonly key: string; readonly record: KeyRecord } {
  const { name, now, ...rights } = given;
  const key = `${KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
  const digest = hash('sha256', key, 'hex');
  const record: KeyRecord = { id: `key_${digest.slice(0, 12)}`, name, hash: digest, createdAt: now, ...rights };
  change(path, (keys) => {
    if (keys.some((one) => one.name === name && one.revokedAt === undefined))
      throw new KeyNameTaken(`There is a key named "${name}" already; choose another name, or revoke it first.`);
    return [...keys, record];
  });
  return { key, record };
}

/** Replaces what a valid key may do, but for its admin right. `undefined`: there is none of that id. */
export function changeKeyRights(path: string, id: string, rights: Omit<KeyRights, 'admin'>): KeyRecord | undefined {
  let found: KeyRecord | undefined;
  change(path, (keys) =>
    keys.map((key) => {
      if (key.id !== id || key.revokedAt !== undefined) return key;
      const { name, hash: digest, createdAt, admin } = key;
      found = { id, name, hash: digest, createdAt, ...rights, ...(admin === undefined ? {} : { admin }) };
      return found;
    }),
  );
  return found;
}

/** Revokes by id or name. It stays in the file, so that the gateway goes on asking for keys. */
export function revokeKey(path: string, idOrName: string, now: number): KeyRecord | undefined {
  let found: KeyRecord | undefined;
  change(path, (keys) => {
    found = keys.find((key) => key.revokedAt === undefined && (key.id === idOrName || key.name === idOrName));
    return keys.map((key) => (key === found ? { ...key, revokedAt: now } : key));
  });
  return found;
}

/** Replaces the file as a whole, mode 0600. A lock file keeps two commands from losing each other's change. */
function change(path: string, edit: (keys: readonly KeyRecord[]) => readonly KeyRecord[]): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = `${path}.lock`;
  const temporary = `${path}.${process.pid}.tmp`;
  let held: number;
  try {
    held = openSync(lock, 'wx', 0o600);
  } catch (cause) {
    throw new StoreError(`Another command is changing the keys; try again, or remove ${lock} when none runs.`, {
      cause,
    });
  }
  try {
    const keys = edit(readKeys(path));
    const file = openSync(temporary, 'w', 0o600);
    try {
      writeSync(file, `${JSON.stringify({ version: VERSION, keys }, undefined, 2)}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } finally {
    closeSync(held);
    rmSync(lock, { force: true });
  }
}

/** Finds the record of a presented key. The digests are compared in constant time. */
export function createKeyFinder(keys: readonly KeyRecord[]): (presented: string) => KeyRecord | undefined {
  const byStart = new Map<string, { readonly digest: Buffer; readonly record: KeyRecord }[]>();
  for (const record of keys) {
    if (record.revokedAt !== undefined) continue;
    const start = record.hash.slice(0, 8);
    byStart.set(start, [...(byStart.get(start) ?? []), { digest: Buffer.from(record.hash, 'hex'), record }]);
  }
  /**
   * Keys that were found before, so that a caller's every call does not cost a digest. A look-up compares texts only
   * after their seeded hashes agree, so its time tells nothing about how much of a guess is right.
   */
  const found = new Map<string, KeyRecord>();
  return (presented) => {
    const known = found.get(presented);
    if (known !== undefined) return known;
    if (presented.length > 512) return undefined;
    const digest = hash('sha256', presented, 'buffer');
    const near = byStart.get(digest.toString('hex', 0, 4));
    const record = near?.find((one) => timingSafeEqual(one.digest, digest))?.record;
    if (record !== undefined) {
      if (found.size >= MOST_FOUND) found.clear();
      found.set(presented, record);
    }
    return record;
  };
}
