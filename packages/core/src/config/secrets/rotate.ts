import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { writeWhole } from '../edit/write-whole.ts';
import { standinHome } from '../files.ts';
import { ConfigError } from '../issue.ts';
import { createKeyFile, KEY_FILE, NEXT_KEY_FILE, PREVIOUS_KEY_FILE } from './key-file.ts';
import { readKeys, type OpenerOptions } from './opener.ts';
import { KEY_BYTES, openEnc2, openXor, seal } from './sealed.ts';

export interface Rotation {
  /** Files with the number of secrets that were encrypted anew. */
  readonly files: readonly { readonly path: string; readonly count: number }[];
  readonly keyFile: string;
  /** Where the old key is kept for files this command did not know of; absent: there was none. */
  readonly previous?: string;
}

const SEALED = /\benc2?:[0-9a-fA-F]+/g;

/**
 * Makes a new key and encrypts every secret of the config file (and of the home's files, when they share the key)
 * with it; older forms become `enc2:`. At every moment one of the key files opens whatever stands in the files.
 * Throws `ConfigError` naming the line of a secret that cannot be opened; then nothing was changed.
 */
export function rotateKey(options: OpenerOptions): Rotation {
  const folder = keyFolder(options);
  const [current, next, previous] = [KEY_FILE, NEXT_KEY_FILE, PREVIOUS_KEY_FILE].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { keys, refusals } = readKeys(options);
  const [refusal] = refusals;
  if (refusal !== undefined) {
    throw new ConfigError([
      { level: 'error', file: current, message: `refused: ${refusal.problem}`, suggestion: refusal.next },
    ]);
  }
  const key = randomBytes(KEY_BYTES);
  const changed = filesOf(options, folder).map((path) => reseal(path, keys, key));
  rmSync(next, { force: true });
  createKeyFile(next, key);
  for (const { path, text, count } of changed) if (count > 0) writeWhole(path, text);
  const had = existsSync(current);
  if (had) renameSync(current, previous);
  renameSync(next, current);
  return {
    files: changed.map(({ path, count }) => ({ path, count })),
    keyFile: current,
    ...(had ? { previous } : {}),
  };
}

/** The key beside the config file when it has its own, else the home's. */
function keyFolder({ env, configFile }: OpenerOptions): string {
  const own = configFile === undefined ? undefined : dirname(configFile);
  return own !== undefined && existsSync(join(own, KEY_FILE)) ? own : standinHome(env);
}

function filesOf({ env, configFile }: OpenerOptions, folder: string): string[] {
  const home = standinHome(env);
  const shared = folder === home ? [join(home, 'config.toml'), join(home, 'auth-profiles.json')] : [];
  const all = [...(configFile === undefined ? [] : [resolve(configFile)]), ...shared];
  return [...new Set(all)].filter((path) => existsSync(path));
}

function reseal(path: string, keys: readonly Buffer[], key: Buffer): { path: string; text: string; count: number } {
  let count = 0;
  const text = readFileSync(path, 'utf8').replace(SEALED, (token: string, offset: number, whole: string) => {
    const plain = keys.map((old) => (token.startsWith('enc2:') ? openEnc2 : openXor)(token, old)).find(Boolean);
    if (plain !== undefined) {
      count++;
      return seal(plain, key);
    }
    const before = whole.slice(0, offset);
    const lineStart = before.lastIndexOf('\n') + 1;
    if (/^\s*#/.test(before.slice(lineStart))) return token;
    const message = 'this secret cannot be decrypted, so that it cannot be encrypted anew; nothing was changed';
    const suggestion = `restore the ${KEY_FILE} it was encrypted with, or store the value anew`;
    throw new ConfigError([{ level: 'error', file: path, line: before.split('\n').length, message, suggestion }]);
  });
  return { path, text, count };
}
