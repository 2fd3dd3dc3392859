import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { systemClock, type Clock } from '@standin/core/spec/clock';
import { changePrivate, readPrivate, stampOf } from './private-file.ts';

const DAY_MS = 86_400_000;
/** A session ends this long after it began. */
export const SESSION_MS = 30 * DAY_MS;
/** It ends earlier when it was not used for so long. */
export const SESSION_IDLE_MS = 7 * DAY_MS;
/** That it is in use is written down this often. */
const TOUCH_MS = 3_600_000;
/** Another process may have ended one. */
const LOOK_EVERY_MS = 1_000;
const MOST_SESSIONS = 100;
const NAME_LENGTH = 80;

/** A paired browser. Times in Unix milliseconds. */
export interface BrowserSession {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

interface Kept extends Omit<BrowserSession, 'expiresAt'> {
  /** SHA-256 of the token, hex: the token itself is only in the browser. */
  readonly hash: string;
}

export interface BrowserSessions {
  /** Throws `StoreError` when the file cannot be written. */
  create(name: string): { readonly token: string; readonly session: BrowserSession };
  find(token: string): BrowserSession | undefined;
  list(): readonly BrowserSession[];
  /** True when there was one. */
  revoke(id: string): boolean;
}

/** Sessions in a file of the home, shared by all processes; one that is damaged holds none. */
export function createBrowserSessions(path: string, clock: Clock = systemClock): BrowserSessions {
  let stamp: string | undefined;
  let kept: readonly Kept[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;

  const look = (isUrgent = false): void => {
    const now = clock.now();
    if (!isUrgent && now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    const seen = stampOf(path);
    if (seen === stamp) return;
    stamp = seen;
    kept = keptIn(readPrivate(path));
  };
  const change = (edit: (list: readonly Kept[]) => readonly Kept[]): void => {
    changePrivate(path, (text) => {
      kept = edit(keptIn(text).filter((one) => endOf(one) > clock.wallMs()));
      return `${JSON.stringify({ version: 1, sessions: kept }, undefined, 2)}\n`;
    });
    stamp = stampOf(path);
  };
  const touch = (one: Kept, now: number): void => {
    try {
      change((list) => list.map((other) => (other.id === one.id ? { ...other, lastSeenAt: now } : other)));
    } catch {
      // Whoever is paired goes on, also where the disk refuses; the next hour tries again.
      kept = kept.map((other) => (other.id === one.id ? { ...other, lastSeenAt: now } : other));
    }
  };
  return {
    create(name) {
      const token = randomBytes(32).toString('base64url');
      const digest = hash('sha256', token, 'hex');
      const now = clock.wallMs();
      const shown = name
        .replaceAll(/\p{Cc}/gu, ' ')
        .trim()
        .slice(0, NAME_LENGTH);
      const one: Kept = {
        id: `ses_${digest.slice(0, 12)}`,
        name: shown === '' ? 'a browser' : shown,
        hash: digest,
        createdAt: now,
        lastSeenAt: now,
      };
      change((list) => [...list.slice(1 - MOST_SESSIONS), one]);
      return { token, session: shownOf(one) };
    },
    find(token) {
      if (token.length > 128) return undefined;
      look();
      const digest = hash('sha256', token, 'buffer');
      const known = (): Kept | undefined => kept.find((one) => timingSafeEqual(Buffer.from(one.hash, 'hex'), digest));
      let found = known();
      if (found === undefined) {
        // Another process may have begun it a moment ago.
        look(true);
        found = known();
      }
      const now = clock.wallMs();
      if (found === undefined || endOf(found) <= now) return undefined;
      if (now - found.lastSeenAt > TOUCH_MS) touch(found, now);
      return shownOf(found);
    },
    list() {
      look();
      return kept.filter((one) => endOf(one) > clock.wallMs()).map(shownOf);
    },
    revoke(id) {
      let was = false;
      change((list) => {
        was = list.some((one) => one.id === id);
        return list.filter((one) => one.id !== id);
      });
      return was;
    },
  };
}

/** What a page must send along to change something: it follows from the token, which no page can read. */
export function csrfTokenOf(token: string): string {
  return createHmac('sha256', token).update('standin csrf').digest('base64url');
}

export function isCsrfToken(given: string, token: string): boolean {
  const wanted = Buffer.from(csrfTokenOf(token));
  const got = Buffer.from(given);
  return got.length === wanted.length && timingSafeEqual(got, wanted);
}

function endOf({ createdAt, lastSeenAt }: Kept): number {
  return Math.min(createdAt + SESSION_MS, lastSeenAt + SESSION_IDLE_MS);
}

function shownOf(one: Kept): BrowserSession {
  const { id, name, createdAt, lastSeenAt } = one;
  return { id, name, createdAt, lastSeenAt, expiresAt: endOf(one) };
}

function keptIn(text: string | undefined): readonly Kept[] {
  try {
    const value = JSON.parse(text ?? '') as { readonly sessions?: unknown } | null;
    return Array.isArray(value?.sessions) ? value.sessions.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, hash: digest, createdAt, lastSeenAt } = value as Partial<Kept>;
  const hasText = typeof id === 'string' && typeof name === 'string' && /^[0-9a-f]{64}$/.test(String(digest));
  return hasText && Number.isFinite(createdAt) && Number.isFinite(lastSeenAt);
}
