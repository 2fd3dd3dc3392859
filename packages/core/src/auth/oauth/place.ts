import { statSync } from 'node:fs';

import type { Secret } from '../../spec/secret.ts';
import { readText, writeAtomically } from '../store/atomic-file.ts';
import type { TokenStore } from '../store/token-store.ts';
import { loginError } from './failure.ts';
import type { LoginFile, LoginVendor, Variables } from './login-vendor.ts';
import type { Login } from './login.ts';

/** Where one account's tokens are kept. */
export interface LoginPlace {
  readonly provider: string;
  readonly name: string;
  /** For people: `profile "work"`, a path. */
  readonly label: string;
  /** Renewals are locked here across processes; absent: nobody else has these tokens. */
  readonly lockPath?: string;
  /** Changes when the stored tokens did. */
  stamp(): string;
  /** Throws kind `auth`, rule `login:unreadable`. */
  read(): Login | undefined;
  write(login: Login): Promise<void>;
  /** The same account as another program keeps it, when it does. */
  twin?(): Login | undefined;
  writeTwin?(login: Login): void;
}

/** A profile of the token store; `file` is where the vendor's own program keeps the same account, when it was imported. */
export function storedPlace(store: TokenStore, provider: string, name: string, file?: LoginFile): LoginPlace {
  const sourceOf = (): string | undefined => store.get(provider, name)?.metadata['source'];
  return {
    provider,
    name,
    label: `profile "${name}"`,
    lockPath: store.lockPath(provider, name),
    stamp: () => store.stamp(),
    read: () => store.get(provider, name),
    write: (login) => store.put(login),
    ...(file === undefined
      ? {}
      : {
          twin() {
            const source = sourceOf();
            return source === undefined ? undefined : readLoginFile(file, source, provider, name);
          },
          writeTwin(login: Login) {
            const source = sourceOf();
            if (source !== undefined) writeLoginFile(file, source, login);
          },
        }),
  };
}

/** The file of the vendor's own program, used where it lies: what is renewed is written back. */
export function filePlace(file: LoginFile, path: string, provider: string): LoginPlace {
  return {
    provider,
    name: 'default',
    label: path,
    lockPath: `${path}.standin.lock`,
    stamp() {
      try {
        const { mtimeMs, ino, size } = statSync(path);
        return `${mtimeMs}:${ino}:${size}`;
      } catch {
        return 'none';
      }
    },
    read: () => readLoginFile(file, path, provider, 'default'),
    write: (login) => Promise.resolve(writeLoginFile(file, path, login)),
  };
}

/** Tokens from the config or a variable: renewed in memory, kept nowhere. */
export function memoryPlace(login: Login, label: string): LoginPlace {
  let current = login;
  return {
    provider: login.provider,
    name: login.name,
    label,
    stamp: () => '',
    read: () => current,
    write: (next) => Promise.resolve(void (current = next)),
  };
}

/** First existing file of the vendor's own program. */
export function findLoginFile({ file }: LoginVendor, env: Variables): string | undefined {
  return file?.paths(env).find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** Throws kind `auth`, rule `login:unreadable`, for a file that cannot be read as one of this program. */
export function readLoginFile(file: LoginFile, path: string, provider: string, name: string): Login | undefined {
  let text: string | undefined;
  try {
    text = readText(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw loginError('unreadable', `${path} cannot be read (${code ?? 'unknown reason'})`, 'check its owner and mode');
  }
  if (text === undefined) return undefined;
  try {
    const draft = file.parse(text);
    return draft === undefined ? undefined : { ...draft, provider, name };
  } catch {
    throw loginError('unreadable', `${path} is no login file of ${file.program}`, `sign in with ${file.program} again`);
  }
}

export function writeLoginFile(file: LoginFile, path: string, login: Login): void {
  writeAtomically(path, file.merge(readText(path) ?? '', login, Date.now()));
}

export function sameSecret(one: Secret | undefined, other: Secret | undefined): boolean {
  return one?.reveal() === other?.reveal();
}
