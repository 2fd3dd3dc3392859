import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import { standinHome } from '../files.ts';
import { ConfigError } from '../issue.ts';
import { createKeyFile, KEY_FILE, readKeyFile, type KeyFile } from './key-file.ts';
import { readKeyring, storeInKeyring } from './keyring.ts';
import type { OpenerOptions } from './opener.ts';
import { KEY_BYTES } from './sealed.ts';

export interface SealingKey {
  readonly key: Buffer;
  /** A path, or the name of the keyring. */
  readonly where: string;
  readonly created: boolean;
}

/**
 * The key that new secrets of this config are encrypted with: the `.secret_key` beside the file, else that of
 * `$STANDIN_HOME`, else the one in the system's keyring; else a new one, in the keyring when there is one.
 * Throws `ConfigError` for a key file that is refused or cannot be written.
 */
export function sealingKey({ env, configFile }: OpenerOptions): SealingKey {
  const home = standinHome(env);
  const paths = [...(configFile === undefined ? [] : [join(dirname(configFile), KEY_FILE)]), join(home, KEY_FILE)];
  for (const path of paths) {
    const found = usable(readKeyFile(path), path);
    if (found !== undefined) return { key: found, where: path, created: false };
  }
  const stored = readKeyring(env, home);
  if (stored !== undefined) return { key: stored, where: 'the keyring', created: false };
  const key = randomBytes(KEY_BYTES);
  const keyring = storeInKeyring(env, home, key);
  if (keyring !== undefined) return { key, where: keyring, created: true };
  return writeKey(join(home, KEY_FILE), key);
}

function writeKey(path: string, key: Buffer): SealingKey {
  try {
    if (createKeyFile(path, key) !== undefined) return { key, where: path, created: true };
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown reason';
    const message = `the key for encrypted secrets cannot be written (${reason})`;
    throw new ConfigError([
      { level: 'error', file: path, message, suggestion: 'set STANDIN_HOME to a folder you own' },
    ]);
  }
  // Another process was first; its key is the one.
  const found = usable(readKeyFile(path), path);
  if (found === undefined)
    throw new ConfigError([{ level: 'error', file: path, message: 'vanished while it was read' }]);
  return { key: found, where: path, created: false };
}

function usable(file: KeyFile, path: string): Buffer | undefined {
  if (file === undefined) return undefined;
  if ('key' in file) return file.key;
  throw new ConfigError([{ level: 'error', file: path, message: `refused: ${file.problem}`, suggestion: file.next }]);
}
