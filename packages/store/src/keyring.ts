import { silentLog, type Log } from '@standin/core/spec/log';
import { systemClock, type Clock } from '@standin/core/spec/clock';
import { createKeyFinder, readKeys, type KeyRecord } from './keys.ts';
import { stampOf } from './private-file.ts';

/** The virtual keys of a running gateway. */
export interface Keyring {
  /** Callers must present a key. */
  readonly required: boolean;
  find(presented: string): KeyRecord | undefined;
  /** Every key, revoked ones too. */
  list(): readonly KeyRecord[];
  /** Looks at the file now: this process has changed it. */
  refresh(): void;
}

export interface KeyringOptions {
  /** `$STANDIN_HOME/keys.json`. */
  readonly path: string;
  /** Ask for keys although none was made. Default false. */
  readonly required?: boolean;
  readonly clock?: Clock;
  readonly log?: Log;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Keys from a file that commands change while the gateway runs: it looks for a change once a second, when somebody
 * calls. A file that becomes unreadable or vanishes changes nothing: the last good keys hold. Keys are asked for as soon
 * as there is one, and from then on. Throws `StoreError` when the file is there and cannot be used.
 */
export function createKeyring({
  path,
  required = false,
  clock = systemClock,
  log = silentLog,
}: KeyringOptions): Keyring {
  let stamp = stampOf(path);
  let keys = readKeys(path);
  let find = createKeyFinder(keys);
  let lookedAt = clock.now();
  const look = (isUrgent = false): void => {
    const now = clock.now();
    if (!isUrgent && now - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = now;
    const seen = stampOf(path);
    if (seen === stamp) return;
    stamp = seen;
    if (seen === undefined) return log('error', 'The key file is gone; the keys known so far stay valid', { path });
    try {
      keys = readKeys(path);
      find = createKeyFinder(keys);
      log('info', 'Keys were read again', { keys: keys.filter((key) => key.revokedAt === undefined).length });
    } catch (error) {
      log('error', 'The key file cannot be read; the keys known so far stay valid', {
        reason: error instanceof Error ? error.message : 'unknown',
      });
    }
  };
  return {
    get required() {
      look();
      return required || keys.length > 0;
    },
    find(presented) {
      look();
      return find(presented);
    },
    list() {
      look();
      return keys;
    },
    refresh: () => look(true),
  };
}
