import { dirname, join } from 'node:path';

import type { Environment } from '../expand.ts';
import { standinHome } from '../files.ts';
import { KEY_FILE, NEXT_KEY_FILE, PREVIOUS_KEY_FILE, readKeyFile, type Refusal } from './key-file.ts';
import { readKeyring } from './keyring.ts';
import { readReference, readReferenceLater } from './one-password.ts';
import { openEnc2, openXor, SEALED_NAMES, sealedKind } from './sealed.ts';
import { openZeptoclaw } from './zeptoclaw.ts';

/** The plain secret, or why it could not be had. Neither text repeats the stored form. */
export type Opened = { readonly value: string } | Refusal;

/** Opens stored forms of secrets. What was opened once is remembered. */
export interface SecretOpener {
  /** A plain text is its own value. */
  open(text: string): Opened;
  /** Fetches what takes time (1Password) without holding up the process, so that `open` then answers at once. */
  prefetch(texts: Iterable<string>): Promise<void>;
}

export interface OpenerOptions {
  readonly env: Environment;
  /** Absolute path of the config file: its own `.secret_key` is looked at first, then that of `$STANDIN_HOME`. */
  readonly configFile?: string;
}

/** Where keys are looked for, in order; each once. */
export function keyFilePaths({ env, configFile }: OpenerOptions): string[] {
  const home = standinHome(env);
  const folders = [...new Set([...(configFile === undefined ? [] : [dirname(configFile)]), home])];
  return [KEY_FILE, NEXT_KEY_FILE, PREVIOUS_KEY_FILE].flatMap((name) => folders.map((folder) => join(folder, name)));
}

interface Keys {
  readonly keys: readonly Buffer[];
  readonly refusals: readonly Refusal[];
}

export function readKeys(options: OpenerOptions): Keys {
  const keys: Buffer[] = [];
  const refusals: Refusal[] = [];
  for (const path of keyFilePaths(options)) {
    const file = readKeyFile(path);
    if (file === undefined) continue;
    if ('key' in file) keys.push(file.key);
    else refusals.push(file);
  }
  if (keys.length === 0 && refusals.length === 0) {
    const stored = readKeyring(options.env, standinHome(options.env));
    if (stored !== undefined) keys.push(stored);
  }
  return { keys, refusals };
}

export function createSecretOpener(options: OpenerOptions): SecretOpener {
  const known = new Map<string, Opened>();
  let found: Keys | undefined;
  const withKeys = (text: string, open: (text: string, key: Buffer) => string | undefined): Opened => {
    found ??= readKeys(options);
    for (const key of found.keys) {
      const value = open(text, key);
      if (value !== undefined) return { value };
    }
    return closed(text, found, options);
  };
  const openNew = (text: string): Opened => {
    switch (sealedKind(text)) {
      case 'enc2':
        return withKeys(text, openEnc2);
      case 'enc':
        return withKeys(text, openXor);
      case 'zeptoclaw':
        return openWithMaster(text, options.env);
      case 'one-password':
        return readReference(text, options.env);
      case undefined:
        return { value: text };
    }
  };
  return {
    open(text) {
      let opened = known.get(text);
      if (opened === undefined) known.set(text, (opened = openNew(text)));
      return opened;
    },
    async prefetch(texts) {
      const references = [...new Set(texts)].filter((text) => sealedKind(text) === 'one-password' && !known.has(text));
      await Promise.all(
        references.map(async (text) => void known.set(text, await readReferenceLater(text, options.env))),
      );
    },
  };
}

function closed(text: string, { keys, refusals }: Keys, options: OpenerOptions): Refusal {
  const kind = sealedKind(text) ?? 'enc2';
  const [refusal] = refusals;
  if (refusal !== undefined) {
    return { problem: `${SEALED_NAMES[kind]}, and its key is refused: ${refusal.problem}`, next: refusal.next };
  }
  const again = 'or store the value anew with "standin config set"';
  if (keys.length > 0) {
    const problem = `${SEALED_NAMES[kind]} and cannot be decrypted: the text is damaged or the key is another one`;
    return { problem, next: `restore the ${KEY_FILE} it was encrypted with, ${again}` };
  }
  const places = keyFilePaths(options).filter((path) => path.endsWith(KEY_FILE));
  const problem = `${SEALED_NAMES[kind]}, but there is no key at ${places.join(' or ')}`;
  return { problem, next: `restore the ${KEY_FILE} it was encrypted with, ${again}` };
}

function openWithMaster(text: string, env: Environment): Opened {
  const master = env['ZEPTOCLAW_MASTER_KEY']?.trim() ?? '';
  if (master === '') {
    const next = 'set ZEPTOCLAW_MASTER_KEY to the 64 hex digits or the passphrase it was encrypted with';
    return { problem: `${SEALED_NAMES.zeptoclaw}, but ZEPTOCLAW_MASTER_KEY is not set`, next };
  }
  const value = openZeptoclaw(text, master);
  if (value !== undefined) return { value };
  const problem = `${SEALED_NAMES.zeptoclaw} and cannot be decrypted: the text is damaged or ZEPTOCLAW_MASTER_KEY is another one`;
  return { problem, next: 'set ZEPTOCLAW_MASTER_KEY to the key it was encrypted with' };
}
