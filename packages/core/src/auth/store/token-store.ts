import { statSync } from 'node:fs';
import { join } from 'node:path';

import type { Clock } from '../../spec/clock.ts';
import { loginError } from '../oauth/failure.ts';
import { profileId, type Login } from '../oauth/login.ts';
import { readText, writeAtomically } from './atomic-file.ts';
import { withLock } from './lock-file.ts';
import { isRecord, loginOf, profileOf, type JsonRecord, type TokenCipher } from './profile-json.ts';

export const PROFILES_FILE = 'auth-profiles.json';
const SCHEMA_VERSION = 1;

export interface TokenStoreOptions {
  /** Folder of `auth-profiles.json`: `$STANDIN_HOME`. */
  readonly home: string;
  readonly cipher: TokenCipher;
  readonly clock: Clock;
}

/** Signed-in accounts on disk. Reads are fresh; writes are atomic, mode 0600, and one process at a time. */
export interface TokenStore {
  readonly path: string;
  /** Every profile that can be read; `problem` for one that cannot. */
  list(): readonly StoredLogin[];
  /** Throws kind `auth`, rule `login:unreadable`, when it is there and cannot be read. */
  get(provider: string, name: string): Login | undefined;
  /** Name of the provider's profile that is used when none is named. */
  active(provider: string): string | undefined;
  /** Stores or replaces; the first profile of a provider becomes its active one. */
  put(login: Login, options?: { readonly activate?: boolean }): Promise<void>;
  /** False when there was none. */
  remove(provider: string, name: string): Promise<boolean>;
  /** Changes when the file did. */
  stamp(): string;
  /** Where the renewal of one profile is locked. */
  lockPath(provider: string, name: string): string;
}

export interface StoredLogin {
  readonly provider: string;
  readonly name: string;
  readonly isActive: boolean;
  readonly login?: Login;
  readonly problem?: string;
}

interface Document {
  readonly root: JsonRecord;
  readonly profiles: Readonly<Record<string, JsonRecord>>;
  readonly active: Readonly<Record<string, string>>;
}

export function createTokenStore({ home, cipher, clock }: TokenStoreOptions): TokenStore {
  const path = join(home, PROFILES_FILE);
  const read = (): Document => readProfiles(path);
  const change = (edit: (document: Document) => Document): Promise<void> =>
    withLock(join(home, 'auth-profiles.lock'), { clock, waitMs: 10_000 }, () => {
      const { root, profiles, active } = edit(read());
      const updated = new Date(clock.wallMs()).toISOString();
      const next = { ...root, schema_version: SCHEMA_VERSION, updated_at: updated, active_profiles: active, profiles };
      writeAtomically(path, `${JSON.stringify(next, null, 2)}\n`);
      return Promise.resolve();
    });
  const open = (id: string, profile: JsonRecord): Login => {
    try {
      return loginOf(id, profile, cipher);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw loginError('unreadable', `the stored login ${id} in ${path} cannot be read: ${reason}`, 'or sign in again');
    }
  };
  return {
    path,
    list: () => listOf(read(), open),
    get(provider, name) {
      const id = profileId(provider, name);
      const profile = read().profiles[id];
      return profile === undefined ? undefined : open(id, profile);
    },
    active(provider) {
      const { active, profiles } = read();
      const id = active[provider];
      if (id !== undefined && Object.hasOwn(profiles, id)) return id.slice(id.indexOf(':') + 1);
      const first = Object.keys(profiles).find((key) => key.startsWith(`${provider}:`));
      return first?.slice(provider.length + 1);
    },
    put: (login, options = {}) =>
      change(({ root, profiles, active }) => {
        const id = profileId(login.provider, login.name);
        const stamped = { ...login, createdAt: login.createdAt ?? clock.wallMs(), updatedAt: clock.wallMs() };
        const current = active[login.provider];
        const isNew = current === undefined || !Object.hasOwn(profiles, current);
        return {
          root,
          profiles: { ...profiles, [id]: profileOf(stamped, profiles[id] ?? {}, cipher) },
          active: isNew || options.activate === true ? { ...active, [login.provider]: id } : active,
        };
      }),
    async remove(provider, name) {
      const id = profileId(provider, name);
      if (!Object.hasOwn(read().profiles, id)) return false;
      await change(({ root, profiles, active }) => ({
        root,
        profiles: without(profiles, (key) => key === id),
        active: without(active, (_key, value) => value === id),
      }));
      return true;
    },
    stamp() {
      try {
        const { mtimeMs, ino, size } = statSync(path);
        return `${mtimeMs}:${ino}:${size}`;
      } catch {
        return 'none';
      }
    },
    lockPath: (provider, name) => join(home, 'locks', `${provider}.${Buffer.from(name).toString('hex')}.lock`),
  };
}

function without<T>(record: Readonly<Record<string, T>>, drop: (key: string, value: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([key, value]) => !drop(key, value)));
}

function listOf({ profiles, active }: Document, open: (id: string, profile: JsonRecord) => Login): StoredLogin[] {
  return Object.entries(profiles).map(([id, profile]) => {
    const colon = id.indexOf(':');
    const place = { provider: id.slice(0, colon), name: id.slice(colon + 1) };
    const isActive = Object.values(active).includes(id);
    try {
      return { ...place, isActive, login: open(id, profile) };
    } catch (error) {
      return { ...place, isActive, problem: error instanceof Error ? error.message : String(error) };
    }
  });
}

/**
 * The file's content; an empty one when there is none. Throws kind `auth`, rule `login:unreadable`, for a damaged file or
 * one of a newer generation: it is never overwritten.
 */
export function readProfiles(path: string): Document {
  let text: string | undefined;
  try {
    text = readText(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw loginError('unreadable', `${path} cannot be read (${code ?? 'unknown reason'})`, 'check its owner and mode');
  }
  if (text === undefined || text.trim() === '') return { root: {}, profiles: {}, active: {} };
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    throw loginError('unreadable', `${path} is no JSON`, 'restore it, or remove it and sign in again');
  }
  if (!isRecord(root))
    throw loginError('unreadable', `${path} holds no object`, 'restore it, or remove it and sign in again');
  const version = root['schema_version'];
  if (typeof version === 'number' && version > SCHEMA_VERSION)
    throw loginError(
      'unreadable',
      `${path} is of generation ${version}, this program knows ${SCHEMA_VERSION}`,
      'update Standin',
    );
  const stored = isRecord(root['profiles']) ? root['profiles'] : {};
  const profiles: Record<string, JsonRecord> = {};
  for (const [id, profile] of Object.entries(stored)) if (isRecord(profile) && id.includes(':')) profiles[id] = profile;
  const active: Record<string, string> = {};
  for (const [provider, id] of Object.entries(isRecord(root['active_profiles']) ? root['active_profiles'] : {}))
    if (typeof id === 'string') active[provider] = id;
  return { root, profiles, active };
}
