import { execFileSync } from 'node:child_process';

import type { Environment } from '../expand.ts';
import { hexBytes, KEY_BYTES } from './sealed.ts';

const SERVICE = 'standin';
const LIMIT_MS = 10_000;

/** A program of the operating system that keeps secrets. The key goes in by its standard input, never as an argument. */
interface Keyring {
  readonly name: string;
  readonly program: string;
  readonly read: readonly string[];
  readonly store: readonly string[];
  readonly input: (hex: string) => string;
}

/**
 * The keyring of this machine, asked through the program the system itself brings (`secret-tool` of libsecret,
 * `security` of macOS), so that no native module is needed. `STANDIN_KEYRING=off` keeps out of it.
 */
function keyringFor(env: Environment, account: string): Keyring | undefined {
  if (['off', '0', 'false', 'no'].includes((env['STANDIN_KEYRING'] ?? '').toLowerCase())) return undefined;
  if (process.platform === 'darwin') {
    const name = account.replaceAll(/["\\\r\n]/g, '_');
    return {
      name: 'the macOS keychain',
      program: 'security',
      read: ['find-generic-password', '-s', SERVICE, '-a', name, '-w'],
      store: ['-i'],
      input: (hex) => `add-generic-password -U -s ${SERVICE} -a "${name}" -w ${hex}\n`,
    };
  }
  // Without a session bus there is no keyring to answer, and the program would only wait for one.
  if (process.platform !== 'linux' || (env['DBUS_SESSION_BUS_ADDRESS'] ?? '') === '') return undefined;
  const place = ['service', SERVICE, 'home', account];
  return {
    name: 'the Secret Service keyring',
    program: 'secret-tool',
    read: ['lookup', ...place],
    store: ['store', '--label=Standin config key', ...place],
    input: (hex) => hex,
  };
}

export function readKeyring(env: Environment, account: string): Buffer | undefined {
  const keyring = keyringFor(env, account);
  if (keyring === undefined) return undefined;
  const key = hexBytes(ask(keyring.program, keyring.read, env) ?? '');
  return key?.length === KEY_BYTES ? key : undefined;
}

/** The keyring's name once it gives back what was put into it; `undefined` when there is none that works. */
export function storeInKeyring(env: Environment, account: string, key: Buffer): string | undefined {
  const keyring = keyringFor(env, account);
  if (keyring === undefined) return undefined;
  if (ask(keyring.program, keyring.store, env, keyring.input(key.toString('hex'))) === undefined) return undefined;
  return readKeyring(env, account)?.equals(key) === true ? keyring.name : undefined;
}

function ask(program: string, args: readonly string[], env: Environment, input = ''): string | undefined {
  try {
    return execFileSync(program, [...args], {
      env,
      input,
      encoding: 'utf8',
      timeout: LIMIT_MS,
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
  } catch {
    return undefined;
  }
}
